import { Decimal, type Event, type LogRecord, Timestamp } from '@attrium/event';
import { logV1 } from '@attrium/proto/log';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { anyRecord, anyRecordOf, RECORD_KINDS } from '../../test/any-record.js';
import { generatedPack, recordsOfGenerated } from '../../test/generated-records.js';
import {
  CodecError,
  decodeHeader,
  decodePack,
  decodeRecord,
  encodedRecords,
  encodePack,
  NO_POSITION,
  PackBuilder,
  type PackHeader,
} from './index.js';

const header: PackHeader = {
  schemaVersion: 1,
  logicVersion: 3,
  stage: 'segment',
  writer: 'segment-2',
  owner: 'a1b2',
  commit: 77,
  reached: { sequence: 2 ** 53 - 1, record: 4, fact: 1 },
  traceParent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
};

const event: Event = {
  kind: 'event',
  id: 'm1',
  workspace: 'shop',
  source: 'web',
  type: 'track',
  name: 'Order Completed',
  occurredAt: 1_700_000_000_000,
  receivedAt: 1_700_000_000_500,
  identifiers: [{ type: 'user_id', value: 'ada' }],
  payload: Buffer.from('{"properties":{"revenue":12.5}}'),
};

const ENTITY = { workspace: 'shop', kind: 'profile', id: 'p1', ordinal: 9 } as const;
const resolved: LogRecord = { kind: 'event-resolved', id: '0:1:0', entity: ENTITY, origin: 'p1', event };
const tick: LogRecord = { kind: 'tick', id: 't1', dueAt: 5 };

/** The records without `bytes`, buffers as plain arrays: what is to be equal however they were read. */
function plain(records: readonly LogRecord[]): unknown {
  const strip = (value: unknown): unknown => {
    if (ArrayBuffer.isView(value)) return Array.from(value as Uint8Array);
    if (Array.isArray(value)) return value.map(strip);
    if (typeof value !== 'object' || value === null || value instanceof Decimal || value instanceof Timestamp) {
      return value;
    }
    return Object.fromEntries(
      Object.entries(value).flatMap(([key, entry]) =>
        key === 'bytes' || entry === undefined ? [] : [[key, strip(entry)]],
      ),
    );
  };
  return records.map(strip);
}

/** The records, or the code of the error. Any other error fails the test. */
function outcome(bytes: Uint8Array): unknown {
  try {
    return plain(decodePack(bytes).records);
  } catch (error) {
    if (error instanceof CodecError) return error.code;
    throw error;
  }
}

function codeOf(run: () => unknown): string | undefined {
  try {
    run();
  } catch (error) {
    return error instanceof CodecError ? error.code : `not a CodecError: ${String(error)}`;
  }
  return undefined;
}

describe('the codec and the generated code', () => {
  it.each(RECORD_KINDS)('write the same bytes and read the same records: %s', (kind) => {
    fc.assert(
      fc.property(fc.array(anyRecordOf(kind), { maxLength: 3 }), (records) => {
        const byHand = encodePack(header, records);
        const generated = generatedPack(header, records);
        expect(Buffer.compare(byHand, generated)).toBe(0);
        expect(plain(decodePack(generated).records)).toEqual(plain(records));
        expect(plain(recordsOfGenerated(byHand))).toEqual(plain(records));
      }),
    );
  });

  it('agree on the header', () => {
    expect(logV1.Pack.decode(encodePack(header, [])).header).toEqual(header);
    expect(decodeHeader(generatedPack(header, [resolved]))).toEqual(header);
    expect(decodePack(generatedPack(header, [resolved])).header).toEqual(header);
  });

  it('agree on text that is no Unicode: a lone surrogate becomes U+FFFD', () => {
    const broken: LogRecord = { ...event, name: 'a\ud800', id: `${'x'.repeat(40)}\udc00` };
    const read = decodePack(encodePack(header, [broken])).records[0] as Event;
    expect(read.name).toBe('a\ufffd');
    expect(recordsOfGenerated(encodePack(header, [broken]))[0]).toMatchObject({ name: 'a\ufffd', id: read.id });
  });
});

describe('a pack', () => {
  it('has its header first on the wire', () => {
    const bytes = encodePack(header, [resolved, tick]);
    expect(bytes[0]).toBe(0x0a);
    expect(decodeHeader(bytes.subarray(0, 2 + bytes[1]!))).toEqual(header);
  });

  it('of a writer that reads no log has reached no position', () => {
    expect(decodeHeader(encodePack({ ...header, reached: NO_POSITION, traceParent: undefined }, []))).toEqual({
      ...header,
      reached: NO_POSITION,
      traceParent: undefined,
    });
  });

  it('copies an event that came from a log byte for byte, fields of a newer release included', () => {
    const known = logV1.Event.encode({ ...event, type: 2, identifiers: [], payload: new Uint8Array(1) } as logV1.Event);
    const encoded = known
      .uint32((99 << 3) | 2)
      .string('from the future')
      .finish();
    const { bytes } = wrapped(encoded);
    expect(Buffer.from(bytes!)).toEqual(Buffer.from(encoded));
    const passedOn = encodePack(header, [{ ...resolved, event: wrapped(encoded) } as LogRecord]);
    const again = decodePack(passedOn).records[0] as LogRecord & { kind: 'event-resolved' };
    expect(Buffer.from(again.event.bytes!)).toEqual(Buffer.from(encoded));
  });

  it('gives payloads as views, not copies', () => {
    const bytes = encodePack(header, [event]);
    expect((decodePack(bytes).records[0] as Event).payload.buffer).toBe(bytes.buffer);
  });

  it('refuses a number that the log cannot hold and keeps what was added before', () => {
    const builder = new PackBuilder();
    builder.add(tick);
    const size = builder.bytes;
    expect(() => builder.add({ ...event, receivedAt: 2 ** 53 })).toThrow(RangeError);
    expect(() => builder.add({ ...event, receivedAt: 0.5 })).toThrow(RangeError);
    expect(() => builder.add({ ...resolved, entity: { ...ENTITY, ordinal: -1 } } as LogRecord)).toThrow(RangeError);
    expect([builder.count, builder.bytes]).toEqual([1, size]);
    expect(decodePack(builder.finish(header)).records).toEqual([tick]);
  });

  it('is its own memory: the builder is used again without touching it', () => {
    const builder = new PackBuilder();
    builder.add(tick);
    const first = builder.finish(header);
    expect([builder.count, builder.bytes]).toEqual([0, 0]);
    builder.add({ ...event, payload: new Uint8Array(3_000_000) });
    const second = builder.finish(header);
    builder.add(resolved);
    expect(plain(decodePack(builder.finish(header)).records)).toEqual(plain([resolved]));
    expect(decodePack(first).records).toEqual([tick]);
    expect((decodePack(second).records[0] as Event).payload.length).toBe(3_000_000);
  });
});

/** An encoded event as it is read from a log. */
function wrapped(encoded: Uint8Array): Event {
  const entry = Buffer.concat([Buffer.of(0x12), varint(encoded.length), encoded]);
  const pack = Buffer.concat([encodePack(header, []), Buffer.of(0x12), varint(entry.length), entry]);
  return decodePack(pack).records[0] as Event;
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest >>>= 7) bytes.push((rest & 127) | 128);
  return Buffer.from([...bytes, rest]);
}

describe('encoded records', () => {
  it('are the records of the pack one by one, and put into another pack they are the same bytes', () => {
    fc.assert(
      fc.property(fc.array(anyRecord, { maxLength: 4 }), (records) => {
        const encoded = encodedRecords(encodePack(header, records));
        expect(plain(encoded.map(decodeRecord))).toEqual(plain(records));
        const alone = records.map((record) => encodedRecords(encodePack({ ...header, commit: 1 }, [record]))[0]!);
        expect(encoded.map((bytes) => Buffer.from(bytes))).toEqual(alone.map((bytes) => Buffer.from(bytes)));
      }),
    );
  });
});

describe('bytes that are no pack', () => {
  it('cut anywhere, either end after a whole entry or are refused', () => {
    fc.assert(
      fc.property(fc.array(anyRecord, { maxLength: 3 }), fc.nat(), (records, at) => {
        const builder = new PackBuilder();
        const ends = [encodePack(header, []).length];
        for (const record of records) {
          builder.add(record);
          ends.push(ends[0]! + builder.bytes);
        }
        const whole = builder.finish(header);
        const cut = at % (whole.length + 1);
        const kept = ends.indexOf(cut);
        expect(outcome(whole.subarray(0, cut))).toEqual(kept < 0 ? 'ATR-CODEC-001' : plain(records.slice(0, kept)));
      }),
    );
  });

  it('are read the same whatever stands around them in memory, and never throw anything but CodecError', () => {
    const damaged = fc.tuple(
      fc.array(anyRecord, { minLength: 1, maxLength: 3 }),
      fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 }),
    );
    fc.assert(
      fc.property(damaged, fc.nat(255), ([records, damage], filler) => {
        const bytes = Buffer.from(encodePack(header, records));
        for (const [at, byte] of damage) bytes[at % bytes.length] = byte;
        const around = Buffer.alloc(bytes.length + 64, filler);
        bytes.copy(around, 32);
        expect(outcome(around.subarray(32, 32 + bytes.length))).toEqual(outcome(bytes));
      }),
      { numRuns: 1_000 },
    );
  });

  it('at random are read or refused', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        outcome(bytes);
        outcome(Buffer.concat([encodePack(header, []), Buffer.of(0x12), varint(bytes.length), bytes]));
      }),
      { numRuns: 2_000 },
    );
  });

  it('without a header, with a length beyond the end or with an endless number are refused', () => {
    for (const bytes of [[], [0x12, 0x00], [0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f], new Array(40).fill(0xff), [0x00]]) {
      expect(codeOf(() => decodePack(Uint8Array.from(bytes)))).toBe('ATR-CODEC-001');
      expect(codeOf(() => decodeHeader(Uint8Array.from(bytes)))).toBe('ATR-CODEC-001');
    }
  });

  it('with an entry that lacks its record, its entity or its type are refused', () => {
    for (const entry of ['', '0a0161', '1200', '1a00', '220408012a00', '820100ff'].map((hex) =>
      Buffer.from(hex, 'hex'),
    )) {
      const bytes = Buffer.concat([encodePack(header, []), Buffer.of(0x12), varint(entry.length), entry]);
      expect(codeOf(() => decodePack(bytes))).toBe('ATR-CODEC-001');
    }
  });
});

describe('a pack of a newer release', () => {
  it('is read without the fields that this release does not know', () => {
    const writer = logV1.Entry.encode(logV1.Entry.decode(entryOfTick()));
    const entry = writer
      .uint32((60 << 3) | 0)
      .uint32(7)
      .uint32((61 << 3) | 1)
      .fixed64('9')
      .uint32((62 << 3) | 5)
      .fixed32(1)
      .finish();
    const bytes = Buffer.concat([
      encodePack(header, [event]),
      Buffer.of(0x12),
      varint(entry.length),
      entry,
      Buffer.of(0x7a, 0x01, 0x00),
    ]);
    expect(plain(decodePack(bytes).records)).toEqual(plain([event, tick]));
  });

  it('is refused by name when it holds a kind of record that this release does not know', () => {
    const entry = Buffer.from([0x0a, 0x02, 0x69, 0x37, 0x9a, 0x01, 0x00]);
    const bytes = Buffer.concat([encodePack(header, []), Buffer.of(0x12), varint(entry.length), entry]);
    expect(codeOf(() => decodePack(bytes))).toBe('ATR-CODEC-002');
    expect(() => decodePack(bytes)).toThrow('entry "i7" holds a record of kind 19');
  });

  it('is refused when its envelope is of a newer version', () => {
    expect(codeOf(() => decodePack(encodePack({ ...header, schemaVersion: 2 }, [])))).toBe('ATR-CODEC-002');
  });
});

function entryOfTick(): Uint8Array {
  return logV1.Entry.encode({ id: 't1', record: { $case: 'tick', value: { dueAt: 5 } } }).finish();
}

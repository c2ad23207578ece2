import { Decimal, Timestamp, unitsOf } from '@attrium/event';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { BinaryWriter } from './binary-writer.js';
import { jsonText } from './projection.js';
import { type Cell, type ColumnType, rowsHeader, rowWriter } from './row-binary.js';

/** What a row of one column is written as, without its place. */
function written(type: ColumnType, cell: Cell): Buffer {
  const writer = new BinaryWriter();
  rowWriter([{ name: 'a', type }])(writer, [cell], { partition: 0, sequence: 0, index: 0 });
  return writer.take().subarray(0, -14);
}

function varint(value: number): number[] {
  return value < 0x80 ? [value] : [(value % 0x80) + 0x80, ...varint(Math.floor(value / 0x80))];
}

/** A decimal of 128 bits by big integers alone; undefined for null. */
function decimalOf(bytes: Buffer): bigint | undefined {
  if (bytes.length === 1) return undefined;
  expect(bytes.length).toBe(17);
  return bytes.readBigUInt64LE(1) + (bytes.readBigInt64LE(9) << 64n);
}

describe('rows as binary', () => {
  it('hold texts of any length and alphabet as UTF-8 behind its length', () => {
    const unit = fc.constantFrom('a', '\t', '\0', '\n', '\\', "'", 'é', '日', '😀', '\ud800');
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 300 }), fc.constantFrom<ColumnType>('text', 'name'), (text, type) => {
        const utf8 = Buffer.from(text);
        expect(written(type, text)).toEqual(Buffer.from([...varint(utf8.length), ...utf8]));
        expect(written('bytes', utf8)).toEqual(Buffer.from([...varint(utf8.length), ...utf8]));
      }),
    );
  });

  it('hold a number as its exact decimal, null beyond 38 digits with 18 after the point, by whichever way', () => {
    const money = fc.integer({ min: -1e12, max: 1e12 }).map((cents) => cents / 100);
    const long = fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n }).map((units) => new Decimal(units));
    fc.assert(
      fc.property(fc.oneof(money, long, fc.maxSafeInteger(), fc.double({ noNaN: true })), (value) => {
        const units = unitsOf(value);
        const fits = units !== undefined && units < 10n ** 38n && units > -(10n ** 38n);
        expect(decimalOf(written('decimal', value))).toBe(fits ? units : undefined);
      }),
      { numRuns: 1_000 },
    );
    const edges = [-0, 0, 1, -1, 0.0001, -0.0001, 1e11, -1e11, 99_999_999_999.9999, -99_999_999_999.9999, 1e300, NaN];
    expect(edges.map((value) => decimalOf(written('decimal', value)))).toEqual(edges.map((value) => unitsOf(value)));
  });

  it('hold times in ms, at any instant that the column holds, else the nearest', () => {
    fc.assert(
      fc.property(fc.integer({ min: Date.UTC(1900, 0, 1), max: Date.UTC(2299, 11, 31) }), (ms) => {
        expect(written('time', ms).readBigInt64LE()).toBe(BigInt(ms));
      }),
    );
    expect(written('time', Number.MAX_SAFE_INTEGER).readBigInt64LE()).toBe(BigInt(Date.UTC(2300, 0, 1) - 1));
    expect(written('time', -1e15).readBigInt64LE()).toBe(BigInt(Date.UTC(1900, 0, 1)));
  });

  it('hold nulls, arrays and defaults', () => {
    expect([...written('text?', undefined)]).toEqual([1]);
    expect([...written('text?', '')]).toEqual([0, 0]);
    expect([...written('text', undefined)]).toEqual([0]);
    expect([...written('texts?', ['a', undefined])]).toEqual([2, 0, 1, 97, 1]);
    expect([...written('decimals', [undefined, 1e300])]).toEqual([2, 1, 1]);
    expect([...written('times?', [undefined, 1])]).toEqual([2, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0]);
    expect([...written('boolean', true), ...written('boolean', false)]).toEqual([1, 0]);
    expect([...written('number', 2 ** 32 - 2)]).toEqual([254, 255, 255, 255]);
    expect([...written('version', String(2n ** 64n - 2n))]).toEqual([254, ...Array<number>(7).fill(255)]);
  });

  it('end with their place in the log', () => {
    fc.assert(
      fc.property(fc.nat(0xffff), fc.maxSafeNat(), fc.nat(0xffffffff), (partition, sequence, index) => {
        const writer = new BinaryWriter();
        rowWriter([])(writer, [], { partition, sequence, index });
        const bytes = writer.take();
        expect([bytes.readUInt16LE(0), Number(bytes.readBigUInt64LE(2)), bytes.readUInt32LE(10)]).toEqual([
          partition,
          sequence,
          index,
        ]);
      }),
    );
  });

  it('are announced with the names and types of all columns', () => {
    const header = rowsHeader([{ name: 'changes.before', type: 'texts?' }]).toString('latin1');
    expect(header).toBe(
      '\x04\x0echanges.before\x09partition\x08sequence\x09row_index\x17Array(Nullable(String))\x06UInt16\x06UInt64\x06UInt32',
    );
  });

  it('are forgotten when the position is set back, and go on in new memory when they are taken', () => {
    const writer = new BinaryWriter();
    writer.text('kept');
    const mark = writer.position;
    writer.text('forgotten'.repeat(10_000));
    writer.position = mark;
    const taken = writer.take();
    writer.text('next');
    expect([taken, writer.take()].map(String)).toEqual(['\x04kept', '\x04next']);
  });
});

describe('values as JSON text', () => {
  it('hold a time as ISO 8601', () => {
    const days = fc.integer({ min: 0, max: 40_000 }).map((day) => day * 86_400_000);
    const anywhere = fc.maxSafeInteger().filter((ms) => Math.abs(ms) <= 8.64e15);
    fc.assert(
      fc.property(fc.oneof(days, fc.integer({ min: 0, max: Date.UTC(2200, 0, 1) }), anywhere), (ms) => {
        expect(jsonText(new Timestamp(ms))).toBe(JSON.stringify(new Timestamp(ms)));
      }),
    );
    expect(jsonText(new Timestamp(1_700_000_000_123))).toBe('"2023-11-14T22:13:20.123Z"');
  });

  it('hold texts, numbers, lists and long decimals', () => {
    expect([jsonText('a"b'), jsonText(1.5), jsonText(false), jsonText(['x']), jsonText(new Decimal(1n))]).toEqual([
      '"a\\"b"',
      '1.5',
      'false',
      '["x"]',
      '0.000000000000000001',
    ]);
  });
});

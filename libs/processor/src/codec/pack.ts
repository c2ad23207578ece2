/** Packs: the messages of the logs. Many records and one header in the wire format of `attrium.log.v1.Pack`. */
import type { Event, FactBody, LogRecord } from '@attrium/event';
import { logV1 } from '@attrium/proto/log';
import type { Position } from '../position.js';
import { CodecError } from './codec-error.js';
import { type ColdFact, coldFromProto, coldToProto } from './cold-records.js';
import { EVENT_MATCHED_TAG, readEventMatched, writeEventMatched } from './event-matched-codec.js';
import { readTriggerFired, TRIGGER_FIRED_TAG, writeTriggerFired } from './firing-codec.js';
import {
  readAttributesChanged,
  readEvent,
  readEventResolved,
  readIdentifierLinked,
  readProfileCreated,
  readSegmentChanged,
} from './hot-reader.js';
import { writeHotRecord } from './hot-writer.js';
import { WireReader } from './wire-reader.js';
import { WireWriter } from './wire-writer.js';

/** The version of the envelope that this release writes, and the highest that it reads. */
export const PACK_SCHEMA_VERSION = 1;

/** Who wrote a pack, and how far it had come in its input. */
export interface PackHeader {
  readonly schemaVersion: number;
  readonly logicVersion: number;
  /** The stage; `ingest` and `control` for the writers of `events`. */
  readonly stage: string;
  /** The output of the stage that this pack belongs to, as `attribute-compute-3`. */
  readonly writer: string;
  /** Id of the writing process instance. */
  readonly owner: string;
  /** Counter of packs in that instance. */
  readonly commit: number;
  /** Everything before this place of the input log is published. */
  readonly reached: Position;
  /** W3C trace context of the cycle. */
  readonly traceParent?: string | undefined;
}

/** `reached` of a writer that reads no log. */
export const NO_POSITION: Position = { sequence: 0, record: 0, fact: 0 };

export interface Pack {
  readonly header: PackHeader;
  readonly records: LogRecord[];
}

/** Doubled when it is full: an owner has a builder for each partition that it may send to, and most stay small. */
const FIRST_CAPACITY_BYTES = 1_024;
/** A buffer that one very large record has made larger than this is given back. */
const KEPT_CAPACITY_BYTES_MAX = 1_048_576;
const HEADER_TAG = 0x0a;
const ENTRY_TAG = 0x12;
const ENTRY_ID_TAG = 0x0a;

/** Collects encoded records. One builder serves one output for ever: its buffer is used again after `finish`. */
export class PackBuilder {
  private writer = new WireWriter(FIRST_CAPACITY_BYTES);
  private added = 0;

  /** Records added since the last `finish`. */
  get count(): number {
    return this.added;
  }

  /** Encoded size of these records, without the header. */
  get bytes(): number {
    return this.writer.position;
  }

  /**
   * Encodes a record. An event with `bytes` is copied from them: whoever changes an event must drop its `bytes`.
   * Throws RangeError for a number that the log cannot hold (a bug of the caller); the builder is as before then.
   */
  add(record: LogRecord): void {
    this.addFact(record, record.id);
  }

  /** The same for a fact that has no record yet: the id is all that it lacks. */
  addFact(fact: Event | FactBody, id: string): void {
    const { writer } = this;
    const start = writer.position;
    try {
      writeEntry(writer, fact, id);
    } catch (error) {
      writer.position = start;
      throw error;
    }
    this.added++;
  }

  /** The pack, in memory of its own. The builder is empty afterwards. */
  finish(header: PackHeader): Uint8Array {
    const { writer } = this;
    const entriesBytes = writer.position;
    // The header comes first on the wire and is known last: it is written behind the entries and put before them in the copy.
    writer.message(HEADER_TAG, encodeHeader(header));
    const headerBytes = writer.position - entriesBytes;
    const pack = new Uint8Array(writer.position);
    pack.set(writer.buffer.subarray(entriesBytes, writer.position), 0);
    pack.set(writer.buffer.subarray(0, entriesBytes), headerBytes);
    this.clear();
    return pack;
  }

  /** Forgets the records added. */
  clear(): void {
    if (this.writer.buffer.length > KEPT_CAPACITY_BYTES_MAX) this.writer = new WireWriter(FIRST_CAPACITY_BYTES);
    this.writer.position = 0;
    this.added = 0;
  }
}

export function encodePack(header: PackHeader, records: Iterable<LogRecord>): Uint8Array {
  const builder = new PackBuilder();
  for (const record of records) builder.add(record);
  return builder.finish(header);
}

/**
 * Reads a whole pack. Payloads, states and the `bytes` of events are views of `bytes`: keep none of them longer than the pack without
 * a copy. Throws CodecError: ATR-CODEC-001 for malformed bytes, ATR-CODEC-002 for a kind of record that this release does not know.
 */
export function decodePack(bytes: Uint8Array): Pack {
  const reader = new WireReader(bytes);
  const records: LogRecord[] = [];
  let header: PackHeader | undefined;
  while (reader.position < reader.end) {
    const tag = reader.tag();
    if (tag === ENTRY_TAG) records.push(readEntry(reader));
    else if (tag === HEADER_TAG) header = readHeader(reader);
    else reader.skip(tag);
  }
  if (header === undefined) throw new CodecError('a pack without a header');
  return { header, records };
}

/** The encoded records of a pack as they stand in it, one each: views of `bytes`. Equal bytes are equal records. Throws CodecError. */
export function encodedRecords(bytes: Uint8Array): Uint8Array[] {
  const reader = new WireReader(bytes);
  const records: Uint8Array[] = [];
  while (reader.position < reader.end) {
    const tag = reader.tag();
    if (tag === ENTRY_TAG) records.push(reader.bytes());
    else reader.skip(tag);
  }
  return records;
}

/** Reads one of `encodedRecords`. Throws CodecError, as `decodePack` does. */
export function decodeRecord(bytes: Uint8Array): LogRecord {
  return readRecord(new WireReader(bytes));
}

/** Reads only the header. Throws CodecError. */
export function decodeHeader(bytes: Uint8Array): PackHeader {
  const reader = new WireReader(bytes);
  while (reader.position < reader.end) {
    const tag = reader.tag();
    if (tag === HEADER_TAG) return readHeader(reader);
    reader.skip(tag);
  }
  throw new CodecError('a pack without a header');
}

function writeEntry(writer: WireWriter, record: Event | FactBody, id: string): void {
  switch (record.kind) {
    case 'event':
    case 'event-resolved':
    case 'attributes-changed':
    case 'segment-changed':
    case 'profile-created':
    case 'identifier-linked': {
      const mark = writer.open(ENTRY_TAG, 2);
      if (record.kind !== 'event') writer.string(ENTRY_ID_TAG, id);
      writeHotRecord(writer, record);
      writer.close(mark, 2);
      return;
    }
    case 'event-matched': {
      const mark = writer.open(ENTRY_TAG, 2);
      writer.string(ENTRY_ID_TAG, id);
      writeEventMatched(writer, record);
      writer.close(mark, 2);
      return;
    }
    case 'trigger-fired': {
      const mark = writer.open(ENTRY_TAG, 2);
      writer.string(ENTRY_ID_TAG, id);
      writeTriggerFired(writer, record);
      writer.close(mark, 2);
      return;
    }
    default:
      writer.message(ENTRY_TAG, encodeColdEntry(record, id));
  }
}

/** The writer of generated code, used again for each record: a new one costs more than most encodings. */
let coldWriter: ReturnType<typeof logV1.Entry.encode> | undefined;

function encodeColdEntry(record: ColdFact, id: string): Uint8Array {
  const writer = coldWriter;
  // One that throws is left in the middle of a record and is not used again.
  coldWriter = undefined;
  const written = logV1.Entry.encode({ id, record: coldToProto(record) }, writer);
  const bytes = written.finish();
  coldWriter = written;
  return bytes;
}

function readEntry(reader: WireReader): LogRecord {
  const outer = reader.enter();
  const record = readRecord(reader);
  reader.end = outer;
  return record;
}

/** From where the reader stands to its end. */
function readRecord(reader: WireReader): LogRecord {
  const start = reader.position;
  let id = '';
  let record: LogRecord | undefined;
  let unknownField: number | undefined;
  while (reader.position < reader.end) {
    const tag = reader.tag();
    if (tag === ENTRY_ID_TAG) id = reader.string();
    else if (tag === 0x12) record = readEvent(reader);
    else if (tag === 0x1a) record = readEventResolved(reader, id);
    else if (tag === 0x22) record = readAttributesChanged(reader, id);
    else if (tag === EVENT_MATCHED_TAG) record = readEventMatched(reader, id);
    else if (tag === 0x32) record = readSegmentChanged(reader, id);
    else if (tag === 0x3a) record = readProfileCreated(reader, id);
    else if (tag === 0x42) record = readIdentifierLinked(reader, id);
    else if (tag === TRIGGER_FIRED_TAG) record = readTriggerFired(reader, id);
    else {
      if (tag >>> 3 > 8 && (tag & 7) === 2) unknownField = tag >>> 3;
      reader.skip(tag);
    }
  }
  // A hot record was read before its id where the id comes behind it, as another writer may do.
  if (record !== undefined && record.kind !== 'event' && record.id !== id) record = { ...record, id };
  return record ?? readColdEntry(reader.buffer.subarray(start, reader.end), unknownField);
}

function readColdEntry(bytes: Uint8Array, unknownField: number | undefined): LogRecord {
  const entry = generated(() => logV1.Entry.decode(bytes));
  if (entry.record !== undefined) return coldFromProto(entry.id, entry.record);
  if (unknownField === undefined) throw new CodecError(`entry ${JSON.stringify(entry.id)} holds no record`);
  throw new CodecError(
    `entry ${JSON.stringify(entry.id)} holds a record of kind ${unknownField}, which this release does not know`,
    'ATR-CODEC-002',
  );
}

function encodeHeader(header: PackHeader): Uint8Array {
  const { reached } = header;
  return logV1.Header.encode({ ...header, reached: reached.sequence === 0 ? undefined : reached }).finish();
}

function readHeader(reader: WireReader): PackHeader {
  const bytes = reader.bytes();
  const { schemaVersion, logicVersion, stage, writer, owner, commit, reached, traceParent } = generated(() =>
    logV1.Header.decode(bytes),
  );
  if (schemaVersion > PACK_SCHEMA_VERSION) {
    throw new CodecError(`a pack of schema version ${schemaVersion}, above ${PACK_SCHEMA_VERSION}`, 'ATR-CODEC-002');
  }
  return { schemaVersion, logicVersion, stage, writer, owner, commit, reached: reached ?? NO_POSITION, traceParent };
}

/** Generated code throws plain errors for malformed bytes. */
function generated<T>(decode: () => T): T {
  try {
    return decode();
  } catch (cause) {
    throw new CodecError('malformed bytes', 'ATR-CODEC-001', { cause });
  }
}

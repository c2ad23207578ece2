/** Commits as they are written to a store's journal: many rows in one piece of bytes, and where each row is in it. */
import type { RowChange, StoreKey } from '../ports.js';
import { keyText } from './store-key.js';

/** Numbers and strings as they are; arrays as a text that no caller uses as a key. */
export type MapKey = number | string;

const COMPOSITE = '\u0000';
/** What one row has besides its value, at most: its table, its key, its length. */
const ROW_OVERHEAD_BYTES = 32;
const SCRATCH_BYTES = 1 << 20;

const NUMBER = 1;
const STRING = 2;
const COMPOSITE_KEY = 3;

export function mapKeyOf(key: StoreKey): MapKey {
  return typeof key === 'object' ? COMPOSITE + keyText(key) : key;
}

export function keyOfMapKey(mapKey: MapKey): StoreKey {
  if (typeof mapKey === 'number' || !mapKey.startsWith(COMPOSITE)) return mapKey;
  return JSON.parse(mapKey.slice(COMPOSITE.length)) as StoreKey;
}

/** Rows of one commit; equal places in the three lists are one row. */
export interface JournalPart {
  readonly bytes: Buffer;
  /** Numbers of tables. */
  readonly tables: readonly number[];
  readonly keys: readonly MapKey[];
  /** Where in `bytes` the value begins, with its length before it. */
  readonly offsets: readonly number[];
}

let scratch = Buffer.allocUnsafe(SCRATCH_BYTES);

/** Copies all that it is given. `tableNumber` gives the number of a table. */
export function encodeRows(changes: readonly RowChange[], tableNumber: (name: string) => number): JournalPart {
  const tables: number[] = [];
  const keys: MapKey[] = [];
  const offsets: number[] = [];
  let at = 0;
  for (const { table, key, value } of changes) {
    const number = tableNumber(table);
    const mapKey = mapKeyOf(key);
    const keyBytesMax = typeof mapKey === 'number' ? 8 : 3 * mapKey.length;
    reserve(at, keyBytesMax + (value?.length ?? 0) + ROW_OVERHEAD_BYTES);
    at = scratch.writeUInt32LE(number, at);
    at = writeKey(mapKey, at);
    tables.push(number);
    keys.push(mapKey);
    offsets.push(at);
    at = scratch.writeUInt32LE(value === undefined ? 0 : value.length + 1, at);
    if (value === undefined) continue;
    scratch.set(value, at);
    at += value.length;
  }
  const bytes = Buffer.allocUnsafeSlow(at);
  scratch.copy(bytes, 0, 0, at);
  if (scratch.length > 8 * SCRATCH_BYTES) scratch = Buffer.allocUnsafe(SCRATCH_BYTES);
  return { bytes, tables, keys, offsets };
}

function reserve(at: number, bytes: number): void {
  if (at + bytes <= scratch.length) return;
  const larger = Buffer.allocUnsafe(Math.max(scratch.length * 2, at + bytes));
  scratch.copy(larger, 0, 0, at);
  scratch = larger;
}

function writeKey(mapKey: MapKey, start: number): number {
  if (typeof mapKey === 'number') return scratch.writeDoubleLE(mapKey, scratch.writeUInt8(NUMBER, start));
  const composite = mapKey.startsWith(COMPOSITE);
  const text = composite ? mapKey.slice(COMPOSITE.length) : mapKey;
  const at = scratch.writeUInt8(composite ? COMPOSITE_KEY : STRING, start);
  const length = scratch.write(text, at + 4);
  scratch.writeUInt32LE(length, at);
  return at + 4 + length;
}

/** Reads what `encodeRows` has written, once or several times one after the other. */
export function decodeRows(bytes: Buffer): JournalPart {
  const tables: number[] = [];
  const keys: MapKey[] = [];
  const offsets: number[] = [];
  for (let at = 0; at < bytes.length; ) {
    tables.push(bytes.readUInt32LE(at));
    const kind = bytes.readUInt8(at + 4);
    at += 5;
    if (kind === NUMBER) {
      keys.push(bytes.readDoubleLE(at));
      at += 8;
    } else {
      const end = at + 4 + bytes.readUInt32LE(at);
      const text = bytes.toString('utf8', at + 4, end);
      keys.push(kind === COMPOSITE_KEY ? COMPOSITE + text : text);
      at = end;
    }
    offsets.push(at);
    at += 4 + Math.max(0, bytes.readUInt32LE(at) - 1);
  }
  return { bytes, tables, keys, offsets };
}

/** One row of a layer; without value it is deleted. */
export interface JournalRow {
  readonly table: number;
  readonly key: StoreKey;
  /** A view of the journal's bytes. */
  readonly value: Buffer | undefined;
}

/** Commits that follow one another: of each row the last change. */
export class JournalLayer {
  /** Commits, and the number of pieces that each has in the store. */
  readonly commits: { readonly number: number; readonly pieces: number }[] = [];
  /** Sum of the bytes of all parts. */
  bytes = 0;
  private readonly parts: Buffer[] = [];
  /** Where each part begins, if they stood one after the other; addresses of rows are counted so. */
  private readonly starts: number[] = [];
  private readonly tables = new Map<number, Map<MapKey, number>>();

  add({ bytes, tables, keys, offsets }: JournalPart): void {
    const start = this.bytes;
    this.parts.push(bytes);
    this.starts.push(start);
    this.bytes += bytes.length;
    let current = -1;
    let rows = new Map<MapKey, number>();
    for (let index = 0; index < keys.length; index++) {
      const table = tables[index]!;
      if (table !== current) {
        current = table;
        rows = this.tableOf(table);
      }
      rows.set(keys[index]!, start + offsets[index]!);
    }
  }

  private tableOf(table: number): Map<MapKey, number> {
    let rows = this.tables.get(table);
    if (rows === undefined) {
      rows = new Map();
      this.tables.set(table, rows);
    }
    return rows;
  }

  /** The row's address; undefined when the layer does not know the row. */
  find(table: number, mapKey: MapKey): number | undefined {
    return this.tables.get(table)?.get(mapKey);
  }

  /** A view of the journal's bytes; undefined for a row that is deleted. */
  valueAt(address: number): Buffer | undefined {
    const { starts } = this;
    let low = 0;
    for (let high = starts.length; high - low > 1; ) {
      const middle = (low + high) >> 1;
      if (starts[middle]! <= address) low = middle;
      else high = middle;
    }
    const bytes = this.parts[low]!;
    const at = address - starts[low]!;
    const length = bytes.readUInt32LE(at);
    return length === 0 ? undefined : bytes.subarray(at + 4, at + 3 + length);
  }

  /** All rows of a table, in the order of their first commit. */
  *rowsOf(table: number): Iterable<readonly [MapKey, number]> {
    yield* this.tables.get(table) ?? [];
  }

  /** All rows, those with numbers as keys in their order, so that neighbours are written together. */
  *rows(): Iterable<JournalRow> {
    for (const [table, rows] of this.tables) {
      const numbers = Float64Array.from(numbersOf(rows.keys())).sort();
      for (const key of numbers) yield { table, key, value: this.valueAt(rows.get(key)!) };
      for (const [mapKey, address] of rows) {
        if (typeof mapKey === 'number') continue;
        yield { table, key: keyOfMapKey(mapKey), value: this.valueAt(address) };
      }
    }
  }
}

function* numbersOf(keys: Iterable<MapKey>): Iterable<number> {
  for (const key of keys) if (typeof key === 'number') yield key;
}

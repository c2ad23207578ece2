/**
 * The rows of one partition in LMDB. A commit writes its rows in one piece, as an entry of a journal; from there they are folded into their
 * tables later, in the background, so that a row that changes often is written to its table seldom. Until then the journal is also in memory,
 * and is asked before the tables.
 */
import type { Database } from 'lmdb';
import type { PartitionStore, PendingCommit, RowChange, StoreKey } from '../ports.js';
import { commitError } from './lmdb-error.js';
import { overlaidRange, type RangeChange, type RangeRow } from './overlaid-range.js';
import {
  decodeRows,
  encodeRows,
  JournalLayer,
  type JournalPart,
  keyOfMapKey,
  type MapKey,
  mapKeyOf,
} from './row-journal.js';
import { STATE_STORE_ERROR_CODES, StateStoreError } from './state-store-error.js';
import { compareKeys, keyOfParts, partsOf, rowKeyParts } from './store-key.js';

export type RowKey = (number | string)[];
export type Rows = Database<Uint8Array, RowKey>;

export interface LmdbPartitionOptions {
  readonly rows: Rows;
  /** Throws when the store is not to grow any more. */
  readonly checkSize: () => void;
  /** From so many bytes on the journal is folded into the tables. */
  readonly journalBytesMax: () => number;
}

/** LMDB takes keys of 1,978 bytes at most, with its 4 KiB pages. */
const KEY_BYTES_MAX = 1_900;
/** Keys of rows begin with the number of their table; keys of the partition's own notes begin with a string. */
const CHECKPOINT_KEY: RowKey = ['checkpoint'];
const TABLE_NAME = 'table';
const JOURNAL = 'journal';
/** A value with its header fills 16 pages. */
const PIECE_BYTES = 65_520;
/** Rows that are folded in one transaction, handed over in one go. */
const FOLD_ROWS = 512;
const FOLD_PAUSE_MS = 4;
const SCAN_KEYS = 256;

export class LmdbPartition implements PartitionStore {
  private readonly rows: Rows;
  /** A table's number stands for its name in the keys of its rows. */
  private readonly tables = new Map<string, number>();
  /** Tables whose numbers are not in the store yet: each commit brings them along until one has succeeded. */
  private readonly newTables = new Set<string>();
  private active = new JournalLayer();
  /** The commits before those of `active`, while they are folded. */
  private folding: JournalLayer | undefined;
  private foldUnderWay: Promise<void> | undefined;
  private foldFailure: unknown;
  private commits = 0;
  /** Commits are taken into the journal one after the other. */
  private taken: Promise<void> = Promise.resolve();
  /** Rises with each `clear`: what began before it is void. */
  private era = 0;

  constructor(private readonly options: LmdbPartitionOptions) {
    this.rows = options.rows;
    this.load();
  }

  private load(): void {
    for (const { key, value } of this.rows.getRange({ start: [TABLE_NAME] })) {
      if (key[0] === TABLE_NAME) this.tables.set(String(key[1]), Buffer.from(value).readUInt32BE(0));
    }
    this.active = new JournalLayer();
    this.folding = undefined;
    let number: number | undefined;
    let pieces: Uint8Array[] = [];
    const take = (): void => {
      if (number === undefined) return;
      this.active.add(decodeRows(Buffer.concat(pieces)));
      this.active.commits.push({ number, pieces: pieces.length });
      this.commits = Math.max(this.commits, number);
      pieces = [];
    };
    for (const { key, value } of this.rows.getRange({ start: [JOURNAL], end: [`${JOURNAL}\u0001`] })) {
      if (key[1] !== number) take();
      number = key[1] as number;
      pieces.push(Uint8Array.prototype.slice.call(value));
    }
    take();
  }

  checkpoint(): Uint8Array | undefined {
    return this.rows.getBinary(CHECKPOINT_KEY);
  }

  get(table: string, key: StoreKey): Uint8Array | undefined {
    const number = this.tables.get(table);
    if (number === undefined) return undefined;
    const mapKey = mapKeyOf(key);
    for (const layer of [this.active, this.folding]) {
      const address = layer?.find(number, mapKey);
      if (address !== undefined) return copyOf(layer!.valueAt(address));
    }
    return this.rows.getBinary(rowKeyOf(number, key));
  }

  range(table: string, options: { from?: StoreKey; to?: StoreKey; limit?: number }): Iterable<RangeRow> {
    const { from, to, limit = Number.POSITIVE_INFINITY } = options;
    const number = this.tables.get(table);
    if (number === undefined || limit <= 0) return [];
    const bounds = {
      start: from === undefined ? [number] : [number, ...partsOf(from)],
      end: to === undefined ? [number + 1] : [number, ...partsOf(to)],
    };
    return overlaidRange(this.tableRange(bounds), this.journalRange(number, from, to), limit);
  }

  private *tableRange(bounds: { start: RowKey; end: RowKey }): Iterable<RangeRow> {
    for (const { key, value } of this.rows.getRange(bounds)) {
      // A row that is larger than the memory that LMDB reads into shares that memory with the next one.
      yield { key: keyOfParts(key.slice(1)), value: Uint8Array.prototype.slice.call(value) };
    }
  }

  /** The changes of the journal in a range, in order. Their values are copied as they are asked for: most readers stop early. */
  private journalRange(table: number, from: StoreKey | undefined, to: StoreKey | undefined): RangeChange[] {
    const found = new Map<MapKey, RangeChange>();
    for (const layer of [this.folding, this.active]) {
      for (const [mapKey, address] of layer?.rowsOf(table) ?? []) {
        const key = keyOfMapKey(mapKey);
        if (from !== undefined && compareKeys(key, from) < 0) continue;
        if (to !== undefined && compareKeys(key, to) >= 0) continue;
        found.set(mapKey, {
          key,
          get value() {
            return copyOf(layer!.valueAt(address));
          },
        });
      }
    }
    return [...found.values()].sort((a, b) => compareKeys(a.key, b.key));
  }

  *keys(table: string): Iterable<StoreKey> {
    const number = this.tables.get(table);
    if (number === undefined) return;
    for (const layer of [this.folding, this.active]) {
      for (const [mapKey] of layer?.rowsOf(number) ?? []) yield keyOfMapKey(mapKey);
    }
    // Slice by slice: a reader that is in no hurry must not hold back pages that LMDB could use again.
    for (let start: RowKey = [number]; ; ) {
      const slice = [...this.rows.getKeys({ start, end: [number + 1], limit: SCAN_KEYS })];
      for (const key of slice) yield keyOfParts(key.slice(1));
      if (slice.length < SCAN_KEYS) return;
      start = slice.at(-1)!;
    }
  }

  begin(): PendingCommit {
    const parts: JournalPart[] = [];
    return {
      add: (changes) => {
        for (const { key } of changes) checkKey(key);
        if (changes.length > 0) parts.push(encodeRows(changes, (name) => this.tableNumber(name)));
      },
      commit: (checkpoint) => this.commitParts(parts, checkpoint),
    };
  }

  async commit(changes: readonly RowChange[], checkpoint: Uint8Array): Promise<void> {
    const pending = this.begin();
    pending.add(changes);
    await pending.commit(checkpoint);
  }

  private async commitParts(parts: readonly JournalPart[], checkpoint: Uint8Array): Promise<void> {
    this.options.checkSize();
    this.checkFold();
    const { era } = this;
    const number = ++this.commits;
    const saved = Buffer.from(checkpoint);
    const newTables = [...this.newTables];
    let pieces = 0;
    const written = this.write(() => {
      for (const name of newTables) this.rows.put([TABLE_NAME, name], uint32(this.tables.get(name)!));
      for (const { bytes } of parts) {
        for (let from = 0; from < bytes.length; from += PIECE_BYTES) {
          this.rows.put([JOURNAL, number, pieces++], bytes.subarray(from, from + PIECE_BYTES));
        }
      }
      this.rows.put(CHECKPOINT_KEY, saved);
    });
    const before = this.taken;
    const taken = written.then(async () => {
      await before;
      if (era !== this.era) return;
      for (const name of newTables) this.newTables.delete(name);
      await this.take(parts, era);
      if (era === this.era && pieces > 0) this.active.commits.push({ number, pieces });
    });
    this.taken = taken.catch(() => undefined);
    await taken;
    if (era !== this.era) return;
    this.foldIfLarge();
    // Saves come faster than they can be folded: the next one has to wait.
    if (this.active.bytes > 2 * this.options.journalBytesMax()) await this.foldUnderWay;
  }

  /** Part after part, with a turn of the loop between them. */
  private async take(parts: readonly JournalPart[], era: number): Promise<void> {
    for (const [index, part] of parts.entries()) {
      if (index > 0) await new Promise<void>((resolve) => setImmediate(resolve));
      if (era !== this.era) return;
      this.active.add(part);
    }
  }

  async clear(): Promise<void> {
    this.era++;
    await this.foldUnderWay;
    try {
      await this.rows.clearAsync();
      for (const name of this.tables.keys()) this.newTables.add(name);
      this.active = new JournalLayer();
      this.folding = undefined;
    } catch (cause) {
      this.load();
      throw await commitError(cause);
    }
  }

  /** Stops what goes on in the background; the partition is not to be used any more. */
  async close(): Promise<void> {
    this.era++;
    await this.foldUnderWay;
  }

  // --- folding --------------------------------------------------------------------------------------------------

  private foldIfLarge(): void {
    if (this.foldUnderWay !== undefined || this.active.bytes <= this.options.journalBytesMax()) return;
    if (this.folding === undefined) {
      this.folding = this.active;
      this.active = new JournalLayer();
    }
    // Whatever an earlier fold failed of, this one shows whether it lasts.
    this.foldFailure = undefined;
    this.foldUnderWay = this.fold(this.folding)
      .catch((failure: unknown) => {
        this.foldFailure = failure;
      })
      .finally(() => {
        this.foldUnderWay = undefined;
      });
  }

  /** The journal of a fold that failed is kept, and the fold tried again when as much has come on top; that commit is refused with its reason. */
  private checkFold(): void {
    const failure = this.foldFailure;
    if (failure === undefined || this.active.bytes <= this.options.journalBytesMax()) return;
    this.foldIfLarge();
    throw failure;
  }

  /** A crash on the way does no harm: as long as its commits stand in the journal, they win over the tables. */
  private async fold(layer: JournalLayer): Promise<void> {
    const { era } = this;
    const rows = layer.rows()[Symbol.iterator]();
    for (let done = false; !done; ) {
      if (era !== this.era) return;
      await this.write(() => {
        for (let count = 0; count < FOLD_ROWS; count++) {
          const next = rows.next();
          if (next.done === true) {
            done = true;
            return;
          }
          const { table, key, value } = next.value;
          if (value === undefined) this.rows.remove(rowKeyOf(table, key));
          else this.rows.put(rowKeyOf(table, key), value);
        }
      });
      await new Promise<void>((resolve) => setTimeout(resolve, FOLD_PAUSE_MS));
    }
    if (era !== this.era) return;
    await this.write(() => {
      for (const { number, pieces } of layer.commits) {
        for (let piece = 0; piece < pieces; piece++) this.rows.remove([JOURNAL, number, piece]);
      }
    });
    if (era === this.era) this.folding = undefined;
  }

  private tableNumber(name: string): number {
    const known = this.tables.get(name);
    if (known !== undefined) return known;
    const number = Math.max(0, ...this.tables.values()) + 1;
    this.tables.set(name, number);
    this.newTables.add(name);
    return number;
  }

  /** All writes of `changes` in one transaction. LMDB reads their bytes later, on its own thread. */
  private async write(changes: () => void): Promise<void> {
    try {
      await this.rows.batch(changes);
    } catch (cause) {
      throw await commitError(cause);
    }
  }
}

function rowKeyOf(table: number, key: StoreKey): RowKey {
  return typeof key === 'object' ? [table, ...key] : [table, key];
}

function copyOf(bytes: Uint8Array | undefined): Uint8Array | undefined {
  return bytes === undefined ? undefined : Uint8Array.prototype.slice.call(bytes);
}

function uint32(number: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(number);
  return bytes;
}

function checkKey(key: StoreKey): void {
  if (typeof key === 'string' && key.startsWith('\u0000')) {
    throw new Error('assertion: a text that begins with NUL stands for a key of several parts');
  }
  if (typeof key === 'number' || (typeof key === 'string' && key.length < KEY_BYTES_MAX / 4)) return;
  let bytes = 16;
  for (const part of rowKeyParts(key)) bytes += typeof part === 'number' ? 10 : 2 + Buffer.byteLength(part);
  if (bytes <= KEY_BYTES_MAX) return;
  throw new StateStoreError(
    STATE_STORE_ERROR_CODES.keyTooLong,
    `the key of a row has ${bytes} bytes, ${KEY_BYTES_MAX} are possible`,
  );
}

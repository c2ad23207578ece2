/**
 * The rows of one partition in LMDB. A commit writes its rows in one piece, as an entry of a journal; from there they are folded into their
 * tables later, in the background, so that a row that changes often is written to its table seldom. Until then the journal is also in memory,
 * and is asked before the tables.
 */
import type { Database } from 'lmdb';
import type { PartitionStore, RowChange, StoreKey } from '../ports.js';
import { decodeCommit, encodeCommit, JournalLayer, keyOfMapKey, type MapKey, mapKeyOf } from './row-journal.js';
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
const REASON_LIMIT_MS = 1_000;

export class LmdbPartition implements PartitionStore {
  private readonly rows: Rows;
  /** A table's number stands for its name in the keys of its rows. */
  private readonly tables = new Map<string, number>();
  private active = new JournalLayer();
  /** The commits before those of `active`, while they are folded. */
  private folding: JournalLayer | undefined;
  private foldUnderWay: Promise<void> | undefined;
  private foldFailure: unknown;
  private commits = 0;
  /** Rises with each `clear`: what began before it is void. */
  private era = 0;

  constructor(private readonly options: LmdbPartitionOptions) {
    this.rows = options.rows;
    this.load();
  }

  private load(): void {
    this.readTables();
    this.active = new JournalLayer();
    this.folding = undefined;
    let number: number | undefined;
    let pieces: Uint8Array[] = [];
    const take = (): void => {
      if (number === undefined) return;
      this.active.add(number, decodeCommit(Buffer.concat(pieces)));
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

  private readTables(): void {
    this.tables.clear();
    for (const { key, value } of this.rows.getRange({ start: [TABLE_NAME] })) {
      if (key[0] === TABLE_NAME) this.tables.set(String(key[1]), Buffer.from(value).readUInt32BE(0));
    }
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

  *range(
    table: string,
    options: { from?: StoreKey; to?: StoreKey; limit?: number },
  ): Iterable<{ key: StoreKey; value: Uint8Array }> {
    const { from, to } = options;
    const number = this.tables.get(table);
    let left = options.limit ?? Number.POSITIVE_INFINITY;
    if (number === undefined || left <= 0) return;
    const journal = this.journalRange(number, from, to);
    const known = new Set(journal.map(({ mapKey }) => mapKey));
    let next = 0;
    const bounds = {
      start: from === undefined ? [number] : [number, ...partsOf(from)],
      end: to === undefined ? [number + 1] : [number, ...partsOf(to)],
    };
    for (const row of this.rows.getRange(bounds)) {
      const key = keyOfParts(row.key.slice(1));
      for (; next < journal.length && compareKeys(journal[next]!.key, key) < 0; next++) {
        const { value } = journal[next]!;
        if (value === undefined) continue;
        yield { key: journal[next]!.key, value };
        if (--left <= 0) return;
      }
      if (known.has(mapKeyOf(key))) continue;
      // A row that is larger than the memory that LMDB reads into shares that memory with the next one.
      yield { key, value: Uint8Array.prototype.slice.call(row.value) };
      if (--left <= 0) return;
    }
    for (const { key, value } of journal.slice(next)) {
      if (value === undefined) continue;
      yield { key, value };
      if (--left <= 0) return;
    }
  }

  /** The rows of the journal in a range, in order; those without a value are deleted. */
  private journalRange(
    table: number,
    from: StoreKey | undefined,
    to: StoreKey | undefined,
  ): { mapKey: MapKey; key: StoreKey; value: Uint8Array | undefined }[] {
    const found = new Map<MapKey, { mapKey: MapKey; key: StoreKey; value: Uint8Array | undefined }>();
    for (const layer of [this.folding, this.active]) {
      for (const [mapKey, address] of layer?.rowsOf(table) ?? []) {
        const key = keyOfMapKey(mapKey);
        if (from !== undefined && compareKeys(key, from) < 0) continue;
        if (to !== undefined && compareKeys(key, to) >= 0) continue;
        found.set(mapKey, { mapKey, key, value: copyOf(layer!.valueAt(address)) });
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

  async commit(changes: readonly RowChange[], checkpoint: Uint8Array): Promise<void> {
    for (const { key } of changes) checkKey(key);
    this.options.checkSize();
    this.checkFold();
    const { era } = this;
    const newTables: string[] = [];
    const commit = encodeCommit(changes, (name) => this.tableNumber(name, newTables));
    const number = ++this.commits;
    const saved = Buffer.from(checkpoint);
    await this.write(() => {
      for (const name of newTables) this.rows.put([TABLE_NAME, name], uint32(this.tables.get(name)!));
      for (let piece = 0; piece * PIECE_BYTES < commit.bytes.length; piece++) {
        const from = piece * PIECE_BYTES;
        this.rows.put([JOURNAL, number, piece], commit.bytes.subarray(from, from + PIECE_BYTES));
      }
      this.rows.put(CHECKPOINT_KEY, saved);
    });
    if (era !== this.era) return;
    this.active.add(number, commit);
    this.foldIfLarge();
    // Saves come faster than they can be folded: the next one has to wait.
    if (this.active.bytes > 2 * this.options.journalBytesMax()) await this.foldUnderWay;
  }

  async clear(): Promise<void> {
    this.era++;
    await this.foldUnderWay;
    this.tables.clear();
    try {
      await this.rows.clearAsync();
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
    this.foldFailure = undefined;
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
      for (const { number, pieces } of layer.commitSizes(PIECE_BYTES)) {
        for (let piece = 0; piece < pieces; piece++) this.rows.remove([JOURNAL, number, piece]);
      }
    });
    if (era === this.era) this.folding = undefined;
  }

  private tableNumber(name: string, newTables: string[]): number {
    const known = this.tables.get(name);
    if (known !== undefined) return known;
    const number = Math.max(0, ...this.tables.values()) + 1;
    this.tables.set(name, number);
    newTables.push(name);
    return number;
  }

  /** All writes of `changes` in one transaction. LMDB reads their bytes later, on its own thread. */
  private async write(changes: () => void): Promise<void> {
    try {
      await this.rows.batch(changes);
    } catch (cause) {
      // Rolled back, and the numbers of new tables with it: rows under a number without a name would be lost.
      this.readTables();
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
  if (typeof key === 'number' || (typeof key === 'string' && key.length < KEY_BYTES_MAX / 4)) return;
  let bytes = 16;
  for (const part of rowKeyParts(key)) bytes += typeof part === 'number' ? 10 : 2 + Buffer.byteLength(part);
  if (bytes <= KEY_BYTES_MAX) return;
  throw new StateStoreError(
    STATE_STORE_ERROR_CODES.keyTooLong,
    `the key of a row has ${bytes} bytes, ${KEY_BYTES_MAX} are possible`,
  );
}

async function commitError(failure: unknown): Promise<StateStoreError> {
  const cause = await reasonOf(failure);
  const full = /MDB_MAP_FULL|No space left/i.test(String(cause));
  const code = full ? STATE_STORE_ERROR_CODES.full : STATE_STORE_ERROR_CODES.failed;
  return new StateStoreError(code, full ? 'the state store is full' : 'a commit of the state store failed', { cause });
}

/** LMDB's own words, which come a moment later than the failure, as the rejection of its `commitError`. */
async function reasonOf(failure: unknown): Promise<unknown> {
  const { commitError: reason } = failure as { commitError?: Promise<never> };
  if (reason === undefined) return failure;
  const patience = new Promise((resolve) => setTimeout(resolve, REASON_LIMIT_MS, failure).unref());
  return Promise.race([reason.catch((error: unknown) => error), patience]);
}

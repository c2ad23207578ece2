/** What one partition remembers: its tables, timers, place in the input and log time, saved together. */

import { CachedTable } from './cached-table.js';
import type { PartitionStore, PendingCommit, RowChange, StoreKey } from './ports.js';
import { type Checkpoint, type Position, START } from './position.js';
import { decodeRow, encodeRow, rowCodec } from './row-codec.js';
import type { StageBinding, StageEnvironment, Table, TableCodec, TableOptions } from './stage.js';
import { TimerIndex } from './timer-index.js';

export interface PartitionStateOptions {
  readonly binding: StageBinding;
  readonly store: PartitionStore;
  readonly partition: number;
  readonly partitions: number;
  readonly shards: number;
  readonly cacheRowsMax: number;
}

export class PartitionState {
  readonly timers: TimerIndex;
  readonly environment: StageEnvironment;
  private readonly tables: CachedTable<StoreKey, unknown>[] = [];
  cursor: Position = START;
  /** Greatest `appendedAt` or tick read, ms. */
  now = 0;
  logicVersion: number;
  /** The place that the store holds; what lies behind it need not be read again. */
  savedCursor: Position = START;
  private readonly store: PartitionStore;
  /** Of the save that has begun. */
  private checkpoint: Checkpoint | undefined;
  private pending: PendingCommit | undefined;
  private rowsSaved = 0;

  constructor(private readonly options: PartitionStateOptions) {
    const { store, partition, partitions, shards, cacheRowsMax } = options;
    this.store = store;
    this.logicVersion = 1;
    this.timers = new TimerIndex(store, cacheRowsMax);
    this.environment = {
      partition,
      partitions,
      shards,
      table: <K extends StoreKey, V>(name: string, codec?: TableCodec<V>, options?: TableOptions): Table<K, V> => {
        const table = new CachedTable<K, V>({
          name,
          store,
          codec: codec ?? (rowCodec as TableCodec<V>),
          rowsMax: cacheRowsMax,
          ...options,
        });
        this.tables.push(table as unknown as CachedTable<StoreKey, unknown>);
        return table;
      },
    };
  }

  /** Loads the saved place; undefined when there is none, or when it was written in another encoding. */
  load(): Checkpoint | undefined {
    const bytes = this.store.checkpoint();
    if (bytes === undefined) return undefined;
    const checkpoint = decodeRow(bytes) as Checkpoint;
    if (checkpoint.stateVersion !== this.options.binding.stateVersion) return undefined;
    this.cursor = checkpoint.cursor;
    this.savedCursor = checkpoint.cursor;
    this.now = checkpoint.now;
    this.logicVersion = checkpoint.logicVersion;
    return checkpoint;
  }

  get dirtyRows(): number {
    let rows = this.timers.dirtyRows;
    for (const table of this.tables) rows += table.dirtyRows;
    return rows;
  }

  /** Forgets rows where there are many: between two records only, since a decision may hold rows. */
  trim(): void {
    for (const table of this.tables) table.trim();
    this.timers.trim();
  }

  /** Takes about so many keys of the store into the filters of the tables; true when they are complete. */
  fillFilters(keysMax: number): boolean {
    for (const table of this.tables) if (!table.fillFilter(keysMax)) return false;
    return this.timers.fillFilter(keysMax);
  }

  /** Begins to save all that changed, as it is now: then `encode` until it is done, then `commit`. */
  beginSave(outputs: Readonly<Record<string, number>>): void {
    const { cursor, now, logicVersion } = this;
    const { stateVersion } = this.options.binding;
    this.checkpoint = { stateVersion, cursor, now, logicVersion, outputs };
    this.pending = this.store.begin();
    this.rowsSaved = 0;
    for (const table of this.tables) table.beginSave();
    this.timers.beginSave();
  }

  /** Encodes about so many rows of the save that has begun; true when that was all. The state may change between two calls. */
  encode(rowsMax: number): boolean {
    const changes: RowChange[] = [];
    const done = this.take(rowsMax, changes);
    this.rowsSaved += changes.length;
    this.pending?.add(changes);
    return done;
  }

  private take(rowsMax: number, into: RowChange[]): boolean {
    let left = rowsMax;
    for (const table of this.tables) {
      left -= table.encode(left, into);
      if (left === 0) return false;
    }
    return this.timers.encode(left, into);
  }

  /** Saves what has been encoded in one transaction. */
  commit(): { rows: number; saved: Promise<void> } {
    const { pending, checkpoint, rowsSaved: rows } = this;
    if (pending === undefined || checkpoint === undefined) throw new Error('assertion: no save has begun');
    this.pending = undefined;
    const saved = pending.commit(encodeRow(checkpoint)).then(() => {
      this.savedCursor = checkpoint.cursor;
      for (const table of this.tables) table.saved();
      this.timers.saved();
    });
    return { rows, saved };
  }
}

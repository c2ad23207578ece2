/** The state store on LMDB: one environment a stage process, one database a partition. */
import { mkdirSync } from 'node:fs';
import { type Database, open, type RootDatabase } from 'lmdb';
import type { PartitionStore, RowChange, StateStore, StoreKey } from '../ports.js';
import { STATE_STORE_ERROR_CODES, StateStoreError } from './state-store-error.js';
import { keyOfParts, partsOf, rowKeyParts } from './store-key.js';

export interface LmdbStoreOptions {
  /** A folder of its own; made when it is missing. */
  readonly directory: string;
  /** From this size of the data file on, commits are refused (the file never shrinks). No limit when left out. */
  readonly mapSizeBytesMax?: number;
}

/** Databases that one environment may hold: one a partition. */
const PARTITIONS_MAX = 256;
/** LMDB takes keys of 1,978 bytes at most, with its 4 KiB pages. */
const KEY_BYTES_MAX = 1_900;

type RowKey = (number | string)[];
type Rows = Database<Uint8Array, RowKey>;

/** Keys of rows begin with the number of their table; keys of the partition's own notes begin with a string. */
const CHECKPOINT_KEY: RowKey = ['checkpoint'];
const TABLE_NAME = 'table';
const REASON_LIMIT_MS = 1_000;

/**
 * Opens the store of a stage process. Commits run off the JS thread in LMDB's default, safe sync mode; they are done when they survive a
 * crash of the process. Throws StateStoreError.
 */
export function openLmdbStore(options: LmdbStoreOptions): StateStore {
  try {
    mkdirSync(options.directory, { recursive: true });
    const environment = open({
      path: options.directory,
      maxDbs: PARTITIONS_MAX,
      noSubdir: false,
      // With it, lmdb-js makes promises of its own whose rejection nobody can hear: a full disk would end the process.
      eventTurnBatching: false,
    });
    return new LmdbStore(environment, options);
  } catch (cause) {
    throw new StateStoreError(STATE_STORE_ERROR_CODES.failed, `cannot open the state store in ${options.directory}`, {
      cause,
    });
  }
}

class LmdbStore implements StateStore {
  private readonly partitions = new Map<number, LmdbPartition>();

  constructor(
    private readonly environment: RootDatabase,
    private readonly options: LmdbStoreOptions,
  ) {}

  partition(partition: number): PartitionStore {
    let store = this.partitions.get(partition);
    if (store === undefined) {
      const rows: Rows = this.environment.openDB(`partition-${partition}`, { encoding: 'binary' });
      store = new LmdbPartition(rows, () => this.checkSize());
      this.partitions.set(partition, store);
    }
    return store;
  }

  close(): Promise<void> {
    return this.environment.close();
  }

  /** LMDB itself grows its map without an end, so the limit is held here. */
  private checkSize(): void {
    const { mapSizeBytesMax, directory } = this.options;
    if (mapSizeBytesMax === undefined) return;
    const { lastPageNumber, pageSize } = this.environment.getStats() as { lastPageNumber: number; pageSize: number };
    if ((lastPageNumber + 1) * pageSize < mapSizeBytesMax) return;
    throw new StateStoreError(
      STATE_STORE_ERROR_CODES.full,
      `the state store in ${directory} has reached its limit of ${mapSizeBytesMax} bytes`,
    );
  }
}

class LmdbPartition implements PartitionStore {
  /** A table's number stands for its name in the keys of its rows. */
  private readonly tables = new Map<string, number>();

  constructor(
    private readonly rows: Rows,
    private readonly checkSize: () => void,
  ) {
    this.readTables();
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
    return this.rows.getBinary(typeof key === 'object' ? [number, ...key] : [number, key]);
  }

  *range(
    table: string,
    options: { from?: StoreKey; to?: StoreKey; limit?: number },
  ): Iterable<{ key: StoreKey; value: Uint8Array }> {
    const { from, to, limit } = options;
    const number = this.tables.get(table);
    if (number === undefined || limit === 0) return;
    const bounds = {
      start: from === undefined ? [number] : [number, ...partsOf(from)],
      end: to === undefined ? [number + 1] : [number, ...partsOf(to)],
    };
    for (const { key, value } of this.rows.getRange(limit === undefined ? bounds : { ...bounds, limit })) {
      // A row that is larger than the memory that LMDB reads into shares that memory with the next one.
      yield { key: keyOfParts(key.slice(1)), value: Uint8Array.prototype.slice.call(value) };
    }
  }

  async commit(changes: readonly RowChange[], checkpoint: Uint8Array): Promise<void> {
    for (const { key } of changes) checkKey(key);
    this.checkSize();
    await this.write(() => {
      for (const { table, key, value } of changes) {
        const number = this.tableNumber(table);
        const rowKey = typeof key === 'object' ? [number, ...key] : [number, key];
        // LMDB reads the bytes later, on its own thread.
        if (value === undefined) this.rows.remove(rowKey);
        else this.rows.put(rowKey, Buffer.from(value));
      }
      this.rows.put(CHECKPOINT_KEY, Buffer.from(checkpoint));
    });
  }

  async clear(): Promise<void> {
    this.tables.clear();
    try {
      await this.rows.clearAsync();
    } catch (cause) {
      this.readTables();
      throw await commitError(cause);
    }
  }

  private tableNumber(table: string): number {
    const known = this.tables.get(table);
    if (known !== undefined) return known;
    const number = Math.max(0, ...this.tables.values()) + 1;
    this.tables.set(table, number);
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(number);
    this.rows.put([TABLE_NAME, table], bytes);
    return number;
  }

  /** All writes of `changes` in one transaction. */
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

function checkKey(key: StoreKey): void {
  if (typeof key === 'number') return;
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

/** The state store on LMDB: one environment a stage process, one database a partition. */
import { mkdirSync } from 'node:fs';
import { open, type RootDatabase } from 'lmdb';
import type { PartitionStore, StateStore } from '../ports.js';
import { LmdbPartition } from './lmdb-partition.js';
import { STATE_STORE_ERROR_CODES, StateStoreError } from './state-store-error.js';

export interface LmdbStoreOptions {
  /** A folder of its own; made when it is missing. */
  readonly directory: string;
  /** From this size of the data file on, commits are refused (the file never shrinks). No limit when left out. */
  readonly mapSizeBytesMax?: number;
  /** From so many bytes on the journal of one partition is folded into its tables. Its share of 32 MiB, 1 MiB at least, when left out. */
  readonly journalBytesMax?: number | undefined;
}

/** Databases that one environment may hold: one a partition. */
const PARTITIONS_MAX = 256;
/** Of all partitions together: what is read at a start, and held in memory. */
const JOURNAL_BYTES_MAX = 32 << 20;
const PARTITION_JOURNAL_BYTES_MIN = 1 << 20;

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
      store = new LmdbPartition({
        rows: this.environment.openDB(`partition-${partition}`, { encoding: 'binary' }),
        checkSize: () => this.checkSize(),
        journalBytesMax: () => this.journalBytesMax,
      });
      this.partitions.set(partition, store);
    }
    return store;
  }

  async close(): Promise<void> {
    await Promise.all([...this.partitions.values()].map((partition) => partition.close()));
    await this.environment.close();
  }

  private get journalBytesMax(): number {
    const share = Math.floor(JOURNAL_BYTES_MAX / Math.max(1, this.partitions.size));
    return this.options.journalBytesMax ?? Math.max(PARTITION_JOURNAL_BYTES_MIN, share);
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

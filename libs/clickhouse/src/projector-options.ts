/** What a projector is given, and what it shows of itself. */
import type { Log } from '@attrium/processor';
import type { ClickHouse } from './connection.js';
import type { MigrateOptions } from './migrate.js';
import type { Projection } from './projection.js';
import type { Range } from './range-ledger.js';

export interface ProjectorOptions {
  readonly log: Log;
  /** The stream that stores the log. */
  readonly stream: string;
  /** Subject filters: those of all partitions, or of one part of them (then give `scope`). */
  readonly subjects: readonly string[];
  /** Name of this reader's ranges; by default the stream. Two projectors at once must not share it. */
  readonly scope?: string | undefined;
  readonly clickhouse: ClickHouse;
  /** Tables to fill. */
  readonly projections: readonly Projection[];
  /** The files that make these tables; applied before anything else, as soon as ClickHouse is there. */
  readonly migrations?: MigrateOptions | undefined;
  /** Called before the tables are filled, with the last recorded range of each; again when it throws. */
  readonly opened?: ((ranges: ReadonlyMap<string, Range>) => Promise<void>) | undefined;
  readonly settings?: Partial<ProjectorSettings> | undefined;
  /** One line an outage, a recovery and a record that could not be projected. */
  readonly report?: ((level: 'info' | 'warn' | 'error', message: string) => void) | undefined;
}

export interface ProjectorSettings {
  /** A block is closed when its rows have this many bytes. Twice this much is kept at most: one block on its way, one growing. */
  readonly blockBytesMax: number;
  /** A block is closed this long after its first row. */
  readonly blockMsMax: number;
  /** Ranges without any row are recorded once in so many messages. */
  readonly emptyMessagesMax: number;
  /** The longest time that records are projected without letting the event loop turn. */
  readonly sliceMsMax: number;
}

export const PROJECTOR_DEFAULTS: ProjectorSettings = {
  blockBytesMax: 8 << 20,
  blockMsMax: 2_000,
  emptyMessagesMax: 10_000,
  sliceMsMax: 3,
};

/**
 * starting: reading its ranges, or ClickHouse or the log is away since the start. running. retrying: an insert fails and is repeated.
 * failed: the log no longer has what is needed; nothing more is projected until the tables are rebuilt. stopped.
 */
export type ProjectorState = 'starting' | 'running' | 'retrying' | 'failed' | 'stopped';

export interface ProjectorStatus {
  readonly state: ProjectorState;
  /** All messages up to this sequence are in the tables. */
  readonly lastProjectedSequence: number;
  /** Messages of the stream beyond it, as of the last look (every few seconds, and with every block). */
  readonly lagMessages: number;
  readonly rowsInserted: number;
  readonly blocksInserted: number;
  /** Attempts on ClickHouse or the log that failed. */
  readonly failures: number;
  /** Records (and whole messages) that could not be decoded or projected, and were left out. */
  readonly poisoned: number;
  readonly lastError: string | undefined;
}

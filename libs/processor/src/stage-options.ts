/** What a stage loop is given. */
import type { Observe } from './occurrence.js';
import type { Clock, Log, StateStore } from './ports.js';
import type { StageBinding } from './stage.js';

export interface StageSettings {
  /** A cycle flushes at once if the last flush is older than this, else when this time is over. */
  readonly lingerMs: number;
  /** A pack is closed once it holds this many bytes. */
  readonly packBytesMax: number;
  /** Time between two saves of one partition's state. */
  readonly checkpointIntervalMs: number;
  /** Changed rows at which a partition saves earlier: about so many records are replayed after a crash at most. */
  readonly dirtyRowsMax: number;
  /** Changed rows that are encoded at one go; between two goes the partition decides on. */
  readonly saveSliceRows: number;
  /** Rows of one table of one partition that stay in memory; those that are not saved yet come on top. */
  readonly cacheRowsMax: number;
  /** Messages of one partition that wait in memory. */
  readonly pendingMessagesMax: number;
  /** Time for which the loop decides before it lets acks and timers run. */
  readonly sliceMs: number;
  /** Time before a partition that lost its output to another owner, or its log, starts again. */
  readonly restartDelayMs: number;
  /** Least time between two ticks of one partition. */
  readonly tickIntervalMs: number;
}

export const DEFAULT_STAGE_SETTINGS: StageSettings = {
  lingerMs: 5,
  packBytesMax: 262_144,
  checkpointIntervalMs: 5_000,
  dirtyRowsMax: 6_000,
  saveSliceRows: 512,
  cacheRowsMax: 100_000,
  pendingMessagesMax: 64,
  sliceMs: 4,
  restartDelayMs: 250,
  tickIntervalMs: 20,
};

export interface StageOptions {
  readonly binding: StageBinding;
  readonly log: Log;
  readonly store: StateStore;
  readonly clock: Clock;
  /** Number of partitions of every log after `events`. */
  readonly partitions: number;
  /** Number of shards of `events`. */
  readonly shards: number;
  /** The input partitions (identity: shards) that this process owns. */
  readonly owned: readonly number[];
  /** Unique name of this process instance. */
  readonly owner: string;
  readonly settings: StageSettings;
  readonly observe: Observe;
  /** The stage cannot go on with a partition; the process should end. */
  readonly fatal: (error: Error) => void;
}

/** What a service binds to the stage loop: its logs, its key and its pure domain. */
import type { FactBody, LogName, LogRecord, StageName } from '@attrium/event';
import type { StoreKey } from './ports.js';

/** Rows of one table of a partition: a cache of objects over the state store. */
export interface Table<K extends StoreKey, V> {
  /** The row; do not change the object it returns: use `edit`. */
  get(key: K): V | undefined;
  /** The row, to be changed in place; it will be saved. */
  edit(key: K): V | undefined;
  put(key: K, value: V): void;
  delete(key: K): void;
  /** The next rows in the order of their keys, behind one (undefined: from the first on), for reading only: they are not kept in memory. */
  page(after: K | undefined, rowsMax: number): readonly { readonly key: K; readonly value: V }[];
  /** A hint to a cache: the log says that this key has no row yet, so that the store need not be asked. It changes no answer. */
  expectNone?(key: K): void;
}

export interface TableOptions {
  /**
   * For keys that are often looked for without having a row: a filter of all keys in memory (about 13 bits a key, 64 MiB at most) spares the
   * store most of these questions. It is filled after the start, from the store, and says "maybe" until it is complete.
   */
  readonly filtersKeys?: boolean;
}

export interface TableCodec<V> {
  encode(value: V): Uint8Array;
  decode(bytes: Uint8Array): V;
}

export interface StageEnvironment {
  /** The input partition (identity: shard). */
  readonly partition: number;
  /** Number of partitions of the output log (and of every log after `events`). */
  readonly partitions: number;
  /** Number of shards of `events`. */
  readonly shards: number;
  /** Opens a table. The default codec takes plain data, Set, bigint, Decimal and Timestamp; not Map. */
  table<K extends StoreKey, V>(name: string, codec?: TableCodec<V>, options?: TableOptions): Table<K, V>;
}

/** What a decision may know, and where it puts its facts. */
export interface Context {
  /** The greatest `appendedAt` or tick read in this partition, ms: the "now" of every window and condition, and `recordedAt` of facts. */
  readonly now: number;
  readonly logicVersion: number;
  /** Where the record stands that is decided: sequence of its message, and its number in the pack. */
  readonly place: { readonly sequence: number; readonly record: number };
  /** Appends a fact to the output log; returns its id. `partition` only for stages with many outputs (identity). */
  emit(fact: FactBody, partition?: number): string;
  /** A fact that is also sent, once it is committed, into partition `partition` of this stage's own input log. */
  relay(fact: FactBody, partition: number): string;
  /** The same for a record that keeps the id it already has (forwarding). */
  forward(record: LogRecord, partition: number): void;
  /** Sets, moves or (undefined) removes the one timer of an entity, by its ordinal. */
  setTimer(ordinal: number, dueAt: number | undefined): void;
}

/** The domain of one input partition over its tables. Synchronous and deterministic: no clock, no random, no I/O of its own. */
export interface PartitionStage {
  /** The ordinal of the entity whose due timers fire before this record; undefined for none. */
  timersBefore(record: LogRecord): number | undefined;
  /** Folds one record and emits what follows from it. Called for every record but `Tick`, in log order. */
  decide(record: LogRecord, context: Context): void;
  /** A timer is due. It is already removed; set the next one. What it does is effective at `dueAt`. */
  expire(ordinal: number, dueAt: number, context: Context): void;
  /** Answers a question from state; the reply is held back until all that the state contains is committed. */
  answer?(question: unknown): unknown;
}

export interface StageBinding {
  readonly name: StageName;
  readonly input: LogName;
  readonly output: Exclude<LogName, 'events'>;
  /** Highest version of the decision logic that this release knows. */
  readonly logicVersion: number;
  /** Version of the encoding of rows; a cache of another version is rebuilt from the log. */
  readonly stateVersion: number;
  /** Rows of a table of one partition that are best kept in memory, where rows are large; a setting can say otherwise. */
  readonly cacheRowsMax?: number;
  open(environment: StageEnvironment): PartitionStage;
}

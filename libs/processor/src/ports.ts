/** The ports of the stage loop: the log, the state store and the clock. Each has a real and a simulated adapter that pass one conformance suite. */

/** One stored message of a log: a pack of records. */
export interface StoredMessage {
  readonly subject: string;
  /** Position in the log (stream), rising, from 1. */
  readonly sequence: number;
  /** When the log stored it, in ms; may fall when a server's clock was set back. */
  readonly appendedAt: number;
  readonly payload: Uint8Array;
}

export interface LogBounds {
  /** The first sequence that is still stored; lastSequence + 1 when the log is empty. */
  readonly firstSequence: number;
  /** The last sequence ever stored; 0 when there was none. */
  readonly lastSequence: number;
}

/**
 * appended: stored at `sequence`.
 * refused: the subject's last sequence was another than expected, or a retry of what is stored already. Like `unknown`, it says
 * nothing certain about this publish: read the last message of the subject again.
 * unknown: no answer, or the log is out of reach.
 * too-large: the log takes no message of this size, however often it is tried.
 */
export type AppendOutcome =
  | { readonly kind: 'appended'; readonly sequence: number }
  | { readonly kind: 'refused' }
  | { readonly kind: 'unknown'; readonly reason: string }
  | { readonly kind: 'too-large'; readonly reason: string };

export interface AppendOptions {
  /** Compare-and-set: the sequence of the last message of this subject, 0 for none. */
  readonly expectedLastSequence?: number;
  /** Transport-level dedup within the log's duplicate window. */
  readonly messageId?: string;
}

/** Reads packs in order from a sequence on. */
export interface LogReader {
  /** The next message if one has arrived, without waiting. Messages come in rising sequence, each once. */
  next(): StoredMessage | undefined;
  /** Messages that have arrived and wait in the reader. */
  readonly buffered: number;
  close(): Promise<void>;
}

export interface ReadOptions {
  /** Subject filters, with wildcards. */
  readonly subjects: readonly string[];
  readonly fromSequence: number;
  /** Called (never inside `next`) when messages wait that `next` has not returned. */
  readonly wake: () => void;
  /** Called when the reader cannot go on: the log is gone, or its needed sequence is. */
  readonly failed: (error: Error) => void;
}

export interface Log {
  /** Appends one message; never throws for what the log answers. The payload must not change before the answer. */
  append(subject: string, payload: Uint8Array, options?: AppendOptions): Promise<AppendOutcome>;
  /** The last message of a subject, from the leader; undefined for none. Throws when the log is out of reach. */
  last(subject: string): Promise<StoredMessage | undefined>;
  bounds(stream: string): Promise<LogBounds>;
  read(stream: string, options: ReadOptions): LogReader;
}

export type StoreKey = number | string | readonly (number | string)[];

/** One change of one row; `value` undefined deletes. */
export interface RowChange {
  readonly table: string;
  readonly key: StoreKey;
  readonly value: Uint8Array | undefined;
}

/** A commit that is handed over bit by bit, so that a large one does not stop everything else. Nothing is stored before `commit`. */
export interface PendingCommit {
  /** Copies what it is given. */
  add(changes: readonly RowChange[]): void;
  /** All changes added and the checkpoint in one transaction; to be called once at most. */
  commit(checkpoint: Uint8Array): Promise<void>;
}

/** The rows of one partition, with one row of checkpoint data. Reads see committed rows only. */
export interface PartitionStore {
  checkpoint(): Uint8Array | undefined;
  get(table: string, key: StoreKey): Uint8Array | undefined;
  /** Rows of a table in key order, from `from` (inclusive) on. */
  range(
    table: string,
    options: { from?: StoreKey; to?: StoreKey; limit?: number },
  ): Iterable<{ key: StoreKey; value: Uint8Array }>;
  /**
   * Each key that has a row, in no particular order, for readers that go on with it bit by bit while others commit: rows that come or go
   * meanwhile may be among them or not.
   */
  keys(table: string): Iterable<StoreKey>;
  begin(): PendingCommit;
  /** The same in one go. */
  commit(changes: readonly RowChange[], checkpoint: Uint8Array): Promise<void>;
  /** Removes every row and the checkpoint. */
  clear(): Promise<void>;
}

export interface StateStore {
  partition(partition: number): PartitionStore;
  close(): Promise<void>;
}

/** Time for deciding *when to do* things (cycles, ticks, retries), never *what* to decide. */
export interface Clock {
  /** Wall-clock ms. */
  now(): number;
  /** Monotonic ms. */
  monotonic(): number;
  after(delayMs: number, callback: () => void): { cancel(): void };
}

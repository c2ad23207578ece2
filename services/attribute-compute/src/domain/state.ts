/** What is kept of an attribute of one entity between records. Plain data; all times in milliseconds since 1970 UTC. */
import type { Value } from '@attrium/event';
import type { Activity, SessionSort } from './activity.js';

/** The value that won, with the event it came from. */
export interface PickState {
  readonly kind: 'pick';
  at: number;
  id: string;
  /** Undefined: nothing came yet. */
  value: Value | undefined;
}

export interface CountState {
  readonly kind: 'count';
  count: number;
}

/** In units of 10^-18. */
export interface SumState {
  readonly kind: 'sum';
  units: bigint;
}

export interface TimeState {
  readonly kind: 'time';
  at: number | undefined;
}

/**
 * Matching events by time, rising; parallel arrays. With `grainMs` 1 there is one entry for each different time; beyond the exact range
 * there is one for each bucket of `grainMs`, at the latest time in it.
 */
export interface WindowState {
  readonly kind: 'window';
  grainMs: number;
  at: number[];
  count: number[];
  /** Empty in windows that count. */
  units: bigint[];
  /** Sums over all entries, kept so that a value need not walk them. */
  totalCount: number;
  totalUnits: bigint;
}

/** The smallest or the greatest value so far. */
export interface ExtremeState {
  readonly kind: 'extreme';
  /** Undefined: nothing came yet. */
  value: Value | undefined;
}

/** In units of 10^-18, with how many there were. */
export interface MeanState {
  readonly kind: 'mean';
  units: bigint;
  count: number;
}

/**
 * The values that may still become the extreme of a window: by time, rising, each more extreme than those after it; parallel arrays.
 * With `grainMs` above 1 a time is the last of its bucket.
 */
export interface FrontierState {
  readonly kind: 'frontier';
  grainMs: number;
  at: number[];
  values: Value[];
}

/** One event for each different time in a window, by time, rising; parallel arrays. With `grainMs` above 1 the latest of each bucket. */
export interface EarliestState {
  readonly kind: 'earliest';
  grainMs: number;
  at: number[];
  ids: string[];
  values: Value[];
}

export interface FrequencyEntry {
  readonly value: Value;
  /** Follows from the value. */
  readonly hash: number;
  /** 0 once there is a sketch. */
  count: number;
  /** The latest time at which it came. */
  at: number;
}

/** How often each value came. */
export interface FrequencyState {
  readonly kind: 'frequency';
  /** By the text of the value. */
  entries: Map<string, FrequencyEntry>;
  /** Once there were too many values: estimated counts of all of them, while `entries` holds those that came most recently. */
  sketch: number[] | undefined;
}

/** The values in a window with their times, by time, then by text, rising; parallel arrays, one entry for each pair. */
export interface RecentPairsState {
  readonly kind: 'recent-pairs';
  at: number[];
  values: Value[];
  count: number[];
}

/** The different values so far, as hashes of 53 bits. */
export interface DistinctState {
  readonly kind: 'distinct';
  /** Rising; empty once there are registers. */
  hashes: number[];
  /** A HyperLogLog of all of them, once there are too many. */
  registers: Uint8Array | undefined;
  /** How many registers have each rank; follows from them, kept so that a value need not walk them. */
  ranks: number[] | undefined;
}

/** The different values that came most recently, each at its latest time, by time, then by hash, rising; parallel arrays. */
export interface RecentHashesState {
  readonly kind: 'recent-hashes';
  at: number[];
  hashes: number[];
  /** A HyperLogLog over time of all values in the window, while there are too many: see `hyperloglog.ts`. */
  registers: number[][] | undefined;
}

/** Different texts, each at its latest time, by time, then by code unit, rising; parallel arrays. */
export interface RecentTextsState {
  readonly kind: 'recent-texts';
  at: number[];
  texts: string[];
  /** There were more than are kept. */
  overflowed: boolean;
}

/** A page with the event that it came from. */
export interface SessionPage {
  readonly at: number;
  readonly id: string;
  readonly text: string;
}

/** What is kept of one session. */
export interface Session {
  /** Hash of its id or its device. */
  readonly key: number;
  readonly sort: SessionSort;
  readonly start: number;
  readonly end: number;
  readonly pages: number;
  readonly page: SessionPage | undefined;
}

/** The latest sessions by their end, rising; no two of them join. */
export interface SessionsState {
  readonly kind: 'sessions';
  sessions: Session[];
  /** The older ones: how many, their lengths in all, ms, their pages, and the greatest of their ends (0 for none). */
  olderCount: number;
  olderMs: number;
  olderPages: number;
  olderUntil: number;
}

/** The events that may be steps of what is looked for, by time, then by id, rising; parallel arrays. */
export interface PatternState {
  readonly kind: 'pattern';
  at: number[];
  ids: string[];
  /** The steps that each may be, a bit for each. */
  steps: number[];
  /** Time of the first event of the latest sequence that was found. */
  found: number | undefined;
  /** There were more than are kept. */
  overflowed: boolean;
}

export type State =
  | PickState
  | CountState
  | SumState
  | TimeState
  | WindowState
  | ExtremeState
  | MeanState
  | FrontierState
  | EarliestState
  | FrequencyState
  | RecentPairsState
  | DistinctState
  | RecentHashesState
  | RecentTextsState
  | SessionsState
  | PatternState;

/** One event as a reducer takes it. */
export interface Input {
  /** `occurredAt` of the event. */
  readonly at: number;
  /** Id of the event; decides between events of the same time. */
  readonly id: string;
  /** What a declared attribute was stated to be, or the property that a reducer reads as a value. */
  readonly value: Value | undefined;
  /** What a sum or an average adds up, in units of 10^-18. */
  readonly units: bigint;
  /** Set for reducers of sessions. */
  readonly activity?: Activity | undefined;
}

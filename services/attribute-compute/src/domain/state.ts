/** What is kept of an attribute of one entity between records. Plain data; all times in milliseconds since 1970 UTC. */
import type { Value } from '@attrium/event';

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

export type State = PickState | CountState | SumState | TimeState | WindowState;

/** One event as a reducer takes it. */
export interface Input {
  /** `occurredAt` of the event. */
  readonly at: number;
  /** Id of the event; decides between events of the same time. */
  readonly id: string;
  /** The value of a declared attribute. */
  readonly value: Value | undefined;
  /** What a sum adds up, in units of 10^-18. */
  readonly units: bigint;
}

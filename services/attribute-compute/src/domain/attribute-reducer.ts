/** What a reducer is: a commutative monoid over the events of one attribute, so that any order and any split of them gives the same value. */
import type { Value } from '@attrium/event';
import type { Input, State } from './state.js';

/** A reducer changes the state it is given and returns it; keep no other reference. */
export interface AttributeReducer<S extends State = State> {
  /** The neutral element. */
  empty(): S;
  /** Folds one event; `now` is the greatest time read: what left its window by then does not count. */
  add(state: S, input: Input, now: number): S;
  merge(a: S, b: S): S;
  /** The value at `asOf`; undefined when there is none. Does not change the state. */
  value(state: S, asOf: number): Value | undefined;
  /** Windows of many events only: drops what left by `asOf`. */
  prune?(state: S, asOf: number): void;
  /** Windows only: the first time after `asOf` at which the value may change by itself. */
  nextDue?(state: S, asOf: number): number | undefined;
  /** True when there was too much to stay exact; docs/reference/reducers.md has the bound of each. */
  isApproximate?(state: S): boolean;
}

/**
 * The reducers of attributes: each is a commutative monoid, so that any order and any split of the same events gives the same value.
 * A reducer changes the state it is given and returns it; keep no other reference.
 */
import type {
  CompiledAttribute,
  ComputedAttribute,
  DeclaredAttribute,
  MergeStrategy,
  Reducer,
} from '@attrium/catalogue';
import { compareText, Timestamp, type Value } from '@attrium/event';
import type { CountState, Input, PickState, State, SumState, TimeState, WindowState } from './state.js';
import { numberOfSum } from './value-type.js';
import {
  addToWindow,
  emptyWindow,
  mergeWindows,
  pruneWindow,
  windowContent,
  windowDue,
  windowFallsBelowAt,
  windowHolds,
} from './window.js';

export interface AttributeReducer<S extends State = State> {
  /** The neutral element. */
  empty(): S;
  /** Folds one event; `now` is the greatest time read: what left its window by then does not count. */
  add(state: S, input: Input, now: number): S;
  merge(a: S, b: S): S;
  /** The value at `asOf`; undefined when there is none. Does not change the state. */
  value(state: S, asOf: number): Value | undefined;
  /** Windows only: drops what left by `asOf`. */
  prune?(state: S, asOf: number): void;
  /** Windows only: the first time after `asOf` at which the value may change by itself. */
  nextDue?(state: S, asOf: number): number | undefined;
  /** Windows only: true when there were too many events to stay exact. An event then may count a thousandth of the window too long. */
  isApproximate?(state: S): boolean;
}

/** A reducer for one definition. */
export function reducerOf(attribute: CompiledAttribute): AttributeReducer {
  return attribute.kind === 'declared'
    ? STRATEGIES[attribute.merge](attribute)
    : COMPUTED[attribute.reducer](attribute);
}

const STRATEGIES: Readonly<Record<MergeStrategy, (attribute: DeclaredAttribute) => AttributeReducer>> = {
  most_recent: () => pick(1) as AttributeReducer,
  first_stored: () => pick(-1) as AttributeReducer,
};

const COMPUTED: Readonly<Record<Reducer, (attribute: ComputedAttribute) => AttributeReducer>> = {
  count: ({ withinMs, atLeast }) =>
    (withinMs === undefined
      ? lifetimeCount(atLeast)
      : atLeast === undefined
        ? windowedCount(withinMs)
        : windowedThreshold(withinMs, atLeast)) as AttributeReducer,
  sum: ({ withinMs }) => (withinMs === undefined ? lifetimeSum : windowedSum(withinMs)) as AttributeReducer,
  first_time: () => time(-1) as AttributeReducer,
  last_time: () => time(1) as AttributeReducer,
};

/** The latest (1) or the earliest (-1) value by the event's own time, then by its id. */
function pick(direction: 1 | -1): AttributeReducer<PickState> {
  const wins = (at: number, id: string, state: PickState): boolean =>
    state.value === undefined || (at === state.at ? compareText(id, state.id) : at - state.at) * direction > 0;
  return {
    empty: () => ({ kind: 'pick', at: 0, id: '', value: undefined }),
    add(state, { at, id, value }) {
      if (value === undefined || !wins(at, id, state)) return state;
      state.at = at;
      state.id = id;
      state.value = value;
      return state;
    },
    merge: (a, b) => (b.value !== undefined && wins(b.at, b.id, a) ? b : a),
    value: (state) => state.value,
  };
}

function lifetimeCount(atLeast: number | undefined): AttributeReducer<CountState> {
  return {
    empty: () => ({ kind: 'count', count: 0 }),
    add(state) {
      state.count++;
      return state;
    },
    merge(a, b) {
      a.count += b.count;
      return a;
    },
    value: ({ count }) => (atLeast === undefined ? count : count >= atLeast),
  };
}

const lifetimeSum: AttributeReducer<SumState> = {
  empty: () => ({ kind: 'sum', units: 0n }),
  add(state, { units }) {
    state.units += units;
    return state;
  },
  merge(a, b) {
    a.units += b.units;
    return a;
  },
  value: ({ units }) => numberOfSum(units),
};

/** The earliest (-1) or latest (1) time of a matching event. */
function time(direction: 1 | -1): AttributeReducer<TimeState> {
  const add = (state: TimeState, at: number | undefined): TimeState => {
    if (at !== undefined && (state.at === undefined || (at - state.at) * direction > 0)) state.at = at;
    return state;
  };
  return {
    empty: () => ({ kind: 'time', at: undefined }),
    add: (state, { at }) => add(state, at),
    merge: (a, b) => add(a, b.at),
    value: ({ at }) => (at === undefined ? undefined : new Timestamp(at)),
  };
}

function windowed(withinMs: number, sums: boolean): Omit<AttributeReducer<WindowState>, 'value' | 'nextDue'> {
  return {
    empty: emptyWindow,
    add(state, { at, units }, now) {
      pruneWindow(state, withinMs, now);
      if (at + withinMs > now) addToWindow(state, { at, count: 1, units: sums ? units : undefined }, withinMs);
      return state;
    },
    merge: (a, b) => mergeWindows(a, b, withinMs),
    prune: (state, asOf) => pruneWindow(state, withinMs, asOf),
    isApproximate: ({ grainMs }) => grainMs > 1,
  };
}

function windowedCount(withinMs: number): AttributeReducer<WindowState> {
  return {
    ...windowed(withinMs, false),
    value: (state, asOf) => windowContent(state, withinMs, asOf).count,
    nextDue: (state, asOf) => windowDue(state, withinMs, asOf),
  };
}

function windowedSum(withinMs: number): AttributeReducer<WindowState> {
  return {
    ...windowed(withinMs, true),
    value: (state, asOf) => numberOfSum(windowContent(state, withinMs, asOf).units),
    nextDue: (state, asOf) => windowDue(state, withinMs, asOf),
  };
}

/** "At least n times within": it is due only when it would become false. */
function windowedThreshold(withinMs: number, atLeast: number): AttributeReducer<WindowState> {
  return {
    ...windowed(withinMs, false),
    value: (state, asOf) => windowHolds(state, withinMs, asOf, atLeast),
    nextDue: (state, asOf) => windowFallsBelowAt(state, withinMs, asOf, atLeast),
  };
}

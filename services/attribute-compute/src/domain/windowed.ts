/** Reducers that count and add up in a rolling window, on the state of `window.ts`. */
import { dividedUnits, Timestamp } from '@attrium/event';
import type { AttributeReducer } from './attribute-reducer.js';
import type { WindowState } from './state.js';
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

function windowed(withinMs: number, sums: boolean): Omit<AttributeReducer<WindowState>, 'value'> {
  return {
    empty: emptyWindow,
    add(state, { at, units }, now) {
      pruneWindow(state, withinMs, now);
      if (at + withinMs > now) addToWindow(state, { at, count: 1, units: sums ? units : undefined }, withinMs);
      return state;
    },
    merge: (a, b) => mergeWindows(a, b, withinMs),
    prune: (state, asOf) => pruneWindow(state, withinMs, asOf),
    nextDue: (state, asOf) => windowDue(state, withinMs, asOf),
    isApproximate: ({ grainMs }) => grainMs > 1,
  };
}

export function windowedCount(withinMs: number): AttributeReducer<WindowState> {
  return { ...windowed(withinMs, false), value: (state, asOf) => windowContent(state, withinMs, asOf).count };
}

export function windowedSum(withinMs: number): AttributeReducer<WindowState> {
  return {
    ...windowed(withinMs, true),
    value: (state, asOf) => numberOfSum(windowContent(state, withinMs, asOf).units),
  };
}

/** No value while nothing is inside. */
export function windowedAverage(withinMs: number): AttributeReducer<WindowState> {
  return {
    ...windowed(withinMs, true),
    value(state, asOf) {
      const { count, units } = windowContent(state, withinMs, asOf);
      return count === 0 ? undefined : numberOfSum(dividedUnits(units, BigInt(count)));
    },
  };
}

/** "At least n times within": it is due only when it would become false. */
export function windowedThreshold(withinMs: number, atLeast: number): AttributeReducer<WindowState> {
  return {
    ...windowed(withinMs, false),
    value: (state, asOf) => windowHolds(state, withinMs, asOf, atLeast),
    nextDue: (state, asOf) => windowFallsBelowAt(state, withinMs, asOf, atLeast),
  };
}

/** The earliest time that is inside; no value while none is. */
export function earliestTimeWithin(withinMs: number): AttributeReducer<WindowState> {
  return {
    ...windowed(withinMs, false),
    value(state, asOf) {
      const due = windowDue(state, withinMs, asOf);
      return due === undefined ? undefined : new Timestamp(due - withinMs);
    },
  };
}

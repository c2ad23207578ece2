/**
 * The smallest or greatest value in a rolling window. Kept are the values that may still become it: those that are more extreme than
 * every value after them. So the state is a function of the events in the window, whatever their order.
 */
import { compareValues, type Value } from '@attrium/event';
import type { AttributeReducer } from './attribute-reducer.js';
import { coarserGrainMs, entriesMaxAt } from './grain.js';
import { firstDue, firstNotBefore, firstWithin } from './sorted.js';
import type { FrontierState } from './state.js';

/** The greatest (1) or the smallest (-1) number or time in a window; no value while nothing is inside. */
export function extremeWithin(direction: 1 | -1, withinMs: number): AttributeReducer<FrontierState> {
  const prune = (state: FrontierState, asOf: number): void => {
    const left = firstWithin(state.at, withinMs, asOf);
    if (left === 0) return;
    state.at.splice(0, left);
    state.values.splice(0, left);
  };
  return {
    empty: () => ({ kind: 'frontier', grainMs: 1, at: [], values: [] }),
    add(state, { at, value }, now) {
      prune(state, now);
      if (value === undefined || at + withinMs <= now) return state;
      place(state, at, value, direction);
      bound(state, withinMs, direction);
      return state;
    },
    merge(a, b) {
      if (b.grainMs > a.grainMs) regroup(a, b.grainMs, direction);
      for (let index = 0; index < b.at.length; index++) place(a, b.at[index]!, b.values[index]!, direction);
      bound(a, withinMs, direction);
      return a;
    },
    value: ({ at, values }, asOf) => values[firstWithin(at, withinMs, asOf)],
    prune,
    nextDue: ({ at }, asOf) => firstDue(at, withinMs, asOf),
    isApproximate: ({ grainMs }) => grainMs > 1,
  };
}

function place(state: FrontierState, occurredAt: number, value: Value, direction: 1 | -1): void {
  const { grainMs, at, values } = state;
  const time = grainMs === 1 ? occurredAt : Math.floor(occurredAt / grainMs) * grainMs + grainMs - 1;
  const index = firstNotBefore(at, time);
  // What leaves no earlier and is as extreme already stands for it.
  if (index < at.length && compareValues(values[index]!, value)! * direction >= 0) return;
  let from = index;
  while (from > 0 && compareValues(value, values[from - 1]!)! * direction >= 0) from--;
  const to = at[index] === time ? index + 1 : index;
  at.splice(from, to - from, time);
  values.splice(from, to - from, value);
}

function bound(state: FrontierState, withinMs: number, direction: 1 | -1): void {
  while (state.at.length > entriesMaxAt(state.grainMs)) {
    regroup(state, coarserGrainMs(state.grainMs, withinMs), direction);
  }
}

function regroup(state: FrontierState, grainMs: number, direction: 1 | -1): void {
  const { at, values } = state;
  state.grainMs = grainMs;
  state.at = [];
  state.values = [];
  for (let index = 0; index < at.length; index++) place(state, at[index]!, values[index]!, direction);
}

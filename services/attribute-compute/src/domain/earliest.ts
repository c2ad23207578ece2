/** The first value in a rolling window: each event of it becomes the first one at some time, so all are kept, beyond the exact range thinned out. */
import { compareText, type Value } from '@attrium/event';
import type { AttributeReducer } from './attribute-reducer.js';
import { coarserGrainMs, entriesMaxAt } from './grain.js';
import { firstDue, firstNotBefore, firstWithin } from './sorted.js';
import type { EarliestState } from './state.js';

/** The value of the earliest event inside, of equal times the one with the lowest id; no value while nothing is inside. */
export function earliestWithin(withinMs: number): AttributeReducer<EarliestState> {
  const prune = (state: EarliestState, asOf: number): void => {
    const left = firstWithin(state.at, withinMs, asOf);
    if (left === 0) return;
    state.at.splice(0, left);
    state.ids.splice(0, left);
    state.values.splice(0, left);
  };
  return {
    empty: () => ({ kind: 'earliest', grainMs: 1, at: [], ids: [], values: [] }),
    add(state, { at, id, value }, now) {
      prune(state, now);
      if (value === undefined || at + withinMs <= now) return state;
      place(state, at, id, value);
      bound(state, withinMs);
      return state;
    },
    merge(a, b) {
      if (b.grainMs > a.grainMs) regroup(a, b.grainMs);
      for (let index = 0; index < b.at.length; index++) place(a, b.at[index]!, b.ids[index]!, b.values[index]!);
      bound(a, withinMs);
      return a;
    },
    value: ({ at, values }, asOf) => values[firstWithin(at, withinMs, asOf)],
    prune,
    nextDue: ({ at }, asOf) => firstDue(at, withinMs, asOf),
    isApproximate: ({ grainMs }) => grainMs > 1,
  };
}

/** Of a bucket the latest event stays: the value of a window is then never older than the window. */
function place(state: EarliestState, at: number, id: string, value: Value): void {
  const { grainMs, ids, values } = state;
  const start = Math.floor(at / grainMs) * grainMs;
  const index = firstNotBefore(state.at, start);
  const known = state.at[index];
  if (known === undefined || known >= start + grainMs) {
    state.at.splice(index, 0, at);
    ids.splice(index, 0, id);
    values.splice(index, 0, value);
  } else if (at > known || (at === known && compareText(id, ids[index]!) < 0)) {
    state.at[index] = at;
    ids[index] = id;
    values[index] = value;
  }
}

function bound(state: EarliestState, withinMs: number): void {
  while (state.at.length > entriesMaxAt(state.grainMs)) regroup(state, coarserGrainMs(state.grainMs, withinMs));
}

function regroup(state: EarliestState, grainMs: number): void {
  const { at, ids, values } = state;
  state.grainMs = grainMs;
  state.at = [];
  state.ids = [];
  state.values = [];
  for (let index = 0; index < at.length; index++) place(state, at[index]!, ids[index]!, values[index]!);
}

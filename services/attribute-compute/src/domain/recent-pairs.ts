/** The most frequent value in a rolling window, over its latest pairs of time and value. */
import { compareText, type Value } from '@attrium/event';
import type { AttributeReducer } from './attribute-reducer.js';
import { WINDOW_PAIRS_MAX } from './limits.js';
import { firstDue, firstNotBefore, firstWithin } from './sorted.js';
import type { RecentPairsState } from './state.js';
import { compareMoments, textOfValue } from './value-text.js';

/** The value that came most often; of equals the one that came most recently. No value while nothing is inside. */
export function mostFrequentWithin(withinMs: number): AttributeReducer<RecentPairsState> {
  const prune = (state: RecentPairsState, asOf: number): void => drop(state, firstWithin(state.at, withinMs, asOf));
  return {
    empty: () => ({ kind: 'recent-pairs', at: [], values: [], count: [] }),
    add(state, { at, value }, now) {
      prune(state, now);
      if (value !== undefined && at + withinMs > now) place(state, at, value, 1);
      return state;
    },
    merge(a, b) {
      for (let index = 0; index < b.at.length; index++) place(a, b.at[index]!, b.values[index]!, b.count[index]!);
      return a;
    },
    value: (state, asOf) => winner(state, firstWithin(state.at, withinMs, asOf)),
    prune,
    nextDue: ({ at }, asOf) => firstDue(at, withinMs, asOf),
    isApproximate: ({ at }) => at.length > WINDOW_PAIRS_MAX,
  };
}

function drop(state: RecentPairsState, left: number): void {
  if (left === 0) return;
  state.at.splice(0, left);
  state.values.splice(0, left);
  state.count.splice(0, left);
}

/** One pair more than counts is kept: it tells that there were more. */
function place(state: RecentPairsState, occurredAt: number, value: Value, times: number): void {
  const { at, values, count } = state;
  let index = firstNotBefore(at, occurredAt);
  if (at[index] === occurredAt) {
    const text = textOfValue(value);
    for (; at[index] === occurredAt; index++) {
      const order = compareText(textOfValue(values[index]!), text);
      if (order > 0) break;
      if (order < 0) continue;
      count[index]! += times;
      return;
    }
  }
  at.splice(index, 0, occurredAt);
  values.splice(index, 0, value);
  count.splice(index, 0, times);
  drop(state, Math.max(0, at.length - WINDOW_PAIRS_MAX - 1));
}

interface Tally {
  count: number;
  at: number;
  readonly value: Value;
}

function winner({ at, values, count }: RecentPairsState, inside: number): Value | undefined {
  const tallies = new Map<string, Tally>();
  for (let index = Math.max(inside, at.length - WINDOW_PAIRS_MAX); index < at.length; index++) {
    const value = values[index]!;
    const text = textOfValue(value);
    const tally = tallies.get(text);
    if (tally === undefined) tallies.set(text, { count: count[index]!, at: at[index]!, value });
    else {
      tally.count += count[index]!;
      tally.at = at[index]!;
    }
  }
  let best: Tally | undefined;
  let bestText = '';
  for (const [text, tally] of tallies) {
    if (best !== undefined) {
      const order = tally.count - best.count || compareMoments(tally.at, text, best.at, bestText);
      if (order < 0) continue;
    }
    best = tally;
    bestText = text;
  }
  return best?.value;
}

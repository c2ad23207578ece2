/**
 * How many different values are in a rolling window. Each counts by its latest time, and of these one more than the limit is kept: while all
 * of them are inside there may be more, and a HyperLogLog over time tells how many. As soon as one of them has left, all that is inside is
 * known again, and the count is exact. So the value is a function of the events, whatever their order.
 */
import type { AttributeReducer } from './attribute-reducer.js';
import { addMoment, emptyMoments, estimateWithin, firstMomentDue, mergeMoments, pruneMoments } from './hyperloglog.js';
import { DISTINCT_EXACT_MAX } from './limits.js';
import { firstDue, firstNotBefore, firstWithin } from './sorted.js';
import type { RecentHashesState } from './state.js';
import { hashOfText } from './value-hash.js';
import { textOfValue } from './value-text.js';

export function distinctCountWithin(withinMs: number): AttributeReducer<RecentHashesState> {
  return {
    empty: () => ({ kind: 'recent-hashes', at: [], hashes: [], registers: undefined }),
    add(state, { at, value }, now) {
      forget(state, withinMs, now);
      if (value === undefined || at + withinMs <= now) return state;
      const hash = hashOfText(textOfValue(value));
      if (state.registers !== undefined) addMoment(state.registers, hash, at);
      place(state, at, hash);
      bound(state);
      return state;
    },
    merge(a, b) {
      if (a.registers !== undefined || b.registers !== undefined) {
        const registers = a.registers ?? momentsOf(a);
        mergeMoments(registers, b.registers ?? momentsOf(b));
        a.registers = registers;
      }
      for (let index = 0; index < b.at.length; index++) place(a, b.at[index]!, b.hashes[index]!);
      bound(a);
      return a;
    },
    value(state, asOf) {
      const inside = insideAt(state, withinMs, asOf);
      return inside <= DISTINCT_EXACT_MAX ? inside : estimateWithin(state.registers!, withinMs, asOf);
    },
    prune(state, asOf) {
      forget(state, withinMs, asOf);
      if (state.registers !== undefined) pruneMoments(state.registers, withinMs, asOf);
    },
    nextDue(state, asOf) {
      const due = firstDue(state.at, withinMs, asOf);
      if (insideAt(state, withinMs, asOf) <= DISTINCT_EXACT_MAX) return due;
      return Math.min(due!, firstMomentDue(state.registers!, withinMs, asOf));
    },
    isApproximate: ({ at }) => at.length > DISTINCT_EXACT_MAX,
  };
}

function insideAt({ at }: RecentHashesState, withinMs: number, asOf: number): number {
  return at.length - firstWithin(at, withinMs, asOf);
}

function forget(state: RecentHashesState, withinMs: number, asOf: number): void {
  const left = firstWithin(state.at, withinMs, asOf);
  if (left === 0) return;
  state.at.splice(0, left);
  state.hashes.splice(0, left);
  // They could be made again from what is kept; near the limit they would be made again and again.
  if (state.at.length < DISTINCT_EXACT_MAX / 2) state.registers = undefined;
}

function place(state: RecentHashesState, occurredAt: number, hash: number): void {
  const { at, hashes } = state;
  const known = hashes.indexOf(hash);
  if (known >= 0) {
    if (at[known]! >= occurredAt) return;
    at.splice(known, 1);
    hashes.splice(known, 1);
  }
  let index = firstNotBefore(at, occurredAt);
  while (at[index] === occurredAt && hashes[index]! < hash) index++;
  at.splice(index, 0, occurredAt);
  hashes.splice(index, 0, hash);
}

function bound(state: RecentHashesState): void {
  const { at, hashes } = state;
  if (at.length <= DISTINCT_EXACT_MAX) return;
  state.registers ??= momentsOf(state);
  const over = at.length - DISTINCT_EXACT_MAX - 1;
  if (over === 0) return;
  at.splice(0, over);
  hashes.splice(0, over);
}

function momentsOf({ at, hashes }: RecentHashesState): number[][] {
  const registers = emptyMoments();
  for (let index = 0; index < at.length; index++) addMoment(registers, hashes[index]!, at[index]!);
  return registers;
}

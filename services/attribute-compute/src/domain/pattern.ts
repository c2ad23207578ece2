/**
 * Reducers that look for events in an order: one after the other, or so many since another. They keep just those events that may still
 * matter, in the order of their times, then of their ids; so a state is a function of the events, whatever their order of arrival.
 */
import type { EventPattern } from '@attrium/catalogue';
import { compareText } from '@attrium/event';
import type { AttributeReducer } from './attribute-reducer.js';
import { SEQUENCE_EVENTS_MAX } from './limits.js';
import { firstNotBefore, firstWithin } from './sorted.js';
import type { PatternState } from './state.js';

/** Of a sequence: how long before each step the one before it may be, ms; infinite for any time. */
type Gaps = readonly number[];

export function patternOf(pattern: EventPattern): AttributeReducer {
  const reducer =
    pattern.kind === 'since'
      ? since(pattern.atLeast)
      : sequence(
          pattern.steps.map(({ withinMs = Number.POSITIVE_INFINITY }) => withinMs),
          pattern.withinMs,
        );
  // It is only ever given states that it made.
  return reducer as unknown as AttributeReducer;
}

function empty(): PatternState {
  return { kind: 'pattern', at: [], ids: [], steps: [], found: undefined, overflowed: false };
}

/** Whether there were so many events of the first step after the last one of the second. */
function since(atLeast: number): AttributeReducer<PatternState> {
  return {
    empty,
    add(state, { at, id, value }) {
      place(state, at, id, value as number);
      forgetBefore(state, atLeast);
      return state;
    },
    merge(a, b) {
      for (let index = 0; index < b.at.length; index++) place(a, b.at[index]!, b.ids[index]!, b.steps[index]!);
      forgetBefore(a, atLeast);
      return a;
    },
    value: ({ steps }) => steps.length > atLeast && isOther(steps[0]!),
  };
}

const isOther = (steps: number): boolean => (steps & 2) !== 0;

/** What counts are events after the last of the others, and of those the latest so many. */
function forgetBefore(state: PatternState, atLeast: number): void {
  const { at, ids, steps } = state;
  let last = steps.length - 1;
  while (last >= 0 && !isOther(steps[last]!)) last--;
  if (last > 0) drop(state, 0, last);
  const first = last < 0 ? 0 : 1;
  const tooMany = at.length - first - atLeast;
  if (tooMany > 0) for (const list of [at, ids, steps]) list.splice(first, tooMany);
}

/** Whether events came one after the other; with a window, whether the first of the latest such sequence is inside. */
function sequence(gaps: Gaps, withinMs: number | undefined): AttributeReducer<PatternState> {
  const prune = (state: PatternState, asOf: number): void => {
    if (withinMs !== undefined) drop(state, 0, firstWithin(state.at, withinMs, asOf));
  };
  const settle = (state: PatternState): PatternState => {
    const { found } = state;
    const start = latestStart(state, gaps);
    if (withinMs === undefined) {
      // Found once is found for good, and nothing else matters any more.
      return found === undefined && start === undefined ? bounded(state) : Object.assign(state, empty(), { found: 0 });
    }
    if (start !== undefined && (found === undefined || start > found)) state.found = start;
    // A later sequence begins later.
    if (state.found !== undefined) drop(state, 0, firstNotBefore(state.at, state.found + 1));
    return bounded(state);
  };
  const base: AttributeReducer<PatternState> = {
    empty,
    add(state, { at, id, value }, now) {
      if (withinMs === undefined) {
        if (state.found !== undefined) return state;
      } else {
        prune(state, now);
        if (at + withinMs <= now || (state.found !== undefined && at <= state.found)) return state;
      }
      place(state, at, id, value as number);
      return settle(state);
    },
    merge(a, b) {
      for (let index = 0; index < b.at.length; index++) place(a, b.at[index]!, b.ids[index]!, b.steps[index]!);
      if (b.found !== undefined) a.found = Math.max(b.found, a.found ?? b.found);
      a.overflowed ||= b.overflowed;
      return settle(a);
    },
    value: ({ found }, asOf) => found !== undefined && (withinMs === undefined || found + withinMs > asOf),
    isApproximate: ({ overflowed }) => overflowed,
  };
  if (withinMs === undefined) return base;
  const nextDue = ({ found }: PatternState, asOf: number): number | undefined =>
    found !== undefined && found + withinMs > asOf ? found + withinMs : undefined;
  return { ...base, prune, nextDue };
}

/**
 * The time of the first event of the sequence that begins latest; undefined for none. Going through the events in their order, of each
 * step only the last event that ends a sequence up to it matters: no earlier one is nearer to what comes, and none began later.
 */
function latestStart({ at, steps }: PatternState, gaps: Gaps): number | undefined {
  const last = gaps.length - 1;
  const ends = new Array<number>(gaps.length).fill(Number.NEGATIVE_INFINITY);
  const starts = new Array<number>(gaps.length).fill(Number.NEGATIVE_INFINITY);
  for (let index = 0; index < at.length; index++) {
    const time = at[index]!;
    const bits = steps[index]!;
    // From the last step on, so that one event is not two of them.
    for (let step = last; step > 0; step--) {
      if ((bits & (1 << step)) === 0 || !(ends[step - 1]! + gaps[step]! > time)) continue;
      ends[step] = time;
      starts[step] = starts[step - 1]!;
    }
    if ((bits & 1) !== 0) {
      ends[0] = time;
      starts[0] = time;
    }
  }
  return starts[last] === Number.NEGATIVE_INFINITY ? undefined : starts[last];
}

function bounded(state: PatternState): PatternState {
  const tooMany = state.at.length - SEQUENCE_EVENTS_MAX;
  if (tooMany <= 0) return state;
  drop(state, 0, tooMany);
  state.overflowed = true;
  return state;
}

function place(state: PatternState, occurredAt: number, id: string, bits: number): void {
  const { at, ids, steps } = state;
  let index = firstNotBefore(at, occurredAt);
  while (at[index] === occurredAt && compareText(ids[index]!, id) < 0) index++;
  at.splice(index, 0, occurredAt);
  ids.splice(index, 0, id);
  steps.splice(index, 0, bits);
}

function drop({ at, ids, steps }: PatternState, from: number, count: number): void {
  if (count === 0) return;
  at.splice(from, count);
  ids.splice(from, count);
  steps.splice(from, count);
}

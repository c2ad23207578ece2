/**
 * Lists of different texts: those that came most recently, each at its latest time. What is dropped is older than all that is kept, and
 * leaves a window before them, so the list is a function of the events, whatever their order.
 */
import { LIST_ENTRIES_MAX } from '@attrium/catalogue';
import { compareText } from '@attrium/event';
import type { AttributeReducer } from './attribute-reducer.js';
import { firstDue, firstNotBefore, firstWithin } from './sorted.js';
import type { RecentTextsState } from './state.js';

/** The latest different texts, the latest first; no value while there is none. */
export function distinctList(entriesMax = LIST_ENTRIES_MAX): AttributeReducer<RecentTextsState> {
  return {
    empty: emptyList,
    add(state, { at, value }) {
      if (value !== undefined) place(state, at, value as string, entriesMax);
      return state;
    },
    merge: (a, b) => merged(a, b, entriesMax),
    value: ({ texts }) => (texts.length === 0 ? undefined : texts.toReversed()),
  };
}

/** Of those in a window. */
export function distinctListWithin(
  withinMs: number,
  entriesMax = LIST_ENTRIES_MAX,
): AttributeReducer<RecentTextsState> {
  const prune = (state: RecentTextsState, asOf: number): void => {
    const left = firstWithin(state.at, withinMs, asOf);
    if (left === 0) return;
    state.at.splice(0, left);
    state.texts.splice(0, left);
  };
  return {
    empty: emptyList,
    add(state, { at, value }, now) {
      prune(state, now);
      if (value !== undefined && at + withinMs > now) place(state, at, value as string, entriesMax);
      return state;
    },
    merge: (a, b) => merged(a, b, entriesMax),
    value({ at, texts }, asOf) {
      const inside = firstWithin(at, withinMs, asOf);
      return inside === texts.length ? undefined : texts.slice(inside).reverse();
    },
    prune,
    nextDue: ({ at }, asOf) => firstDue(at, withinMs, asOf),
  };
}

/** Every text of every list, in the order of texts; beyond the limit those that came most recently. */
export const union: AttributeReducer<RecentTextsState> = {
  empty: emptyList,
  add(state, { at, value }) {
    if (value !== undefined) for (const text of value as readonly string[]) place(state, at, text, LIST_ENTRIES_MAX);
    return state;
  },
  merge: (a, b) => merged(a, b, LIST_ENTRIES_MAX),
  value: ({ texts }) => texts.toSorted(compareText),
  isApproximate: ({ overflowed }) => overflowed,
};

function emptyList(): RecentTextsState {
  return { kind: 'recent-texts', at: [], texts: [], overflowed: false };
}

function merged(a: RecentTextsState, b: RecentTextsState, entriesMax: number): RecentTextsState {
  for (let index = 0; index < b.at.length; index++) place(a, b.at[index]!, b.texts[index]!, entriesMax);
  a.overflowed ||= b.overflowed;
  return a;
}

function place(state: RecentTextsState, occurredAt: number, text: string, entriesMax: number): void {
  const { at, texts } = state;
  const known = texts.indexOf(text);
  if (known >= 0) {
    if (at[known]! >= occurredAt) return;
    at.splice(known, 1);
    texts.splice(known, 1);
  }
  let index = firstNotBefore(at, occurredAt);
  while (at[index] === occurredAt && texts[index]! < text) index++;
  at.splice(index, 0, occurredAt);
  texts.splice(index, 0, text);
  if (at.length <= entriesMax) return;
  at.shift();
  texts.shift();
  state.overflowed = true;
}

/** Reducers that keep one event: the latest or the earliest, its value or its time. */
import { compareText, Timestamp, type Value } from '@attrium/event';
import type { AttributeReducer } from './attribute-reducer.js';
import type { PickState, TimeState } from './state.js';

/** The value of the latest (1) or the earliest (-1) event by its own time, then by its id. */
export function pick(direction: 1 | -1): AttributeReducer<PickState> {
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

/** The value of the latest event, while it is in the window: no other one ever has to take its place. */
export function latestWithin(withinMs: number): AttributeReducer<PickState> {
  return {
    ...pick(1),
    value: ({ at, value }, asOf) => (at + withinMs > asOf ? value : undefined),
    nextDue: ({ at, value }, asOf) => (value !== undefined && at + withinMs > asOf ? at + withinMs : undefined),
  };
}

/** The earliest (-1) or latest (1) time of a matching event. */
export function time(direction: 1 | -1): AttributeReducer<TimeState> {
  return timed(direction, (at) => new Timestamp(at));
}

/** The latest time of a matching event, while it is in the window. */
export function latestTimeWithin(withinMs: number): AttributeReducer<TimeState> {
  return within(withinMs, (at) => new Timestamp(at), undefined);
}

/** Whether there was a matching event; without one there is no value. */
export function existence(): AttributeReducer<TimeState> {
  return timed(1, () => true);
}

/** Whether a matching event is in the window. */
export function existenceWithin(withinMs: number): AttributeReducer<TimeState> {
  return within(withinMs, () => true, false);
}

function timed(direction: 1 | -1, valueAt: (at: number) => Value): AttributeReducer<TimeState> {
  const add = (state: TimeState, at: number | undefined): TimeState => {
    if (at !== undefined && (state.at === undefined || (at - state.at) * direction > 0)) state.at = at;
    return state;
  };
  return {
    empty: () => ({ kind: 'time', at: undefined }),
    add: (state, { at }) => add(state, at),
    merge: (a, b) => add(a, b.at),
    value: ({ at }) => (at === undefined ? undefined : valueAt(at)),
  };
}

function within(
  withinMs: number,
  valueAt: (at: number) => Value,
  outside: Value | undefined,
): AttributeReducer<TimeState> {
  return {
    ...timed(1, valueAt),
    value: ({ at }, asOf) => (at === undefined ? undefined : at + withinMs > asOf ? valueAt(at) : outside),
    nextDue: ({ at }, asOf) => (at !== undefined && at + withinMs > asOf ? at + withinMs : undefined),
  };
}

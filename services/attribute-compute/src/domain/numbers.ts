/** Reducers over all time that count, add up, and find the smallest and the greatest. */
import { compareValues, dividedUnits, type ExactNumber, unitsOf } from '@attrium/event';
import type { AttributeReducer } from './attribute-reducer.js';
import type { CountState, ExtremeState, MeanState, SumState } from './state.js';
import { numberOfSum } from './value-type.js';

/** How many; with `atLeast` whether there were so many. */
export function lifetimeCount(atLeast: number | undefined): AttributeReducer<CountState> {
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

export const lifetimeSum: AttributeReducer<SumState> = {
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

export const lifetimeAverage: AttributeReducer<MeanState> = {
  empty: () => ({ kind: 'mean', units: 0n, count: 0 }),
  add(state, { units }) {
    state.units += units;
    state.count++;
    return state;
  },
  merge(a, b) {
    a.units += b.units;
    a.count += b.count;
    return a;
  },
  value: ({ units, count }) => (count === 0 ? undefined : numberOfSum(dividedUnits(units, BigInt(count)))),
};

/** The sum of the numbers that a declared attribute was stated to be. */
export const declaredSum: AttributeReducer<SumState> = {
  ...lifetimeSum,
  add(state, { value }) {
    if (value !== undefined) state.units += unitsOf(value as ExactNumber)!;
    return state;
  },
};

/** The greatest (1) or the smallest (-1) number or time. */
export function extreme(direction: 1 | -1): AttributeReducer<ExtremeState> {
  const add = (state: ExtremeState, value: ExtremeState['value']): ExtremeState => {
    if (value === undefined) return state;
    if (state.value === undefined || compareValues(value, state.value)! * direction > 0) state.value = value;
    return state;
  };
  return {
    empty: () => ({ kind: 'extreme', value: undefined }),
    add: (state, { value }) => add(state, value),
    merge: (a, b) => add(a, b.value),
    value: ({ value }) => value,
  };
}

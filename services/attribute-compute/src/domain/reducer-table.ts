/** Every strategy and reducer with what it keeps and how exact it is. docs/reference/reducers.md is generated from this table. */
import type { ComputedAttribute, DeclaredAttribute, MergeStrategy, Reducer } from '@attrium/catalogue';
import type { AttributeReducer } from './attribute-reducer.js';
import { distinctCount } from './distinct.js';
import { earliestWithin } from './earliest.js';
import { mostFrequent } from './frequency.js';
import { extremeWithin } from './frontier.js';
import { declaredSum, extreme, lifetimeAverage, lifetimeCount, lifetimeSum } from './numbers.js';
import { existence, existenceWithin, latestTimeWithin, latestWithin, pick, time } from './pick.js';
import { distinctCountWithin } from './recent-hashes.js';
import { mostFrequentWithin } from './recent-pairs.js';
import { distinctList, distinctListWithin, union } from './recent-texts.js';
import type { State } from './state.js';
import { earliestTimeWithin, windowedAverage, windowedCount, windowedSum, windowedThreshold } from './windowed.js';

export interface TableEntry<D> {
  readonly make: (definition: D) => AttributeReducer;
  /** Bytes of the encoded state. */
  readonly state: string;
  /** Up to where the value is exact. */
  readonly exact: string;
  /** How far off it may be beyond; empty where there is no beyond. */
  readonly beyond: string;
}

export interface StrategyEntry extends TableEntry<DeclaredAttribute> {
  readonly gives: string;
}

export interface ReducerEntry {
  /** Of each matching event. */
  readonly takes: string;
  readonly gives: string;
  readonly lifetime: TableEntry<ComputedAttribute>;
  /** The same over a rolling window; without a matching event inside there is no value, but for counts and sums, which are 0. */
  readonly window: TableEntry<ComputedAttribute>;
}

const ALWAYS = 'always';
const PICKED = '11 + event id + value';
const ONE_VALUE = '2 + value';
const TIME = '10';
/** Of windows that keep entries by time. */
const THOUSAND_TIMES = '1,000 different event times inside';
const A_THOUSANDTH = 'an event may count a thousandth of the window too long';
const SUM_BOUND = 'held at the ends of Decimal(38, 18) while it is beyond them';
const TWENTY_DIGITS = 'sums below 10^20 in magnitude';
const HUNDRED_VALUES = '100 different values';
const SKETCH_BOUND =
  'the winner among the 100 values that came most recently; a count is never taken too low, and by more than 0.6 % of all events too high ' +
  'with a probability below 2 %';

/** A reducer of one sort of state in the table of all sorts: each is only ever given states that it made. */
function any<S extends State>(reducer: AttributeReducer<S>): AttributeReducer {
  return reducer as unknown as AttributeReducer;
}

function picked(direction: 1 | -1): TableEntry<unknown> {
  return { make: () => any(pick(direction)), state: PICKED, exact: ALWAYS, beyond: '' };
}

const FREQUENCY: TableEntry<unknown> = {
  make: () => any(mostFrequent),
  state: '3, and 11 + value for each of up to 100 values; beyond also 2 to 18 KiB of counters',
  exact: HUNDRED_VALUES,
  beyond: SKETCH_BOUND,
};

function extremes(direction: 1 | -1): TableEntry<unknown> {
  return { make: () => any(extreme(direction)), state: ONE_VALUE, exact: ALWAYS, beyond: '' };
}

function extremesWithin(direction: 1 | -1): TableEntry<ComputedAttribute> {
  return {
    make: ({ withinMs }) => any(extremeWithin(direction, withinMs!)),
    state: '3, and 1 to 8 + value for each value that may still win, up to 2,000',
    exact: '1,000 matching events inside',
    beyond: A_THOUSANDTH,
  };
}

export const STRATEGY_TABLE: Readonly<Record<MergeStrategy, StrategyEntry>> = {
  most_recent: {
    gives: 'the value of the latest event; of equal times the one with the greatest event id',
    ...picked(1),
  },
  first_stored: {
    gives: 'the value of the earliest event; of equal times the one with the lowest event id',
    ...picked(-1),
  },
  most_frequent: { gives: 'the value that came most often; of equals the one that came most recently', ...FREQUENCY },
  min: { gives: 'the smallest or earliest value', ...extremes(-1) },
  max: { gives: 'the greatest or latest value', ...extremes(1) },
  sum: {
    gives: 'the sum of all values that were stated',
    make: () => any(declaredSum),
    state: '2 to 25',
    exact: TWENTY_DIGITS,
    beyond: SUM_BOUND,
  },
  union: {
    gives: 'every entry of every list, sorted by code unit',
    make: () => any(union),
    state: '3, and 3 to 10 + text for each of up to 100 entries',
    exact: '100 different entries',
    beyond: 'the 100 entries that came most recently',
  },
};

export const REDUCER_TABLE: Readonly<Record<Reducer, ReducerEntry>> = {
  count: {
    takes: 'nothing',
    gives: 'how many events',
    lifetime: { make: ({ atLeast }) => any(lifetimeCount(atLeast)), state: '2 to 9', exact: ALWAYS, beyond: '' },
    window: {
      make: ({ withinMs, atLeast }) =>
        any(atLeast === undefined ? windowedCount(withinMs!) : windowedThreshold(withinMs!, atLeast)),
      state: '3, and 2 to 9 for each time, or each bucket of up to 2,000',
      exact: THOUSAND_TIMES,
      beyond: A_THOUSANDTH,
    },
  },
  sum: {
    takes: 'a number',
    gives: 'the exact decimal sum',
    lifetime: { make: () => any(lifetimeSum), state: '2 to 25', exact: TWENTY_DIGITS, beyond: SUM_BOUND },
    window: {
      make: ({ withinMs }) => any(windowedSum(withinMs!)),
      state: '3, and 11 to 33 for each time, or each bucket of up to 2,000',
      exact: THOUSAND_TIMES,
      beyond: `${A_THOUSANDTH}; ${SUM_BOUND}`,
    },
  },
  min: {
    takes: 'a value of the type',
    gives: 'the smallest number or the earliest time',
    lifetime: extremes(-1),
    window: extremesWithin(-1),
  },
  max: {
    takes: 'a value of the type',
    gives: 'the greatest number or the latest time',
    lifetime: extremes(1),
    window: extremesWithin(1),
  },
  average: {
    takes: 'a number',
    gives: 'the sum divided by the count, rounded half to even to 15 significant digits and at most 18 after the point',
    lifetime: { make: () => any(lifetimeAverage), state: '3 to 34', exact: ALWAYS, beyond: '' },
    window: {
      make: ({ withinMs }) => any(windowedAverage(withinMs!)),
      state: '3, and 11 to 33 for each time, or each bucket of up to 2,000',
      exact: THOUSAND_TIMES,
      beyond: A_THOUSANDTH,
    },
  },
  first_value: {
    takes: 'a value of the type',
    gives: 'that of the earliest event; of equal times the one with the lowest event id',
    lifetime: picked(-1),
    window: {
      make: ({ withinMs }) => any(earliestWithin(withinMs!)),
      state: '3, and 2 to 9 + event id + value for each time, or each bucket of up to 2,000',
      exact: THOUSAND_TIMES,
      beyond: 'the value of an event up to a thousandth of the window after the first one',
    },
  },
  last_value: {
    takes: 'a value of the type',
    gives: 'that of the latest event; of equal times the one with the greatest event id',
    lifetime: picked(1),
    window: { make: ({ withinMs }) => any(latestWithin(withinMs!)), state: PICKED, exact: ALWAYS, beyond: '' },
  },
  first_time: {
    takes: 'nothing',
    gives: 'the time of the earliest event',
    lifetime: { make: () => any(time(-1)), state: TIME, exact: ALWAYS, beyond: '' },
    window: {
      make: ({ withinMs }) => any(earliestTimeWithin(withinMs!)),
      state: '3, and 2 to 9 for each time, or each bucket of up to 2,000',
      exact: THOUSAND_TIMES,
      beyond: 'the time of an event up to a thousandth of the window after the first one',
    },
  },
  last_time: {
    takes: 'nothing',
    gives: 'the time of the latest event',
    lifetime: { make: () => any(time(1)), state: TIME, exact: ALWAYS, beyond: '' },
    window: { make: ({ withinMs }) => any(latestTimeWithin(withinMs!)), state: TIME, exact: ALWAYS, beyond: '' },
  },
  distinct_count: {
    takes: 'a text or a number, by the rules of `string`',
    gives: 'how many different ones',
    lifetime: {
      make: () => any(distinctCount),
      state: '3, and 6 to 8 for each value; beyond 4 KiB',
      exact:
        '1,000 different values (hashes of 53 bits: two of them are taken for one with a probability below 10^-10)',
      beyond: 'HyperLogLog of 4,096 registers: standard error 1.6 %',
    },
    window: {
      make: ({ withinMs }) => any(distinctCountWithin(withinMs!)),
      state: '3, and 7 to 16 for each value, up to 1,001; beyond also about 30 KiB',
      exact: '1,000 different values inside; exact again when there are fewer',
      beyond: 'HyperLogLog over time of 1,024 registers: standard error 3.3 %',
    },
  },
  distinct_list: {
    takes: 'a text or a number, by the rules of `string`, up to 1,024 characters',
    gives: 'the different ones, the latest first: the most recent `limit` of them (1 to 100, by default 100)',
    lifetime: {
      make: ({ entriesMax }) => any(distinctList(entriesMax)),
      state: '3, and 3 to 10 + text for each entry',
      exact: ALWAYS,
      beyond: '',
    },
    window: {
      make: ({ withinMs, entriesMax }) => any(distinctListWithin(withinMs!, entriesMax)),
      state: '3, and 3 to 10 + text for each entry',
      exact: ALWAYS,
      beyond: '',
    },
  },
  most_frequent: {
    takes: 'a value of the type, texts up to 1,024 characters',
    gives: 'the value that came most often; of equals the one that came most recently',
    lifetime: FREQUENCY,
    window: {
      make: ({ withinMs }) => any(mostFrequentWithin(withinMs!)),
      state: '3, and 3 to 10 + value for each pair of time and value, up to 1,001',
      exact: '1,000 different pairs of time and value inside',
      beyond: 'the most frequent value of the latest 1,000 of those pairs; exact again when there are fewer',
    },
  },
  exists: {
    takes: 'nothing',
    gives: '`true` once there was an event; in a window `false` again when the last one has left',
    lifetime: { make: () => any(existence()), state: TIME, exact: ALWAYS, beyond: '' },
    window: { make: ({ withinMs }) => any(existenceWithin(withinMs!)), state: TIME, exact: ALWAYS, beyond: '' },
  },
};

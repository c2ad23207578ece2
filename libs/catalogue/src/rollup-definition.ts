/** What is made of the members of an account. */
import { type Condition, readsOf } from '@attrium/condition';
import type { ValueType } from '@attrium/event';

export const ROLLUP_REDUCERS = ['count', 'sum', 'min', 'max', 'average', 'any', 'all'] as const;
export type RollupReducer = (typeof ROLLUP_REDUCERS)[number];

/** The types of the attributes of users that each makes something of; what it gives is of the same type. Those of `count` are given. */
export const TYPES_OF_ROLLUP: Readonly<Record<RollupReducer, readonly ValueType[]>> = {
  count: ['number'],
  sum: ['number'],
  min: ['number', 'timestamp'],
  max: ['number', 'timestamp'],
  average: ['number'],
  any: ['boolean'],
  all: ['boolean'],
};

export interface RollupMeaning {
  readonly reducer: RollupReducer;
  /** Name of the attribute of users; undefined for `count`. */
  readonly attribute?: string | undefined;
  /** The members that count: over named attributes of users, only comparisons. */
  readonly where?: Condition | undefined;
}

/** Names of the attributes of users that it reads, each once. */
export function attributesReadBy({ attribute, where }: RollupMeaning): readonly string[] {
  const read = attribute === undefined ? [] : [attribute];
  return [...new Set([...read, ...(where === undefined ? [] : readsOf(where).attributes)])];
}

/** "At least so long ago": a reducer of timestamps whose value is whether the timestamp it gives is of such an age. */
import type { AgeTest } from '@attrium/catalogue';
import { Timestamp } from '@attrium/event';
import type { AttributeReducer } from './attribute-reducer.js';

/** Folds as `timestamps` does. The value flips by itself exactly at timestamp + age; without a timestamp it is false. */
export function aged(timestamps: AttributeReducer, { ageMs, newer }: AgeTest): AttributeReducer {
  const dueOf: NonNullable<AttributeReducer['nextDue']> = (state, asOf) => {
    const value = timestamps.value(state, asOf);
    return value instanceof Timestamp ? value.ms + ageMs : undefined;
  };
  return {
    empty: () => timestamps.empty(),
    add: (state, input, now) => timestamps.add(state, input, now),
    merge: (a, b) => timestamps.merge(a, b),
    value: (state, asOf) => {
      const due = dueOf(state, asOf);
      return due !== undefined && newer === due > asOf;
    },
    prune: (state, asOf) => timestamps.prune?.(state, asOf),
    nextDue: (state, asOf) => {
      const due = dueOf(state, asOf);
      const inner = timestamps.nextDue?.(state, asOf);
      if (due === undefined || due <= asOf) return inner;
      return inner === undefined ? due : Math.min(inner, due);
    },
    isApproximate: (state) => timestamps.isApproximate?.(state) ?? false,
  };
}

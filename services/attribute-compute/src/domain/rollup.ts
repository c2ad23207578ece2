/** Publishes what the members of an account add up to. */
import { type AttributeChange, equalValues } from '@attrium/event';
import { type EntityRow, type PublishedAt, publishValue } from './entity.js';
import { type MemberBook, totalOf } from './member-book.js';
import type { RollupPlan } from './planned-rollup.js';

/** The changes; the row is in line with the plan. */
export function publishRollups(
  row: EntityRow,
  { rollups }: RollupPlan,
  book: MemberBook,
  { effectiveAt }: PublishedAt,
): AttributeChange[] {
  const changes: AttributeChange[] = [];
  for (const { attribute, reducer } of rollups) {
    const { name, key, slot } = attribute;
    const before = row.published[slot]?.value;
    const after = totalOf(book, key, reducer);
    if (equalValues(before, after)) continue;
    publishValue(row, slot, after, effectiveAt);
    changes.push({ name, before, after });
  }
  return changes;
}

/** Calculates an entity's formulas from its published values. */
import { FAILED, LIST_ENTRIES_MAX } from '@attrium/catalogue';
import { type AttributeChange, equalValues, Timestamp, type Value } from '@attrium/event';
import { type EntityRow, type PublishedAt, publishValue } from './entity.js';
import { LIST_ENTRY_LENGTH_MAX, TEXT_LENGTH_MAX, TIMESTAMP_MS_MAX, TIMESTAMP_MS_MIN } from './limits.js';
import type { KindPlan } from './plan.js';

/**
 * Calculates what reads something that changed, directly or through other formulas, and adds its changes to those of the same record, so
 * that a reader sees values that fit each other. Returns the names of those that could not be calculated.
 */
export function publishFormulas(
  row: EntityRow,
  { formulas, readByFormulas }: KindPlan,
  changes: AttributeChange[],
  { effectiveAt }: PublishedAt,
): readonly string[] {
  if (formulas.length === 0) return NONE;
  const changed = new Set<string>();
  for (let index = 0; index < changes.length; index++) {
    const { name } = changes[index]!;
    if (readByFormulas.has(name)) changed.add(name);
  }
  if (changed.size === 0) return NONE;
  const failed: string[] = [];
  for (const { attribute, evaluate, slots } of formulas) {
    if (!reads(slots, changed)) continue;
    const value = evaluate((name) => row.published[slots.get(name)!]?.value);
    const after = value === undefined || value === FAILED ? undefined : withinLimits(value);
    if (value !== undefined && after === undefined) failed.push(attribute.name);
    const before = row.published[attribute.slot]?.value;
    if (equalValues(before, after)) continue;
    publishValue(row, attribute.slot, after, effectiveAt);
    changes.push({ name: attribute.name, before, after });
    changed.add(attribute.name);
  }
  return failed;
}

const NONE: readonly string[] = [];

function reads(slots: ReadonlyMap<string, number>, changed: ReadonlySet<string>): boolean {
  for (const name of slots.keys()) if (changed.has(name)) return true;
  return false;
}

/** The value as other attributes may have it; undefined when it is beyond their limits. */
function withinLimits(value: Value): Value | undefined {
  if (typeof value === 'string') return value.length > TEXT_LENGTH_MAX ? undefined : value.toWellFormed();
  if (value instanceof Timestamp) {
    return value.ms < TIMESTAMP_MS_MIN || value.ms > TIMESTAMP_MS_MAX ? undefined : value;
  }
  if (!Array.isArray(value)) return value;
  const list: readonly string[] = value;
  const fits = list.length <= LIST_ENTRIES_MAX && list.every((entry) => entry.length <= LIST_ENTRY_LENGTH_MAX);
  return fits ? list.map((entry) => entry.toWellFormed()) : undefined;
}

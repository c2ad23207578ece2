/** Calculates an entity's formulas from its published values. */
import { FAILED, LIST_ENTRIES_MAX } from '@attrium/catalogue';
import { type AttributeChange, equalValues, Timestamp, type Value } from '@attrium/event';
import { type EntityRow, type PublishedAt, publishValue } from './entity.js';
import { LIST_ENTRY_LENGTH_MAX, TEXT_LENGTH_MAX, TIMESTAMP_MS_MAX, TIMESTAMP_MS_MIN } from './limits.js';
import type { KindPlan } from './plan.js';
import type { PlannedAttribute } from './planned-attribute.js';
import type { PlannedFormula } from './planned-formula.js';

/**
 * Calculates what reads something that changed, directly or through other formulas, and adds its changes to those of the same record, so
 * that a reader sees values that fit each other. Returns the names of those that could not be calculated.
 */
export function publishFormulas(
  row: EntityRow,
  { formulas, readByFormulas }: KindPlan,
  changes: AttributeChange[],
  at: PublishedAt,
): readonly string[] {
  if (formulas.length === 0) return NONE;
  const changed = new Set<string>();
  for (let index = 0; index < changes.length; index++) {
    const { name } = changes[index]!;
    if (readByFormulas.has(name)) changed.add(name);
  }
  if (changed.size === 0) return NONE;
  const failed: string[] = [];
  for (const formula of formulas) {
    if (!reads(formula.slots, changed)) continue;
    const count = changes.length;
    if (!publishFormula(row, formula, changes, at)) failed.push(formula.attribute.name);
    if (changes.length > count) changed.add(formula.attribute.name);
  }
  return failed;
}

/** As `publishFormulas`, of all formulas: some may be new, and read what stays as it is. One that reads nothing that has a value has none. */
export function publishAllFormulas(
  row: EntityRow,
  { formulas }: KindPlan,
  changes: AttributeChange[],
  at: PublishedAt,
): readonly string[] {
  const failed: string[] = [];
  const changed = new Set(changes.map(({ name }) => name));
  for (const formula of formulas) {
    const { attribute, slots } = formula;
    const count = changes.length;
    if (reads(slots, changed) || [...slots.values()].some((slot) => row.published[slot] !== undefined)) {
      if (!publishFormula(row, formula, changes, at)) failed.push(attribute.name);
    } else publishOther(row, attribute, undefined, changes, at);
    if (changes.length > count) changed.add(attribute.name);
  }
  return failed;
}

/** False: it could not be calculated, and has no value. */
function publishFormula(
  row: EntityRow,
  { attribute, evaluate, slots }: PlannedFormula,
  changes: AttributeChange[],
  at: PublishedAt,
): boolean {
  const value = evaluate((name) => row.published[slots.get(name)!]?.value);
  const after = value === undefined || value === FAILED ? undefined : withinLimits(value);
  publishOther(row, attribute, after, changes, at);
  return value === undefined || after !== undefined;
}

function publishOther(
  row: EntityRow,
  { name, slot }: PlannedAttribute,
  after: Value | undefined,
  changes: AttributeChange[],
  { effectiveAt }: PublishedAt,
): void {
  const before = row.published[slot]?.value;
  if (equalValues(before, after)) return;
  publishValue(row, slot, after, effectiveAt);
  changes.push({ name, before, after });
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

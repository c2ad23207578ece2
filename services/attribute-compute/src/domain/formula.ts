/** Formulas of a plan: calculated from published values, in an order in which each comes after what it reads. */
import {
  type CompiledAttribute,
  FAILED,
  type Formula,
  type FormulaAttribute,
  FormulaCompiler,
  inOrderOfReading,
  isUnnamed,
  LIST_ENTRIES_MAX,
} from '@attrium/catalogue';
import { type AttributeChange, equalValues, Timestamp, type Value, type ValueType } from '@attrium/event';
import type { AttributeReducer } from './attribute-reducer.js';
import { type EntityRow, type PublishedAt, publishValue } from './entity.js';
import { LIST_ENTRY_LENGTH_MAX, TEXT_LENGTH_MAX, TIMESTAMP_MS_MAX, TIMESTAMP_MS_MIN } from './limits.js';
import type { KindPlan, PlannedAttribute } from './plan.js';

export interface PlannedFormula {
  readonly attribute: PlannedAttribute;
  readonly evaluate: Formula['evaluate'];
  /** Of what it reads. */
  readonly slots: ReadonlyMap<string, number>;
  /** Of what it reads, directly or through other formulas, and is no formula itself. */
  readonly origins: readonly PlannedAttribute[];
}

/** A formula keeps no state: nothing is ever folded for it. */
export const NO_REDUCER: AttributeReducer = {
  empty: () => {
    throw new Error('a formula keeps no state');
  },
  add: (state) => state,
  merge: (state) => state,
  value: () => undefined,
};

/** The formulas among the attributes of one kind. The catalogue is valid, so one that does not compile is a bug and throws. */
export function plannedFormulas(
  planned: ReadonlyMap<CompiledAttribute, PlannedAttribute>,
): readonly PlannedFormula[] {
  const definitions = [...planned.keys()];
  const formulas = definitions.filter((definition): definition is FormulaAttribute => definition.kind === 'formula');
  if (formulas.length === 0) return [];
  const types = new Map<string, ValueType>();
  for (const { name, type } of definitions) if (!isUnnamed(name)) types.set(name, type);
  const compiler = new FormulaCompiler(types);
  const byName = new Map([...planned.values()].map((attribute) => [attribute.name, attribute]));
  const done = new Map<string, PlannedFormula>();
  for (const definition of inOrderOfReading(formulas)) {
    const outcome = compiler.compile(definition.formula);
    if ('fault' in outcome) throw new Error(`the formula of ${definition.name} is invalid: ${outcome.fault.message}`);
    const { reads, evaluate } = outcome.formula;
    const slots = new Map(reads.map((name) => [name, byName.get(name)!.slot]));
    const origins = new Set(reads.flatMap((name) => done.get(name)?.origins ?? [byName.get(name)!]));
    done.set(definition.name, { attribute: planned.get(definition)!, evaluate, slots, origins: [...origins] });
  }
  return [...done.values()];
}

export interface FormulaEvaluation {
  readonly at: PublishedAt;
  /** Those that take part: all, or those that read what changed, directly or through each other. */
  readonly scope: 'all' | 'affected';
}

/**
 * Calculates formulas anew and adds their changes to those of the same record, so that a reader sees values that fit each other. Returns
 * the names of those that could not be calculated.
 */
export function publishFormulas(
  row: EntityRow,
  { formulas, readByFormulas }: KindPlan,
  changes: AttributeChange[],
  { at, scope }: FormulaEvaluation,
): readonly string[] {
  if (formulas.length === 0) return NONE;
  const changed = new Set<string>();
  for (let index = 0; index < changes.length; index++) {
    const { name } = changes[index]!;
    if (readByFormulas.has(name)) changed.add(name);
  }
  if (changed.size === 0 && scope === 'affected') return NONE;
  const failed: string[] = [];
  for (const { attribute, evaluate, slots } of formulas) {
    if (scope === 'affected' && !reads(slots, changed)) continue;
    const value = evaluate((name) => row.published[slots.get(name)!]?.value);
    const after = value === undefined || value === FAILED ? undefined : withinLimits(value);
    if (value !== undefined && after === undefined) failed.push(attribute.name);
    const before = row.published[attribute.slot]?.value;
    if (equalValues(before, after)) continue;
    publishValue(row, attribute.slot, after, at.effectiveAt);
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

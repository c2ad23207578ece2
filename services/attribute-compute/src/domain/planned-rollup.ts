/** The roll-ups of a plan: what each takes of a member, and for which attribute of the account. */
import { attributesReadBy, type CompiledAttribute, type RollupReducer } from '@attrium/catalogue';
import { type ConditionSubject, compileCondition } from '@attrium/condition';
import { compareText, equalValues, type NamedValue, type Value } from '@attrium/event';
import type { PlannedAttribute } from './planned-attribute.js';
import type { PlannedFormula } from './planned-formula.js';

export interface PlannedRollup {
  /** Of the account. */
  readonly attribute: PlannedAttribute;
  readonly reducer: RollupReducer;
  /** The attribute of the member; undefined: it is only counted. */
  readonly source: string | undefined;
  /** Undefined: every member counts. */
  readonly accepts: ((subject: ConditionSubject) => boolean) | undefined;
}

export interface RollupPlan {
  /** By their keys, so that the order of definitions does not matter. */
  readonly rollups: readonly PlannedRollup[];
  /** Names of the attributes of users that some roll-up reads. */
  readonly reads: ReadonlySet<string>;
  /** Of the roll-ups, and of the formulas that read them, directly or not. */
  readonly keys: ReadonlySet<string>;
}

export function rollupPlanOf(
  definitions: readonly CompiledAttribute[],
  account: { readonly byName: ReadonlyMap<string, PlannedAttribute>; readonly formulas: readonly PlannedFormula[] },
): RollupPlan {
  const rollups: PlannedRollup[] = [];
  const reads = new Set<string>();
  for (const definition of definitions) {
    if (definition.kind !== 'rollup') continue;
    const { name, reducer, attribute: source, where } = definition;
    const accepts = where === undefined ? undefined : compileCondition(where);
    rollups.push({ attribute: account.byName.get(name)!, reducer, source, accepts });
    for (const read of attributesReadBy(definition)) reads.add(read);
  }
  rollups.sort((a, b) => compareText(a.attribute.key, b.attribute.key));
  const made = new Set(rollups.map(({ attribute }) => attribute));
  const readers = account.formulas.filter(({ origins }) => origins.some((origin) => made.has(origin)));
  const keys = new Set([...made, ...readers.map(({ attribute }) => attribute)].map(({ key }) => key));
  return { rollups, reads, keys };
}

/** Whether the second plan has a roll-up, or a formula over one, that the first one has not. */
export function hasNewRollup(before: RollupPlan, after: RollupPlan): boolean {
  return [...after.keys].some((key) => !before.keys.has(key));
}

/** What a member gives to all roll-ups, by their keys; `read`: its published values. */
export function contributionOf({ rollups }: RollupPlan, read: (name: string) => Value | undefined): NamedValue[] {
  const subject: ConditionSubject = { attribute: read, property: () => undefined, inSegment: () => false };
  const given: NamedValue[] = [];
  for (const { attribute, source, accepts } of rollups) {
    if (accepts !== undefined && !accepts(subject)) continue;
    const value = source === undefined ? true : read(source);
    if (value !== undefined) given.push({ name: attribute.key, value });
  }
  return given;
}

export function equalContributions(a: readonly NamedValue[], b: readonly NamedValue[]): boolean {
  return (
    a.length === b.length && a.every(({ name, value }, at) => name === b[at]!.name && equalValues(value, b[at]!.value))
  );
}

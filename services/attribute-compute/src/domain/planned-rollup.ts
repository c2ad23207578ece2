/** The roll-ups of a plan: what each takes of a member, and for which attribute of the account. */
import type { CompiledAttribute, RollupReducer } from '@attrium/catalogue';
import { type ConditionSubject, compileCondition, readsOf } from '@attrium/condition';
import { compareText, equalValues, type NamedValue, type Value } from '@attrium/event';
import type { PlannedAttribute } from './planned-attribute.js';

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
}

/** `byName`: the attributes of accounts. */
export function rollupPlanOf(
  definitions: readonly CompiledAttribute[],
  byName: ReadonlyMap<string, PlannedAttribute>,
): RollupPlan {
  const rollups: PlannedRollup[] = [];
  const reads = new Set<string>();
  for (const definition of definitions) {
    if (definition.kind !== 'rollup') continue;
    const { name, reducer, attribute: source, where } = definition;
    const accepts = where === undefined ? undefined : compileCondition(where);
    rollups.push({ attribute: byName.get(name)!, reducer, source, accepts });
    if (source !== undefined) reads.add(source);
    if (where !== undefined) for (const read of readsOf(where).attributes) reads.add(read);
  }
  rollups.sort((a, b) => compareText(a.attribute.key, b.attribute.key));
  return { rollups, reads };
}

/** Whether the second plan has a roll-up that the first one has not. */
export function hasNewRollup(before: RollupPlan, after: RollupPlan): boolean {
  return after.rollups.some(({ attribute: { key } }) => !before.rollups.some((each) => each.attribute.key === key));
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

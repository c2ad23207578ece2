/** What a change carries for the triggers that it concerns, so that the next stage needs no state of its own to decide them. */
import type { AttributeChange, Identifier, NamedValue } from '@attrium/event';
import type { EntityRow } from './entity.js';
import type { Flips } from './evaluation.js';
import { type KindPlan, kindPlanOf, type Plan, type PlannedTrigger } from './plan.js';

export interface Concern {
  readonly values: readonly NamedValue[];
  /** Segments that the entity is in now, of those that the conditions read. */
  readonly memberships: readonly string[];
  readonly identifiers: readonly Identifier[];
}

const NO_CONCERN: Concern = { values: [], memberships: [], identifiers: [] };
const NO_CHANGES: readonly AttributeChange[] = [];

/** The changes that some trigger asked for. */
export function requestedChanges(plan: KindPlan, changes: readonly AttributeChange[]): readonly AttributeChange[] {
  let requested: AttributeChange[] | undefined;
  for (let index = 0; index < changes.length; index++) {
    const change = changes[index]!;
    if (plan.attributeOf.get(change.name)?.isWatched !== true) continue;
    requested ??= [];
    requested.push(change);
  }
  return requested ?? NO_CHANGES;
}

/** Concerned are the triggers that watch for one of the flips or (requested) changes. Names come in the order in which they are first needed. */
export function concernOf(row: EntityRow, plan: Plan, flips: Flips, requested: readonly AttributeChange[]): Concern {
  const concerned: PlannedTrigger[] = [];
  for (const { segment } of flips.entered) addMissing(concerned, plan.onEntered.get(segment));
  for (const { segment } of flips.exited) addMissing(concerned, plan.onExited.get(segment));
  for (const { name } of requested) addMissing(concerned, plan.onChanged.get(name));
  return needsOf(row, plan, concerned);
}

/** What these triggers need to know of the entity now. */
export function needsOf(row: EntityRow, plan: Plan, concerned: readonly PlannedTrigger[]): Concern {
  if (concerned.length === 0) return NO_CONCERN;
  const { attributeOf, segmentOf } = kindPlanOf(plan, row.entity);
  const values: NamedValue[] = [];
  for (const name of namesOf(concerned, ({ attributes }) => attributes)) {
    const attribute = attributeOf.get(name);
    const value = attribute === undefined ? undefined : row.values[attribute.slot];
    if (value !== undefined) values.push({ name, value });
  }
  const memberships: string[] = [];
  for (const name of namesOf(concerned, ({ segments }) => segments)) {
    const segment = segmentOf.get(name);
    if (segment !== undefined && row.members.includes(segment)) memberships.push(name);
  }
  return { values, memberships, identifiers: row.identifiers };
}

function addMissing(concerned: PlannedTrigger[], triggers: readonly PlannedTrigger[] | undefined): void {
  if (triggers === undefined) return;
  for (const trigger of triggers) if (!concerned.includes(trigger)) concerned.push(trigger);
}

/** The lists of a trigger name each once, so that one trigger's need no set. */
function namesOf(
  triggers: readonly PlannedTrigger[],
  of: (trigger: PlannedTrigger) => readonly string[],
): Iterable<string> {
  if (triggers.length === 1) return of(triggers[0]!);
  const names = new Set<string>();
  for (const trigger of triggers) for (const name of of(trigger)) names.add(name);
  return names;
}

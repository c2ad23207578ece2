/** What a change carries for the triggers that it concerns, so that the next stage needs no state of its own to decide them. */
import type { AttributeChange, Identifier, NamedValue } from '@attrium/event';
import type { EntityRow } from './entity.js';
import type { Flips } from './evaluation.js';
import type { Plan, PlannedTrigger } from './plan.js';

export interface Concern {
  readonly values: readonly NamedValue[];
  /** Segments that the entity is in now, of those that the conditions read. */
  readonly memberships: readonly string[];
  readonly identifiers: readonly Identifier[];
}

const NO_CONCERN: Concern = { values: [], memberships: [], identifiers: [] };

/** The changes that some trigger asked for. */
export function requestedChanges(plan: Plan, changes: readonly AttributeChange[]): readonly AttributeChange[] {
  return plan.onChanged.size === 0 ? [] : changes.filter(({ name }) => plan.onChanged.has(name));
}

/** Concerned are the triggers that watch for one of the flips or (requested) changes. Names come in the order in which they are first needed. */
export function concernOf(row: EntityRow, plan: Plan, flips: Flips, requested: readonly AttributeChange[]): Concern {
  const concerned = new Set<PlannedTrigger>();
  for (const { segment } of flips.entered) for (const each of plan.onEntered.get(segment) ?? []) concerned.add(each);
  for (const { segment } of flips.exited) for (const each of plan.onExited.get(segment) ?? []) concerned.add(each);
  for (const { name } of requested) for (const each of plan.onChanged.get(name) ?? []) concerned.add(each);
  if (concerned.size === 0) return NO_CONCERN;
  const attributes = new Set<string>();
  const segments = new Set<string>();
  for (const trigger of concerned) {
    for (const name of trigger.attributes) attributes.add(name);
    for (const name of trigger.segments) segments.add(name);
  }
  const values: NamedValue[] = [];
  for (const name of attributes) {
    const value = row.values.get(name);
    if (value !== undefined) values.push({ name, value });
  }
  return {
    values,
    memberships: [...segments].filter((segment) => row.memberships.has(segment)),
    identifiers: [...row.identifiers],
  };
}

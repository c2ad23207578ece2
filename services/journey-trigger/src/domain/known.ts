/** What is known of an entity while firings of it wait: what they need of it, kept up to date by what the stage before tells. */
import type { Identifier, KnownNow, Value } from '@attrium/event';
import type { Subject } from './decision.js';
import type { Needs } from './plan.js';
import { subjectOf, type TellingRecord } from './told.js';

/** Changed in place. */
export interface Known {
  readonly values: Map<string, Value>;
  readonly memberships: Set<string>;
  identifiers: readonly Identifier[];
}

export function nothingKnown(): Known {
  return { values: new Map(), memberships: new Set(), identifiers: [] };
}

export function subjectOfKnown({ values, memberships }: Known): Subject {
  return subjectOf(values, memberships);
}

/** Only what is needed is kept. What a record carries holds at its instant, after the changes that it tells of. */
export function foldRecord(known: Known, needs: Needs, record: TellingRecord): void {
  if (record.kind === 'segment-changed') {
    for (const { name, after } of record.changes) {
      if (!needs.attributes.has(name)) continue;
      if (after === undefined) known.values.delete(name);
      else known.values.set(name, after);
    }
    for (const { segment } of record.entered) foldMembership(known, needs, segment, true);
    for (const { segment } of record.exited) foldMembership(known, needs, segment, false);
    for (const { segment, after } of record.corrected) foldMembership(known, needs, segment, after !== undefined);
  }
  for (const { name, value } of record.values) if (needs.attributes.has(name)) known.values.set(name, value);
  for (const segment of record.memberships) foldMembership(known, needs, segment, true);
  foldIdentifiers(known, record.identifiers);
}

function foldMembership({ memberships }: Known, needs: Needs, segment: string, isMember: boolean): void {
  if (!needs.segments.has(segment)) return;
  if (isMember) memberships.add(segment);
  else memberships.delete(segment);
}

/** All that the stage before knows now takes the place of what was known. */
export function foldKnownNow(known: Known, { values, memberships, identifiers }: KnownNow): void {
  known.values.clear();
  known.memberships.clear();
  for (const { name, value } of values) known.values.set(name, value);
  for (const segment of memberships) known.memberships.add(segment);
  foldIdentifiers(known, identifiers);
}

export function foldIdentifiers(known: Known, identifiers: readonly Identifier[]): void {
  const added = identifiers.filter(
    ({ type, value }) => !known.identifiers.some((each) => each.type === type && each.value === value),
  );
  if (added.length > 0) known.identifiers = [...known.identifiers, ...added];
}

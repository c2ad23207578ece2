/** What a record of the input tells of an entity at one instant, whatever its kind. */
import { isUnnamed } from '@attrium/catalogue';
import type {
  ChangeReason,
  Entity,
  EventMatched,
  Identifier,
  MemberFound,
  MergeCompleted,
  NamedValue,
  ScheduleReached,
  SegmentChanged,
  Value,
} from '@attrium/event';
import type { Subject } from './decision.js';

/** On which triggers may fire. */
export type TellingRecord = SegmentChanged | EventMatched | ScheduleReached | MemberFound;
/**
 * What a held entity keeps back, and the step of the catalogue that it came under. `merge-completed`: with what was known when the stage
 * before was done.
 */
export type KeptRecord = (TellingRecord | MergeCompleted) & { readonly step?: number | undefined };

export interface Told {
  readonly entity: Entity;
  readonly effectiveAt: number;
  readonly recordedAt: number;
  readonly revision: number;
  readonly cause: string;
  readonly reason: ChangeReason;
  readonly values: readonly NamedValue[];
  readonly memberships: readonly string[];
  readonly identifiers: readonly Identifier[];
  /** Of the event; empty for anything else. */
  readonly properties: readonly NamedValue[];
}

const NONE: readonly never[] = [];

export function toldBy(record: TellingRecord): Told {
  const { entity, recordedAt, revision, values, memberships, identifiers } = record;
  const same = { entity, recordedAt, revision, values, memberships, identifiers };
  if (record.kind === 'segment-changed') {
    const { effectiveAt, cause, reason } = record;
    return { ...same, effectiveAt, cause, reason, properties: NONE };
  }
  if (record.kind === 'member-found') {
    const { activatedAt: effectiveAt, activatedBy } = record;
    return { ...same, effectiveAt, cause: `catalogue:${activatedBy}`, reason: 'backfill', properties: NONE };
  }
  if (record.kind === 'schedule-reached') {
    const { at } = record.occurrence;
    return { ...same, effectiveAt: at, cause: `timer:${at}`, reason: 'window', properties: NONE };
  }
  const { occurredAt, eventId, propertyValues } = record;
  return { ...same, effectiveAt: occurredAt, cause: eventId, reason: 'event', properties: propertyValues };
}

/** When it was recorded: what is kept back is decided in this order. */
export function recordedAtOf(record: KeptRecord): number {
  return record.kind === 'merge-completed' ? (record.known?.recordedAt ?? 0) : record.recordedAt;
}

/** What conditions ask: values by name, and memberships. */
export function subjectOf(values: ReadonlyMap<string, Value>, memberships: ReadonlySet<string>): Subject {
  return {
    values,
    attribute: (name) => values.get(name) ?? (isUnnamed(name) ? false : undefined),
    property: () => undefined,
    inSegment: (name) => memberships.has(name),
  };
}

export function subjectOfTold({ values, memberships }: Told): Subject {
  return subjectOf(new Map(values.map(({ name, value }) => [name, value])), new Set(memberships));
}

/** The fact that segment appends about schedules of triggers. */
import type { Entity, Identifier } from './entity.js';
import type { NamedValue } from './value.js';

/** One time that a trigger's schedule names. */
export interface ScheduleOccurrence {
  readonly segment: string;
  /** When it is due, by the clock of the zone. */
  readonly at: number;
  /** The date that it is of, by the local calendar: YYYY-MM-DD. */
  readonly day: string;
  /** IANA name. */
  readonly timeZone: string;
}

/** A member of the segment has reached such a time; with the values, memberships and identifiers that the trigger needs. */
export interface ScheduleReached {
  readonly kind: 'schedule-reached';
  readonly id: string;
  readonly entity: Entity;
  /** Name of the trigger. */
  readonly definition: string;
  readonly occurrence: ScheduleOccurrence;
  readonly recordedAt: number;
  readonly revision: number;
  readonly values: readonly NamedValue[];
  readonly memberships: readonly string[];
  readonly identifiers: readonly Identifier[];
}

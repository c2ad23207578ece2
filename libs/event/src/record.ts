/** The records of the logs: what sources sent, and the facts that stages appended. All times are milliseconds since 1970 UTC. */

import type { AccountCreated, AccountLinked, AccountUnlinked, CurrentAccountChanged } from './account-record.js';
import type { ChangeReason } from './change-reason.js';
import type { DeliveryAttempted } from './delivery-record.js';
import type { Entity, Identifier } from './entity.js';
import type { ErasureRequested, ProfileErased } from './erasure-record.js';
import type { Event } from './event-record.js';
import type { MemberContributed } from './member-record.js';
import type { IdentifierQuarantined, QuarantineDecided, QuarantineEnded } from './quarantine-record.js';
import type { IdentifierRefused } from './refusal-record.js';
import type { ScheduleOccurrence, ScheduleReached } from './schedule-record.js';
import type { BackfillOrdered, DefinitionsSwitched, SeedCompleted, Seeded } from './seed-record.js';
import type { NamedValue, Value } from './value.js';

/**
 * An event and the profile it belongs to. `origin` is the profile id it would belong to without any merge. An event that names an account
 * is appended once more, to the account's partition: then `entity` is the account, and `origin` its id.
 */
export interface EventResolved {
  readonly kind: 'event-resolved';
  readonly id: string;
  readonly entity: Entity;
  readonly origin: string;
  readonly event: Event;
}

export interface ProfileCreated {
  readonly kind: 'profile-created';
  readonly id: string;
  readonly entity: Entity;
  readonly cause: string;
  readonly occurredAt: number;
}

export interface IdentifierLinked {
  readonly kind: 'identifier-linked';
  readonly id: string;
  readonly entity: Entity;
  readonly identifier: Identifier;
  readonly cause: string;
  readonly occurredAt: number;
}

/** Appended to the partitions of both: the loser hands its state to the survivor. `mergeId` is the id of identity's decision. */
export interface ProfilesMerged {
  readonly kind: 'profiles-merged';
  readonly id: string;
  readonly mergeId: string;
  readonly survivor: Entity;
  readonly loser: Entity;
  /** Identifiers that the survivor gained from the loser. */
  readonly identifiers: readonly Identifier[];
  readonly cause: string;
  readonly occurredAt: number;
}

/** The state of a loser on its way to the survivor's partition; dropped by (stage, mergeId) where already had. */
export interface StateTransferred {
  readonly kind: 'state-transferred';
  readonly id: string;
  readonly stage: string;
  readonly mergeId: string;
  readonly from: Entity;
  readonly to: Entity;
  /** The stage's own encoding of the state, in its `stateVersion`. */
  readonly state: Uint8Array;
  readonly stateVersion: number;
  /** Attributes (or segments) whose current rows of the loser are void from here on. */
  readonly published: readonly string[];
}

/** The stage before has folded these merges of this entity and emits for it again. */
export interface MergeCompleted {
  readonly kind: 'merge-completed';
  readonly id: string;
  readonly entity: Entity;
  readonly mergeIds: readonly string[];
  /** From segment, where the catalogue has triggers whose firings wait. */
  readonly known?: KnownNow | undefined;
}

/** What firings that wait need to know of an entity, as it is now. What is absent has no value. */
export interface KnownNow {
  readonly recordedAt: number;
  readonly values: readonly NamedValue[];
  readonly memberships: readonly string[];
  readonly identifiers: readonly Identifier[];
}

export interface AttributeChange {
  readonly name: string;
  readonly before?: Value | undefined;
  readonly after?: Value | undefined;
}

/** All attribute changes of one entity at one instant. `cause` is the id of the event, merge or timer that made them. */
export interface AttributesChanged {
  readonly kind: 'attributes-changed';
  readonly id: string;
  readonly entity: Entity;
  readonly effectiveAt: number;
  readonly recordedAt: number;
  readonly reason: ChangeReason;
  readonly cause: string;
  readonly revision: number;
  readonly changes: readonly AttributeChange[];
}

/**
 * An event that a trigger asked for, with the properties it named. attribute-compute writes it; segment passes it on with the values,
 * memberships and identifiers that the trigger needs.
 */
export interface EventMatched {
  readonly kind: 'event-matched';
  readonly id: string;
  readonly entity: Entity;
  /** Name of the trigger; with `/wait_for` behind it for what the trigger waits for. */
  readonly definition: string;
  readonly eventId: string;
  readonly name: string;
  readonly occurredAt: number;
  readonly recordedAt: number;
  /** By the path that the definition names them by. */
  readonly propertyValues: readonly NamedValue[];
  readonly values: readonly NamedValue[];
  readonly memberships: readonly string[];
  readonly identifiers: readonly Identifier[];
  readonly revision: number;
}

export interface Membership {
  readonly segment: string;
  /** Entered: since when it is a member. Exited: since when it no longer is. */
  readonly at: number;
}

/** A change of the past only: `before` and `after` are the times since when it is a member, undefined for none. No trigger fires. */
export interface MembershipCorrection {
  readonly segment: string;
  readonly before?: number | undefined;
  readonly after?: number | undefined;
}

/**
 * All segments that one entity entered and exited at one instant, and the attribute changes that triggers asked for,
 * with the values, memberships and identifiers that the triggers concerned need.
 */
export interface SegmentChanged {
  readonly kind: 'segment-changed';
  readonly id: string;
  readonly entity: Entity;
  readonly effectiveAt: number;
  readonly recordedAt: number;
  readonly reason: ChangeReason;
  readonly cause: string;
  readonly revision: number;
  readonly entered: readonly Membership[];
  readonly exited: readonly Membership[];
  readonly corrected: readonly MembershipCorrection[];
  readonly changes: readonly AttributeChange[];
  readonly values: readonly NamedValue[];
  readonly memberships: readonly string[];
  readonly identifiers: readonly Identifier[];
}

/** An entity was in the segment when a trigger for those who are in it already became active; with what the trigger needs. */
export interface MemberFound {
  readonly kind: 'member-found';
  readonly id: string;
  readonly entity: Entity;
  /** Name of the trigger. */
  readonly definition: string;
  readonly member: Membership;
  /** Log time and revision with which the trigger became active in this partition. */
  readonly activatedAt: number;
  readonly recordedAt: number;
  readonly revision: number;
  readonly activatedBy: number;
  readonly values: readonly NamedValue[];
  readonly memberships: readonly string[];
  readonly identifiers: readonly Identifier[];
}

/** One occurrence of a trigger. Its id is the idempotency key of every delivery. */
export interface TriggerFired {
  readonly kind: 'trigger-fired';
  readonly id: string;
  readonly entity: Entity;
  readonly trigger: string;
  readonly revision: number;
  readonly effectiveAt: number;
  readonly recordedAt: number;
  readonly reason: ChangeReason;
  readonly cause: string;
  /** What fired it: a segment entered or exited, an attribute changed, an event occurred, or the time of a schedule was reached. */
  readonly on: FiringCause;
  readonly values: readonly NamedValue[];
  readonly identifiers: readonly Identifier[];
  /** Of a trigger that waits for something. */
  readonly outcome?: WaitOutcome | undefined;
}

export const WAIT_OUTCOMES = ['happened', 'timed_out'] as const;
/** happened: what the firing waited for, in time. */
export type WaitOutcome = (typeof WAIT_OUTCOMES)[number];

/** An event that a trigger watches for, with the properties that the trigger names and the event has. */
export interface EventOccurrence {
  readonly id: string;
  readonly name: string;
  readonly occurredAt: number;
  readonly properties: readonly NamedValue[];
}

export type FiringCause =
  | { readonly kind: 'segment-entered'; readonly segment: string; readonly at: number }
  | { readonly kind: 'segment-exited'; readonly segment: string; readonly at: number }
  | { readonly kind: 'segment-present'; readonly segment: string; readonly at: number }
  | { readonly kind: 'attribute-changed'; readonly change: AttributeChange }
  | { readonly kind: 'event-occurred'; readonly event: EventOccurrence }
  | { readonly kind: 'schedule-reached'; readonly occurrence: ScheduleOccurrence };

export const SUPPRESSION_REASONS = [
  'frequency',
  'condition',
  'consent',
  'merge',
  'quiet_hours',
  'archived',
  'paused',
  'redefined',
  'limit',
  'outcome',
  'late',
  'repeated',
] as const;
/**
 * merge: both profiles waited for the same firing; archived, paused, redefined: so was the trigger while the firing waited; limit: too many
 * wait; outcome: the wait ended in a way that the trigger does not deliver; late: the time of a schedule was reached long after it was due;
 * repeated: it has fired for that day of its schedule.
 */
export type SuppressionReason = (typeof SUPPRESSION_REASONS)[number];

export interface FiringSuppressed {
  readonly kind: 'firing-suppressed';
  readonly id: string;
  readonly entity: Entity;
  readonly trigger: string;
  readonly revision: number;
  readonly effectiveAt: number;
  readonly recordedAt: number;
  readonly why: SuppressionReason;
  readonly cause: string;
  readonly on: FiringCause;
  /** What the firing would have carried: the values that the trigger's payload and condition name. */
  readonly values: readonly NamedValue[];
  /** The segments that the profile was in, of those that the trigger's condition names. */
  readonly memberships: readonly string[];
  /** Log time of the latest firing for this profile, where it was suppressed for its frequency. */
  readonly lastFiredAt?: number | undefined;
  /** Of a trigger that waits for something, where the wait had ended. */
  readonly outcome?: WaitOutcome | undefined;
}

/** A revision of a workspace's catalogue takes effect at this position. */
export interface CatalogueActivated {
  readonly kind: 'catalogue-activated';
  readonly id: string;
  readonly workspace: string;
  readonly revision: number;
  readonly author: string;
  readonly activatedAt: number;
  /** UTF-8 JSON of the whole catalogue. */
  readonly catalogue: Uint8Array;
  /** The workspace had events before: new definitions are seeded from them before they take effect. */
  readonly historic?: boolean | undefined;
  /** Orders what has the same revision (docs/adr/0007-backfill.md); undefined stands for the revision. */
  readonly step?: number | undefined;
}

/** From here on decisions are made by this version of the logic. */
export interface LogicActivated {
  readonly kind: 'logic-activated';
  readonly id: string;
  readonly version: number;
}

/** Time passed: timers due at or before `dueAt` fire. */
export interface Tick {
  readonly kind: 'tick';
  readonly id: string;
  readonly dueAt: number;
}

export type LogRecord =
  | Event
  | EventResolved
  | ProfileCreated
  | IdentifierLinked
  | IdentifierRefused
  | ProfilesMerged
  | AccountCreated
  | AccountLinked
  | AccountUnlinked
  | CurrentAccountChanged
  | ErasureRequested
  | ProfileErased
  | IdentifierQuarantined
  | QuarantineDecided
  | QuarantineEnded
  | MemberContributed
  | StateTransferred
  | MergeCompleted
  | AttributesChanged
  | EventMatched
  | SegmentChanged
  | MemberFound
  | ScheduleReached
  | TriggerFired
  | FiringSuppressed
  | DeliveryAttempted
  | CatalogueActivated
  | Seeded
  | SeedCompleted
  | DefinitionsSwitched
  | BackfillOrdered
  | LogicActivated
  | Tick;

export type RecordKind = LogRecord['kind'];

type WithoutId<T> = T extends unknown ? Omit<T, 'id'> : never;

/** A fact before the stage loop has given it its id. */
export type FactBody = WithoutId<Exclude<LogRecord, Event>>;

/** The entity whose state a record touches first; undefined for records of no entity. */
export function entityOf(record: LogRecord): Entity | undefined {
  switch (record.kind) {
    case 'event':
    case 'profiles-merged':
    case 'erasure-requested':
    case 'quarantine-decided':
    case 'catalogue-activated':
    case 'seeded':
    case 'seed-completed':
    case 'definitions-switched':
    case 'backfill-ordered':
    case 'logic-activated':
    case 'tick':
    case 'delivery-attempted':
      return undefined;
    case 'state-transferred':
      return record.to;
    default:
      return record.entity;
  }
}

/** Marks a place that the type checker proves unreachable. */
export function assertNever(value: never): never {
  throw new Error(`unexpected ${JSON.stringify(value)}`);
}

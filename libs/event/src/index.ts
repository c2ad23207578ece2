export type { AccountCreated, AccountLinked, AccountUnlinked, CurrentAccountChanged } from './account-record.js';
export { CHANGE_REASONS, type ChangeReason } from './change-reason.js';
export {
  compareNumbers,
  DECIMAL_SCALE,
  Decimal,
  decimalFromText,
  dividedUnits,
  type ExactNumber,
  numberFromUnits,
  QUOTIENT_DIGITS,
  quotientHalfEven,
  unitsFromText,
  unitsOf,
  unitsToText,
} from './decimal.js';
export { DELIVERY_OUTCOMES, type DeliveryAttempted, type DeliveryOutcome } from './delivery-record.js';
export type { Entity, Identifier } from './entity.js';
export type { ErasureRequested, ProfileErased } from './erasure-record.js';
export { EVENT_TYPES, type Event, type EventType } from './event-record.js';
export { parseExactJson, stringifyExactJson } from './exact-json.js';
export {
  ATTEMPTS_STREAM,
  askSubject,
  attemptsSubject,
  backfillsSubject,
  catalogueSubject,
  DELIVERIES_STREAM,
  DELIVERY_DESK_SUBJECT,
  deadLettersSubject,
  deliveriesSubject,
  erasureSubject,
  eventsSubject,
  LOG_NAMES,
  type LogName,
  logicSubject,
  partitionFilters,
  partitionOfSubject,
  partitionSubject,
  projectionSubject,
  quarantineSubject,
  redeliveriesSubject,
  rejectedSubject,
  STAGE_NAMES,
  type StageName,
  seedsSubject,
  streamOf,
  UNDELIVERED_STREAM,
  undeliveredSubject,
  writerOf,
} from './log.js';
export type { MemberContributed } from './member-record.js';
export {
  adoptMerges,
  completeUpstream,
  isHeld,
  type MergeState,
  noMerges,
  openMerge,
  releaseMerges,
  takeTransfer,
} from './merge-state.js';
export { fnv1a32, partitionOf } from './partition.js';
export {
  type IdentifierQuarantined,
  QUARANTINE_DECISIONS,
  type QuarantineDecided,
  type QuarantineDecision,
  type QuarantineEnded,
} from './quarantine-record.js';
export {
  type AttributeChange,
  type AttributesChanged,
  assertNever,
  type CatalogueActivated,
  type EventMatched,
  type EventOccurrence,
  type EventResolved,
  entityOf,
  type FactBody,
  type FiringCause,
  type FiringSuppressed,
  type IdentifierLinked,
  type KnownNow,
  type LogicActivated,
  type LogRecord,
  type MemberFound,
  type Membership,
  type MembershipCorrection,
  type MergeCompleted,
  type ProfileCreated,
  type ProfilesMerged,
  type RecordKind,
  type SegmentChanged,
  type StateTransferred,
  SUPPRESSION_REASONS,
  type SuppressionReason,
  type Tick,
  type TriggerFired,
  WAIT_OUTCOMES,
  type WaitOutcome,
} from './record.js';
export { type IdentifierRefused, REFUSAL_REASONS, type RefusalReason } from './refusal-record.js';
export type { ScheduleOccurrence, ScheduleReached } from './schedule-record.js';
export {
  BACKFILL_ORDERS,
  type BackfillOrder,
  type BackfillOrdered,
  type DefinitionsSwitched,
  type SeedCompleted,
  type Seeded,
  type SeededEvent,
} from './seed-record.js';
export { durationMs } from './time.js';
export {
  compareText,
  compareValues,
  equalValues,
  type NamedValue,
  Timestamp,
  typeOfValue,
  VALUE_TYPES,
  type Value,
  type ValueType,
} from './value.js';

/** Decides which triggers fire on a record, which of their firings wait, and which are not made and why. */
import type { Frequency } from '@attrium/catalogue';
import type {
  ChangeReason,
  FiringCause,
  Identifier,
  NamedValue,
  SuppressionReason,
  Value,
  WaitOutcome,
} from '@attrium/event';
import { decideBeforehand, decideFinally, type Subject } from './decision.js';
import type { EntityRow } from './entity.js';
import { firedName } from './fired-book.js';
import { deferredUntil } from './permission.js';
import type { Plan, PlannedTrigger } from './plan.js';
import { subjectOfTold, type TellingRecord, type Told, toldBy } from './told.js';
import { type Deferred, hasRoom, textSizeOf, type WaitingFiring } from './waiting.js';

/** A time of a schedule is made up for up to this long after it was due, by the times of the log. */
export const LATE_MS_MAX = 6 * 3_600_000;

/** What every fact of a firing says. */
export interface FiringHead {
  readonly trigger: string;
  readonly revision: number;
  readonly effectiveAt: number;
  readonly cause: string;
  readonly on: FiringCause;
  /** Of a trigger that waits for something, where the wait has ended. */
  readonly outcome?: WaitOutcome | undefined;
}

export type Outcome =
  | {
      readonly kind: 'fires';
      readonly head: FiringHead;
      readonly reason: ChangeReason;
      readonly values: readonly NamedValue[];
      readonly identifiers: readonly Identifier[];
      /** Under which it is noted, and the log time that frequency is measured by, ms. */
      readonly name: string;
      readonly at: number;
    }
  | {
      readonly kind: 'suppressed';
      readonly head: FiringHead;
      readonly why: SuppressionReason;
      /** What decided: the values that the firing would have carried, the segments of `if`, and the firing before. */
      readonly values: readonly NamedValue[];
      readonly memberships: readonly string[];
      readonly lastFiredAt: number | undefined;
    }
  | { readonly kind: 'waits'; readonly firing: WaitingFiring };

/**
 * For each trigger that watches for what the record tells of. A trigger watches for one thing, so that it fires at most once on a record.
 * Corrections of the past fire nothing, backfills only what asks for them, beside those who were members already. `now`: log time of the decision, ms. `emit` is called at once for each, so that the next one sees what it changed. `step`: of the catalogue that the record came under.
 */
export function decideFirings(
  rowOf: () => EntityRow | undefined,
  { plan, now, emit }: { readonly plan: Plan; readonly now: number; emit(outcome: Outcome): void },
  record: TellingRecord,
  step: number,
): void {
  const told = toldBy(record);
  const isBackfill = told.reason === 'backfill' && record.kind !== 'member-found';
  let subject: Subject | undefined;
  const decide = (triggers: readonly PlannedTrigger[] | undefined, on: () => FiringCause): void => {
    for (const trigger of triggers ?? []) {
      if (isBackfill && !trigger.onBackfill) continue;
      subject ??= subjectOfTold(told);
      emit(decideOccasion(trigger, rowOf(), subject, { told, step, now, on: on() }));
    }
  };
  if (record.kind === 'event-matched') {
    const trigger = plan.onMatched.get(record.definition);
    if (trigger !== undefined) decide([trigger], () => occurredOf(record.name, trigger, told));
    return;
  }
  if (record.kind === 'member-found') {
    const trigger = plan.onPresent.get(record.definition);
    if (trigger !== undefined) decide([trigger], () => ({ kind: 'segment-present', ...record.member }));
    return;
  }
  if (record.kind === 'schedule-reached') {
    const trigger = plan.onSchedule.get(record.definition);
    if (trigger !== undefined) decide([trigger], () => ({ kind: record.kind, occurrence: record.occurrence }));
    return;
  }
  for (const { segment, at } of record.entered) {
    decide(plan.onEntered.get(segment), () => ({ kind: 'segment-entered', segment, at }));
  }
  for (const { segment, at } of record.exited) {
    decide(plan.onExited.get(segment), () => ({ kind: 'segment-exited', segment, at }));
  }
  for (const each of record.changes) {
    const watching = plan.onChanged.get(each.name)?.filter((trigger) => trigger.watches(each));
    decide(watching, () => ({ kind: 'attribute-changed', change: each }));
  }
}

/** Only the properties that the trigger names leave. */
function occurredOf(
  name: string,
  { properties }: PlannedTrigger,
  { cause: id, effectiveAt, properties: all }: Told,
): FiringCause {
  const named = all.filter((property) => properties.includes(property.name));
  return { kind: 'event-occurred', event: { id, name, occurredAt: effectiveAt, properties: named } };
}

interface Occasion {
  readonly told: Told;
  readonly step: number;
  readonly now: number;
  readonly on: FiringCause;
}

function decideOccasion(
  trigger: PlannedTrigger,
  row: EntityRow | undefined,
  subject: Subject,
  { told, step, now, on }: Occasion,
): Outcome {
  const { waits, frequency } = trigger;
  const { revision, effectiveAt, recordedAt: at, cause, reason, identifiers } = told;
  const head: FiringHead = { trigger: trigger.name, revision, effectiveAt, cause, on };
  const values = carriedBy(trigger, subject);
  const memberships = trigger.segments.filter(subject.inSegment);
  const name = firedName(trigger.name, keyOf(frequency, subject, told));
  const last = row?.fired.get(name);
  const suppressed = (why: SuppressionReason, lastFiredAt?: number, of = head): Outcome => ({
    ...{ kind: 'suppressed', head: of, why, memberships, lastFiredAt },
    values: toldOf(why, trigger, values, subject.values),
  });
  const missed = missedOf(on, row?.days.get(trigger.name), at);
  if (missed !== undefined) return suppressed(missed, missed === 'repeated' ? last?.recordedAt : undefined);
  const waitUntil = (dueAt: number, deferred?: Deferred): Outcome => {
    const kept = keptFor(trigger, values, memberships);
    const size = textSizeOf(on, kept.values);
    const firing: WaitingFiring = {
      name,
      dueAt,
      reason,
      recordedAt: at,
      step,
      ...head,
      ...kept,
      size,
      ...(deferred && { deferred }),
    };
    return hasRoom(row?.waiting ?? [], firing) ? { kind: 'waits', firing } : suppressed('limit');
  };
  const decideNow = (of: FiringHead): Outcome => {
    const verdict = decideFinally(trigger, { at, now, subject, values: subject.values, last });
    if (verdict.kind === 'fires') return { kind: 'fires', head: of, reason, values, identifiers, name, at };
    const quietEnd = verdict.why === 'quiet_hours' ? deferredUntil(trigger.permission, subject.values, now) : undefined;
    if (quietEnd !== undefined) return waitUntil(quietEnd, { since: now, outcome: of.outcome });
    return suppressed(verdict.why, verdict.lastFiredAt, of);
  };
  if (trigger.waitKey === undefined) return decideNow(head);
  const dueAt = at + (waits?.ms ?? 0);
  const verdict = decideBeforehand(trigger, { at: dueAt, now, subject, values: subject.values, last });
  if (verdict.kind === 'suppressed') return suppressed(verdict.why, verdict.lastFiredAt);
  if (frequency.kind !== 'every' && row?.waiting.some((each) => each.name === name)) return suppressed('frequency');
  if (waits === undefined) return decideNow(head);
  if (waits.until?.(subject) === true) {
    const happened: FiringHead = { ...head, outcome: 'happened' };
    return waits.outcomes.includes('happened') ? decideNow(happened) : suppressed('outcome', undefined, happened);
  }
  return waitUntil(dueAt);
}

/** Of a schedule, why its time is not one to fire at; `day`: the latest that the trigger has fired for. */
function missedOf(on: FiringCause, day: string | undefined, at: number): 'late' | 'repeated' | undefined {
  if (on.kind !== 'schedule-reached') return undefined;
  if (day !== undefined && on.occurrence.day <= day) return 'repeated';
  return at - on.occurrence.at > LATE_MS_MAX ? 'late' : undefined;
}

/** Where `if` is asked again, the firing will carry what is known then. */
function keptFor({ recheck }: PlannedTrigger, values: NamedValue[], memberships: string[]) {
  return recheck ? { values: [], memberships: [] } : { values, memberships };
}

/** The value that a frequency with a key is asked about. */
function keyOf(
  frequency: Frequency,
  { values }: Subject,
  { properties }: Told,
): { value: Value | undefined } | undefined {
  if (frequency.kind === 'every') return undefined;
  const { key, property } = frequency;
  if (property !== undefined) return { value: properties.find(({ name }) => name === property)?.value };
  return key === undefined ? undefined : { value: values.get(key) };
}

/** What a suppressed firing says that it would have carried; where its purpose forbade it, also the values that told so. */
export function toldOf(
  why: SuppressionReason,
  { asked }: PlannedTrigger,
  values: readonly NamedValue[],
  all: ReadonlyMap<string, Value>,
): readonly NamedValue[] {
  if (why !== 'consent' && why !== 'quiet_hours') return values;
  const more = asked.flatMap((name): NamedValue[] => {
    const value = values.some((each) => each.name === name) ? undefined : all.get(name);
    return value === undefined ? [] : [{ name, value }];
  });
  return [...values, ...more];
}

/** The values that the firing carries. */
export function carriedBy({ payload }: PlannedTrigger, { values }: Subject): NamedValue[] {
  return payload.flatMap((name) => {
    const value = values.get(name);
    return value === undefined ? [] : [{ name, value }];
  });
}

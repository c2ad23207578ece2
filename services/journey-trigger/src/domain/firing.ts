/** Decides which triggers fire on a change, and which do not and why. */
import { type Frequency, isUnnamed } from '@attrium/catalogue';
import type { ConditionSubject } from '@attrium/condition';
import { assertNever, type FiringCause, type NamedValue, type SegmentChanged, type Value } from '@attrium/event';
import type { EntityRow } from './entity.js';
import { type Fired, firedName } from './fired-book.js';
import type { Plan, PlannedTrigger } from './plan.js';

export type Outcome =
  | {
      readonly kind: 'fires';
      readonly trigger: string;
      readonly on: FiringCause;
      readonly values: NamedValue[];
      readonly name: string;
    }
  | {
      readonly kind: 'suppressed';
      readonly trigger: string;
      readonly on: FiringCause;
      readonly why: 'condition' | 'frequency';
      /** What decided: the values that the firing would have carried, the segments of `if`, and the firing before. */
      readonly values: NamedValue[];
      readonly memberships: string[];
      readonly lastFiredAt: number | undefined;
    };

/**
 * For each trigger that watches for one of the changes: first its condition, over what the change carries, then its frequency. A trigger
 * watches for one thing, so that it fires at most once on a change. Corrections of the past fire nothing; backfills only what asks for them.
 */
export function decideFirings(row: EntityRow | undefined, plan: Plan, change: SegmentChanged): Outcome[] {
  const isBackfill = change.reason === 'backfill';
  const outcomes: Outcome[] = [];
  let subject: Subject | undefined;
  const decide = (triggers: readonly PlannedTrigger[] | undefined, on: () => FiringCause): void => {
    for (const trigger of triggers ?? []) {
      if (isBackfill && !trigger.onBackfill) continue;
      subject ??= subjectOf(change);
      outcomes.push(decideTrigger(trigger, row, subject, change, on()));
    }
  };
  for (const { segment, at } of change.entered) {
    decide(plan.onEntered.get(segment), () => ({ kind: 'segment-entered', segment, at }));
  }
  for (const { segment, at } of change.exited) {
    decide(plan.onExited.get(segment), () => ({ kind: 'segment-exited', segment, at }));
  }
  for (const each of change.changes) {
    const watching = plan.onChanged.get(each.name)?.filter((trigger) => trigger.watches(each));
    decide(watching, () => ({ kind: 'attribute-changed', change: each }));
  }
  return outcomes;
}

function decideTrigger(
  trigger: PlannedTrigger,
  row: EntityRow | undefined,
  subject: Subject,
  change: SegmentChanged,
  on: FiringCause,
): Outcome {
  const { name, condition, frequency, segments } = trigger;
  const values = carriedBy(trigger, subject);
  const memberships = segments.filter(subject.inSegment);
  if (condition !== undefined && !condition(subject)) {
    return { kind: 'suppressed', trigger: name, on, why: 'condition', values, memberships, lastFiredAt: undefined };
  }
  const noted = firedName(name, keyOf(frequency, subject));
  const last = row?.fired.get(noted);
  if (last !== undefined && !mayFireAgain(trigger, last, change)) {
    const lastFiredAt = last.recordedAt;
    return { kind: 'suppressed', trigger: name, on, why: 'frequency', values, memberships, lastFiredAt };
  }
  return { kind: 'fires', trigger: name, on, values, name: noted };
}

/** The value that a frequency with a key is asked about. */
function keyOf(frequency: Frequency, { values }: Subject): { value: Value | undefined } | undefined {
  if (frequency.kind === 'every' || frequency.key === undefined) return undefined;
  return { value: values.get(frequency.key) };
}

function carriedBy({ payload }: PlannedTrigger, { values }: Subject): NamedValue[] {
  return payload.flatMap((name) => {
    const value = values.get(name);
    return value === undefined ? [] : [{ name, value }];
  });
}

/** By log time, which is monotone and the same in every replay. */
function mayFireAgain({ frequency }: PlannedTrigger, last: Fired, { recordedAt }: SegmentChanged): boolean {
  switch (frequency.kind) {
    case 'every':
      return true;
    case 'once':
      return false;
    case 'once_per':
      return recordedAt - last.recordedAt >= frequency.periodMs;
    default:
      return assertNever(frequency);
  }
}

interface Subject extends ConditionSubject {
  readonly values: ReadonlyMap<string, Value>;
}

function subjectOf(change: SegmentChanged): Subject {
  const values = new Map(change.values.map(({ name, value }) => [name, value]));
  const memberships = new Set(change.memberships);
  return {
    values,
    attribute: (name) => values.get(name) ?? (isUnnamed(name) ? false : undefined),
    property: () => undefined,
    inSegment: (name) => memberships.has(name),
  };
}

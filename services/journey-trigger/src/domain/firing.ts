/** Decides which triggers fire on a change, and which do not and why. */
import { type Frequency, isUnnamed } from '@attrium/catalogue';
import type { FiringCause, NamedValue, SegmentChanged, SuppressionReason, Value } from '@attrium/event';
import { decideFinally, type Subject } from './decision.js';
import type { EntityRow } from './entity.js';
import { firedName } from './fired-book.js';
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
      readonly why: SuppressionReason;
      /** What decided: the values that the firing would have carried, those that consent and quiet hours ask for where they decided, the segments of `if`, and the firing before. */
      readonly values: NamedValue[];
      readonly memberships: string[];
      readonly lastFiredAt: number | undefined;
    };

/**
 * For each trigger that watches for one of the changes: what `decideFinally` says, over what the change carries. A trigger watches for one
 * thing, so that it fires at most once on a change. Corrections of the past fire nothing; backfills only what asks for them. `now`: log time
 * of the decision, ms.
 */
export function decideFirings(row: EntityRow | undefined, plan: Plan, change: SegmentChanged, now: number): Outcome[] {
  const isBackfill = change.reason === 'backfill';
  const outcomes: Outcome[] = [];
  let subject: Subject | undefined;
  const decide = (triggers: readonly PlannedTrigger[] | undefined, on: () => FiringCause): void => {
    for (const trigger of triggers ?? []) {
      if (isBackfill && !trigger.onBackfill) continue;
      subject ??= subjectOf(change);
      outcomes.push(decideTrigger(trigger, row, subject, { change, now, on: on() }));
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

interface Occasion {
  readonly change: SegmentChanged;
  readonly now: number;
  readonly on: FiringCause;
}

function decideTrigger(
  trigger: PlannedTrigger,
  row: EntityRow | undefined,
  subject: Subject,
  { change, now, on }: Occasion,
): Outcome {
  const { name, frequency, asked, payload, segments } = trigger;
  const values = carriedBy(payload, subject);
  const memberships = segments.filter(subject.inSegment);
  const noted = firedName(name, keyOf(frequency, subject));
  const moment = { at: change.recordedAt, now, subject, values: subject.values, last: row?.fired.get(noted) };
  const verdict = decideFinally(trigger, moment);
  if (verdict.kind === 'suppressed') {
    const { why, lastFiredAt } = verdict;
    const isOfPurpose = why === 'consent' || why === 'quiet_hours';
    const told = isOfPurpose ? carriedBy([...new Set([...payload, ...asked])], subject) : values;
    return { kind: 'suppressed', trigger: name, on, why, values: told, memberships, lastFiredAt };
  }
  return { kind: 'fires', trigger: name, on, values, name: noted };
}

/** The value that a frequency with a key is asked about. */
function keyOf(frequency: Frequency, { values }: Subject): { value: Value | undefined } | undefined {
  if (frequency.kind === 'every' || frequency.key === undefined) return undefined;
  return { value: values.get(frequency.key) };
}

function carriedBy(names: readonly string[], { values }: Subject): NamedValue[] {
  return names.flatMap((name) => {
    const value = values.get(name);
    return value === undefined ? [] : [{ name, value }];
  });
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

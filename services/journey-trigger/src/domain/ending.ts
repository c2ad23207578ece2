/** Decides what becomes of a firing whose wait has ended: by the trigger as it is now, and by what is known of the entity. */
import type { SuppressionReason, WaitOutcome } from '@attrium/event';
import { decideFinally } from './decision.js';
import type { EntityRow } from './entity.js';
import { carriedBy, type Outcome, toldOf } from './firing.js';
import { type Known, subjectOfKnown } from './known.js';
import { deferredUntil } from './permission.js';
import { type Plan, type PlannedTrigger, presenceKeyOf } from './plan.js';
import { DEFER_MS_MAX, type WaitingFiring } from './waiting.js';

export interface Ending {
  /** Undefined: a delay is over. */
  readonly outcome: WaitOutcome | undefined;
  /** Log time, ms: what frequency is measured by. */
  readonly at: number;
  readonly effectiveAt: number;
}

/** Whether the catalogue has had what has this key all the time since a step. */
export type IsKept = (key: string, step: number) => boolean;

export function endWait(
  row: EntityRow,
  firing: WaitingFiring,
  known: Known,
  { plan, isKept }: { readonly plan: Plan; readonly isKept: IsKept },
  { outcome, at, effectiveAt }: Ending,
): Outcome {
  const { name, cause, on, reason } = firing;
  const head = { trigger: firing.trigger, revision: plan.revision, effectiveAt, cause, on, outcome };
  const trigger = plan.triggers.get(firing.trigger);
  const gone = endedBy(firing, trigger, isKept);
  if (gone !== undefined || trigger === undefined) {
    return { kind: 'suppressed', head, why: gone ?? 'redefined', values: [], memberships: [], lastFiredAt: undefined };
  }
  const { recheck, waits } = trigger;
  const subject = subjectOfKnown(known);
  const values = recheck ? carriedBy(trigger, subject) : firing.values;
  const memberships = recheck ? trigger.segments.filter(subject.inSegment) : firing.memberships;
  const suppressed = (why: SuppressionReason, lastFiredAt?: number): Outcome => ({
    ...{ kind: 'suppressed', head, why, memberships, lastFiredAt },
    values: toldOf(why, trigger, values, known.values),
  });
  if (trigger.paused) return suppressed('paused');
  if (outcome !== undefined && waits?.outcomes.includes(outcome) === false) return suppressed('outcome');
  // Quiet hours are judged by when the wait ended, not by when somebody was there to see it.
  const moment = { at, now: at, values: known.values, last: row.fired.get(name) };
  const verdict = decideFinally(trigger, { ...moment, subject: recheck ? subject : undefined });
  if (verdict.kind === 'suppressed') {
    const quietEnd = verdict.why === 'quiet_hours' ? deferredUntil(trigger.permission, known.values, at) : undefined;
    const since = firing.deferred?.since ?? at;
    if (quietEnd === undefined || quietEnd - since > DEFER_MS_MAX) return suppressed(verdict.why, verdict.lastFiredAt);
    return { kind: 'waits', firing: { ...firing, dueAt: quietEnd, deferred: { since, outcome } } };
  }
  return { kind: 'fires', head, reason, values, identifiers: known.identifiers, name, at };
}

/** What happened to the trigger meanwhile, if that ends the wait. */
export function endedBy(
  { trigger: name, revision, step = revision }: WaitingFiring,
  trigger: PlannedTrigger | undefined,
  isKept: IsKept,
): SuppressionReason | undefined {
  if (trigger === undefined || !isKept(presenceKeyOf(name), step)) return 'archived';
  return trigger.waitKey === undefined || !isKept(trigger.waitKey, step) ? 'redefined' : undefined;
}

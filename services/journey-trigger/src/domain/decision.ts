/** The last decision: whether a firing that is about to be made is made. Every firing passes here, at once, delayed or waited for. */
import type { Frequency } from '@attrium/catalogue';
import type { ConditionSubject, Predicate } from '@attrium/condition';
import { assertNever, type SuppressionReason, type Value } from '@attrium/event';
import type { Fired } from './fired-book.js';
import { type PermissionRules, refusalOf } from './permission.js';

/** What of a trigger decides. */
export interface DecidedBy {
  readonly frequency: Frequency;
  /** The `if`; undefined: always true. */
  readonly condition: Predicate | undefined;
  readonly permission: PermissionRules;
}

/** What is known of the profile at the moment of the firing. */
export interface Subject extends ConditionSubject {
  readonly values: ReadonlyMap<string, Value>;
}

/** The moment at which the firing would be made. */
export interface Moment {
  /** Log time, ms: of the change that fires, or the time at which a timer was due. */
  readonly at: number;
  /** Log time of the decision, ms, which may be later than that of the change: what quiet hours are judged by. */
  readonly now: number;
  /** Undefined where the condition is not asked again: it was true at the cause, and that counts. */
  readonly subject: Subject | undefined;
  /** The profile's values as they are now: consent and the zone are asked again in any case. */
  readonly values: ReadonlyMap<string, Value>;
  /** The latest firing that the frequency is about; undefined for none. */
  readonly last: Fired | undefined;
}

export type Verdict =
  | { readonly kind: 'fires' }
  | {
      readonly kind: 'suppressed';
      readonly why: SuppressionReason;
      /** Log time of the firing before, where that decided. */
      readonly lastFiredAt?: number | undefined;
    };

const FIRES: Verdict = { kind: 'fires' };

/** What the definition alone says: first its condition, then its frequency. */
export function decideBeforehand({ condition, frequency }: DecidedBy, { at, subject, last }: Moment): Verdict {
  if (subject !== undefined && condition !== undefined && !condition(subject)) {
    return { kind: 'suppressed', why: 'condition' };
  }
  if (last !== undefined && !mayFireAgain(frequency, last, at)) {
    return { kind: 'suppressed', why: 'frequency', lastFiredAt: last.recordedAt };
  }
  return FIRES;
}

/** At the moment of the firing: then consent and quiet hours, which only this moment decides. */
export function decideFinally(trigger: DecidedBy, moment: Moment): Verdict {
  const verdict = decideBeforehand(trigger, moment);
  if (verdict.kind === 'suppressed') return verdict;
  const refusal = refusalOf(trigger.permission, moment.values, moment.now);
  return refusal === undefined ? FIRES : { kind: 'suppressed', why: refusal };
}

/** By log time, which is monotone and the same in every replay. Once false, later firings keep it false for the same moment. */
export function mayFireAgain(frequency: Frequency, last: Fired, at: number): boolean {
  switch (frequency.kind) {
    case 'every':
      return true;
    case 'once':
      return false;
    case 'once_per':
      return at - last.recordedAt >= frequency.periodMs;
    default:
      return assertNever(frequency);
  }
}

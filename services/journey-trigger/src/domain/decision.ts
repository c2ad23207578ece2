/** The last decision: whether a firing that is about to be made is made. Every firing passes here, at once, delayed or waited for. */
import type { Frequency } from '@attrium/catalogue';
import type { ConditionSubject, Predicate } from '@attrium/condition';
import { assertNever, type SuppressionReason, type Value } from '@attrium/event';
import type { Fired } from './fired-book.js';

/** What of a trigger decides. */
export interface DecidedBy {
  readonly frequency: Frequency;
  /** The `if`; undefined: always true. */
  readonly condition: Predicate | undefined;
}

/** What is known of the profile at the moment of the firing. */
export interface Subject extends ConditionSubject {
  readonly values: ReadonlyMap<string, Value>;
}

/** The moment at which the firing would be made. */
export interface Moment {
  /** Log time, ms: of the change that fires, or the time at which a timer was due. */
  readonly at: number;
  /** Undefined where the condition is not asked again: it was true at the cause, and that counts. */
  readonly subject: Subject | undefined;
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

/** At the moment of the firing. What only this moment decides goes here; before a wait begins it is not asked. */
export function decideFinally(trigger: DecidedBy, moment: Moment): Verdict {
  return decideBeforehand(trigger, moment);
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

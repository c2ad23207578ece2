/** Firings that wait, and in which order they end. */
import type { FiringCause, WaitOutcome } from '@attrium/event';
import type { TriggerText } from '../definitions.js';
import { mayWait } from './needs.js';
import { dayOf, type Telling } from './occasions.js';
import type { Rules } from './rules.js';

export interface Wait {
  readonly trigger: string;
  readonly keyed: string;
  readonly dueAt: number;
  readonly recordedAt: number;
  readonly effectiveAt: number;
  /** Of the catalogue that its cause came under. */
  readonly step: number;
  readonly cause: string;
  readonly reason: string;
  readonly on: FiringCause;
  readonly values: readonly string[];
  readonly memberships: readonly string[];
  /** Since when it waits for the end of quiet hours, and how its wait before had ended. */
  readonly deferred?: { readonly since: number; readonly outcome?: WaitOutcome | undefined };
}

export interface Ending {
  readonly outcome: WaitOutcome | undefined;
  readonly at: number;
  readonly effectiveAt: number;
}

export const byDue = (a: Wait, b: Wait): number => {
  const texts = (wait: Wait): string => `${wait.keyed} ${wait.cause} ${JSON.stringify(wait.on)}`;
  return a.dueAt - b.dueAt || a.recordedAt - b.recordedAt || (texts(a) < texts(b) ? -1 : 1);
};

/** Whether one of the two is enough. `isEvery`: each firing counts, only not twice for a day of a schedule. */
export function areOne(a: Wait, b: Wait, isEvery: boolean): boolean {
  if (!isEvery) return a.keyed === b.keyed;
  return a.trigger === b.trigger && dayOf(a.on) !== undefined && dayOf(a.on) === dayOf(b.on);
}

export function waitingTrigger({ trigger }: Wait, { catalogue }: Rules): TriggerText | undefined {
  return catalogue.triggers.find(
    (each) => each.name === trigger && each.state !== 'archived' && mayWait(each, catalogue),
  );
}

export function instantOf(change: Telling): { effectiveAt: number; cause: string; reason: string } {
  if (change.kind === 'segment-changed') return change;
  if (change.kind === 'member-found') {
    return { effectiveAt: change.activatedAt, cause: `catalogue:${change.activatedBy}`, reason: 'backfill' };
  }
  if (change.kind === 'schedule-reached') {
    const { at } = change.occurrence;
    return { effectiveAt: at, cause: `timer:${at}`, reason: 'window' };
  }
  return { effectiveAt: change.occurredAt, cause: change.eventId, reason: 'event' };
}

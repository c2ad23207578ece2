/** Firings that wait, and in which order they end. */
import type { FiringCause, WaitOutcome } from '@attrium/event';
import type { TriggerText } from '../definitions.js';
import { mayWait } from './needs.js';
import type { Telling } from './occasions.js';
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

export function waitingTrigger({ trigger }: Wait, { catalogue }: Rules): TriggerText | undefined {
  return catalogue.triggers.find((each) => each.name === trigger && each.state !== 'archived' && mayWait(each));
}

export function instantOf(change: Telling): { effectiveAt: number; cause: string; reason: string } {
  if (change.kind === 'segment-changed') return change;
  return { effectiveAt: change.occurredAt, cause: change.eventId, reason: 'event' };
}

/** Firings that wait: for a time, or for something to happen. What decides their end is in `ending.ts`. */
import { type ChangeReason, compareText, type FiringCause, type NamedValue } from '@attrium/event';

export interface WaitingFiring {
  readonly trigger: string;
  /** Under which it is noted once it fires: see `firedName`. */
  readonly name: string;
  /** When the wait ends at the latest, log time, ms. */
  readonly dueAt: number;
  /** Of what caused it. */
  readonly recordedAt: number;
  readonly effectiveAt: number;
  readonly revision: number;
  readonly cause: string;
  readonly reason: ChangeReason;
  readonly on: FiringCause;
  /** At the cause: what the firing carries where its trigger does not ask again, and the segments of its condition. */
  readonly values: readonly NamedValue[];
  readonly memberships: readonly string[];
}

/** Firings that may wait for one entity; one more is suppressed, with this reason. */
export const WAITING_MAX = 100;

/** The earliest due first; a total order of what differs at all. */
export function compareWaiting(a: WaitingFiring, b: WaitingFiring): number {
  return (
    a.dueAt - b.dueAt ||
    a.recordedAt - b.recordedAt ||
    compareText(a.name, b.name) ||
    compareText(a.cause, b.cause) ||
    compareText(JSON.stringify(a.on), JSON.stringify(b.on))
  );
}

export interface SettledWaits {
  readonly stay: WaitingFiring[];
  /** One of the same name is due earlier, and one is enough. */
  readonly merged: WaitingFiring[];
  /** Beyond the limit: those that are due last. */
  readonly beyond: WaitingFiring[];
}

/** The waits of merged entities as those of one; in any order of merging, to the same end. `isEvery`: each of a trigger's firings counts. */
export function settleWaits(waiting: readonly WaitingFiring[], isEvery: (trigger: string) => boolean): SettledWaits {
  const stay: WaitingFiring[] = [];
  const merged: WaitingFiring[] = [];
  const names = new Set<string>();
  for (const each of [...waiting].sort(compareWaiting)) {
    if (!isEvery(each.trigger) && names.has(each.name)) merged.push(each);
    else stay.push(each);
    names.add(each.name);
  }
  return { stay, merged, beyond: stay.splice(WAITING_MAX) };
}

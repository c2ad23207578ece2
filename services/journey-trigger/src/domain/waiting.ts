/** Firings that wait: for a time, or for something to happen. What decides their end is in `ending.ts`. */
import { type ChangeReason, compareText, type FiringCause, type NamedValue, type WaitOutcome } from '@attrium/event';

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
  /** Of the catalogue that its cause came under; undefined stands for the revision. */
  readonly step?: number | undefined;
  readonly cause: string;
  readonly reason: ChangeReason;
  readonly on: FiringCause;
  /** At the cause: what the firing carries where its trigger does not ask again, and the segments of its condition. */
  readonly values: readonly NamedValue[];
  readonly memberships: readonly string[];
  /** Code units of the texts in it. */
  readonly size: number;
  /** Set once it waits for the end of quiet hours. */
  readonly deferred?: Deferred | undefined;
}

export interface Deferred {
  /** Since when, log time, ms. */
  readonly since: number;
  /** How what it had waited for before had ended. */
  readonly outcome?: WaitOutcome | undefined;
}

/** How long quiet hours may defer a firing in all; one that meets them again after that is suppressed. */
export const DEFER_MS_MAX = 7 * 86_400_000;

/** Firings that may wait for one entity; one more is suppressed, with this reason. */
export const WAITING_MAX = 100;
/** Code units of all their texts together: what a merge hands over has to fit one message. */
export const WAITING_SIZE_MAX = 1_000_000;

/** Whether one more may wait. */
export function hasRoom(waiting: readonly WaitingFiring[], { size }: WaitingFiring): boolean {
  return waiting.length < WAITING_MAX && waiting.reduce((sum, each) => sum + each.size, size) <= WAITING_SIZE_MAX;
}

export function textSizeOf(on: FiringCause, values: readonly NamedValue[]): number {
  return JSON.stringify([on, values], (_key, value: unknown) => (typeof value === 'bigint' ? `${value}` : value))
    .length;
}

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
  /** Beyond a limit: those that are due last. */
  readonly beyond: WaitingFiring[];
}

/** What a trigger that fires every time fires for only once: a day of its schedule. */
function occasionOf({ trigger, on }: WaitingFiring): string | undefined {
  return on.kind === 'schedule-reached' ? `${trigger} ${on.occurrence.day}` : undefined;
}

/** The waits of merged entities as those of one; within the limit of sizes in any order of merging to the same end. `isEvery`: each of a trigger's firings counts. */
export function settleWaits(waiting: readonly WaitingFiring[], isEvery: (trigger: string) => boolean): SettledWaits {
  const stay: WaitingFiring[] = [];
  const merged: WaitingFiring[] = [];
  const beyond: WaitingFiring[] = [];
  const names = new Set<string>();
  for (const each of [...waiting].sort(compareWaiting)) {
    const name = isEvery(each.trigger) ? occasionOf(each) : each.name;
    if (name !== undefined && names.has(name)) merged.push(each);
    else if (beyond.length === 0 && hasRoom(stay, each)) stay.push(each);
    else beyond.push(each);
    if (name !== undefined) names.add(name);
  }
  return { stay, merged, beyond };
}

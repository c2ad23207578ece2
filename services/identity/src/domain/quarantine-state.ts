/** What is remembered of identifiers by which merges are held: an entry each, and a list of them for every workspace. */
import type { Identifier } from '@attrium/event';

/** held: nobody has decided yet. released: merges by it are never held again. refused: it counts in no event any more. */
export const QUARANTINE_STATUSES = ['held', 'released', 'refused'] as const;
export type QuarantineStatus = (typeof QUARANTINE_STATUSES)[number];

export interface QuarantineEntry {
  readonly identifier: Identifier;
  status: QuarantineStatus;
  /** Log time of the first merge by it that was held. */
  readonly heldAt: number;
  /** Of the latest. */
  lastAt: number;
  /** Events that would have merged by it. */
  events: number;
  /** Ordinals of the profiles that these went to, each once: they are merged when it is released. At most `profilesPerHeldMax`. */
  profiles: number[];
  /** Events that went to a profile for which there was no room in `profiles`. */
  unremembered: number;
  /** Who decided last, and when in log time. */
  decision?: { readonly by: string; readonly at: number } | undefined;
}

/** Of one workspace. */
export interface QuarantineList {
  /** Number of the next entry, from 1 on. */
  next: number;
  /** Numbers of entries, rising: those that wait for a decision, and those that had one. */
  held: number[];
  decided: number[];
  /** Events whose merge was held while there was no room for another entry. */
  unlisted: number;
}

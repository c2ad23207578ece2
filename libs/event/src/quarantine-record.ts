/** What is put into quarantine because a profile was merged with too many others, and what somebody decides about it. */
import type { Entity, Identifier } from './entity.js';

/** Merges by an identifier are held from here on, because too many profiles were merged into its own. */
export interface IdentifierQuarantined {
  readonly kind: 'identifier-quarantined';
  readonly id: string;
  /** The profile that the identifier belongs to. */
  readonly entity: Entity;
  readonly identifier: Identifier;
  /** Merges into the profile that were within the window. */
  readonly merges: number;
  readonly cause: string;
  readonly occurredAt: number;
}

/** release: what is held is merged, and the identifier is held no more. refuse: it counts in no event any more. */
export const QUARANTINE_DECISIONS = ['release', 'refuse'] as const;
export type QuarantineDecision = (typeof QUARANTINE_DECISIONS)[number];

/** Somebody has decided about an identifier. Appended to `events`, so that a replay decides the same. */
export interface QuarantineDecided {
  readonly kind: 'quarantine-decided';
  readonly id: string;
  readonly workspace: string;
  readonly identifier: Identifier;
  readonly decision: QuarantineDecision;
  readonly author: string;
  readonly decidedAt: number;
}

/** What a decision about an identifier has come to. */
export interface QuarantineEnded {
  readonly kind: 'quarantine-ended';
  readonly id: string;
  /** The profile that the identifier belongs to, after it. */
  readonly entity: Entity;
  readonly identifier: Identifier;
  readonly decision: QuarantineDecision;
  readonly author: string;
  /** Profiles that became one with it. */
  readonly merged: number;
  /** Profiles that did not, because a limit would have been broken. */
  readonly limited: number;
  /** Id of the decision. */
  readonly cause: string;
  readonly occurredAt: number;
}

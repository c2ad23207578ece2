/** Records of a backfill: new definitions are seeded from history, and then take effect (docs/adr/0007-backfill.md). */
import type { Entity } from './entity.js';
import type { Event } from './event-record.js';

/** An event of history with the entity it belonged to; what no reducer reads is missing. */
export interface SeededEvent {
  readonly entity: Entity;
  readonly event: Event;
}

/**
 * Events of history for the definitions that `revision` put into preparation. As the owner of a partition sends them to itself they begin at
 * `after` and are folded only where the partition stands there; forwarded to the survivor of a merge they name their `keys`.
 */
export interface Seeded {
  readonly kind: 'seeded';
  readonly id: string;
  readonly workspace: string;
  readonly revision: number;
  /** Places in the order of the table; empty before its first row. */
  readonly after: string;
  readonly upTo: string;
  /** There is no more in this partition. */
  readonly isLast: boolean;
  readonly events: readonly SeededEvent[];
  /** Of forwarded events: the states that they are for, and the step at which those began; else empty and 0. */
  readonly keys: readonly string[];
  readonly step: number;
}

/** One partition has folded all of its history. May come more than once. */
export interface SeedCompleted {
  readonly kind: 'seed-completed';
  readonly id: string;
  readonly workspace: string;
  readonly revision: number;
  readonly partition: number;
}

export const BACKFILL_ORDERS = ['pause', 'resume', 'cancel'] as const;
export type BackfillOrder = (typeof BACKFILL_ORDERS)[number];

/** Somebody has ordered this of what a revision put into preparation. What is cancelled stays as it was before until a later revision. */
export interface BackfillOrdered {
  readonly kind: 'backfill-ordered';
  readonly id: string;
  readonly workspace: string;
  readonly revision: number;
  readonly order: BackfillOrder;
  readonly author: string;
}

/** Every partition has: what the revision put into preparation takes effect. `page` 0 is of identity; then one record a page of entities. */
export interface DefinitionsSwitched {
  readonly kind: 'definitions-switched';
  readonly id: string;
  readonly workspace: string;
  readonly revision: number;
  readonly page: number;
}

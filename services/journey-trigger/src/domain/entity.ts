/** One entity as this stage keeps it: what fired for it. Rows are changed in place. */
import type { Entity, MergeState, SegmentChanged } from '@attrium/event';
import { type FiredBook, forgetOldKeys, mergeFired } from './fired-book.js';

export interface EntityRow {
  readonly kind: 'entity';
  readonly entity: Entity;
  /** Kept when a trigger leaves the catalogue, so that once stays once should it come back. */
  readonly fired: FiredBook;
  /** Undefined while the entity never took part in a merge. */
  merges: MergeState | undefined;
  /** Changes that arrived while the entity was held, in order of time. */
  kept: SegmentChanged[];
}

/** What stays of an entity that was merged into another. */
export interface PointerRow {
  readonly kind: 'pointer';
  readonly mergedInto: Entity;
}

export type Row = EntityRow | PointerRow;

/** Changes that one held entity keeps back; what comes beyond is dropped, visibly. */
export const KEPT_MAX = 1_000;

export function newEntity(entity: Entity): EntityRow {
  return { kind: 'entity', entity, fired: new Map(), merges: undefined, kept: [] };
}

/** Notes a firing under its name; returns how many old keys were forgotten by the limit. */
export function foldFiring(row: EntityRow, name: string, change: SegmentChanged): number {
  const { effectiveAt, recordedAt } = change;
  row.fired.set(name, mergeFired(row.fired.get(name), { effectiveAt, recordedAt, count: 1 }));
  return forgetOldKeys(row.fired);
}

/** Keeps changes back until the release; returns how many were dropped by the limit. */
export function keepBack(row: EntityRow, changes: readonly SegmentChanged[]): number {
  row.kept.push(...changes);
  // Both lists are in order of time already; the sort is stable, so each keeps its own order.
  row.kept.sort((a, b) => a.recordedAt - b.recordedAt);
  const dropped = Math.max(0, row.kept.length - KEPT_MAX);
  if (dropped > 0) row.kept.length = KEPT_MAX;
  return dropped;
}

/** What the limits made a row lose. */
export interface Lost {
  readonly changes: number;
  readonly keys: number;
}

/** Folds the state of an entity that was merged into this one: once stays once. */
export function foldLoser(row: EntityRow, loser: EntityRow): Lost {
  for (const [name, fired] of loser.fired) row.fired.set(name, mergeFired(row.fired.get(name), fired));
  return { changes: keepBack(row, loser.kept), keys: forgetOldKeys(row.fired) };
}

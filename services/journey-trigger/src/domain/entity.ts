/** One entity as this stage keeps it: what fired for it. Rows are changed in place. */
import type { Entity, MergeState, SegmentChanged } from '@attrium/event';

/** The firings of one trigger for one entity. */
export interface Fired {
  /** Of the latest firing, ms. */
  readonly effectiveAt: number;
  /** Log time of the change that fired it latest, ms: what frequency is measured by. */
  readonly recordedAt: number;
  readonly count: number;
}

export interface EntityRow {
  readonly kind: 'entity';
  readonly entity: Entity;
  /** By trigger; kept when a trigger leaves the catalogue, so that once stays once should it come back. */
  readonly fired: Map<string, Fired>;
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

export function foldFiring(row: EntityRow, trigger: string, change: SegmentChanged): void {
  const { effectiveAt, recordedAt } = change;
  row.fired.set(trigger, mergeFired(row.fired.get(trigger), { effectiveAt, recordedAt, count: 1 }));
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

/** Folds the state of an entity that was merged into this one: once stays once. Returns how many kept changes were dropped by the limit. */
export function foldLoser(row: EntityRow, loser: EntityRow): number {
  for (const [trigger, fired] of loser.fired) row.fired.set(trigger, mergeFired(row.fired.get(trigger), fired));
  return keepBack(row, loser.kept);
}

function mergeFired(a: Fired | undefined, b: Fired): Fired {
  if (a === undefined) return b;
  return {
    effectiveAt: Math.max(a.effectiveAt, b.effectiveAt),
    recordedAt: Math.max(a.recordedAt, b.recordedAt),
    count: a.count + b.count,
  };
}

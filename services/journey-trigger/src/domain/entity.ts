/** One entity as this stage keeps it: what fired for it, and what waits. Rows are changed in place. */
import { type Entity, isHeld, type MergeState } from '@attrium/event';
import { type FiredBook, forgetOldKeys, mergeFired } from './fired-book.js';
import type { Known } from './known.js';
import { type KeptRecord, recordedAtOf } from './told.js';
import type { WaitingFiring } from './waiting.js';

export interface EntityRow {
  readonly kind: 'entity';
  readonly entity: Entity;
  /** Kept when a trigger leaves the catalogue, so that once stays once should it come back. */
  readonly fired: FiredBook;
  /** Undefined while the entity never took part in a merge. */
  merges: MergeState | undefined;
  /** Records that arrived while the entity was held, in order of time. */
  kept: KeptRecord[];
  waiting: WaitingFiring[];
  /** By trigger with a schedule, the latest local date that it has fired or waits for. */
  readonly days: Map<string, string>;
  /** While something waits, or the entity is held. */
  known: Known | undefined;
  /** When the entity's timer is due, ms; undefined for none. */
  due: number | undefined;
}

/** What stays of an entity that was merged into another. */
export interface PointerRow {
  readonly kind: 'pointer';
  readonly mergedInto: Entity;
}

export type Row = EntityRow | PointerRow;

/** Changes and events that one held entity keeps back; what comes beyond is dropped, visibly. */
export const KEPT_MAX = 1_000;

export function newEntity(entity: Entity): EntityRow {
  const nothing = { merges: undefined, known: undefined, due: undefined };
  return { kind: 'entity', entity, fired: new Map(), days: new Map(), kept: [], waiting: [], ...nothing };
}

/** While a merge is open here, nothing is decided for the entity. */
export function isHeldRow({ merges }: EntityRow): boolean {
  return merges !== undefined && isHeld(merges);
}

/** Notes a firing under its name; returns how many old keys were forgotten by the limit. `at`: log time, ms. */
export function foldFiring(
  row: EntityRow,
  name: string,
  firing: { readonly effectiveAt: number; readonly at: number },
): number {
  const { effectiveAt, at: recordedAt } = firing;
  row.fired.set(name, mergeFired(row.fired.get(name), { effectiveAt, recordedAt, count: 1 }));
  return forgetOldKeys(row.fired);
}

/** Notes that a trigger has fired, or waits to, for a date of its schedule. */
export function foldDay({ days }: EntityRow, trigger: string, day: string): void {
  const before = days.get(trigger);
  if (before === undefined || before < day) days.set(trigger, day);
}

/** Keeps records back until the release; returns how many were dropped by the limit. */
export function keepBack(row: EntityRow, records: readonly KeptRecord[]): number {
  row.kept.push(...records);
  // Both lists are in order of time already; the sort is stable, so each keeps its own order.
  row.kept.sort((a, b) => recordedAtOf(a) - recordedAtOf(b));
  const dropped = Math.max(0, row.kept.length - KEPT_MAX);
  if (dropped > 0) {
    // What is known of the merged entity is of no use but whole: the last of it stays.
    const known = row.kept.findLast(({ kind }, index) => index >= KEPT_MAX && kind === 'merge-completed');
    row.kept.length = KEPT_MAX;
    if (known !== undefined) row.kept[KEPT_MAX - 1] = known;
  }
  return dropped;
}

/** What the limits made a row lose. */
export interface Lost {
  readonly changes: number;
  readonly keys: number;
}

/**
 * Folds the state of an entity that was merged into this one: once stays once, and what waits waits on. What was known of the other one says
 * nothing of this one.
 */
export function foldLoser(row: EntityRow, loser: EntityRow): Lost {
  for (const [name, fired] of loser.fired) row.fired.set(name, mergeFired(row.fired.get(name), fired));
  row.waiting = [...row.waiting, ...loser.waiting];
  for (const [trigger, day] of loser.days) foldDay(row, trigger, day);
  return { changes: keepBack(row, loser.kept), keys: forgetOldKeys(row.fired) };
}

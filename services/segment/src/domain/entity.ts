/** One entity as this stage keeps it: attribute values, memberships, identifiers. Rows are changed in place. */
import type { AttributeChange, ChangeReason, Entity, Identifier, MergeState, Value } from '@attrium/event';
import { membershipKeyOf, valueKeyOf } from './plan.js';

/** Attribute changes that arrived while the entity was held, for the triggers that asked for them. */
export interface KeptChanges {
  readonly effectiveAt: number;
  readonly recordedAt: number;
  readonly reason: ChangeReason;
  readonly cause: string;
  readonly changes: readonly AttributeChange[];
}

export interface EntityRow {
  readonly kind: 'entity';
  readonly entity: Entity;
  /** The catalogue that values and memberships were last brought in line with. */
  revision: number;
  /** The greatest `effectiveAt` of the changes folded: an event before it is late. */
  newestAt: number;
  readonly values: Map<string, Value>;
  /** By segment: member since, ms. */
  readonly memberships: Map<string, number>;
  identifiers: Identifier[];
  /** Undefined while the entity never took part in a merge. */
  merges: MergeState | undefined;
  /** Memberships of entities that were merged into this one since it is held: the earliest since of each segment. */
  readonly inherited: Map<string, number>;
  kept: KeptChanges[];
  /** Memberships that ended because their segment left the catalogue, since when; told at the next evaluation. */
  readonly ended: Map<string, number>;
}

/** What stays of an entity that was merged into another. */
export interface PointerRow {
  readonly kind: 'pointer';
  readonly mergedInto: Entity;
}

export type Row = EntityRow | PointerRow;

/** Records that one held entity keeps back; what comes beyond is dropped, visibly. */
export const KEPT_MAX = 1_000;

export function newEntity(entity: Entity): EntityRow {
  return {
    kind: 'entity',
    entity,
    revision: 0,
    newestAt: 0,
    values: new Map(),
    memberships: new Map(),
    identifiers: [],
    merges: undefined,
    inherited: new Map(),
    kept: [],
    ended: new Map(),
  };
}

/** Whether the catalogue has had what has this key all the time since a revision. */
export type IsKept = (key: string, revision: number) => boolean;

/**
 * Drops the values and memberships of what the catalogue has not had all the time since the row was brought in line: what was gone
 * meanwhile starts anew. Evaluate all segments then, as soon as the entity is not held.
 */
export function alignEntity(row: EntityRow, revision: number, isKept: IsKept): void {
  const { kind } = row.entity;
  const before = row.revision;
  if (before === revision) return;
  row.revision = revision;
  for (const name of row.values.keys()) if (!isKept(valueKeyOf(kind, name), before)) row.values.delete(name);
  for (const [segment, since] of row.memberships) {
    if (isKept(membershipKeyOf(kind, segment), before)) continue;
    row.memberships.delete(segment);
    row.ended.set(segment, since);
  }
  for (const segment of row.inherited.keys()) {
    if (!isKept(membershipKeyOf(kind, segment), before)) row.inherited.delete(segment);
  }
}

/** The row as it is after `alignEntity`; for reading only. */
export function alignedView(row: EntityRow, revision: number, isKept: IsKept): EntityRow {
  if (row.revision === revision) return row;
  const { values, memberships, inherited, ended } = row;
  const view = {
    ...row,
    values: new Map(values),
    memberships: new Map(memberships),
    inherited: new Map(inherited),
    ended: new Map(ended),
  };
  alignEntity(view, revision, isKept);
  return view;
}

export function foldChanges(row: EntityRow, changes: readonly AttributeChange[]): void {
  for (const { name, after } of changes) {
    if (after === undefined) row.values.delete(name);
    else row.values.set(name, after);
  }
}

export function foldIdentifiers(row: EntityRow, identifiers: readonly Identifier[]): void {
  for (const identifier of identifiers) {
    const { type, value } = identifier;
    if (!row.identifiers.some((known) => known.type === type && known.value === value))
      row.identifiers.push(identifier);
  }
}

/** Keeps changes back until the release; returns how many records were dropped by the limit. */
export function keepBack(row: EntityRow, kept: readonly KeptChanges[]): number {
  row.kept.push(...kept);
  // Both lists are in order of time already; the sort is stable, so each keeps its own order.
  row.kept.sort((a, b) => a.recordedAt - b.recordedAt);
  const dropped = Math.max(0, row.kept.length - KEPT_MAX);
  if (dropped > 0) row.kept.length = KEPT_MAX;
  return dropped;
}

/**
 * Folds the state of an entity that was merged into this one; commutative over losers. Its values are left: the stage before says
 * what the merge changed against the survivor's own. Returns how many kept records were dropped by the limit.
 */
export function foldLoser(row: EntityRow, loser: EntityRow): number {
  for (const memberships of [loser.memberships, loser.inherited]) {
    for (const [segment, since] of memberships) {
      row.inherited.set(segment, Math.min(since, row.inherited.get(segment) ?? since));
    }
  }
  row.newestAt = Math.max(row.newestAt, loser.newestAt);
  foldIdentifiers(row, loser.identifiers);
  return keepBack(row, loser.kept);
}

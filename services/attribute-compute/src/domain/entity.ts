/** One entity's attributes: the states that its events fold into, and the values that were published of them. Rows are changed in place. */
import { type AttributeChange, type Entity, equalValues, isHeld, type MergeState, type Value } from '@attrium/event';
import type { Contribution } from './payload.js';
import { type KindPlan, type PlannedAttribute, stateKeyOf, valueKeyOf } from './plan.js';
import type { State } from './state.js';
import { isFull } from './state-size.js';

/** Changed in place: a value of a busy attribute is published with every event. */
export interface Published {
  value: Value;
  /** What was the event time, or the due time, that made it so, ms. */
  effectiveAt: number;
}

export interface EntityRow {
  readonly kind: 'entity';
  readonly entity: Entity;
  /** The catalogue that the states and values were last brought in line with. */
  revision: number;
  /** By the attribute's key. */
  readonly states: Map<string, State>;
  /** By the attribute's name. */
  readonly published: Map<string, Published>;
  /** Undefined while the entity never took part in a merge. */
  merges: MergeState | undefined;
  /** When the entity's timer is due, ms; undefined for none. */
  due: number | undefined;
}

/** What stays of an entity that was merged into another. */
export interface PointerRow {
  readonly kind: 'pointer';
  readonly mergedInto: Entity;
}

export type Row = EntityRow | PointerRow;

export function newEntity(entity: Entity): EntityRow {
  return {
    kind: 'entity',
    entity,
    revision: 0,
    states: new Map(),
    published: new Map(),
    merges: undefined,
    due: undefined,
  };
}

/** Whether the catalogue has had what has this key all the time since a revision. */
export type IsKept = (key: string, revision: number) => boolean;

/** While a merge is open here, nothing is said of the entity. */
export function isHeldRow({ merges }: EntityRow): boolean {
  return merges !== undefined && isHeld(merges);
}

/**
 * Drops the states and values of attributes that the catalogue has not had all the time since the row was brought in line: what was gone
 * meanwhile starts anew, or else it would lack the events of that time. A changed meaning has a new key.
 */
export function alignEntity(row: EntityRow, revision: number, isKept: IsKept): void {
  const { kind } = row.entity;
  const before = row.revision;
  if (before === revision) return;
  row.revision = revision;
  for (const key of row.states.keys()) if (!isKept(stateKeyOf(kind, key), before)) row.states.delete(key);
  for (const name of row.published.keys()) if (!isKept(valueKeyOf(kind, name), before)) row.published.delete(name);
}

/** The row as it is after `alignEntity`; for reading only. */
export function alignedView(row: EntityRow, revision: number, isKept: IsKept): EntityRow {
  if (row.revision === revision) return row;
  const view = { ...row, states: new Map(row.states), published: new Map(row.published) };
  alignEntity(view, revision, isKept);
  return view;
}

export interface Folded {
  /** A window's next due time may have moved. */
  readonly moved: boolean;
  /** States that left their exact range with this event. */
  readonly approximated: number;
  /** Names of attributes whose state takes no more: the states of the entity are too large. */
  readonly refused: readonly string[];
}

const NONE: readonly string[] = [];

/** Folds what one event brings. */
export function foldEvent(
  row: EntityRow,
  event: { readonly id: string; readonly occurredAt: number },
  contributions: readonly Contribution[],
  now: number,
): Folded {
  let moved = false;
  let approximated = 0;
  let refused: string[] | undefined;
  for (let index = 0; index < contributions.length; index++) {
    const { attribute, value, units } = contributions[index]!;
    const { reducer, key } = attribute;
    let state = row.states.get(key);
    if (state === undefined) {
      state = reducer.empty();
      row.states.set(key, state);
    }
    const input = { at: event.occurredAt, id: event.id, value, units };
    if (isFull(row, state)) {
      refused ??= [];
      refused.push(attribute.name);
      continue;
    }
    const due = reducer.nextDue?.(state, now);
    const approximate = reducer.isApproximate?.(state);
    reducer.add(state, input, now);
    if (reducer.nextDue?.(state, now) !== due) moved = true;
    if (approximate === false && reducer.isApproximate!(state)) approximated++;
  }
  return { moved, approximated, refused: refused ?? NONE };
}

/** Folds the states of an entity that was merged into this one. What it published stays its own affair. */
export function foldStates(row: EntityRow, loser: EntityRow, plan: KindPlan, now: number): void {
  for (const [key, theirs] of loser.states) {
    const reducer = plan.byKey.get(key)?.reducer;
    if (reducer === undefined) continue;
    const mine = row.states.get(key);
    if (mine === undefined) {
      row.states.set(key, theirs);
      continue;
    }
    reducer.prune?.(mine, now);
    reducer.prune?.(theirs, now);
    row.states.set(key, reducer.merge(mine, theirs));
  }
}

/** Drops what left the windows by `asOf`. */
export function pruneWindows(row: EntityRow, plan: KindPlan, asOf: number): void {
  for (const { key, reducer } of plan.windowed) {
    const state = row.states.get(key);
    if (state !== undefined) reducer.prune?.(state, asOf);
  }
}

/** The first time after `asOf` at which some value may change by itself. */
export function nextDueOf(row: EntityRow, plan: KindPlan, asOf: number): number | undefined {
  let next: number | undefined;
  for (const { key, reducer } of plan.windowed) {
    const state = row.states.get(key);
    if (state === undefined) continue;
    const due = reducer.nextDue!(state, asOf);
    if (due !== undefined && (next === undefined || due < next)) next = due;
  }
  return next;
}

/** Compares the values of some attributes with the published ones, publishes those that differ and returns them. */
export function publishChanges(
  row: EntityRow,
  attributes: Iterable<PlannedAttribute>,
  asOf: number,
  effectiveAt: number,
): AttributeChange[] {
  const changes: AttributeChange[] = [];
  for (const { name, key, reducer, initial } of attributes) {
    const state = row.states.get(key);
    if (state === undefined) continue;
    const after = reducer.value(state, asOf);
    const published = row.published.get(name);
    const before = published?.value;
    if (equalValues(before ?? initial, after)) continue;
    if (after === undefined) row.published.delete(name);
    else if (published === undefined) row.published.set(name, { value: after, effectiveAt });
    else {
      published.value = after;
      published.effectiveAt = effectiveAt;
    }
    changes.push({ name, before, after });
  }
  return changes;
}

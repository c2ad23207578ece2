/** One entity's attributes: the states that its events fold into, and the values that were published of them. Rows are changed in place. */
import { type AttributeChange, type Entity, equalValues, isHeld, type MergeState, type Value } from '@attrium/event';
import type { Contribution } from './payload.js';
import { type KindPlan, type PlannedAttribute, stateKeyOf, valueKeyOf } from './plan.js';
import { NO_REDUCER } from './planned-formula.js';
import type { State } from './state.js';
import { isFull } from './state-size.js';

/** Changed in place: a value of a busy attribute is published with every event. */
export interface Published {
  value: Value;
  /** What was the event time, or the due time, that made it so, ms. */
  effectiveAt: number;
}

/** The place of one attribute in a row: tags of the name that its value has and of the key that its state has. */
export interface Slot {
  readonly nameTag: string;
  readonly keyTag: string;
}

export interface EntityRow {
  readonly kind: 'entity';
  readonly entity: Entity;
  /** The step of the catalogue that the states and values were last brought in line with. */
  revision: number;
  /** What the entries of `states` and `published` are of: the attributes of the plan, once the row has been brought in line with it. */
  slots: readonly Slot[];
  states: (State | undefined)[];
  published: (Published | undefined)[];
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
    slots: [],
    states: [],
    published: [],
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
 * Gives the row the slots of the plan. Drops the states and values of attributes that the catalogue has not had all the time since the row
 * was brought in line: what was gone meanwhile starts anew, or else it would lack the events of that time. A changed meaning has a new key.
 */
export function alignEntity(row: EntityRow, plan: KindPlan, revision: number, isKept: IsKept): void {
  const { attributes } = plan;
  if (row.slots === attributes && row.revision === revision) return;
  const { kind } = row.entity;
  const before = row.revision;
  const { slots, states, published } = row;
  row.revision = revision;
  row.slots = attributes;
  row.states = new Array(attributes.length).fill(undefined);
  row.published = new Array(attributes.length).fill(undefined);
  for (let index = 0; index < slots.length; index++) {
    const { nameTag, keyTag } = slots[index]!;
    const ofState = plan.byKeyTag.get(keyTag);
    if (ofState !== undefined && (before === revision || isKept(stateKeyOf(kind, ofState.key), before))) {
      row.states[ofState.slot] = states[index];
    }
    const ofValue = plan.byNameTag.get(nameTag);
    if (ofValue !== undefined && (before === revision || isKept(valueKeyOf(kind, ofValue.name), before))) {
      row.published[ofValue.slot] = published[index];
    }
  }
}

/** The row as it is after `alignEntity`; for reading only. */
export function alignedView(row: EntityRow, plan: KindPlan, revision: number, isKept: IsKept): EntityRow {
  if (row.slots === plan.attributes && row.revision === revision) return row;
  const view = { ...row };
  alignEntity(view, plan, revision, isKept);
  return view;
}

/** The names of which a row that is in line with the plan has published a value. */
export function publishedNames(row: EntityRow, plan: KindPlan): string[] {
  return plan.attributes.filter(({ slot }) => row.published[slot] !== undefined).map(({ name }) => name);
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
export function foldEvent(row: EntityRow, contributions: readonly Contribution[], now: number): Folded {
  let moved = false;
  let approximated = 0;
  let refused: string[] | undefined;
  for (let index = 0; index < contributions.length; index++) {
    const contribution = contributions[index]!;
    const { reducer, slot } = contribution.attribute;
    let state = row.states[slot];
    if (state === undefined) {
      state = reducer.empty();
      row.states[slot] = state;
    }
    if (isFull(row.states, state)) {
      refused ??= [];
      refused.push(contribution.attribute.name);
      continue;
    }
    const due = reducer.nextDue?.(state, now);
    const approximate = reducer.isApproximate?.(state);
    reducer.add(state, contribution, now);
    if (reducer.nextDue?.(state, now) !== due) moved = true;
    if (approximate === false && reducer.isApproximate!(state)) approximated++;
  }
  return { moved, approximated, refused: refused ?? NONE };
}

/** Folds the states of an entity that was merged into this one, both in line with the plan. What it published stays its own affair. */
export function foldStates(row: EntityRow, loser: EntityRow, plan: KindPlan, now: number): void {
  for (const { slot, reducer } of plan.attributes) {
    const theirs = loser.states[slot];
    if (theirs === undefined) continue;
    const mine = row.states[slot];
    if (mine === undefined) {
      row.states[slot] = theirs;
      continue;
    }
    reducer.prune?.(mine, now);
    reducer.prune?.(theirs, now);
    row.states[slot] = reducer.merge(mine, theirs);
  }
}

/** Drops what left the windows by `asOf`. */
export function pruneWindows(row: EntityRow, plan: KindPlan, asOf: number): void {
  for (const { slot, reducer } of plan.windowed) {
    const state = row.states[slot];
    if (state !== undefined) reducer.prune?.(state, asOf);
  }
}

/** The first time after `asOf` at which some value may change by itself. */
export function nextDueOf(row: EntityRow, plan: KindPlan, asOf: number): number | undefined {
  let next: number | undefined;
  for (const { slot, shadow, reducer } of plan.windowed) {
    const state = row.states[slot];
    if (state === undefined || shadow) continue;
    const due = reducer.nextDue!(state, asOf);
    if (due !== undefined && (next === undefined || due < next)) next = due;
  }
  return next;
}

/** Publishes the values of these attributes that differ from the published ones, and returns the changes. */
export function publishChanges(
  row: EntityRow,
  attributes: readonly PlannedAttribute[],
  at: PublishedAt,
): AttributeChange[] {
  const changes: AttributeChange[] = [];
  for (let index = 0; index < attributes.length; index++) publishChange(row, attributes[index]!, at, changes);
  return changes;
}

/** As `publishChanges`, of what an event brought something to. */
export function publishContributions(
  row: EntityRow,
  contributions: readonly Contribution[],
  at: PublishedAt,
): AttributeChange[] {
  const changes: AttributeChange[] = [];
  for (let index = 0; index < contributions.length; index++) {
    publishChange(row, contributions[index]!.attribute, at, changes);
  }
  return changes;
}

export interface PublishedAt {
  /** "Now" of windows, ms. */
  readonly asOf: number;
  /** Since when the values hold, ms. */
  readonly effectiveAt: number;
}

/** As `publishChanges`, of everything after a switch: a value whose new state has taken nothing ends. Formulas follow from the rest. */
export function publishSwitched(row: EntityRow, plan: KindPlan, at: PublishedAt): AttributeChange[] {
  const changes: AttributeChange[] = [];
  for (const attribute of plan.attributes) {
    const { slot, name, shadow, reducer } = attribute;
    const published = row.published[slot];
    if (row.states[slot] !== undefined || shadow || published === undefined || reducer === NO_REDUCER) {
      publishChange(row, attribute, at, changes);
    } else {
      row.published[slot] = undefined;
      changes.push({ name, before: published.value, after: undefined });
    }
  }
  return changes;
}

function publishChange(
  row: EntityRow,
  { slot, name, shadow, reducer, initial }: PlannedAttribute,
  { asOf, effectiveAt }: PublishedAt,
  changes: AttributeChange[],
): void {
  if (shadow) return;
  const state = row.states[slot];
  if (state === undefined) return;
  const after = reducer.value(state, asOf);
  const before = row.published[slot]?.value;
  if (equalValues(before ?? initial, after)) return;
  publishValue(row, slot, after, effectiveAt);
  changes.push({ name, before, after });
}

/** What is published from now on. */
export function publishValue(row: EntityRow, slot: number, after: Value | undefined, effectiveAt: number): void {
  const published = row.published[slot];
  if (after === undefined) row.published[slot] = undefined;
  else if (published === undefined) row.published[slot] = { value: after, effectiveAt };
  else {
    published.value = after;
    published.effectiveAt = effectiveAt;
  }
}

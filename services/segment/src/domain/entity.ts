/** One entity as this stage keeps it: attribute values, memberships, identifiers. Rows are changed in place. */
import {
  type AttributeChange,
  type ChangeReason,
  compareText,
  type Entity,
  type EventMatched,
  type Identifier,
  type MergeState,
  type Value,
} from '@attrium/event';
import { type Agenda, mergeAgendas } from './agenda.js';
import { type KindPlan, membershipKeyOf, valueKeyOf } from './plan.js';

/** Attribute changes, or an event, that arrived while the entity was held, for the triggers that asked for them. */
export interface KeptChanges {
  readonly effectiveAt: number;
  readonly recordedAt: number;
  readonly reason: ChangeReason;
  readonly cause: string;
  readonly changes: readonly AttributeChange[];
  readonly event?: MatchedEvent | undefined;
}

/** An event that a trigger asked for. */
export type MatchedEvent = Pick<EventMatched, 'definition' | 'eventId' | 'name' | 'occurredAt' | 'propertyValues'>;

/** What a row knows an attribute or a segment by: that of the plan, once the row has been brought in line with it. */
export interface Named {
  readonly name: string;
}

/** Which segments of the plan are in a list of memberships; true as long as the row has that very list. Never stored. */
export interface MemberIndex {
  of: readonly Named[];
  /** A bit for each segment, by its place in the plan. */
  readonly words: number[];
}

export interface EntityRow {
  readonly kind: 'entity';
  readonly entity: Entity;
  /** The catalogue that values and memberships were last brought in line with. */
  revision: number;
  /** The greatest `effectiveAt` of the changes folded: an event before it is late. */
  newestAt: number;
  /** What the entries of `values` are of. */
  slots: readonly Named[];
  values: (Value | undefined)[];
  /** Segments that the entity is in, in the order in which it entered them, and at the same places since when, ms. */
  members: readonly Named[];
  since: readonly number[];
  /** Derived from `members`. */
  memberIndex?: MemberIndex;
  identifiers: readonly Identifier[];
  /** Undefined while the entity never took part in a merge. */
  merges: MergeState | undefined;
  /** Memberships of entities that were merged into this one since it is held: the earliest since of each segment. */
  inherited: Map<string, number> | undefined;
  kept: KeptChanges[] | undefined;
  /** Memberships that ended because their segment left the catalogue, since when; told at the next evaluation. */
  ended: Map<string, number> | undefined;
  agenda: Agenda;
  /** The latest sweep for members of today that has asked this entity out of its turn; 0 for none. */
  asked: number;
  /** Sweeps that came while the entity was held: they ask it when the hold ends. */
  owed: readonly OwedSweep[] | undefined;
}

/** A sweep by its trigger and the revision with which that became active; the same in all partitions. */
export interface OwedSweep {
  readonly trigger: string;
  readonly activatedBy: number;
  readonly segment: string;
}

/** What stays of an entity that was merged into another. */
export interface PointerRow {
  readonly kind: 'pointer';
  readonly mergedInto: Entity;
}

export type Row = EntityRow | PointerRow;

/** Records that one held entity keeps back; what comes beyond is dropped, visibly. */
export const KEPT_MAX = 1_000;

const NOTHING: readonly never[] = [];

/**
 * What most rows never have is absent, and short lists are replaced, not added to: an empty map in each row, and the room that a list keeps
 * when it grows, would be most of its memory.
 */
export function newEntity(entity: Entity, asked = 0): EntityRow {
  return {
    kind: 'entity',
    entity,
    revision: 0,
    newestAt: 0,
    slots: NOTHING,
    values: [],
    members: NOTHING,
    since: NOTHING,
    identifiers: NOTHING,
    merges: undefined,
    inherited: undefined,
    kept: undefined,
    ended: undefined,
    asked,
    owed: undefined,
    agenda: undefined,
  };
}

/** Whether the catalogue has had what has this key all the time since a revision. */
export type IsKept = (key: string, revision: number) => boolean;

/** Whether values and memberships stand as this plan has them. */
export function isInLine(row: EntityRow, plan: KindPlan, revision: number): boolean {
  return row.slots === plan.attributes && row.revision === revision;
}

/**
 * Gives the row the slots of the plan. Drops the values and memberships of what the catalogue has not had all the time since the row was
 * brought in line: what was gone meanwhile starts anew. Evaluate all segments when the revision was another one, as soon as the entity is
 * not held.
 */
export function alignEntity(row: EntityRow, plan: KindPlan, revision: number, isKept: IsKept): void {
  if (isInLine(row, plan, revision)) return;
  const before = row.revision;
  const { kind } = row.entity;
  const stays = (key: string): boolean => before === revision || isKept(key, before);
  row.revision = revision;
  alignValues(row, plan, ({ name }) => stays(valueKeyOf(kind, name)));
  if (row.members.length > 0) alignMembers(row, plan, ({ name }) => stays(membershipKeyOf(kind, name)));
  for (const name of row.inherited?.keys() ?? NOTHING) {
    if (!stays(membershipKeyOf(kind, name))) row.inherited!.delete(name);
  }
}

function alignValues(row: EntityRow, plan: KindPlan, stays: (named: Named) => boolean): void {
  const { slots, values } = row;
  row.slots = plan.attributes;
  row.values = new Array<Value | undefined>(plan.attributes.length).fill(undefined);
  for (let slot = 0; slot < slots.length; slot++) {
    const attribute = plan.attributeOf.get(slots[slot]!.name);
    if (attribute !== undefined && stays(attribute)) row.values[attribute.slot] = values[slot];
  }
}

function alignMembers(row: EntityRow, plan: KindPlan, stays: (named: Named) => boolean): void {
  const { members, since } = row;
  row.members = NOTHING;
  row.since = NOTHING;
  for (let index = 0; index < members.length; index++) {
    const { name } = members[index]!;
    const segment = plan.segmentOf.get(name);
    if (segment !== undefined && stays(segment)) addMember(row, segment, since[index]!);
    else {
      row.ended ??= new Map();
      row.ended.set(name, since[index]!);
    }
  }
}

/** The row as it is after `alignEntity`; for reading only. */
export function alignedView(row: EntityRow, plan: KindPlan, revision: number, isKept: IsKept): EntityRow {
  if (isInLine(row, plan, revision)) return row;
  const { inherited, ended } = row;
  const view = {
    ...row,
    inherited: inherited === undefined ? undefined : new Map(inherited),
    ended: ended === undefined ? undefined : new Map(ended),
  };
  alignEntity(view, plan, revision, isKept);
  return view;
}

export function addMember(row: EntityRow, segment: Named, since: number): void {
  row.members = row.members.concat(segment);
  row.since = row.since.concat(since);
}

export function removeMember(row: EntityRow, at: number): void {
  row.members = row.members.filter((_, index) => index !== at);
  row.since = row.since.filter((_, index) => index !== at);
}

export function moveMember(row: EntityRow, at: number, since: number): void {
  row.since = row.since.with(at, since);
}

/** The names of the segments that the row has memberships of, ended ones too. */
export function publishedNames({ members, ended }: EntityRow): string[] {
  return [...new Set([...members.map(({ name }) => name), ...(ended?.keys() ?? [])])];
}

/** The row is in line with the plan. A change of what the catalogue does not have says nothing any more. */
export function foldChanges(row: EntityRow, plan: KindPlan, changes: readonly AttributeChange[]): void {
  const { values } = row;
  for (let index = 0; index < changes.length; index++) {
    const { name, after } = changes[index]!;
    const attribute = plan.attributeOf.get(name);
    if (attribute !== undefined) values[attribute.slot] = after;
  }
}

export function foldIdentifiers(row: EntityRow, identifiers: readonly Identifier[]): void {
  for (const identifier of identifiers) {
    if (!holds(row.identifiers, identifier)) row.identifiers = row.identifiers.concat(identifier);
  }
}

function holds(identifiers: readonly Identifier[], { type, value }: Identifier): boolean {
  for (let index = 0; index < identifiers.length; index++) {
    const known = identifiers[index]!;
    if (known.value === value && known.type === type) return true;
  }
  return false;
}

/** Keeps changes back until the release; returns how many records were dropped by the limit. */
export function keepBack(row: EntityRow, added: readonly KeptChanges[]): number {
  if (added.length === 0) return 0;
  const kept = [...(row.kept ?? []), ...added];
  // Both lists are in order of time already; the sort is stable, so each keeps its own order.
  kept.sort((a, b) => a.recordedAt - b.recordedAt);
  const dropped = Math.max(0, kept.length - KEPT_MAX);
  if (dropped > 0) kept.length = KEPT_MAX;
  row.kept = kept;
  return dropped;
}

/**
 * Folds the state of an entity that was merged into this one; commutative over losers. Its values are left: the stage before says
 * what the merge changed against the survivor's own. Returns how many kept records were dropped by the limit.
 */
export function foldLoser(row: EntityRow, loser: EntityRow): number {
  for (const [index, { name }] of loser.members.entries()) inherit(row, name, loser.since[index]!);
  for (const [segment, since] of loser.inherited ?? []) inherit(row, segment, since);
  row.newestAt = Math.max(row.newestAt, loser.newestAt);
  foldIdentifiers(row, loser.identifiers);
  foldOwed(row, loser.owed);
  row.agenda = mergeAgendas(row.agenda, loser.agenda);
  return keepBack(row, loser.kept ?? []);
}

function inherit(row: EntityRow, segment: string, since: number): void {
  row.inherited ??= new Map();
  row.inherited.set(segment, Math.min(since, row.inherited.get(segment) ?? since));
}

/** Who is in the segment itself was asked, and has been told, or will be. */
function foldOwed(row: EntityRow, owed: readonly OwedSweep[] | undefined): void {
  const isMember = (segment: string): boolean => row.members.some(({ name }) => name === segment);
  owe(
    row,
    (owed ?? []).filter(({ segment }) => !isMember(segment)),
  );
}

/** Each sweep once, in an order that does not depend on that of merging. */
export function owe(row: EntityRow, added: readonly OwedSweep[]): void {
  if (added.length === 0) return;
  const owed = [...(row.owed ?? [])];
  for (const each of added) {
    const isSame = ({ trigger, activatedBy }: OwedSweep): boolean =>
      trigger === each.trigger && activatedBy === each.activatedBy;
    const { trigger, activatedBy, segment } = each;
    if (!owed.some(isSame)) owed.push({ trigger, activatedBy, segment });
  }
  row.owed = owed.sort((a, b) => compareText(a.trigger, b.trigger) || a.activatedBy - b.activatedBy);
}

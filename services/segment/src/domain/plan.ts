/** A catalogue as this stage uses it: which segments an attribute concerns, and which triggers a change. Derived, never stored. */
import {
  type CompiledAttribute,
  type CompiledCatalogue,
  type CompiledSegment,
  type CompiledTrigger,
  definitionOfWait,
  isUnnamed,
  mayWait,
  type Schedule,
  stableHash,
} from '@attrium/catalogue';
import { compileCondition, type Predicate } from '@attrium/condition';
import type { AttributeChange, Entity, Value } from '@attrium/event';

export interface PlannedSegment {
  readonly name: string;
  /** Its place in the order of reading. */
  readonly index: number;
  readonly holds: Predicate;
}

export interface PlannedAttribute {
  readonly name: string;
  /** Its place in the rows that are in line with the plan. */
  readonly slot: number;
  /** The segments whose condition reads it, directly or through other segments, in the order of reading. */
  readonly readers: readonly PlannedSegment[];
  /** Some trigger asks for its changes. */
  readonly isWatched: boolean;
}

/** The attributes and segments of one kind of entity. */
export interface KindPlan {
  /** In the order of their slots. */
  readonly attributes: readonly PlannedAttribute[];
  readonly attributeOf: ReadonlyMap<string, PlannedAttribute>;
  /** Each after those that it reads. */
  readonly segments: readonly PlannedSegment[];
  readonly segmentOf: ReadonlyMap<string, PlannedSegment>;
  /** Of the triggers that may fire, in the order of the catalogue. */
  readonly schedules: readonly PlannedSchedule[];
}

/** A trigger that fires for the members of a segment at times of the day. */
export interface PlannedSchedule extends PlannedTrigger {
  readonly trigger: string;
  readonly segment: string;
  readonly schedule: Schedule;
  /** Identity, over all revisions of a catalogue, of what it says of segment and times. */
  readonly key: string;
}

/** What a trigger needs to know when it is concerned. */
export interface PlannedTrigger {
  /** Attributes that its firing carries and that its condition reads. */
  readonly attributes: readonly string[];
  /** Segments that its condition reads. */
  readonly segments: readonly string[];
}

/** A trigger that fires for those who are in its segment when it becomes active. */
export interface PlannedPresence extends PlannedTrigger {
  readonly trigger: string;
  readonly kind: Entity['kind'];
  readonly segment: string;
  /** It fires for those who enter later, too. */
  readonly enters: boolean;
  readonly perSecond: number;
}

export interface Plan {
  readonly revision: number;
  /** Rises with each catalogue that takes effect: what rows are brought in line with. */
  readonly step: number;
  readonly profile: KindPlan;
  readonly account: KindPlan;
  /** Of all that rows keep by this plan: identity over all revisions of a catalogue. */
  readonly keys: readonly string[];
  readonly onEntered: ReadonlyMap<string, readonly PlannedTrigger[]>;
  readonly onExited: ReadonlyMap<string, readonly PlannedTrigger[]>;
  readonly onChanged: ReadonlyMap<string, readonly PlannedTrigger[]>;
  /** By definition: the triggers on events, and what triggers wait for. */
  readonly onMatched: ReadonlyMap<string, PlannedTrigger>;
  /** By trigger; only those that are active. */
  readonly onPresent: ReadonlyMap<string, PlannedPresence>;
  /** What firings of profiles that wait need to know all the time; undefined where no trigger waits. Accounts do not merge. */
  readonly waiting: PlannedTrigger | undefined;
}

const NO_SEGMENTS: readonly PlannedSegment[] = [];
const KINDS = { user: 'profile', account: 'account' } as const;

export function planOf(catalogue: CompiledCatalogue, step = catalogue.revision): Plan {
  const { revision, attributes, segments, triggers } = catalogue;
  const onEntered = new Map<string, PlannedTrigger[]>();
  const onExited = new Map<string, PlannedTrigger[]>();
  const onChanged = new Map<string, PlannedTrigger[]>();
  const onMatched = new Map<string, PlannedTrigger>();
  for (const trigger of triggers) {
    const { when } = trigger;
    const planned = planTrigger(trigger);
    if (when.kind === 'attribute') addTo(onChanged, when.attribute, planned);
    if (when.kind === 'segment' && when.enters) addTo(onEntered, when.segment, planned);
    if (when.kind === 'segment' && when.exits) addTo(onExited, when.segment, planned);
    if (when.kind === 'event') onMatched.set(trigger.name, planned);
    if (trigger.waits?.kind === 'event') onMatched.set(definitionOfWait(trigger.name), NO_NEED);
  }
  const watched = new Set([...onChanged.keys(), ...(waitingOf(triggers)?.attributes ?? [])]);
  return {
    revision,
    step,
    profile: planKind({ attributes, segments, triggers, of: 'user', watched }),
    account: planKind({ attributes, segments, triggers, of: 'account', watched }),
    keys: [
      ...attributes.map(({ name, of }) => valueKeyOf(KINDS[of], name)),
      ...segments.map(({ name, of }) => membershipKeyOf(KINDS[of], name)),
      ...triggers.flatMap(planSchedule).map(({ key }) => key),
    ],
    onEntered,
    onExited,
    onChanged,
    onMatched,
    onPresent: new Map(triggers.flatMap(planPresence).map((planned) => [planned.trigger, planned])),
    waiting: waitingOf(triggers.filter(({ of }) => of === 'user')),
  };
}

export function valueKeyOf(kind: Entity['kind'], attribute: string): string {
  return `value ${kind} ${attribute}`;
}

export function membershipKeyOf(kind: Entity['kind'], segment: string): string {
  return `membership ${kind} ${segment}`;
}

/** The firing that waits knows what it needs of its profile. */
const NO_NEED: PlannedTrigger = { attributes: [], segments: [] };

function waitingOf(triggers: readonly CompiledTrigger[]): PlannedTrigger | undefined {
  const waiting = triggers.filter(mayWait).map(planTrigger);
  if (waiting.length === 0) return undefined;
  return {
    attributes: [...new Set(waiting.flatMap(({ attributes }) => attributes))],
    segments: [...new Set(waiting.flatMap(({ segments }) => segments))],
  };
}

function planTrigger({ payload, attributes, segments }: CompiledTrigger): PlannedTrigger {
  return { attributes: [...new Set([...payload, ...attributes])], segments };
}

/** Nothing for a trigger that does not fire for members of today, or not now. */
function planPresence(trigger: CompiledTrigger): PlannedPresence[] {
  const { name, of, when, paused } = trigger;
  if (when.kind !== 'segment' || when.present === undefined || paused) return [];
  const { segment, enters, present } = when;
  return [{ ...planTrigger(trigger), trigger: name, kind: KINDS[of], segment, enters, perSecond: present.perSecond }];
}

/** Nothing for a trigger that has no schedule, or that may not fire. */
function planSchedule(trigger: CompiledTrigger): PlannedSchedule[] {
  const { name, of, when, paused } = trigger;
  if (when.kind !== 'schedule' || paused) return [];
  const { segment, schedule } = when;
  const key = `schedule ${KINDS[of]} ${name} ${stableHash(JSON.stringify([segment, schedule]))}`;
  return [{ ...planTrigger(trigger), trigger: name, segment, schedule, key }];
}

function planKind(parts: {
  readonly attributes: readonly CompiledAttribute[];
  readonly segments: readonly CompiledSegment[];
  readonly triggers: readonly CompiledTrigger[];
  readonly of: 'user' | 'account';
  readonly watched: ReadonlySet<string>;
}): KindPlan {
  const compiled = parts.segments.filter(({ of }) => of === parts.of);
  const segments = compiled.map(({ name, where }, index) => ({ name, index, holds: compileCondition(where) }));
  const reads = new Map<string, ReadonlySet<string>>();
  const readersOf = new Map<string, PlannedSegment[]>();
  for (const [index, { name, attributes, segments: inner }] of compiled.entries()) {
    const all = new Set(attributes);
    for (const segment of inner) for (const attribute of reads.get(segment) ?? []) all.add(attribute);
    reads.set(name, all);
    for (const attribute of all) addTo(readersOf, attribute, segments[index]!);
  }
  const attributes = parts.attributes
    .filter(({ of }) => of === parts.of)
    .map(({ name }, slot) => ({
      name,
      slot,
      readers: readersOf.get(name) ?? NO_SEGMENTS,
      isWatched: parts.watched.has(name),
    }));
  const schedules = parts.triggers.filter(({ of }) => of === parts.of).flatMap(planSchedule);
  return { attributes, attributeOf: byName(attributes), segments, segmentOf: byName(segments), schedules };
}

function byName<V extends { readonly name: string }>(values: readonly V[]): ReadonlyMap<string, V> {
  return new Map(values.map((value) => [value.name, value]));
}

function addTo<V>(map: Map<string, V[]>, key: string, value: V): void {
  const values = map.get(key);
  if (values === undefined) map.set(key, [value]);
  else values.push(value);
}

export function kindPlanOf(plan: Plan, entity: Entity): KindPlan {
  return entity.kind === 'profile' ? plan.profile : plan.account;
}

/** The segments that changes of these attributes may flip, in the order of reading. */
export function affectedSegments(plan: KindPlan, changes: readonly AttributeChange[]): readonly PlannedSegment[] {
  let affected = NO_SEGMENTS;
  for (let index = 0; index < changes.length; index++) {
    const readers = plan.attributeOf.get(changes[index]!.name)?.readers;
    if (readers === undefined || readers.length === 0 || readers === affected) continue;
    affected = affected.length === 0 ? readers : unionOf(affected, readers);
  }
  return affected;
}

/** Of two lists in the order of reading. */
function unionOf(a: readonly PlannedSegment[], b: readonly PlannedSegment[]): readonly PlannedSegment[] {
  const union: PlannedSegment[] = [];
  let right = 0;
  for (let left = 0; left < a.length; left++) {
    const segment = a[left]!;
    while (right < b.length && b[right]!.index < segment.index) union.push(b[right++]!);
    if (b[right] === segment) right++;
    union.push(segment);
  }
  while (right < b.length) union.push(b[right++]!);
  return union;
}

/** What a condition sees of an attribute. An unnamed one without a value is false; what is asked of an unnamed sum holds for no boolean. */
export function valueSeen(name: string, value: Value | undefined): Value | undefined {
  return value === undefined && isUnnamed(name) ? false : value;
}

/** A catalogue as this stage uses it: which segments an attribute concerns, and which triggers a change. Derived, never stored. */
import { type CompiledCatalogue, type CompiledSegment, type CompiledTrigger, isUnnamed } from '@attrium/catalogue';
import { type ConditionSubject, compileCondition, type Predicate } from '@attrium/condition';
import type { Entity, Value } from '@attrium/event';

export interface PlannedSegment {
  readonly name: string;
  readonly holds: Predicate;
}

/** The segments of one kind of entity. */
export interface KindPlan {
  /** Each after those that it reads. */
  readonly segments: readonly PlannedSegment[];
  readonly names: ReadonlySet<string>;
  /** By attribute: the segments whose condition reads it, directly or through other segments, in the same order. */
  readonly readersOf: ReadonlyMap<string, readonly PlannedSegment[]>;
}

/** What a trigger needs to know when it is concerned. */
export interface PlannedTrigger {
  /** Attributes that its firing carries and that its condition reads. */
  readonly attributes: readonly string[];
  /** Segments that its condition reads. */
  readonly segments: readonly string[];
}

export interface Plan {
  readonly revision: number;
  readonly profile: KindPlan;
  readonly account: KindPlan;
  /** Of all that rows keep by this plan: identity over all revisions of a catalogue. */
  readonly keys: readonly string[];
  readonly onEntered: ReadonlyMap<string, readonly PlannedTrigger[]>;
  readonly onExited: ReadonlyMap<string, readonly PlannedTrigger[]>;
  readonly onChanged: ReadonlyMap<string, readonly PlannedTrigger[]>;
}

const KINDS = { user: 'profile', account: 'account' } as const;

export function planOf(catalogue: CompiledCatalogue): Plan {
  const { revision, attributes, segments, triggers } = catalogue;
  const onEntered = new Map<string, PlannedTrigger[]>();
  const onExited = new Map<string, PlannedTrigger[]>();
  const onChanged = new Map<string, PlannedTrigger[]>();
  for (const trigger of triggers) {
    const { when } = trigger;
    const planned = planTrigger(trigger);
    if (when.kind === 'attribute') addTo(onChanged, when.attribute, planned);
    if (when.kind === 'segment' && when.enters) addTo(onEntered, when.segment, planned);
    if (when.kind === 'segment' && when.exits) addTo(onExited, when.segment, planned);
  }
  return {
    revision,
    profile: planKind(segments.filter((segment) => segment.of === 'user')),
    account: planKind(segments.filter((segment) => segment.of === 'account')),
    keys: [
      ...attributes.map(({ name, of }) => valueKeyOf(KINDS[of], name)),
      ...segments.map(({ name, of }) => membershipKeyOf(KINDS[of], name)),
    ],
    onEntered,
    onExited,
    onChanged,
  };
}

export function valueKeyOf(kind: Entity['kind'], attribute: string): string {
  return `value ${kind} ${attribute}`;
}

export function membershipKeyOf(kind: Entity['kind'], segment: string): string {
  return `membership ${kind} ${segment}`;
}

function planTrigger({ payload, attributes, segments }: CompiledTrigger): PlannedTrigger {
  return { attributes: [...new Set([...payload, ...attributes])], segments };
}

function planKind(compiled: readonly CompiledSegment[]): KindPlan {
  const segments = compiled.map(({ name, where }) => ({ name, holds: compileCondition(where) }));
  const reads = new Map<string, ReadonlySet<string>>();
  const readersOf = new Map<string, PlannedSegment[]>();
  for (const [index, { name, attributes, segments: inner }] of compiled.entries()) {
    const all = new Set(attributes);
    for (const segment of inner) for (const attribute of reads.get(segment) ?? []) all.add(attribute);
    reads.set(name, all);
    for (const attribute of all) addTo(readersOf, attribute, segments[index]!);
  }
  return { segments, names: new Set(reads.keys()), readersOf };
}

function addTo<V>(map: Map<string, V[]>, key: string, value: V): void {
  const values = map.get(key);
  if (values === undefined) map.set(key, [value]);
  else values.push(value);
}

export function kindPlanOf(plan: Plan, entity: Entity): KindPlan {
  return entity.kind === 'profile' ? plan.profile : plan.account;
}

/** The segments that changes of these attributes may flip, in their order. */
export function affectedSegments(
  plan: KindPlan,
  changes: readonly { readonly name: string }[],
): readonly PlannedSegment[] {
  if (changes.length === 1) return plan.readersOf.get(changes[0]!.name) ?? [];
  const affected = new Set<PlannedSegment>();
  for (const { name } of changes) for (const segment of plan.readersOf.get(name) ?? []) affected.add(segment);
  if (affected.size < 2) return [...affected];
  return plan.segments.filter((segment) => affected.has(segment));
}

/** The values and memberships that conditions ask for. An unnamed attribute is a boolean: until it has a value, it is false. */
export function subjectOf(
  values: ReadonlyMap<string, Value>,
  memberships: { has(segment: string): boolean },
): ConditionSubject {
  return {
    attribute: (name) => values.get(name) ?? (isUnnamed(name) ? false : undefined),
    property: () => undefined,
    inSegment: (name) => memberships.has(name),
  };
}

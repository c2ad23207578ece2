/** Compiles a valid catalogue: event conditions become unnamed attributes, segments are put in order. Pure and deterministic. */
import { type Condition, isJsonObject, type ParsedCondition, readsOf } from '@attrium/condition';
import { assertNever, parseExactJson } from '@attrium/event';
import {
  type AgedDefinition,
  type Unnamed,
  unnamedAge,
  unnamedAggregate,
  unnamedBehaviour,
  unnamedList,
  unnamedMoment,
  unnamedSequence,
} from './behaviour.js';
import { attributeKey, canonicalJson } from './canonical.js';
import type { CompiledAttribute, CompiledCatalogue, CompiledSegment, CompiledTrigger, Waiting } from './compiled.js';
import { consentAttributes, consentRule, quietHoursOf } from './consent.js';
import type { ConsentDefinition } from './consent-definition.js';
import type {
  AttributeDefinition,
  Catalogue,
  DefinitionKind,
  SegmentDefinition,
  TriggerDefinition,
} from './definitions.js';
import { readIdentity } from './identity.js';
import { DEFAULT_IDENTITY, type IdentityDefinition } from './identity-definition.js';
import { parseCatalogue } from './parse.js';

/** Compiles a catalogue that `parseCatalogue` found valid. The same input gives the same output, in any process. */
export function compileCatalogue(input: {
  readonly workspace: string;
  readonly revision: number;
  readonly catalogue: Catalogue;
}): CompiledCatalogue {
  const { workspace, revision, catalogue } = input;
  const unnamed = new UnnamedAttributes(catalogue.attributes);
  const segments = inReadingOrder(catalogue.segments).map((segment) => compileSegment(segment, unnamed));
  const triggers = catalogue.triggers.map((trigger) => compileTrigger(trigger, unnamed, catalogue.consent));
  const named = catalogue.attributes.map(compileAttribute);
  const consent = catalogue.consent === undefined ? [] : consentAttributes(catalogue.consent);
  return { workspace, revision, attributes: [...named, ...unnamed.values(), ...consent], segments, triggers };
}

interface Activated {
  readonly workspace: string;
  readonly revision: number;
  readonly catalogueJson: string;
}

/** Each partition of a process compiles the same few catalogues, at every start: the last ones are kept. */
const COMPILED_MAX = 32;
const compiled = new Map<string, { readonly catalogueJson: string; readonly catalogue: CompiledCatalogue }>();

/**
 * Compiles what `CatalogueActivated` carries. Only valid catalogues are appended, so an invalid one is a bug and throws. What it returns
 * is shared and frozen.
 */
export function compileActivated(activated: Activated): CompiledCatalogue {
  const { workspace, revision, catalogueJson } = activated;
  const key = `${revision}/${workspace}`;
  const known = compiled.get(key);
  if (known?.catalogueJson === catalogueJson) return known.catalogue;
  const catalogue = frozen(compileAnew(activated));
  compiled.delete(key);
  compiled.set(key, { catalogueJson, catalogue });
  if (compiled.size > COMPILED_MAX) compiled.delete(compiled.keys().next().value as string);
  return catalogue;
}

/** Lists and plain objects only: exact types do not change anyway. */
function frozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  const prototype = Object.getPrototypeOf(value) as unknown;
  if (prototype !== Object.prototype && prototype !== Array.prototype) return value;
  for (const member of Object.values(value)) frozen(member);
  return Object.freeze(value);
}

function compileAnew(activated: Activated): CompiledCatalogue {
  const { workspace, revision } = activated;
  const outcome = parseCatalogue(parseExactJson(activated.catalogueJson));
  if (outcome.kind === 'invalid') {
    const first = outcome.faults[0];
    throw new Error(`catalogue ${revision} of ${workspace} is invalid at ${first?.path}: ${first?.message}`);
  }
  return compileCatalogue({ workspace, revision, catalogue: outcome.catalogue });
}

/**
 * The identity section of what `CatalogueActivated` carries, with what holds where it says nothing. The other parts are not looked at.
 * Throws for a section that is invalid, as `compileActivated` does.
 */
export function compileIdentity(activated: {
  readonly workspace: string;
  readonly revision: number;
  readonly catalogueJson: string;
}): IdentityDefinition {
  const { workspace, revision, catalogueJson } = activated;
  const json = parseExactJson(catalogueJson);
  const faults: string[] = [];
  const section = isJsonObject(json) ? json.identity : undefined;
  const identity = readIdentity(section, 'identity', (path, _code, message) => faults.push(`${path}: ${message}`));
  if (faults.length > 0) throw new Error(`catalogue ${revision} of ${workspace} is invalid at ${faults[0]}`);
  return identity ?? DEFAULT_IDENTITY;
}

function compileAttribute(definition: AttributeDefinition): CompiledAttribute {
  return { ...definition, key: attributeKey(definition) };
}

/** Collects the unnamed attributes of a catalogue. */
class UnnamedAttributes {
  private readonly byName = new Map<string, CompiledAttribute>();
  private readonly sources: ReadonlyMap<string, AttributeDefinition>;

  constructor(attributes: readonly AttributeDefinition[]) {
    this.sources = new Map(attributes.map((attribute) => [attribute.name, attribute]));
  }

  values(): Iterable<CompiledAttribute> {
    return this.byName.values();
  }

  /** What is asked of the attribute, which is taken in. */
  add({ attribute, condition }: Unnamed): Condition {
    const shared = this.byName.get(attribute.name);
    if (shared === undefined) this.byName.set(attribute.name, attribute);
    else if (canonicalJson(shared) !== canonicalJson(attribute)) {
      throw new Error(`two conditions have the hash ${attribute.name}`);
    }
    return condition;
  }

  /** Of an age; `parseCatalogue` refuses ages of formulas and roll-ups. */
  source(name: string): AgedDefinition {
    const source = this.sources.get(name);
    if (source === undefined || source.kind === 'formula' || source.kind === 'rollup')
      throw new Error(`there is no attribute ${name} with an age`);
    return source;
  }
}

function lower(condition: ParsedCondition, of: DefinitionKind, unnamed: UnnamedAttributes): Condition {
  switch (condition.kind) {
    case 'all':
      return { kind: 'all', of: condition.of.map((child) => lower(child, of, unnamed)) };
    case 'any':
      return { kind: 'any', of: condition.of.map((child) => lower(child, of, unnamed)) };
    case 'not':
      return { kind: 'not', of: lower(condition.of, of, unnamed) };
    case 'behaviour':
      return unnamed.add(unnamedBehaviour(condition, of));
    case 'aggregate':
      return unnamed.add(unnamedAggregate(condition, of));
    case 'moment':
      return unnamed.add(unnamedMoment(condition, of));
    case 'sequence':
      return unnamed.add(unnamedSequence(condition, of));
    case 'age':
      return unnamed.add(unnamedAge(condition, unnamed.source(condition.attribute)));
    case 'compare':
    case 'segment':
      return condition;
    default:
      return assertNever(condition);
  }
}

function compileSegment(segment: SegmentDefinition, unnamed: UnnamedAttributes): CompiledSegment {
  const { name, of } = segment;
  const where =
    segment.static === true ? unnamed.add(unnamedList(name, of)) : lower(segment.where, segment.of, unnamed);
  const { attributes, segments } = readsOf(where);
  return { name, of, where, attributes, segments };
}

function compileTrigger(
  trigger: TriggerDefinition,
  unnamed: UnnamedAttributes,
  consent: ConsentDefinition | undefined,
): CompiledTrigger {
  const condition = trigger.condition === undefined ? undefined : lower(trigger.condition, trigger.of, unnamed);
  const waits = compileWaiting(trigger, unnamed);
  const conditions = [condition, waits?.kind === 'condition' ? waits.condition : undefined];
  const reads = conditions.flatMap((each) => (each === undefined ? [] : [readsOf(each)]));
  const permission = permissionOf(trigger, consent);
  const { frequency } = trigger;
  const keys = frequency.kind === 'every' || frequency.key === undefined ? [] : [frequency.key];
  const properties = frequency.kind === 'every' || frequency.property === undefined ? [] : [frequency.property];
  const written = trigger.condition === undefined ? [] : readsOf(trigger.condition).attributes;
  return {
    name: trigger.name,
    of: trigger.of,
    paused: trigger.paused,
    ...(trigger.onBackfill === undefined ? {} : { onBackfill: trigger.onBackfill }),
    archived: trigger.archived,
    when: trigger.when,
    waits,
    condition,
    ...permission.rules,
    recheck: waits?.recheck ?? trigger.recheck,
    frequency,
    webhooks: trigger.webhooks,
    stream: trigger.stream,
    // As it was written, the condition reads no unnamed attributes: they mean nothing to a journey system.
    payload: [...new Set([...trigger.payload, ...keys, ...written])],
    properties: [...new Set([...trigger.properties, ...properties])],
    attributes: [...new Set([...reads.flatMap(({ attributes }) => attributes), ...permission.attributes])],
    segments: [...new Set(reads.flatMap(({ segments }) => segments))],
  };
}

function compileWaiting({ waits, of }: TriggerDefinition, unnamed: UnnamedAttributes): Waiting | undefined {
  return waits?.kind === 'condition' ? { ...waits, condition: lower(waits.condition, of, unnamed) } : waits;
}

/** What a trigger asks of consent and quiet hours, and the attributes that tell it. */
function permissionOf(
  { purpose, channel, onQuiet }: TriggerDefinition,
  section: ConsentDefinition | undefined,
): { readonly rules: Pick<CompiledTrigger, 'consent' | 'quietHours'>; readonly attributes: readonly string[] } {
  if (purpose === undefined || section === undefined) return { rules: {}, attributes: [] };
  const consent = consentRule(section, { purpose, channel });
  const quietHours = quietHoursOf(section, purpose, onQuiet);
  const zone = quietHours?.zoneAttribute === undefined ? [] : [quietHours.zoneAttribute];
  return {
    rules: { consent, ...(quietHours === undefined ? {} : { quietHours }) },
    attributes: [...consent.statements, ...zone],
  };
}

/** Each segment after those it reads, else in the order of the catalogue. A cycle is refused by `parseCatalogue`. */
function inReadingOrder(segments: readonly SegmentDefinition[]): readonly SegmentDefinition[] {
  const byName = new Map(segments.map((segment) => [segment.name, segment]));
  const done = new Set<string>();
  const ordered: SegmentDefinition[] = [];
  const visit = (segment: SegmentDefinition): void => {
    if (done.has(segment.name)) return;
    done.add(segment.name);
    for (const name of readsOf(segment.where).segments) visit(byName.get(name)!);
    ordered.push(segment);
  };
  for (const segment of segments) visit(segment);
  return ordered;
}

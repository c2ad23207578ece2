/** Reads and validates a whole catalogue; all its faults come in one answer. */
import {
  type Age,
  type Aggregate,
  type Behaviour,
  isJsonObject,
  type Moment,
  type ParsedCondition,
  readsOf,
  type Sequence,
} from '@attrium/condition';
import { readAttribute } from './attribute.js';
import { unnamedAge, unnamedAggregate, unnamedBehaviour, unnamedMoment, unnamedSequence } from './behaviour.js';
import { readConsent } from './consent.js';
import type { AttributeDefinition, Catalogue, SegmentDefinition, TriggerDefinition } from './definitions.js';
import { readEntityCondition } from './entity-condition.js';
import { isEventAttribute, readEventAttributes } from './event-attribute.js';
import { boundFaults, type CatalogueFault, type Report, reportIssues, reportNotSupported } from './fault.js';
import { readFormulas } from './formulas.js';
import { readIdentity } from './identity.js';
import { ATTRIBUTES_MAX, BEHAVIOURS_MAX, SEGMENTS_MAX, TRIGGERS_MAX } from './limits.js';
import { checkName, type Names, namesOf, reportOtherKind } from './names.js';
import { checkRollups } from './rollup.js';
import { segmentSchema } from './schema.js';
import { sizeFault } from './size.js';
import { readTrigger } from './trigger.js';

export type CatalogueOutcome =
  | { readonly kind: 'valid'; readonly catalogue: Catalogue }
  | { readonly kind: 'invalid'; readonly faults: readonly CatalogueFault[] };

/** The parts that are no lists. */
const IDENTITY = 'identity';
const CONSENT = 'consent';
const LISTS = ['attributes', 'segments', 'triggers'] as const;
type ListName = (typeof LISTS)[number];
const LIMITS: Readonly<Record<ListName, number>> = {
  attributes: ATTRIBUTES_MAX,
  segments: SEGMENTS_MAX,
  triggers: TRIGGERS_MAX,
};
/** Parts of a catalogue that come with later releases. */
const LATER_LISTS = ['sources', 'destinations', 'experiments'];

/** Validates parsed JSON (or YAML) as a catalogue. Numbers may be exact (`parseExactJson`). Never throws. */
export function parseCatalogue(json: unknown): CatalogueOutcome {
  const faults: CatalogueFault[] = [];
  const report: Report = (path, code, message) => {
    faults.push({ path, code, message });
  };
  const tooBig = sizeFault(json);
  if (tooBig !== undefined) faults.push(tooBig);
  else if (!isJsonObject(json))
    report('', 'wrong_type', 'a catalogue is an object of attributes, segments and triggers');
  else {
    const lists = readLists(json, report);
    const identity = readIdentity(json[IDENTITY], IDENTITY, report);
    const catalogue = readDefinitions(lists, json[CONSENT], report);
    if (faults.length === 0) {
      return { kind: 'valid', catalogue: identity === undefined ? catalogue : { identity, ...catalogue } };
    }
  }
  return { kind: 'invalid', faults: boundFaults(faults) };
}

type Lists = Readonly<Record<ListName, readonly unknown[]>>;

function readLists(json: Readonly<Record<string, unknown>>, report: Report): Lists {
  for (const key of Object.keys(json)) {
    if (key === IDENTITY || key === CONSENT || LISTS.includes(key as ListName)) continue;
    if (LATER_LISTS.includes(key)) reportNotSupported(report, key, `${key} in catalogues`);
    else report(key, 'unknown_key', `${key} is not known here; known are ${[IDENTITY, CONSENT, ...LISTS].join(', ')}`);
  }
  const list = (name: ListName): readonly unknown[] => {
    // A list whose entries are all commented out is null in YAML.
    if (!Object.hasOwn(json, name) || json[name] === null) return [];
    const entries = json[name];
    if (!Array.isArray(entries)) {
      report(name, 'wrong_type', `${name} is a list`);
      return [];
    }
    if (entries.length > LIMITS[name]) report(name, 'over_limit', `there may be at most ${LIMITS[name]} ${name}`);
    return entries.slice(0, LIMITS[name]);
  };
  return { attributes: list('attributes'), segments: list('segments'), triggers: list('triggers') };
}

function readDefinitions(lists: Lists, consentJson: unknown, report: Report): Catalogue {
  const eventAttributes = readEventAttributes(lists.attributes, report);
  const names = namesOf({ ...lists, consent: consentJson }, eventAttributes);
  const present = <T>(definition: T | undefined): definition is T => definition !== undefined;
  checkNames(lists, report);
  const written = lists.attributes.map((json, index) =>
    isEventAttribute(json) ? undefined : readAttribute(json, `attributes[${index}]`, names, report),
  );
  const attributes = readFormulas(written, names, report);
  const segments = lists.segments.map((json, index) => readSegment(json, `segments[${index}]`, names, report));
  const triggers = lists.triggers.map((json, index) => readTrigger(json, `triggers[${index}]`, names, report));
  const consent = readConsent(consentJson, CONSENT, names, report);
  checkCycles(segments, report);
  checkRollups(attributes, report);
  checkUnnamed({ attributes, segments, triggers }, report);
  const ofEvents = [...eventAttributes.values()].filter((each) => each !== 'faulty');
  return {
    ...(consent === undefined ? {} : { consent }),
    attributes: attributes.filter(present),
    ...(ofEvents.length === 0 ? {} : { eventAttributes: ofEvents }),
    segments: segments.filter(present),
    triggers: triggers.filter(present),
  };
}

function checkNames(lists: Lists, report: Report): void {
  for (const list of LISTS) {
    const taken = new Set<string>();
    for (const [index, json] of lists[list].entries()) {
      if (isJsonObject(json) && typeof json.name === 'string')
        checkName(json.name, `${list}[${index}].name`, taken, report);
    }
  }
}

function readSegment(json: unknown, path: string, names: Names, report: Report): SegmentDefinition | undefined {
  const parsed = segmentSchema.safeParse(json, { reportInput: true });
  if (!parsed.success) {
    reportIssues(report, path, parsed.error.issues);
    return undefined;
  }
  const { name, of } = parsed.data;
  if (parsed.data.static === true) {
    if (parsed.data.where === undefined) return { name, of, where: { kind: 'any', of: [] }, static: true };
    report(`${path}.where`, 'conflicting_keys', 'a static list has no where: who is in it is imported');
  } else if (parsed.data.where === undefined) report(`${path}.where`, 'missing_key', 'where is missing');
  else {
    const where = readEntityCondition(parsed.data.where, `${path}.where`, names, report);
    if (where === undefined) return undefined;
    reportOtherKind(names, of, readsOf(where), `${path}.where`, report);
    return { name, of, where };
  }
  return undefined;
}

/** Reports each cycle once, at the segment where it was found, with the way round. */
function checkCycles(segments: readonly (SegmentDefinition | undefined)[], report: Report): void {
  const byName = new Map<string, { segment: SegmentDefinition; index: number }>();
  for (const [index, segment] of segments.entries())
    if (segment !== undefined) byName.set(segment.name, { segment, index });
  const done = new Set<string>();
  const way: string[] = [];
  const visit = (name: string): void => {
    const found = byName.get(name);
    if (found === undefined || done.has(name)) return;
    const start = way.indexOf(name);
    if (start >= 0) {
      const round = [...way.slice(start), name].join(' → ');
      report(`segments[${found.index}].where`, 'segment_cycle', `segments may not depend on themselves: ${round}`);
      return;
    }
    way.push(name);
    for (const next of readsOf(found.segment.where).segments) visit(next);
    way.pop();
    done.add(name);
  };
  for (const name of byName.keys()) visit(name);
}

function checkUnnamed(
  lists: {
    readonly attributes: readonly (AttributeDefinition | undefined)[];
    readonly segments: readonly (SegmentDefinition | undefined)[];
    readonly triggers: readonly (TriggerDefinition | undefined)[];
  },
  report: Report,
): void {
  const conditions = [
    ...lists.segments.map((segment, index) => ({
      path: `segments[${index}].where`,
      condition: segment?.where,
      of: segment?.of,
    })),
    ...lists.triggers.map((trigger, index) => ({
      path: `triggers[${index}].if`,
      condition: trigger?.condition,
      of: trigger?.of,
    })),
    ...lists.triggers.map((trigger, index) => ({
      path: `triggers[${index}].wait_for.condition`,
      condition: trigger?.waits?.kind === 'condition' ? trigger.waits.condition : undefined,
      of: trigger?.of,
    })),
  ];
  const sources = new Map(lists.attributes.map((attribute) => [attribute?.name, attribute]));
  const distinct = new Set<string>();
  for (const { path, condition, of = 'user' } of conditions) {
    for (const part of condition === undefined ? [] : unnamedPartsOf(condition)) {
      if (part.kind === 'behaviour') distinct.add(unnamedBehaviour(part, of).attribute.name);
      else if (part.kind === 'aggregate') distinct.add(unnamedAggregate(part, of).attribute.name);
      else if (part.kind === 'moment') distinct.add(unnamedMoment(part, of).attribute.name);
      else if (part.kind === 'sequence') distinct.add(unnamedSequence(part, of).attribute.name);
      else {
        const source = sources.get(part.attribute);
        // A faulty definition is reported where it stands.
        if (source?.kind === 'formula') {
          const message = `${source.name} is a formula, and how long ago it is cannot be asked; ask it of what the formula reads`;
          report(path, 'not_here', message);
        } else if (source?.kind === 'rollup') {
          report(path, 'not_here', `${source.name} is a roll-up, and how long ago it is cannot be asked`);
        } else if (source !== undefined) distinct.add(unnamedAge(part, source).attribute.name);
      }
    }
  }
  if (distinct.size > BEHAVIOURS_MAX) {
    report(
      '',
      'over_limit',
      `there may be at most ${BEHAVIOURS_MAX} different event conditions and ages, and there are ${distinct.size}`,
    );
  }
}

function unnamedPartsOf(condition: ParsedCondition): readonly (Behaviour | Aggregate | Age | Moment | Sequence)[] {
  switch (condition.kind) {
    case 'behaviour':
    case 'aggregate':
    case 'age':
    case 'moment':
    case 'sequence':
      return [condition];
    case 'not':
      return unnamedPartsOf(condition.of);
    case 'all':
    case 'any':
      return condition.of.flatMap(unnamedPartsOf);
    default:
      return [];
  }
}

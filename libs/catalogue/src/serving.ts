/** What of a revision takes effect while some of its attributes are still computed from history (docs/adr/0007-backfill.md). */
import { isJsonObject } from '@attrium/condition';
import { parseExactJson, stringifyExactJson } from '@attrium/event';
import { compileActivated } from './compile.js';
import type { CompiledAttribute, CompiledCatalogue, CompiledTrigger } from './compiled.js';
import { parseCatalogue } from './parse.js';
import { attributesReadBy } from './rollup-definition.js';

export interface Preparation {
  readonly workspace: string;
  /** The revision that came. */
  readonly revision: number;
  /** JSON of the catalogue that serves so far; undefined: the workspace had none. */
  readonly before: string | undefined;
  /** JSON of the one that came. Both are valid. */
  readonly after: string;
  /** Whether the state behind an attribute of `after` is not complete yet. */
  readonly isWaiting: (attribute: CompiledAttribute) => boolean;
}

type Json = Readonly<Record<string, unknown>>;
type List = 'attributes' | 'segments' | 'triggers';
const LISTS: readonly List[] = ['attributes', 'segments', 'triggers'];
/** Of a trigger. */
const AT_ONCE = ['state', 'purpose', 'channel'];
const EMPTY = '{"attributes":[],"segments":[],"triggers":[]}';

/**
 * The catalogue that serves meanwhile, as JSON. Definitions that read what waits, directly or not, stay as they were before, or are left
 * out when they are new; what these need from before stays too. All else is as it came, and so is at once whether a trigger is paused, what
 * it asks consent for, and consent itself. Where old and new do not go together in this way, all other definitions stay as they were before.
 */
export function servingCatalogue(preparation: Preparation): string {
  const { workspace, revision, before = EMPTY, after, isWaiting } = preparation;
  const compiled = compileActivated({ workspace, revision, catalogueJson: after });
  const waiting = waitingNames(compiled, isWaiting);
  if (LISTS.every((list) => waiting[list].size === 0)) return after;
  const old = compileActivated({ workspace, revision, catalogueJson: before });
  // An old condition over a new definition may ask for a state that neither catalogue has.
  const complete = new Set(compiled.attributes.filter(({ name }) => !waiting.attributes.has(name)).map(identityOf));
  for (const attribute of old.attributes) complete.add(identityOf(attribute));
  const isComplete = (json: string): boolean =>
    compileActivated({ workspace, revision, catalogueJson: json }).attributes.every((attribute) =>
      complete.has(identityOf(attribute)),
    );
  const needed = neededOf(old, waiting, compiled);
  for (const candidate of candidatesOf(
    parseExactJson(before) as Json,
    parseExactJson(after) as Json,
    waiting,
    needed,
  )) {
    if (parseCatalogue(candidate).kind === 'invalid') continue;
    const json = stringifyExactJson(candidate);
    if (isComplete(json)) return json;
  }
  return before;
}

/** From the one that has most of what came to the one that has least. */
function* candidatesOf(was: Json, comes: Json, waiting: Names, needed: Names): Iterable<Json> {
  const mix = Object.fromEntries(LISTS.map((list) => [list, mixed(list, was, comes, waiting[list], needed[list])]));
  const entries = new Map(entriesOf(comes, 'triggers').map((entry) => [entry.name, entry]));
  const triggers = entriesOf(was, 'triggers').flatMap((trigger) => {
    const entry = entries.get(trigger.name);
    return entry === undefined ? [] : [heldBack(trigger, entry)];
  });
  const { attributes, segments } = was;
  for (const lists of [mix, { attributes, segments, triggers }, { attributes, segments, triggers: [] }]) {
    yield { ...comes, ...lists };
    // The attribute that names a zone may be one that waits.
    yield { ...comes, ...lists, ...(isJsonObject(comes.consent) && { consent: withoutZones(comes.consent) }) };
  }
}

function withoutZones(consent: Json): Json {
  const { quiet_hours: hours } = consent;
  if (!isJsonObject(hours) || !isJsonObject(hours.time_zone)) return consent;
  return { ...consent, quiet_hours: { ...hours, time_zone: hours.time_zone.otherwise ?? 'UTC' } };
}

function identityOf({ of, key }: CompiledAttribute): string {
  return `${of} ${key}`;
}

type Names = Readonly<Record<List, Set<string>>>;

function waitingNames(catalogue: CompiledCatalogue, isWaiting: Preparation['isWaiting']): Names {
  const attributes = new Set(catalogue.attributes.filter(isWaiting).map(({ name }) => name));
  // Formulas and roll-ups have no history of their own: they wait for what they read, through other formulas too.
  for (let size = -1; size !== attributes.size; ) {
    size = attributes.size;
    for (const each of catalogue.attributes) {
      if (readBy(each).some((name) => attributes.has(name))) attributes.add(each.name);
    }
  }
  const segments = new Set<string>();
  const waits = (reads: { readonly attributes: readonly string[]; readonly segments: readonly string[] }): boolean =>
    reads.attributes.some((name) => attributes.has(name)) || reads.segments.some((name) => segments.has(name));
  // They stand in an order in which each comes after those that it reads.
  for (const segment of catalogue.segments) if (waits(segment)) segments.add(segment.name);
  const triggers = new Set(catalogue.triggers.filter((trigger) => waits(readsOf(trigger))).map(({ name }) => name));
  return { attributes, segments, triggers };
}

function readBy(attribute: CompiledAttribute): readonly string[] {
  if (attribute.kind === 'formula') return attribute.reads;
  return attribute.kind === 'rollup' ? attributesReadBy(attribute) : [];
}

function readsOf({ when, payload, attributes, segments }: CompiledTrigger) {
  const zone = when.kind === 'schedule' ? when.schedule.zoneAttribute : undefined;
  const watched = when.kind === 'attribute' ? when.attribute : zone;
  return {
    attributes: [...payload, ...attributes, ...(watched === undefined ? [] : [watched])],
    segments: [...segments, ...(when.kind === 'segment' || when.kind === 'schedule' ? [when.segment] : [])],
  };
}

/** What the definitions that stay as they were read of what the new catalogue no longer has. */
function neededOf(old: CompiledCatalogue, waiting: Names, after: CompiledCatalogue): Names {
  const needed: Names = { attributes: new Set(), segments: new Set(), triggers: new Set() };
  const has = {
    attributes: new Set(after.attributes.map(({ name }) => name)),
    segments: new Set(after.segments.map(({ name }) => name)),
  };
  const need = (reads: { readonly attributes: readonly string[]; readonly segments: readonly string[] }): void => {
    for (const list of ['attributes', 'segments'] as const) {
      for (const name of reads[list]) if (!has[list].has(name)) needed[list].add(name);
    }
  };
  for (const trigger of old.triggers) if (waiting.triggers.has(trigger.name)) need(readsOf(trigger));
  for (const segment of [...old.segments].reverse()) {
    if (waiting.segments.has(segment.name) || needed.segments.has(segment.name)) need(segment);
  }
  return needed;
}

function mixed(list: List, was: Json, comes: Json, waiting: ReadonlySet<string>, needed: ReadonlySet<string>): Json[] {
  const before = new Map(entriesOf(was, list).map((entry) => [entry.name as string, entry]));
  const kept: Json[] = [];
  for (const entry of entriesOf(comes, list)) {
    const name = entry.name as string;
    if (!waiting.has(name)) kept.push(entry);
    else if (before.has(name)) kept.push(list === 'triggers' ? heldBack(before.get(name)!, entry) : before.get(name)!);
  }
  for (const [name, entry] of before) if (needed.has(name)) kept.push(entry);
  return kept;
}

/** A trigger as it was, but for what of the new one holds at once. */
function heldBack(before: Json, after: Json): Json {
  const old = Object.fromEntries(Object.entries(before).filter(([key]) => !AT_ONCE.includes(key)));
  return { ...old, ...Object.fromEntries(Object.entries(after).filter(([key]) => AT_ONCE.includes(key))) };
}

function entriesOf(json: Json, list: List): readonly Json[] {
  const entries = json[list];
  return Array.isArray(entries) ? entries.filter(isJsonObject) : [];
}

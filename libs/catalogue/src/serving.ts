/** What of a revision takes effect while some of its attributes are still computed from history (docs/adr/0007-backfill.md). */
import { isJsonObject } from '@attrium/condition';
import { parseExactJson, stringifyExactJson } from '@attrium/event';
import { compileActivated } from './compile.js';
import type { CompiledAttribute, CompiledCatalogue, CompiledTrigger } from './compiled.js';
import { parseCatalogue } from './parse.js';

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
const EMPTY = '{"attributes":[],"segments":[],"triggers":[]}';

/**
 * The catalogue that serves meanwhile, as JSON. Definitions that read what waits, directly or not, stay as they were before, or are left
 * out when they are new; what these need from before stays too; a trigger is paused at once. All else is as it came. Where old and new do
 * not go together in this way, everything stays as it was before.
 */
export function servingCatalogue(preparation: Preparation): string {
  const { workspace, revision, before = EMPTY, after, isWaiting } = preparation;
  const compiled = compileActivated({ workspace, revision, catalogueJson: after });
  const waiting = waitingNames(compiled, isWaiting);
  if (LISTS.every((list) => waiting[list].size === 0)) return after;
  const old = compileActivated({ workspace, revision, catalogueJson: before });
  const [was, comes] = [parseExactJson(before) as Json, parseExactJson(after) as Json];
  const needed = neededOf(old, waiting, compiled);
  const lists = Object.fromEntries(LISTS.map((list) => [list, mixed(list, was, comes, waiting[list], needed[list])]));
  const serving = { ...comes, ...lists };
  if (parseCatalogue(serving).kind === 'invalid') return before;
  const json = stringifyExactJson(serving);
  // An old condition over a new definition may ask for a state that neither catalogue has.
  const complete = new Set(compiled.attributes.filter(({ name }) => !waiting.attributes.has(name)).map(identityOf));
  for (const attribute of old.attributes) complete.add(identityOf(attribute));
  const { attributes } = compileActivated({ workspace, revision, catalogueJson: json });
  return attributes.every((attribute) => complete.has(identityOf(attribute))) ? json : before;
}

function identityOf({ of, key }: CompiledAttribute): string {
  return `${of} ${key}`;
}

type Names = Readonly<Record<List, Set<string>>>;

function waitingNames(catalogue: CompiledCatalogue, isWaiting: Preparation['isWaiting']): Names {
  const attributes = new Set(catalogue.attributes.filter(isWaiting).map(({ name }) => name));
  // A formula has no history of its own: it waits for what it reads, through other formulas too.
  for (let size = -1; size !== attributes.size; ) {
    size = attributes.size;
    for (const each of catalogue.attributes) {
      if (each.kind === 'formula' && each.reads.some((name) => attributes.has(name))) attributes.add(each.name);
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

function readsOf({ when, payload, attributes, segments }: CompiledTrigger) {
  return {
    attributes: [...payload, ...attributes, ...(when.kind === 'attribute' ? [when.attribute] : [])],
    segments: [...segments, ...(when.kind === 'segment' ? [when.segment] : [])],
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
    else if (before.has(name)) {
      const { state: _state, ...old } = before.get(name)!;
      kept.push(list === 'triggers' && entry.state !== undefined ? { ...old, state: entry.state } : old);
    }
  }
  for (const [name, entry] of before) if (needed.has(name)) kept.push(entry);
  return kept;
}

function entriesOf(json: Json, list: List): readonly Json[] {
  const entries = json[list];
  return Array.isArray(entries) ? entries.filter(isJsonObject) : [];
}

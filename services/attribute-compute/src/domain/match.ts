/** Finds the events that triggers asked for, and takes out of them the properties that the triggers name. */
import { type CompiledTrigger, definitionOfWait, type EventFilter, LIST_ENTRIES_MAX } from '@attrium/catalogue';
import { compileCondition, eventSubject, type Predicate, pathOfText } from '@attrium/condition';
import type { Event, NamedValue, Value } from '@attrium/event';
import { LIST_ENTRY_LENGTH_MAX, PROPERTIES_TEXT_MAX, TEXT_LENGTH_MAX } from './limits.js';
import { payloadOf } from './parsed-payload.js';

/** One trigger, or what one trigger waits for. */
export interface PlannedMatch {
  readonly definition: string;
  readonly accepts: Predicate | undefined;
  readonly properties: readonly { readonly name: string; readonly path: readonly string[] }[];
}

/** By the name of track events. */
export type MatchPlan = ReadonlyMap<string, readonly PlannedMatch[]>;

export interface Match {
  readonly definition: string;
  readonly propertyValues: readonly NamedValue[];
}

export interface Matching {
  readonly matches: readonly Match[];
  /** `definition.property` of values that are too large to be carried: the firing goes without them. */
  readonly refused: readonly string[];
}

const NOTHING = eventSubject(undefined);

/**
 * What a trigger waits for comes before the triggers: an event that is both ends the waits that are under way, not the one that it begins. A
 * paused trigger begins nothing, but its waits go on.
 */
export function matchPlanOf(triggers: readonly CompiledTrigger[]): MatchPlan {
  const plan = new Map<string, PlannedMatch[]>();
  const add = (definition: string, { event, where }: EventFilter, properties: readonly string[]): void => {
    const accepts = where === undefined ? undefined : compileCondition(where);
    const paths = properties.map((name) => ({ name, path: pathOfText(name) ?? [] }));
    const planned = { definition, accepts, properties: paths };
    const known = plan.get(event);
    if (known === undefined) plan.set(event, [planned]);
    else known.push(planned);
  };
  for (const { name, waits, archived } of triggers) {
    if (waits?.kind === 'event' && !archived) add(definitionOfWait(name), waits, []);
  }
  for (const { name, when, paused, properties } of triggers) {
    if (when.kind === 'event' && !paused) add(name, when, properties);
  }
  return plan;
}

/** What an event is of these; `text` decodes the payload. A payload that cannot be read counts as one without properties. */
export function matchesOf(
  planned: readonly PlannedMatch[],
  event: Event,
  text: (bytes: Uint8Array) => string,
): Matching {
  const reads = planned.some(({ accepts, properties }) => accepts !== undefined || properties.length > 0);
  const subject = reads ? payloadOf(event, text) : NOTHING;
  const matches: Match[] = [];
  const refused: string[] = [];
  for (const { definition, accepts, properties } of planned) {
    if (accepts !== undefined && !accepts(subject)) continue;
    const propertyValues: NamedValue[] = [];
    let sum = 0;
    for (const { name, path } of properties) {
      const value = subject.property(path);
      if (value === undefined) continue;
      const size = sizeOf(value);
      if (isTooLarge(value) || sum + size > PROPERTIES_TEXT_MAX) refused.push(`${definition}.${name}`);
      else {
        propertyValues.push({ name, value });
        sum += size;
      }
    }
    matches.push({ definition, propertyValues });
  }
  return { matches, refused };
}

function sizeOf(value: Value): number {
  if (typeof value === 'string') return value.length;
  return Array.isArray(value) ? value.reduce((sum, entry) => sum + entry.length, 0) : 0;
}

function isTooLarge(value: Value): boolean {
  if (typeof value === 'string') return value.length > TEXT_LENGTH_MAX;
  if (!Array.isArray(value)) return false;
  return value.length > LIST_ENTRIES_MAX || value.some((entry) => entry.length > LIST_ENTRY_LENGTH_MAX);
}

/** What triggers ask the stages before them for: events with their properties, and, while firings wait, values and memberships. */
import type { Event, NamedValue } from '@attrium/event';
import type { CatalogueText, ConditionText, TriggerText } from '../definitions.js';
import { isDeferring, lookedUp } from './consent.js';
import { isSuch, payloadOf, type Rules } from './rules.js';
import { questionsIn } from './unnamed.js';
import { type Json, member, type Plain, plainOf, scalar, show } from './value.js';

export interface Matched {
  readonly definition: string;
  readonly properties: readonly string[];
}

/** The triggers that an event fires, and those whose firings may wait for it. */
export function matchedBy(event: Event, { catalogue }: Rules): Matched[] {
  const matched: Matched[] = [];
  for (const trigger of catalogue.triggers) {
    const { name, when, wait_for: wait, state } = trigger;
    if (wait?.event !== undefined && state !== 'archived' && isSuch(event, wait.event, wait.where)) {
      matched.push({ definition: `${name}/wait_for`, properties: [] });
    }
    if (when.event !== undefined && state === undefined && isSuch(event, when.event, when.where)) {
      const payload = payloadOf(event);
      const properties = propertiesNamedBy(trigger).flatMap((path) => {
        const value = propertyOf(member(payload, `properties.${path}`));
        return value === undefined ? [] : [`${path}: ${show(value)}`];
      });
      matched.push({ definition: name, properties: properties.sort() });
    }
  }
  return matched;
}

function propertyOf(json: Json | undefined): Plain | undefined {
  if (!Array.isArray(json)) return scalar(json);
  const entries = json as readonly (Plain | undefined)[];
  const texts = entries.flatMap((entry) => (entry?.is === 'text' ? [entry.text] : []));
  return texts.length === entries.length ? { is: 'list', texts } : undefined;
}

function propertiesNamedBy({ properties = [], frequency }: TriggerText): string[] {
  const key = typeof frequency === 'object' && typeof frequency.key === 'object' ? [frequency.key.property] : [];
  return [...new Set([...properties, ...key])];
}

export function propertyTexts(values: readonly NamedValue[]): string[] {
  return values.map(({ name, value }) => `${name}: ${show(plainOf(value))}`).sort();
}

/** Whether the catalogue has what such a fact is about. */
export function isDefined(definition: string, { catalogue }: Rules): boolean {
  return catalogue.triggers.some(({ name, when, wait_for: wait }) =>
    definition === name ? when.event !== undefined : definition === `${name}/wait_for` && wait?.event !== undefined,
  );
}

export const mayWait = (trigger: TriggerText, catalogue: CatalogueText): boolean =>
  trigger.delay !== undefined || trigger.wait_for !== undefined || isDeferring(trigger, catalogue);

/** Names of attributes, also of those that nobody named, whose changes are passed on. */
export function watchedIn(rules: Rules): Set<string> {
  const { triggers } = rules.catalogue;
  const waiting = triggers.filter((trigger) => mayWait(trigger, rules.catalogue));
  const changes = triggers.flatMap(({ when }) => (when.attribute === undefined ? [] : [when.attribute]));
  return new Set([...changes, ...waiting.flatMap((trigger) => neededBy(trigger, rules).attributes)]);
}

/** What all waiting firings of a catalogue may need; undefined where no trigger waits. */
export function neededIn(rules: Rules): { attributes: Set<string>; segments: Set<string> } | undefined {
  const { triggers } = rules.catalogue;
  const waiting = triggers
    .filter((trigger) => mayWait(trigger, rules.catalogue))
    .map((trigger) => neededBy(trigger, rules));
  if (waiting.length === 0) return undefined;
  return {
    attributes: new Set(waiting.flatMap(({ attributes }) => attributes)),
    segments: new Set(waiting.flatMap(({ segments }) => segments)),
  };
}

/** What a firing of the trigger has to know of its profile when it ends to wait. */
export function neededBy(trigger: TriggerText, rules: Rules): { attributes: string[]; segments: string[] } {
  const conditions = [trigger.if, trigger.wait_for?.condition];
  const questions = conditions.flatMap((each) => (each === undefined ? [] : questionsIn(each)));
  const named = [
    ...carriedNames(trigger),
    ...conditions.flatMap(plainAttributesIn),
    ...lookedUp(trigger, rules.catalogue),
  ];
  return {
    attributes: [...new Set([...named, ...questions.map((question) => rules.unnamed(question))])].sort(),
    segments: [...new Set(conditions.flatMap(segmentsIn))].sort(),
  };
}

/** Attributes that the firing carries. */
export function carriedNames(trigger: TriggerText): string[] {
  const { frequency } = trigger;
  const key = typeof frequency === 'object' && typeof frequency.key === 'string' ? [frequency.key] : [];
  return [...new Set([...(trigger.payload ?? []), ...key, ...attributesIn(trigger.if)])];
}

export function segmentsIn(node: ConditionText | undefined): string[] {
  if (node === undefined) return [];
  if (node.segment !== undefined) return [node.segment];
  return [...(node.all ?? []), ...(node.any ?? []), node.not].flatMap(segmentsIn);
}

function attributesIn(node: ConditionText | undefined): string[] {
  if (node === undefined) return [];
  if (node.attribute !== undefined) return [node.attribute];
  return [...(node.all ?? []), ...(node.any ?? []), node.not].flatMap(attributesIn);
}

/** Without those of which only an age is asked: that is a question of its own. */
function plainAttributesIn(node: ConditionText | undefined): string[] {
  if (node === undefined) return [];
  if (node.attribute !== undefined) {
    const isAge = Object.keys(node).every((key) => ['attribute', 'older_than', 'newer_than'].includes(key));
    return isAge ? [] : [node.attribute];
  }
  return [...(node.all ?? []), ...(node.any ?? []), node.not].flatMap(plainAttributesIn);
}

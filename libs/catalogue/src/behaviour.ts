/** Conditions about events and about the passing of time as the unnamed attributes they compile to. Equal ones are one attribute. */
import type {
  Age,
  Aggregate,
  AggregateComparator,
  Behaviour,
  Condition,
  Happening,
  Moment,
  Occurrence,
  Sequence,
} from '@attrium/condition';
import { compareNumbers } from '@attrium/event';
import { canonicalJson, stableHash } from './canonical.js';
import type { CompiledAttribute, ComputedAttribute, EventPattern } from './compiled.js';
import type {
  AttributeDefinition,
  DefinitionKind,
  FormulaAttributeDefinition,
  RollupAttributeDefinition,
} from './definitions.js';
import { LIST_MEMBER, listEventName } from './static-list.js';

/** What a condition compiles to: an attribute that nobody named, and what is asked of it. */
export interface Unnamed {
  readonly attribute: CompiledAttribute;
  readonly condition: Condition;
}

/** The unnamed attribute of an event condition: true once enough such events are in the window. `did_not` is its negation. */
export function unnamedBehaviour(behaviour: Behaviour, of: DefinitionKind): Unnamed {
  const { atLeast, did, since } = behaviour;
  if (since !== undefined) {
    const asked = unnamedSince(behaviour, since, of);
    return did ? asked : negated(asked);
  }
  const happening = happeningOf(behaviour);
  const name = unnamed({ ...happening, atLeast, ...kindOf(of) });
  const head = { kind: 'computed', name, key: name, of, type: 'boolean', visible: false } as const;
  const attribute: ComputedAttribute = { ...head, reducer: 'count', ...happening, atLeast };
  const condition = equalTo(name, true);
  return did ? { attribute, condition } : negated({ attribute, condition });
}

/**
 * The unnamed attribute of a sum. It has no value before the first event, and the sum of none is 0: what is true of 0 is therefore asked
 * as the negation of what is not.
 */
export function unnamedAggregate(aggregate: Aggregate, of: DefinitionKind): Unnamed {
  const { reducer, comparator, value } = aggregate;
  const happening = happeningOf(aggregate);
  const read =
    aggregate.eventAttribute === undefined
      ? { property: aggregate.property }
      : { eventAttribute: aggregate.eventAttribute };
  const name = unnamed({ ...happening, reducer, ...read, ...kindOf(of) });
  const head = { kind: 'computed', name, key: name, of, type: 'number', visible: false } as const;
  const tests = (isTrueOfZero(aggregate) ? COMPLEMENTS[comparator] : [comparator]).map(
    (each): Condition => ({ kind: 'compare', operand: { kind: 'attribute', name }, comparator: each, value }),
  );
  const condition: Condition = tests.length === 1 ? tests[0]! : { kind: 'any', of: tests };
  return {
    attribute: { ...head, reducer, ...read, ...happening },
    condition: isTrueOfZero(aggregate) ? { kind: 'not', of: condition } : condition,
  };
}

/** Of numbers exactly one of a comparator and its complements holds. */
const COMPLEMENTS: Readonly<Record<AggregateComparator, readonly AggregateComparator[]>> = {
  equals: ['lt', 'gt'],
  gt: ['lte'],
  gte: ['lt'],
  lt: ['gte'],
  lte: ['gt'],
};

/** Of what folds events: only there it is known when the age is reached. */
export type AgedDefinition = Exclude<AttributeDefinition, FormulaAttributeDefinition | RollupAttributeDefinition>;

/** The unnamed attribute of an age: it folds what the timestamp folds, and is false as long as there is none. */
export function unnamedAge(age: Age, source: AgedDefinition): Unnamed {
  const { name: _name, visible: _visible, ...meaning } = source;
  const asked = { ageMs: age.olderThanMs, newer: age.newer };
  const name = unnamed({ ...meaning, age: asked });
  return {
    attribute: { ...source, name, key: name, type: 'boolean', visible: false, age: asked },
    condition: equalTo(name, true),
  };
}

/** Whether so many came after the last of the others. */
function unnamedSince({ event, where, atLeast }: Behaviour, since: Occurrence, of: DefinitionKind): Unnamed {
  const steps = [{ event, where }, occurrenceOf(since)];
  return unnamedPattern({ kind: 'since', steps, atLeast }, of);
}

/** The unnamed attribute of a sequence: true once such events were found one after the other, and while they are in the window. */
export function unnamedSequence({ steps, withinMs }: Sequence, of: DefinitionKind): Unnamed {
  const compiled = steps.map((step) => ({ ...occurrenceOf(step), withinMs: step.withinMs }));
  return unnamedPattern({ kind: 'sequence', steps: compiled, withinMs }, of);
}

function unnamedPattern(pattern: EventPattern, of: DefinitionKind): Unnamed {
  const name = unnamed({ pattern, ...kindOf(of) });
  const head = { kind: 'computed', name, key: name, of, type: 'boolean', visible: false } as const;
  const { event } = pattern.steps[0]!;
  return { attribute: { ...head, reducer: 'exists', event, pattern }, condition: equalTo(name, true) };
}

/** The unnamed attribute of a first or a last time: the time itself, or whether it is of such an age. */
export function unnamedMoment({ which, test, ...rest }: Moment, of: DefinitionKind): Unnamed {
  const reducer = which === 'first' ? 'first_time' : 'last_time';
  const occurrence = occurrenceOf(rest);
  const isAge = 'ageMs' in test;
  const name = unnamed({ ...occurrence, reducer, ...(isAge ? { age: test } : {}), ...kindOf(of) });
  const head = { kind: 'computed', name, key: name, of, visible: false, reducer, ...occurrence } as const;
  if (isAge) return { attribute: { ...head, type: 'boolean', age: test }, condition: equalTo(name, true) };
  const operand = { kind: 'attribute', name } as const;
  const condition: Condition = { kind: 'compare', operand, comparator: test.comparator, value: test.at };
  return { attribute: { ...head, type: 'timestamp' }, condition };
}

/** The unnamed attribute of a static list: what the latest import that names the entity says of it. */
export function unnamedList(list: string, of: DefinitionKind): Unnamed {
  const name = unnamed({ list, ...kindOf(of) });
  const head = { kind: 'computed', name, key: name, of, type: 'boolean', visible: false } as const;
  const attribute = { ...head, reducer: 'last_value', event: listEventName(list), property: [LIST_MEMBER] } as const;
  return { attribute, condition: equalTo(name, true) };
}

function negated({ attribute, condition }: Unnamed): Unnamed {
  return { attribute, condition: { kind: 'not', of: condition } };
}

function occurrenceOf({ event, where }: Occurrence): Occurrence {
  return { event, where };
}

/** Whether an attribute comes from a condition instead of a definition. */
export function isUnnamed(attribute: string): boolean {
  return attribute.startsWith('~');
}

/** Whether the comparison holds for someone who did nothing of the kind. */
export function isTrueOfZero({ comparator, value }: Aggregate): boolean {
  const order = compareNumbers(0, value);
  if (comparator === 'equals') return order === 0;
  if (comparator === 'gt') return order > 0;
  if (comparator === 'gte') return order >= 0;
  return comparator === 'lt' ? order < 0 : order <= 0;
}

/** Without what it does not say, so that the names of what releases knew before stay as they are. */
function happeningOf({ event, where, withinMs, fromMs, untilMs }: Happening): Happening {
  const range = { ...(fromMs === undefined ? {} : { fromMs }), ...(untilMs === undefined ? {} : { untilMs }) };
  return { event, where, withinMs, ...range };
}

/** What is asked of accounts is another attribute; the names of those of users are as they were without accounts. */
function kindOf(of: DefinitionKind): { readonly of?: DefinitionKind } {
  return of === 'user' ? {} : { of };
}

function unnamed(meaning: object): string {
  return `~${stableHash(canonicalJson(meaning))}`;
}

function equalTo(name: string, value: boolean): Condition {
  return { kind: 'compare', operand: { kind: 'attribute', name }, comparator: 'equals', value };
}

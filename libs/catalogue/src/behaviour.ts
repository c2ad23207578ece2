/** Conditions about events and about the passing of time as the unnamed attributes they compile to. Equal ones are one attribute. */
import type { Age, Aggregate, AggregateComparator, Behaviour, Condition, Happening } from '@attrium/condition';
import { compareNumbers } from '@attrium/event';
import { canonicalJson, stableHash } from './canonical.js';
import type { CompiledAttribute, ComputedAttribute } from './compiled.js';
import type { AttributeDefinition, FormulaAttributeDefinition } from './definitions.js';

/** What a condition compiles to: an attribute that nobody named, and what is asked of it. */
export interface Unnamed {
  readonly attribute: CompiledAttribute;
  readonly condition: Condition;
}

/** The unnamed attribute of an event condition: true once enough such events are in the window. `did_not` is its negation. */
export function unnamedBehaviour(behaviour: Behaviour): Unnamed {
  const { atLeast, did } = behaviour;
  const happening = happeningOf(behaviour);
  const name = unnamed({ ...happening, atLeast });
  const head = { kind: 'computed', name, key: name, of: 'user', type: 'boolean', visible: false } as const;
  const attribute: ComputedAttribute = { ...head, reducer: 'count', ...happening, atLeast };
  const condition = equalTo(name, true);
  return { attribute, condition: did ? condition : { kind: 'not', of: condition } };
}

/**
 * The unnamed attribute of a sum. It has no value before the first event, and the sum of none is 0: what is true of 0 is therefore asked
 * as the negation of what is not.
 */
export function unnamedAggregate(aggregate: Aggregate): Unnamed {
  const { reducer, comparator, value } = aggregate;
  const happening = happeningOf(aggregate);
  const read =
    aggregate.eventAttribute === undefined
      ? { property: aggregate.property }
      : { eventAttribute: aggregate.eventAttribute };
  const name = unnamed({ ...happening, reducer, ...read });
  const head = { kind: 'computed', name, key: name, of: 'user', type: 'number', visible: false } as const;
  const of = (isTrueOfZero(aggregate) ? COMPLEMENTS[comparator] : [comparator]).map(
    (each): Condition => ({ kind: 'compare', operand: { kind: 'attribute', name }, comparator: each, value }),
  );
  const condition: Condition = of.length === 1 ? of[0]! : { kind: 'any', of };
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

type AgedDefinition = Exclude<AttributeDefinition, FormulaAttributeDefinition>;

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

function unnamed(meaning: object): string {
  return `~${stableHash(canonicalJson(meaning))}`;
}

function equalTo(name: string, value: boolean): Condition {
  return { kind: 'compare', operand: { kind: 'attribute', name }, comparator: 'equals', value };
}

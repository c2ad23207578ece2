/** Turns a condition into closures that evaluate it without allocating. What each comparator means: docs/reference/conditions.md. */
import {
  assertNever,
  compareNumbers,
  Decimal,
  type ExactNumber,
  equalValues,
  Timestamp,
  type Value,
} from '@attrium/event';
import type { Comparator, Condition, ConditionSubject } from './condition.js';

export type Predicate = (subject: ConditionSubject) => boolean;
type Test = (value: Value | undefined) => boolean;

/** Compiles once what is evaluated often. The predicate never throws, whatever types the values have. */
export function compileCondition(condition: Condition): Predicate {
  switch (condition.kind) {
    case 'all': {
      const predicates = condition.of.map(compileCondition);
      return (subject) => {
        for (let index = 0; index < predicates.length; index++) if (!predicates[index]!(subject)) return false;
        return true;
      };
    }
    case 'any': {
      const predicates = condition.of.map(compileCondition);
      return (subject) => {
        for (let index = 0; index < predicates.length; index++) if (predicates[index]!(subject)) return true;
        return false;
      };
    }
    case 'not': {
      const predicate = compileCondition(condition.of);
      return (subject) => !predicate(subject);
    }
    case 'segment': {
      const { segment } = condition;
      return (subject) => subject.inSegment(segment);
    }
    case 'compare': {
      const { operand } = condition;
      const test = testOf(condition.comparator, condition.value);
      if (operand.kind === 'attribute') {
        const { name } = operand;
        return (subject) => test(subject.attribute(name));
      }
      if (operand.kind === 'event_attribute') return (subject) => test(subject.eventAttribute?.(operand));
      const { path } = operand;
      return (subject) => test(subject.property(path));
    }
    default:
      return assertNever(condition);
  }
}

/** Whether a condition is true of a subject, once; `compileCondition` is for more often. */
export function evaluate(condition: Condition, subject: ConditionSubject): boolean {
  return compileCondition(condition)(subject);
}

const never: Test = () => false;
const negation =
  (test: Test): Test =>
  (value) =>
    !test(value);

function testOf(comparator: Comparator, right: Value): Test {
  switch (comparator) {
    case 'equals':
      return equalTo(right);
    case 'not_equals':
      return negation(equalTo(right));
    case 'gt':
      return ordered(right, (order) => order > 0);
    case 'gte':
      return ordered(right, (order) => order >= 0);
    case 'lt':
      return ordered(right, (order) => order < 0);
    case 'lte':
      return ordered(right, (order) => order <= 0);
    case 'in':
      return oneOf(right);
    case 'not_in':
      return negation(oneOf(right));
    case 'contains':
      return containing(right);
    case 'starts_with':
      return typeof right === 'string' ? (value) => typeof value === 'string' && value.startsWith(right) : never;
    case 'ends_with':
      return typeof right === 'string' ? (value) => typeof value === 'string' && value.endsWith(right) : never;
    case 'exists':
      return right === false ? (value) => value === undefined : (value) => value !== undefined;
    default:
      return assertNever(comparator);
  }
}

/** NaN is no number: it would compare as equal to every number. */
function isNumber(value: Value | undefined): value is ExactNumber {
  return typeof value === 'number' ? !Number.isNaN(value) : value instanceof Decimal;
}

function equalTo(right: Value): Test {
  if (typeof right === 'string' || typeof right === 'boolean') return (value) => value === right;
  if (isNumber(right)) return (value) => isNumber(value) && compareNumbers(value, right) === 0;
  if (right instanceof Timestamp) return (value) => value instanceof Timestamp && value.ms === right.ms;
  return (value) => Array.isArray(value) && equalValues(value, right);
}

/** Numbers, timestamps and texts have an order; booleans and lists have none. */
function ordered(right: Value, accepts: (order: number) => boolean): Test {
  if (isNumber(right)) return (value) => isNumber(value) && accepts(compareNumbers(value, right));
  if (right instanceof Timestamp) return (value) => value instanceof Timestamp && accepts(value.ms - right.ms);
  if (typeof right === 'string') {
    return (value) => typeof value === 'string' && accepts(value < right ? -1 : value > right ? 1 : 0);
  }
  return never;
}

function oneOf(right: Value): Test {
  if (!Array.isArray(right)) return never;
  const members: ReadonlySet<unknown> = new Set<unknown>(right);
  return (value) => members.has(value);
}

/** A text contains a part, a list contains an entry. */
function containing(right: Value): Test {
  if (typeof right !== 'string') return never;
  return (value) => (typeof value === 'string' || Array.isArray(value)) && value.includes(right);
}

/** What a comparison asks of a row of the table `attributes`, in SQL. Without a row the answer is no. */
import type { Comparator } from '@attrium/condition';
import {
  assertNever,
  Decimal,
  type ExactNumber,
  stringifyExactJson,
  Timestamp,
  typeOfValue,
  type Value,
} from '@attrium/event';
import { decimalList, decimalTest, isExact, OPERATORS, type OrderComparator } from './number-test.js';
import type { QueryParameters } from './query-parameters.js';
import { codeUnitOrder } from './text-test.js';

/** The comparators that are false of a missing value; the others are negations of them. */
export type PositiveComparator = Exclude<Comparator, 'not_equals' | 'not_in'>;

const TEXT = 'JSONExtractString(value)';

/** SQL that is 1 or 0, over the columns `type`, `value` and `number`; `exists` asks for a value. */
export function attributeTest(comparator: PositiveComparator, right: Value, parameters: QueryParameters): string {
  switch (comparator) {
    case 'exists':
      return '1';
    case 'equals':
      return ordered('equals', right, parameters);
    case 'gt':
    case 'gte':
    case 'lt':
    case 'lte':
      // Booleans and lists have no order.
      return typeof right === 'boolean' || Array.isArray(right) ? '0' : ordered(comparator, right, parameters);
    case 'in':
      if (!Array.isArray(right)) return '0';
      return ofType('string', `has(${parameters.add('Array(String)', right.map(jsonOf))}, value)`);
    case 'contains':
      if (typeof right !== 'string') return '0';
      return `(${containing(parameters.add('String', right))})`;
    case 'starts_with':
    case 'ends_with': {
      if (typeof right !== 'string') return '0';
      const test = comparator === 'starts_with' ? 'startsWith' : 'endsWith';
      return ofType('string', `${test}(${TEXT}, ${parameters.add('String', right)})`);
    }
    default:
      return assertNever(comparator);
  }
}

/** Whether a value is one of a list, as `equals` of each entry says; each sort of entry travels as one parameter. */
export function attributeInTest(entries: readonly Value[], parameters: QueryParameters): string {
  const numbers = entries.filter((entry) => isExact(entry));
  const tests = ['string', 'boolean', 'timestamp', 'string_list'].flatMap((type) => {
    const of = entries.filter((entry) => typeOfValue(entry) === type).map(jsonOf);
    return of.length === 0 ? [] : [ofType(type, `has(${parameters.add('Array(String)', of)}, value)`)];
  });
  if (numbers.length > 0) {
    tests.push(ofType('number', `ifNull(has(${decimalList(numbers, parameters)}, number), 0)`));
  }
  return tests.length === 0 ? '0' : `(${tests.join(' OR ')})`;
}

/** Whether a timestamp is later than an instant, or else at or before it. */
export function timestampTest(isLater: boolean, ms: number, parameters: QueryParameters): string {
  return ordered(isLater ? 'gt' : 'lte', new Timestamp(ms), parameters);
}

function ordered(comparator: OrderComparator, right: Value, parameters: QueryParameters): string {
  if (typeof right === 'number' || right instanceof Decimal) return numeric(comparator, right, parameters);
  const type = typeOfValue(right);
  if (type === 'string' && comparator !== 'equals') {
    const text = codeUnitOrder(parameters.add('String', right as string));
    return ofType(type, `${codeUnitOrder(TEXT)} ${OPERATORS[comparator]} ${text}`);
  }
  // A value has one JSON text, and that of timestamps, all of one length, has their order.
  return ofType(type, `value ${OPERATORS[comparator]} ${parameters.add('String', jsonOf(right))}`);
}

function numeric(comparator: OrderComparator, right: ExactNumber, parameters: QueryParameters): string {
  if (Number.isNaN(right)) return '0';
  return ofType('number', `ifNull(${decimalTest('number', comparator, right, parameters)}, 0)`);
}

/** A list has the entry, or a text has the part. */
function containing(part: string): string {
  const inList = ofType('string_list', `has(JSONExtract(value, 'Array(String)'), ${part})`);
  return `${inList} OR ${ofType('string', `position(${TEXT}, ${part}) > 0`)}`;
}

function ofType(type: string, test: string): string {
  return `(type = '${type}' AND ${test})`;
}

/** The text that the projection writes of the same value. */
function jsonOf(value: Value): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (value instanceof Timestamp) return `"${value.toJSON()}"`;
  return stringifyExactJson(value);
}

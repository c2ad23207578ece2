/** Checks and converts the right side of a comparison: what the comparator needs, and what the left side's type allows. */
import { assertNever, Decimal, typeOfValue, type Value, type ValueType } from '@attrium/event';
import type { Comparator, Condition, Operand } from './condition.js';
import type { ConditionFault, ConditionFaultCode } from './fault.js';
import { timestampFromText, valueOfJson } from './json.js';
import { LIST_ENTRIES_MAX, TEXT_LENGTH_MAX } from './limits.js';

/** The type of the left side; `any` where nobody declared one, as for event properties. */
export type LeftType = ValueType | 'any';

export interface Comparison {
  readonly operand: Operand;
  readonly leftType: LeftType;
  readonly comparator: Comparator;
  /** The right side as it was written. */
  readonly json: unknown;
  readonly path: string;
}

type Outcome<T> = { readonly value: T } | { readonly fault: ConditionFault };

/** Left types a comparator can be true for; absent: all. */
const LEFT_TYPES: Partial<Record<Comparator, readonly ValueType[]>> = {
  gt: ['number', 'timestamp', 'string'],
  gte: ['number', 'timestamp', 'string'],
  lt: ['number', 'timestamp', 'string'],
  lte: ['number', 'timestamp', 'string'],
  in: ['string', 'number', 'boolean', 'timestamp'],
  not_in: ['string', 'number', 'boolean', 'timestamp'],
  contains: ['string', 'string_list'],
  starts_with: ['string'],
  ends_with: ['string'],
};

/** The condition of one comparison. Lists of anything but text become `any` of `equals`, because a `Value` list holds text only. */
export function buildComparison(comparison: Comparison): Outcome<Condition> {
  const { comparator, leftType, json, operand, path } = comparison;
  const allowed = LEFT_TYPES[comparator];
  if (leftType !== 'any' && allowed !== undefined && !allowed.includes(leftType)) {
    const hint = leftType === 'string_list' && comparator !== 'exists' ? '; use contains' : '';
    return fault(path, 'type_mismatch', `${comparator} does not apply to a ${leftType}${hint}`);
  }
  const node = (value: Value): Outcome<Condition> => ({ value: { kind: 'compare', operand, comparator, value } });
  switch (comparator) {
    case 'exists':
      return typeof json === 'boolean' ? node(json) : fault(path, 'wrong_value', 'exists takes true or false');
    case 'in':
    case 'not_in': {
      const list = listOf(comparison);
      if ('fault' in list) return list;
      const texts = list.value.filter((entry) => typeof entry === 'string');
      if (texts.length === list.value.length) return node(texts);
      const any: Condition = {
        kind: 'any',
        of: list.value.map((value) => ({ kind: 'compare', operand, comparator: 'equals', value })),
      };
      return { value: comparator === 'in' ? any : { kind: 'not', of: any } };
    }
    case 'contains':
    case 'starts_with':
    case 'ends_with':
      if (typeof json !== 'string') return fault(path, 'wrong_value', `${comparator} takes a text`);
      return json.length > TEXT_LENGTH_MAX ? tooLong(path) : node(json);
    case 'gt':
    case 'gte':
    case 'lt':
    case 'lte': {
      if (typeof json !== 'number' && typeof json !== 'string' && !(json instanceof Decimal)) {
        return fault(path, 'wrong_value', `${comparator} takes a number, a timestamp or a text`);
      }
      const value = typed(json, leftType, path);
      return 'fault' in value ? value : node(value.value);
    }
    case 'equals':
    case 'not_equals': {
      const value = typed(json, leftType, path);
      return 'fault' in value ? value : node(value.value);
    }
    default:
      return assertNever(comparator);
  }
}

function listOf({ json, path, comparator, leftType }: Comparison): Outcome<Value[]> {
  if (!Array.isArray(json) || json.length === 0) {
    return fault(path, 'wrong_value', `${comparator} takes a list of at least one value`);
  }
  if (json.length > LIST_ENTRIES_MAX) {
    return fault(path, 'over_limit', `a list may have at most ${LIST_ENTRIES_MAX} entries`);
  }
  const values: Value[] = [];
  for (const [index, entry] of json.entries()) {
    if (Array.isArray(entry))
      return fault(`${path}[${index}]`, 'wrong_value', 'an entry is a text, a number or a boolean');
    const value = typed(entry, leftType, `${path}[${index}]`);
    if ('fault' in value) return value;
    values.push(value.value);
  }
  return { value: values };
}

/** A right side as a value of the left side's type; ISO-8601 text becomes the timestamp it names. */
function typed(json: unknown, leftType: LeftType, path: string): Outcome<Value> {
  const value = valueOfJson(json);
  if (value === undefined) {
    const hint = json === null ? '; ask for a missing value by exists: false' : '';
    return fault(path, 'wrong_value', `expected a text, a number, a boolean or a list of texts${hint}`);
  }
  if (typeof value === 'string' && value.length > TEXT_LENGTH_MAX) return tooLong(path);
  if (Array.isArray(value) && value.length > LIST_ENTRIES_MAX) {
    return fault(path, 'over_limit', `a list may have at most ${LIST_ENTRIES_MAX} entries`);
  }
  if (leftType === 'timestamp') {
    const instant = typeof value === 'string' ? timestampFromText(value) : undefined;
    if (instant !== undefined) return { value: instant };
    return fault(
      path,
      'type_mismatch',
      'expected an ISO-8601 date, or a date and time with its zone, as 2026-01-31T09:30:00Z',
    );
  }
  if (leftType !== 'any' && typeOfValue(value) !== leftType) {
    return fault(path, 'type_mismatch', `a ${leftType} is compared with a ${typeOfValue(value)}`);
  }
  return { value };
}

function tooLong(path: string): { readonly fault: ConditionFault } {
  return fault(path, 'over_limit', `a text may have at most ${TEXT_LENGTH_MAX} characters`);
}

function fault(path: string, code: ConditionFaultCode, message: string): { readonly fault: ConditionFault } {
  return { fault: { path, code, message } };
}

/** Conditions over the properties of an event in SQL, over the column `payload`. */
import type { Condition, Operand } from '@attrium/condition';
import { assertNever, Decimal, type ExactNumber, unitsOf, unitsToText, type Value } from '@attrium/event';
import type { PositiveComparator } from './attribute-test.js';
import { equalListsIn } from './equal-lists.js';
import { decimalList, isExact, OPERATORS, type OrderComparator } from './number-test.js';
import type { QueryParameters } from './query-parameters.js';
import { codeUnitOrder } from './text-test.js';

/** SQL that is 1 or 0 for every payload. */
export function eventTest(condition: Condition, parameters: QueryParameters): string {
  switch (condition.kind) {
    case 'all':
      return condition.of.length === 0 ? '1' : `(${condition.of.map((of) => eventTest(of, parameters)).join(' AND ')})`;
    case 'any':
      return anyTest(condition.of, parameters);
    case 'not':
      return `NOT ${eventTest(condition.of, parameters)}`;
    case 'compare': {
      const { operand, comparator, value } = condition;
      const property = propertyOf(operand, parameters);
      if (comparator === 'not_equals') return `NOT ${property.test('equals', value)}`;
      if (comparator === 'not_in') return `NOT ${property.test('in', value)}`;
      return comparator === 'exists' && value === false
        ? `NOT ${property.test('exists', true)}`
        : property.test(comparator, value);
    }
    case 'segment':
      throw new Error('a condition over events asks for properties only');
    default:
      return assertNever(condition);
  }
}

function anyTest(members: readonly Condition[], parameters: QueryParameters): string {
  const { lists, others } = equalListsIn(members);
  const tests = lists.map(({ operand, values }) => propertyOf(operand, parameters).isOneOf(values));
  tests.push(...others.map((of) => eventTest(of, parameters)));
  return tests.length === 0 ? '0' : `(${tests.join(' OR ')})`;
}

function propertyOf(operand: Operand, parameters: QueryParameters): Property {
  if (operand.kind !== 'property') throw new Error('a condition over events asks for properties only');
  return new Property(operand.path, parameters);
}

/** What a sum adds up of an event: a number or the text of one; null for everything else. */
export function amountOf(path: readonly string[], parameters: QueryParameters): string {
  const property = new Property(path, parameters);
  const text = `if(${property.is('String')}, ${property.text}, ${property.raw})`;
  const number = `extract(${text}, '^\\\\s*([+-]?[0-9]{1,100}(?:\\\\.[0-9]{1,400})?(?:[eE][+-]?[0-9]{1,3})?)\\\\s*$')`;
  return `toDecimal128OrNull(${number}, 18)`;
}

/** One property in SQL; arguments are the names that lead to it. */
class Property {
  private readonly place: string;

  constructor(
    path: readonly string[],
    private readonly parameters: QueryParameters,
  ) {
    this.place = ['payload', "'properties'", ...path.map((step) => parameters.add('String', step))].join(', ');
  }

  get raw(): string {
    return `JSONExtractRaw(${this.place})`;
  }

  get text(): string {
    return `JSONExtractString(${this.place})`;
  }

  private get list(): string {
    return `JSONExtract(${this.place}, 'Array(String)')`;
  }

  is(...types: readonly string[]): string {
    return `JSONType(${this.place}) IN (${types.map((type) => `'${type}'`).join(', ')})`;
  }

  /** Lists that hold anything but texts are no values. */
  private get isList(): string {
    return `(${this.is('Array')} AND arrayAll(each -> JSONType(each) = 'String', JSONExtractArrayRaw(${this.place})))`;
  }

  test(comparator: PositiveComparator, right: Value): string {
    switch (comparator) {
      case 'exists':
        return `(${this.is('String', 'Bool', ...NUMBERS)} OR ${this.isList})`;
      case 'equals':
        return this.ordered('equals', right);
      case 'gt':
      case 'gte':
      case 'lt':
      case 'lte':
        return typeof right === 'boolean' || Array.isArray(right) ? '0' : this.ordered(comparator, right);
      case 'in':
        if (!Array.isArray(right)) return '0';
        return `(${this.is('String')} AND has(${this.parameters.add('Array(String)', right)}, ${this.text}))`;
      case 'contains': {
        if (typeof right !== 'string') return '0';
        const part = this.parameters.add('String', right);
        const inText = `(${this.is('String')} AND position(${this.text}, ${part}) > 0)`;
        return `(${inText} OR (${this.isList} AND has(${this.list}, ${part})))`;
      }
      case 'starts_with':
      case 'ends_with': {
        if (typeof right !== 'string') return '0';
        const test = comparator === 'starts_with' ? 'startsWith' : 'endsWith';
        return `(${this.is('String')} AND ${test}(${this.text}, ${this.parameters.add('String', right)}))`;
      }
      default:
        return assertNever(comparator);
    }
  }

  /** As `equals` of each says. */
  isOneOf(values: readonly Value[]): string {
    const texts = values.filter((value) => typeof value === 'string');
    const numbers = values.filter((value) => isExact(value)).filter((value) => !Number.isNaN(value));
    const rest = values.filter((value) => typeof value !== 'string' && !isExact(value));
    const tests = rest.map((value) => this.test('equals', value));
    if (texts.length > 0) {
      tests.push(`(${this.is('String')} AND has(${this.parameters.add('Array(String)', texts)}, ${this.text}))`);
    }
    if (numbers.length > 0) tests.push(`(${this.is(...NUMBERS)} AND (${this.isOneOfNumbers(numbers)}))`);
    return tests.length === 0 ? '0' : `(${tests.join(' OR ')})`;
  }

  private isOneOfNumbers(numbers: readonly ExactNumber[]): string {
    const left = `JSONExtractFloat(${this.place})`;
    const doubles = (of: readonly ExactNumber[]): string => this.parameters.add('Array(Float64)', of.map(Number));
    // Those that are no decimals of the tables are told apart as doubles only.
    const wide = numbers.filter((number) => unitsOf(number) === undefined);
    const exact = numbers.filter((number) => unitsOf(number) !== undefined);
    const tests = wide.length === 0 ? [] : [`has(${doubles(wide)}, ${left})`];
    if (exact.length > 0) {
      const isEqual = `each = ${left} AND ifNull(toDecimal128OrNull(${this.raw}, 18) = exact, 1)`;
      tests.push(`arrayExists((each, exact) -> ${isEqual}, ${doubles(exact)}, ${decimalList(exact, this.parameters)})`);
    }
    return tests.join(' OR ');
  }

  private ordered(comparator: OrderComparator, right: Value): string {
    if (typeof right === 'number' || right instanceof Decimal) return this.numeric(comparator, right);
    if (typeof right === 'boolean') return `(${this.is('Bool')} AND JSONExtractBool(${this.place}) = ${Number(right)})`;
    if (typeof right === 'string') {
      const text = this.parameters.add('String', right);
      if (comparator === 'equals') return `(${this.is('String')} AND ${this.text} = ${text})`;
      const order = `${codeUnitOrder(this.text)} ${OPERATORS[comparator]} ${codeUnitOrder(text)}`;
      return `(${this.is('String')} AND ${order})`;
    }
    if (Array.isArray(right)) {
      return `(${this.isList} AND ${this.list} = ${this.parameters.add('Array(String)', right)})`;
    }
    // A property is never a timestamp.
    return '0';
  }

  /** Doubles decide; where they are equal, the digits beyond do, as far as both have no more than 18 after the point. */
  private numeric(comparator: OrderComparator, right: ExactNumber): string {
    const number = Number(right);
    if (Number.isNaN(number)) return '0';
    const left = `JSONExtractFloat(${this.place})`;
    const double = this.parameters.add('Float64', number);
    const units = unitsOf(right);
    const exact =
      units === undefined
        ? OPERATORS[comparator].includes('=')
          ? '1'
          : '0'
        : `ifNull(toDecimal128OrNull(${this.raw}, 18) ${OPERATORS[comparator]} ${this.parameters.add('Decimal(38, 18)', unitsToText(units))}, ${OPERATORS[comparator].includes('=') ? 1 : 0})`;
    const isEqual = `(${left} = ${double} AND ${exact})`;
    const strict = comparator === 'equals' ? '0' : `${left} ${OPERATORS[comparator].slice(0, 1)} ${double}`;
    return `(${this.is(...NUMBERS)} AND (${strict} OR ${isEqual}))`;
  }
}

const NUMBERS = ['Int64', 'UInt64', 'Double'];

/** Compares exact decimals of SQL with the exact numbers of conditions. */
import { Decimal, type ExactNumber, unitsOf, unitsToText, type Value } from '@attrium/event';
import type { QueryParameters } from './query-parameters.js';

export type OrderComparator = 'equals' | 'gt' | 'gte' | 'lt' | 'lte';

export const OPERATORS: Readonly<Record<OrderComparator, string>> = {
  equals: '=',
  gt: '>',
  gte: '>=',
  lt: '<',
  lte: '<=',
};

/** No decimal of the tables is as large as this. */
const MAGNITUDE_LIMIT = 1e20;

/** Whether a decimal with 18 digits after the point, of which there is one, compares so. */
export function decimalTest(
  left: string,
  comparator: OrderComparator,
  right: ExactNumber,
  parameters: QueryParameters,
): string {
  const units = unitsOf(right);
  if (units !== undefined) {
    return `${left} ${OPERATORS[comparator]} ${parameters.add('Decimal(38, 18)', unitsToText(units))}`;
  }
  // Between two decimals, or beyond all of them: it equals none, and one below it is below or at the next lower decimal.
  const number = Number(right);
  if (comparator === 'equals') return '0';
  const isAbove = comparator === 'gt' || comparator === 'gte';
  if (Math.abs(number) >= MAGNITUDE_LIMIT) return isAbove === number < 0 ? '1' : '0';
  return `${left} ${isAbove ? '>' : '<='} ${parameters.add('Decimal(38, 18)', unitsToText(lowerUnits(number)))}`;
}

export function isExact(value: Value): value is ExactNumber {
  return typeof value === 'number' || value instanceof Decimal;
}

/** Those of some numbers that are decimals of the tables, as one list in SQL. The others equal none. */
export function decimalList(numbers: readonly ExactNumber[], parameters: QueryParameters): string {
  const units = numbers.map((number) => unitsOf(number)).filter((each) => each !== undefined);
  const texts = parameters.add('Array(String)', units.map(unitsToText));
  return `arrayMap(each -> toDecimal128(each, 18), ${texts})`;
}

/** The greatest number of units of 10^-18 that is below a double. */
function lowerUnits(number: number): bigint {
  const [whole = '0', fraction = ''] = Math.abs(number).toFixed(100).split('.');
  const cut = BigInt(`${whole}${fraction.slice(0, 18)}`);
  return number < 0 ? -cut - 1n : cut;
}

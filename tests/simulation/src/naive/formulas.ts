/** The formulas that catalogues are drawn with, calculated by hand: each is one of a few shapes over two attributes that are numbers. */
import { type Plain, truth, wholeNumber } from './value.js';

export interface NaiveFormula {
  readonly reads: readonly string[];
  value(read: (name: string) => Plain | undefined): Plain | undefined;
}

interface Shape {
  /** `A` and `B` are the two attributes. */
  readonly text: string;
  readonly type: 'number' | 'boolean';
  readonly value: (a: bigint | undefined, b: bigint | undefined) => Plain | undefined;
}

const UNIT = 10n ** 18n;
const LIMIT = 10n ** 38n;

export const FORMULA_SHAPES: readonly Shape[] = [
  { text: 'A + B', type: 'number', value: (a, b) => both(a, b, (left, right) => rounded(left + right, 1n)) },
  { text: 'A - 2 * B', type: 'number', value: (a, b) => both(a, b, (left, right) => rounded(left - 2n * right, 1n)) },
  {
    text: 'A / B',
    type: 'number',
    value: (a, b) => both(a, b, (up, down) => (down === 0n ? undefined : rounded(up * UNIT, down))),
  },
  {
    text: '(has(attributes.A) ? A : 0) + (has(attributes.B) ? B : 0.5)',
    type: 'number',
    value: (a, b) => rounded((a ?? 0n) + (b ?? UNIT / 2n), 1n),
  },
  { text: 'A > B', type: 'boolean', value: (a, b) => both(a, b, (left, right) => truth(left > right)) },
  { text: 'has(attributes.A) && A >= 2', type: 'boolean', value: (a) => truth(a !== undefined && a >= 2n * UNIT) },
];

/** The formula of a text that was drawn. */
export function naiveFormula(text: string): NaiveFormula {
  for (const shape of FORMULA_SHAPES) {
    const pattern = shape.text.replaceAll(/[.*+?^${}()|[\]\\/]/g, '\\$&').replaceAll(/\b[AB]\b/g, '(\\w+)');
    const match = new RegExp(`^${pattern}$`).exec(text);
    if (match === null) continue;
    const places = [...shape.text.matchAll(/\b[AB]\b/g)].map(([place]) => place);
    const a = match[places.indexOf('A') + 1]!;
    const b = places.includes('B') ? match[places.indexOf('B') + 1]! : a;
    return { reads: [a, b], value: (read) => shape.value(unitsOf(read(a)), unitsOf(read(b))) };
  }
  throw new Error(`nobody draws the formula ${text}`);
}

function unitsOf(value: Plain | undefined): bigint | undefined {
  return value?.is === 'number' ? value.units : undefined;
}

function both(
  a: bigint | undefined,
  b: bigint | undefined,
  value: (a: bigint, b: bigint) => Plain | undefined,
): Plain | undefined {
  return a === undefined || b === undefined ? undefined : value(a, b);
}

/** `up / down` in units, to the nearest with 15 digits, the even one of two; undefined when it does not fit. */
function rounded(up: bigint, down: bigint): Plain | undefined {
  const isNegative = up < 0n !== down < 0n;
  const [dividend, divisor] = [up < 0n ? -up : up, down < 0n ? -down : down];
  const digits = `${dividend / divisor}`.length;
  const step = digits > 15 ? 10n ** BigInt(digits - 15) : 1n;
  let steps = dividend / (divisor * step);
  const rest = dividend - steps * divisor * step;
  const half = 2n * rest - divisor * step;
  if (half > 0n || (half === 0n && steps % 2n === 1n)) steps += 1n;
  const units = steps * step;
  if (dividend / divisor >= LIMIT || units >= LIMIT) return undefined;
  return units === 0n ? wholeNumber(0) : { is: 'number', units: isNegative ? -units : units };
}

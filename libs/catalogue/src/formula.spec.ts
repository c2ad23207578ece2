import { Decimal, type ExactNumber, Timestamp, unitsOf, type Value, type ValueType } from '@attrium/event';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { FAILED, FormulaCompiler } from './formula.js';

const TYPES = new Map<string, ValueType>([
  ...(['a', 'b', 'c'] as const).map((name) => [name, 'number'] as const),
  ['s', 'string'],
  ['t', 'string'],
  ['yes', 'boolean'],
  ['at', 'timestamp'],
  ['since', 'timestamp'],
  ['tags', 'string_list'],
  ['math', 'number'],
  ['attributes', 'number'],
]);
const compiler = new FormulaCompiler(TYPES);

type Values = Readonly<Record<string, Value>>;
function resultOf(text: string, values: Values = {}): unknown {
  const outcome = compiler.compile(text);
  if ('fault' in outcome) throw new Error(`${text}: ${outcome.fault.code} ${outcome.fault.message}`);
  const value = outcome.formula.evaluate((name) => values[name]);
  return value instanceof Decimal ? value.toString() : value;
}
function faultOf(text: string): string {
  const outcome = compiler.compile(text);
  return 'fault' in outcome ? `${outcome.fault.code}: ${outcome.fault.message}` : 'none';
}
const at = new Timestamp(Date.UTC(2026, 0, 31, 9, 30));
const since = new Timestamp(Date.UTC(2026, 0, 1));

describe('what a formula gives', () => {
  const values: Values = { a: 0.1, b: 0.2, c: 7, s: 'pro', t: 'process', yes: true, at, since, tags: ['x', 'y'] };
  const cases: readonly [string, unknown][] = [
    ['a + b', 0.3],
    ['a * 3 - 0.3', 0],
    ['c / 2', 3.5],
    ['10 / 4 + a - a', 2.5],
    ['c / 3', 2.33333333333333],
    ['-c / 3', -2.33333333333333],
    ['c / -3', -2.33333333333333],
    ['c % 4', 3],
    ['-c % 4', -3],
    ['c == 7 && a < b ? 1 : 2.5', 1],
    ['c in [1, 7.0]', true],
    ['a + b == 0.3', true],
    ['math.least(c, 5) + math.greatest(a, b)', 5.2],
    ['math.round(c / 2)', 4],
    ['math.round(-c / 2)', -4],
    ['math.floor(-c / 2)', -4],
    ['math.ceil(-c / 2)', -3],
    ['math.abs(-c)', 7],
    ['s + "-" + string(c)', 'pro-7'],
    ['t.startsWith(s) && t.endsWith("s") && t.contains("ce") && t > s', true],
    ['size(s) + s.size() + size("😀") + size(tags) + tags.size()', 11],
    ['"x" in tags && !("z" in tags) && !(s in tags)', true],
    ['tags == ["x", "y"]', true],
    ['yes ? tags : []', ['x', 'y']],
    ['at > since', true],
    ['at == at', true],
    ['(at - since).getHours()', 729],
    ['(at - since) / duration("1d")', 30.3958333333333],
    ['at - since > duration("4w")', true],
    ['at - duration("30d")', new Timestamp(Date.UTC(2026, 0, 1, 9, 30))],
    ['at < timestamp("2026-02-01")', true],
    ['at.getFullYear() * 100 + at.getMonth()', 202600],
    ['at.getDayOfWeek() + at.getDate()', 37],
    ['attributes.a + a', 0.2],
    ['1e2 + 0x10 + c', 123],
    ['"\\u0041" + s // a comment', 'Apro'],
  ];
  it.each(cases)('%s', (text, expected) => {
    expect(resultOf(text, values)).toEqual(expected);
  });

  it('names that CEL has taken are read as attributes.name', () => {
    expect(resultOf('attributes.math + attributes.attributes', { math: 1, attributes: 2 })).toBe(3);
  });

  it('numbers that a double cannot hold stay exact on the way, and the result has 15 significant digits', () => {
    const big = new Decimal(12345678901234567890123456789n);
    expect(resultOf('a == 12345678901.234567890123456789', { a: big })).toBe(true);
    expect(resultOf('a - 12345678901', { a: big })).toBe(0.234567890123457);
    expect(resultOf('a + 0', { a: big })).toBe(12345678901.2346);
  });
});

describe('missing values', () => {
  const cases: readonly [string, Values, unknown][] = [
    ['a + b', { a: 1 }, undefined],
    ['yes ? a : b', { yes: true, a: 1 }, 1],
    ['yes ? a : b', { yes: false, a: 1 }, undefined],
    ['has(attributes.a) ? a : 0', {}, 0],
    ['has(attributes.a) ? a : 0', { a: 5 }, 5],
    ['has(attributes.a) && a > 1', {}, false],
    ['a > 1 || yes', { yes: true }, true],
    ['a > 1 && yes', { yes: false }, false],
    ['a > 1 || yes', { yes: false }, undefined],
    ['!has(attributes.tags) || size(tags) == 0', {}, true],
  ];
  it.each(cases)('%s of %j', (text, values, expected) => {
    expect(resultOf(text, values)).toEqual(expected);
  });
});

describe('what cannot be calculated', () => {
  const cases: readonly [string, Values][] = [
    ['a / b', { a: 1, b: 0 }],
    ['a % b', { a: 1, b: 0 }],
    ['a * b', { a: 1e15, b: 1e15 }],
    ['a + b', { a: new Decimal(10n ** 38n - 1n), b: 1 }],
    ['timestamp(s) > at', { s: 'today', at }],
    ['at - duration(s) > at', { s: '1 day', at }],
  ];
  it.each(cases)('%s has no value and says that it failed', (text, values) => {
    expect(resultOf(text, values)).toBe(FAILED);
  });

  it('is no failure where it is not reached', () => {
    expect(resultOf('b != 0 ? a / b : 0', { a: 1, b: 0 })).toBe(0);
  });
});

describe('faults', () => {
  const cases: readonly [string, string][] = [
    ['a +', 'bad_formula: '],
    ['', 'bad_formula: '],
    ['a + nope', 'unknown_attribute: there is no attribute nope of this kind (at character 5)'],
    ['attributes.nope', 'unknown_attribute: '],
    ['a + s', 'type_mismatch: no such overload: number + string (at character 1)'],
    ['yes ? a : s', 'type_mismatch: '],
    ['a ? 1 : 2', 'type_mismatch: '],
    ['a == s', 'type_mismatch: '],
    ['s in a', 'type_mismatch: '],
    ['at - since', 'type_mismatch: an attribute cannot be a duration'],
    ['[a]', 'type_mismatch: an attribute cannot be a list<number>'],
    ['size(a)', "type_mismatch: found no matching overload for 'size(number)' (at character 1)"],
    ['1 + 2', 'bad_formula: a formula reads at least one attribute'],
    ['s.matches("(a+)+$")', 'not_here: formulas have no method matches (at character 1)'],
    ['tags.exists(x, x == "y")', 'not_here: formulas have no method exists'],
    ['tags.map(x, x)', 'not_here: '],
    ['tags.filter(x, true)', 'not_here: '],
    ['cel.bind(x, a, x)', 'not_here: '],
    ['at.getHours("Europe/Berlin")', 'type_mismatch: '],
    ['dyn(a) + 1', 'not_here: formulas have no function dyn'],
    ['type(a) == number', 'not_here: '],
    ['attrium_size(s)', 'not_here: '],
    ['s.lowerAscii()', 'not_here: '],
    ['tags[0]', 'not_here: formulas have no []'],
    ['{"a": a}', 'not_here: formulas have no map'],
    ['a == null', 'not_here: formulas have no null'],
    ['5u + a', 'not_here: '],
    ['b"a" == s', 'not_here: '],
    ['s.a', 'not_here: only attributes has something after a dot'],
    ['has(a)', 'bad_formula: has takes attributes.name'],
    ['has(attributes.nope)', 'unknown_attribute: '],
    ['math', 'type_mismatch: '],
    ['a + 1.0000000000000000001', 'over_limit: '],
    [`a + ${'1'.repeat(1_000)}`, 'over_limit: a formula may have at most 1000 characters'],
    [`${'('.repeat(60)}a${')'.repeat(60)}`, 'bad_formula: '],
    [Array.from({ length: 300 }, () => 'a').join('+'), 'bad_formula: '],
  ];
  it.each(cases)('%s', (text, expected) => {
    expect(faultOf(text)).toContain(expected);
  });
});

/** An expression with its value as a fraction, worked out beside the text. */
interface Exact {
  readonly text: string;
  readonly up: bigint;
  readonly down: bigint;
}
const leaf: fc.Arbitrary<Exact> = fc
  .tuple(fc.integer({ min: -99_999, max: 99_999 }), fc.nat({ max: 4 }))
  .map(([digits, places]) => ({
    text: `(${(digits / 10 ** places).toFixed(places)})`,
    up: BigInt(digits),
    down: 10n ** BigInt(places),
  }));
const joined = (inner: fc.Arbitrary<Exact>): fc.Arbitrary<Exact> =>
  fc.tuple(inner, fc.constantFrom('+', '-', '*'), inner).map(([left, operator, right]): Exact => {
    const text = `(${left.text} ${operator} ${right.text})`;
    if (operator === '*') return { text, up: left.up * right.up, down: left.down * right.down };
    const sign = operator === '+' ? 1n : -1n;
    return { text, up: left.up * right.down + sign * right.up * left.down, down: left.down * right.down };
  });

describe('exactness', () => {
  const expression = fc.oneof(leaf, joined(leaf), joined(joined(leaf)));

  it('sums, differences and products are those of fractions, compared without any rounding', () => {
    fc.assert(
      fc.property(expression, expression, (left, right) => {
        const zero = 'a == 0 && ';
        expect(resultOf(`${zero}${left.text} == ${right.text}`, { a: 0 })).toBe(
          left.up * right.down === right.up * left.down,
        );
        expect(resultOf(`${zero}${left.text} < ${right.text}`, { a: 0 })).toBe(
          left.up * right.down < right.up * left.down,
        );
        expect(resultOf(`${zero}${left.text} - ${left.text} == 0`, { a: 0 })).toBe(true);
      }),
    );
  });

  it('a quotient is the nearest number of 15 significant digits', () => {
    const amount = fc.bigInt({ min: -(10n ** 12n), max: 10n ** 12n });
    fc.assert(
      fc.property(
        amount,
        amount.filter((divisor) => divisor !== 0n),
        (dividend, divisor) => {
          const value = resultOf('a / b', { a: Number(dividend), b: Number(divisor) });
          const units = unitsOf(value as ExactNumber)!;
          const exact = dividend * 10n ** 18n;
          const error = units * divisor - exact;
          const magnitude = (exact / divisor).toString().replace('-', '').length;
          const step = magnitude <= 15 ? 1n : 10n ** BigInt(magnitude - 15);
          expect(units % step).toBe(0n);
          const size = (amount: bigint): bigint => (amount < 0n ? -amount : amount);
          expect(size(error) * 2n <= size(divisor) * step).toBe(true);
        },
      ),
    );
  });
});

import { Decimal, decimalFromText, parseExactJson, Timestamp, type Value } from '@attrium/event';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { compileCondition, evaluate } from './compile.js';
import { COMPARATORS, type Comparator, type Condition, type ConditionSubject } from './condition.js';
import { readsOf } from './reads.js';
import { eventSubject } from './subject.js';

const subjectOf = (
  attributes: Readonly<Record<string, Value>>,
  segments: readonly string[] = [],
): ConditionSubject => ({
  attribute: (name) => (Object.hasOwn(attributes, name) ? attributes[name] : undefined),
  property: () => undefined,
  inSegment: (name) => segments.includes(name),
});
const compare = (comparator: Comparator, value: Value, name = 'a'): Condition => ({
  kind: 'compare',
  operand: { kind: 'attribute', name },
  comparator,
  value,
});
const holds = (left: Value | undefined, comparator: Comparator, right: Value): boolean =>
  evaluate(compare(comparator, right), subjectOf(left === undefined ? {} : { a: left }));

const value: fc.Arbitrary<Value> = fc.oneof(
  fc.constantFrom<Value>('', 'a', 'ab', 'b', 0, 1, 0.1, -1, true, false),
  fc.string(),
  fc.double(),
  fc.bigInt({ min: -(10n ** 38n) + 1n, max: 10n ** 38n - 1n }).map((units) => new Decimal(units)),
  fc.integer({ min: -2, max: 2 }).map((ms) => new Timestamp(ms)),
  fc.array(fc.constantFrom('a', 'b', ''), { maxLength: 3 }),
);
const name = fc.constantFrom('a', 'b', 'c');
const leaf: fc.Arbitrary<Condition> = fc.oneof(
  fc.record({
    kind: fc.constant('compare' as const),
    operand: fc.oneof(
      name.map((text) => ({ kind: 'attribute' as const, name: text })),
      name.map((text) => ({ kind: 'property' as const, path: [text, 'x'] })),
    ),
    comparator: fc.constantFrom(...COMPARATORS),
    value,
  }),
  name.map((segment) => ({ kind: 'segment' as const, segment })),
);
const { condition } = fc.letrec<{ condition: Condition }>((tie) => ({
  condition: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leaf,
    fc.array(tie('condition'), { maxLength: 4 }).map((of) => ({ kind: 'all' as const, of })),
    fc.array(tie('condition'), { maxLength: 4 }).map((of) => ({ kind: 'any' as const, of })),
    tie('condition').map((of) => ({ kind: 'not' as const, of })),
  ),
}));
const subject: fc.Arbitrary<ConditionSubject> = fc
  .record({
    attributes: fc.dictionary(name, value, { maxKeys: 3 }),
    properties: fc.dictionary(name, value, { maxKeys: 3 }),
    segments: fc.subarray(['a', 'b', 'c']),
  })
  .map(({ attributes, properties, segments }) => ({
    ...subjectOf(attributes, segments),
    property: ([first]) => (first !== undefined && Object.hasOwn(properties, first) ? properties[first] : undefined),
  }));
const not = (of: Condition): Condition => ({ kind: 'not', of });

describe('the algebra of conditions', () => {
  it('obeys De Morgan', () => {
    fc.assert(
      fc.property(fc.array(condition, { maxLength: 4 }), subject, (of, someone) => {
        expect(evaluate(not({ kind: 'all', of }), someone)).toBe(evaluate({ kind: 'any', of: of.map(not) }, someone));
        expect(evaluate(not({ kind: 'any', of }), someone)).toBe(evaluate({ kind: 'all', of: of.map(not) }, someone));
      }),
    );
  });

  it('takes not not for nothing', () => {
    fc.assert(
      fc.property(condition, subject, (some, someone) => {
        expect(evaluate(not(not(some)), someone)).toBe(evaluate(some, someone));
        expect(evaluate(not(some), someone)).toBe(!evaluate(some, someone));
      }),
    );
  });

  it('has not_equals and not_in as the exact negations of equals and in, missing values and other types included', () => {
    fc.assert(
      fc.property(fc.option(value, { nil: undefined }), value, (left, right) => {
        expect(holds(left, 'not_equals', right)).toBe(!holds(left, 'equals', right));
        expect(holds(left, 'not_in', right)).toBe(!holds(left, 'in', right));
        expect(holds(left, 'exists', true)).toBe(!holds(left, 'exists', false));
      }),
    );
  });

  it('has all of nothing true, any of nothing false, and one alone as itself', () => {
    fc.assert(
      fc.property(condition, subject, (some, someone) => {
        const alone = evaluate(some, someone);
        expect(evaluate({ kind: 'all', of: [] }, someone)).toBe(true);
        expect(evaluate({ kind: 'any', of: [] }, someone)).toBe(false);
        expect(evaluate({ kind: 'all', of: [some] }, someone)).toBe(alone);
        expect(evaluate({ kind: 'any', of: [some] }, someone)).toBe(alone);
        expect(evaluate({ kind: 'all', of: [some, not(some)] }, someone)).toBe(false);
        expect(evaluate({ kind: 'any', of: [some, not(some)] }, someone)).toBe(true);
      }),
    );
  });

  it('orders: for values of one ordered type exactly one of lt, equals, gt holds; else none of lt, gt, lte, gte', () => {
    fc.assert(
      fc.property(value, value, (left, right) => {
        const held = (['lt', 'equals', 'gt'] as const).filter((comparator) => holds(left, comparator, right));
        expect(held.length).toBeLessThanOrEqual(1);
        if (!holds(left, 'lte', right) && !holds(left, 'gte', right)) return expect(held).not.toContain('lt');
        expect(held).toHaveLength(1);
        expect(holds(left, 'lte', right)).toBe(held[0] !== 'gt');
        expect(holds(left, 'gte', right)).toBe(held[0] !== 'lt');
      }),
    );
  });

  it('never throws and is the same every time, for any values', () => {
    fc.assert(
      fc.property(condition, subject, (some, someone) => {
        const predicate = compileCondition(some);
        expect(typeof predicate(someone)).toBe('boolean');
        expect(predicate(someone)).toBe(predicate(someone));
      }),
    );
  });

  it('never throws for a subject that breaks its word and answers with anything', () => {
    fc.assert(
      fc.property(condition, fc.anything(), (some, anything) => {
        const broken = { attribute: () => anything, property: () => anything, inSegment: () => false };
        expect(typeof evaluate(some, broken as unknown as ConditionSubject)).toBe('boolean');
      }),
    );
  });

  it('asks for nothing that readsOf does not name', () => {
    fc.assert(
      fc.property(condition, subject, (some, someone) => {
        const reads = readsOf(some);
        evaluate(some, {
          attribute: (asked) => {
            expect(reads.attributes).toContain(asked);
            return someone.attribute(asked);
          },
          property: (asked) => {
            expect(reads.properties).toContainEqual(asked);
            return someone.property(asked);
          },
          inSegment: (asked) => {
            expect(reads.segments).toContain(asked);
            return someone.inSegment(asked);
          },
        });
      }),
    );
  });
});

describe('the truth table of comparators', () => {
  const long = decimalFromText('820982911946154508')!;
  const noon = new Timestamp(1_000);
  const rows: readonly [Value | undefined, Comparator, Value, boolean][] = [
    ['pro', 'equals', 'pro', true],
    ['pro', 'equals', 'Pro', false],
    [undefined, 'equals', 'pro', false],
    [undefined, 'not_equals', 'pro', true],
    [1, 'not_equals', '1', true],
    [1, 'equals', '1', false],
    [true, 'equals', true, true],
    [long, 'equals', decimalFromText('820982911946154508')!, true],
    [long, 'gt', 820982911946154500, true],
    [0.1, 'equals', decimalFromText('0.1')!, true],
    [500, 'gt', 500, false],
    [500, 'gte', 500, true],
    [499.99, 'lt', 500, true],
    [undefined, 'lt', 500, false],
    ['499', 'lt', 500, false],
    [Number.NaN, 'equals', 1, false],
    [Number.NaN, 'gte', 1, false],
    [noon, 'equals', new Timestamp(1_000), true],
    [noon, 'lt', new Timestamp(1_001), true],
    [noon, 'lt', 1_001, false],
    ['b', 'gt', 'a', true],
    [true, 'gt', false, false],
    [['a'], 'gt', ['A'], false],
    ['a', 'in', ['a', 'b'], true],
    ['c', 'in', ['a', 'b'], false],
    [undefined, 'in', ['a'], false],
    [undefined, 'not_in', ['a'], true],
    [['a'], 'in', ['a'], false],
    [['a', 'b'], 'contains', 'b', true],
    [['ab'], 'contains', 'b', false],
    ['ab', 'contains', 'b', true],
    [12, 'contains', '1', false],
    ['ab', 'starts_with', 'a', true],
    ['ab', 'ends_with', 'a', false],
    [undefined, 'starts_with', '', false],
    [['a', 'b'], 'equals', ['a', 'b'], true],
    [['b', 'a'], 'equals', ['a', 'b'], false],
    ['', 'exists', true, true],
    [false, 'exists', false, false],
    [undefined, 'exists', false, true],
    [undefined, 'exists', true, false],
  ];
  it.each(rows)('%p %s %p is %p', (left, comparator, right, expected) => {
    expect(holds(left, comparator, right)).toBe(expected);
  });
});

describe('the subject over event properties', () => {
  const property = (text: string, path: readonly string[]): Value | undefined =>
    eventSubject(parseExactJson(text)).property(path);

  it('finds scalars and lists of texts, nested by path', () => {
    expect(property('{"cart":{"total":12.5}}', ['cart', 'total'])).toBe(12.5);
    expect(property('{"tags":["a","b"]}', ['tags'])).toEqual(['a', 'b']);
    expect(property('{"id":820982911946154508}', ['id'])).toEqual(decimalFromText('820982911946154508'));
  });

  it('finds nothing in null, objects, mixed lists, lists by index, and inside scalars', () => {
    const text = '{"n":null,"o":{},"m":["a",1],"l":["a"],"s":"text","id":820982911946154508}';
    for (const path of [['n'], ['o'], ['m'], ['l', '0'], ['s', 'length'], ['id', 'units'], ['none'], ['none', 'x']]) {
      expect(property(text, path)).toBeUndefined();
    }
  });

  it('finds own properties only', () => {
    for (const path of [['__proto__'], ['constructor'], ['constructor', 'name'], ['toString']]) {
      expect(property('{}', path)).toBeUndefined();
    }
    expect(property('{"__proto__":{"admin":true}}', ['admin'])).toBeUndefined();
    expect(property('{"__proto__":{"admin":true}}', ['__proto__', 'admin'])).toBe(true);
  });
});

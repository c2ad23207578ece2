import { Timestamp } from '@attrium/event';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { evaluate } from './compile.js';
import type { Condition, ParsedCondition } from './condition.js';
import { CONDITION_FAULT_CODES } from './fault.js';
import { timestampFromText, typedValueOfJson } from './json.js';
import { parseCondition } from './parse.js';
import type { ConditionScope } from './parsing.js';
import { eventSubject } from './subject.js';

const TYPES = {
  age: 'number',
  email: 'string',
  vip: 'boolean',
  since: 'timestamp',
  tags: 'string_list',
  odd: 'any',
} as const;
const scope: ConditionScope = {
  attributeType: (name) => (Object.hasOwn(TYPES, name) ? TYPES[name as keyof typeof TYPES] : undefined),
  hasSegment: (name) => name === 'staff',
};
const parse = (json: unknown): ParsedCondition => {
  const outcome = parseCondition(json, { over: 'entity', path: 'where', scope });
  if (outcome.kind === 'invalid') throw new Error(JSON.stringify(outcome.faults));
  return outcome.condition;
};
const faultsOf = (json: unknown, over: 'entity' | 'event' = 'entity'): string[] => {
  const outcome = parseCondition(json, { over, path: 'where', scope });
  if (outcome.kind === 'valid') return [];
  for (const fault of outcome.faults) expect(fault.message).not.toBe('');
  return outcome.faults.map(({ path, code }) => `${path} ${code}`);
};
const attribute = (name: string, comparator: string, value: unknown): unknown => ({
  kind: 'compare',
  operand: { kind: 'attribute', name },
  comparator,
  value,
});
const nest = (depth: number, inner: unknown): unknown => (depth === 0 ? inner : { not: nest(depth - 1, inner) });

describe('parsing conditions', () => {
  it('reads all, any, not, comparisons and segments', () => {
    expect(
      parse({
        all: [{ any: [{ attribute: 'age', gt: 5 }] }, { not: { segment: 'staff' } }, { segment: 'staff', is: false }],
      }),
    ).toEqual({
      kind: 'all',
      of: [
        { kind: 'any', of: [attribute('age', 'gt', 5)] },
        { kind: 'not', of: { kind: 'segment', segment: 'staff' } },
        { kind: 'not', of: { kind: 'segment', segment: 'staff' } },
      ],
    });
  });

  it('takes several comparators in one object for all of them', () => {
    expect(parse({ attribute: 'age', gte: 18, lt: 65 })).toEqual({
      kind: 'all',
      of: [attribute('age', 'gte', 18), attribute('age', 'lt', 65)],
    });
  });

  it('reads what someone did or did not', () => {
    expect(
      parse({
        event: 'Order Completed',
        did: true,
        within: '30d',
        at_least: 2,
        where: { property: 'cart.total', gt: 5 },
      }),
    ).toEqual({
      kind: 'behaviour',
      event: 'Order Completed',
      did: true,
      atLeast: 2,
      withinMs: 2_592_000_000,
      where: { kind: 'compare', operand: { kind: 'property', path: ['cart', 'total'] }, comparator: 'gt', value: 5 },
    });
    expect(parse({ event: 'Order Completed', did_not: true })).toMatchObject({
      did: false,
      atLeast: 1,
      withinMs: undefined,
    });
  });

  it('turns texts into timestamps where the attribute is one', () => {
    expect(parse({ attribute: 'since', lt: '2026-01-01' })).toEqual(
      attribute('since', 'lt', new Timestamp(Date.UTC(2026, 0, 1))),
    );
  });

  it('keeps a list of texts and spells out any other list', () => {
    expect(parse({ attribute: 'email', in: ['a', 'b'] })).toEqual(attribute('email', 'in', ['a', 'b']));
    expect(parse({ attribute: 'age', not_in: [1, 2] })).toEqual({
      kind: 'not',
      of: { kind: 'any', of: [attribute('age', 'equals', 1), attribute('age', 'equals', 2)] },
    });
    const mixed = parseCondition({ property: 'x', in: ['a', 1] }, { over: 'event', path: '' });
    expect(mixed.kind === 'valid' && evaluate(mixed.condition, eventSubject({ x: 1 }))).toBe(true);
    expect(mixed.kind === 'valid' && evaluate(mixed.condition, eventSubject({ x: '1' }))).toBe(false);
  });

  it('says in the comparators that stages know what is written in fewer words', () => {
    expect(parse({ attribute: 'age', between: [18, 65] })).toEqual({
      kind: 'all',
      of: [attribute('age', 'gte', 18), attribute('age', 'lte', 65)],
    });
    const instant = new Timestamp(Date.UTC(2026, 0, 31));
    expect(parse({ attribute: 'since', before: '2026-01-31' })).toEqual(attribute('since', 'lt', instant));
    expect(parse({ attribute: 'since', after: '2026-01-31' })).toEqual(attribute('since', 'gt', instant));
    expect(parse({ attribute: 'tags', contains_all: ['a', 'b'] })).toEqual({
      kind: 'all',
      of: [attribute('tags', 'contains', 'a'), attribute('tags', 'contains', 'b')],
    });
    expect(parse({ attribute: 'tags', is_empty: false })).toEqual({
      kind: 'not',
      of: { kind: 'any', of: [attribute('tags', 'exists', false), attribute('tags', 'equals', [])] },
    });
    expect(parse({ attribute: 'vip', is_empty: true })).toEqual(attribute('vip', 'exists', false));
  });

  it('reads how often as thresholds: at most is not once more, exactly is both', () => {
    const often = (atLeast: number, did = true) => expect.objectContaining({ kind: 'behaviour', atLeast, did });
    expect(parse({ event: 'E', did: true, at_most: 2 })).toEqual(often(3, false));
    expect(parse({ event: 'E', did_not: true, at_most: 2 })).toEqual(often(3));
    expect(parse({ event: 'E', did: true, exactly: 0 })).toEqual(often(1, false));
    expect(parse({ event: 'E', did: true, exactly: 2 })).toEqual({ kind: 'all', of: [often(2), often(3, false)] });
    expect(parse({ event: 'E', did_not: true, at_least: 1, at_most: 4 })).toEqual({
      kind: 'not',
      of: { kind: 'all', of: [often(1), often(5, false)] },
    });
  });

  it('reads times of events as their first and last millisecond, ages, and sums', () => {
    const [first, last] = [Date.UTC(2026, 0, 1), Date.UTC(2026, 0, 31)];
    const span = (more: object) => parse({ event: 'E', did: true, ...more });
    expect(span({ between: ['2026-01-01', '2026-01-31'] })).toMatchObject({ fromMs: first, untilMs: last });
    expect(span({ after: '2026-01-01', before: '2026-01-31' })).toMatchObject({ fromMs: first + 1, untilMs: last - 1 });
    expect(parse({ attribute: 'since', older_than: '1h', newer_than: '1d' })).toEqual({
      kind: 'all',
      of: [
        { kind: 'age', attribute: 'since', olderThanMs: 3_600_000, newer: false },
        { kind: 'age', attribute: 'since', olderThanMs: 86_400_000, newer: true },
      ],
    });
    expect(parse({ event: 'E', sum: 'cart.total', gte: 5, within: '1d' })).toMatchObject({
      kind: 'aggregate',
      property: ['cart', 'total'],
      comparator: 'gte',
      value: 5,
      withinMs: 86_400_000,
    });
  });

  it('allows 20 levels and 500 nodes, and no more', () => {
    const leaf = { segment: 'staff' };
    expect(faultsOf(nest(19, leaf))).toEqual([]);
    expect(faultsOf(nest(20, leaf))).toEqual([`where${'.not'.repeat(20)} over_limit`]);
    expect(faultsOf({ all: Array(499).fill(leaf) })).toEqual([]);
    expect(faultsOf({ all: Array(100_000).fill(leaf) })).toEqual(['where.all[499] over_limit']);
    expect(faultsOf({ all: Array(100_000).fill({ attribute: 'age', gt: 1, lt: 2 }) })).toHaveLength(1);
  });
});

describe('faults of conditions', () => {
  const cases: readonly [string, unknown, string[], ('event' | 'entity')?][] = [
    ['no object', [], ['where wrong_type']],
    ['null', null, ['where wrong_type']],
    ['no form', {}, ['where missing_key']],
    ['two forms', { all: [], any: [] }, ['where conflicting_keys']],
    ['all without a list', { all: {} }, ['where.all wrong_type']],
    ['an unknown key', { all: [], some: [] }, ['where.some unknown_key']],
    ['__proto__', JSON.parse('{"all": [], "__proto__": {}}'), ['where.__proto__ unknown_key']],
    ['no comparator', { attribute: 'age' }, ['where missing_key']],
    ['an unknown comparator', { attribute: 'age', gtt: 5 }, ['where.gtt unknown_key', 'where missing_key']],
    ['an unknown attribute', { attribute: 'height', gt: 5 }, ['where.attribute unknown_attribute']],
    ['an unnamed attribute', { attribute: '~00', gt: 5 }, ['where.attribute bad_name']],
    ['an unknown segment', { segment: 'others' }, ['where.segment unknown_segment']],
    ['a segment that is no name', { segment: 5 }, ['where.segment bad_name']],
    ['is without a boolean', { segment: 'staff', is: 'no' }, ['where.is wrong_type']],
    ['a property of a profile', { property: 'x', gt: 5 }, ['where.property not_here']],
    ['an attribute of an event', { attribute: 'age', gt: 5 }, ['where.attribute not_here'], 'event'],
    ['a segment of an event', { segment: 'staff' }, ['where.segment not_here'], 'event'],
    ['an event of an event', { event: 'E', did: true }, ['where.event not_here'], 'event'],
    ['an empty step', { property: 'a..b', gt: 5 }, ['where.property bad_name'], 'event'],
    ['too many steps', { property: Array(11).fill('a').join('.'), gt: 5 }, ['where.property bad_name'], 'event'],
    ['text for a number', { attribute: 'age', gt: '5' }, ['where.gt type_mismatch']],
    ['an order of booleans', { attribute: 'vip', gt: 5 }, ['where.gt type_mismatch']],
    ['in a list', { attribute: 'tags', in: ['a'] }, ['where.in type_mismatch']],
    ['a part of a number', { attribute: 'age', contains: '1' }, ['where.contains type_mismatch']],
    ['no timestamp', { attribute: 'since', gt: 'yesterday' }, ['where.gt type_mismatch']],
    ['a number for a timestamp', { attribute: 'since', gt: 5 }, ['where.gt type_mismatch']],
    ['null', { attribute: 'odd', equals: null }, ['where.equals wrong_value']],
    ['an object', { attribute: 'odd', equals: {} }, ['where.equals wrong_value']],
    ['an order by boolean', { attribute: 'odd', gt: true }, ['where.gt wrong_value']],
    ['in without a list', { attribute: 'odd', in: 'a' }, ['where.in wrong_value']],
    ['in an empty list', { attribute: 'odd', in: [] }, ['where.in wrong_value']],
    ['a list in a list', { attribute: 'odd', in: [['a']] }, ['where.in[0] wrong_value']],
    ['a wrong entry', { attribute: 'age', in: [1, 'a'] }, ['where.in[1] type_mismatch']],
    ['a long list', { attribute: 'odd', in: Array(1001).fill('a') }, ['where.in over_limit']],
    ['a long text', { attribute: 'email', contains: 'a'.repeat(1001) }, ['where.contains over_limit']],
    ['a part that is no text', { attribute: 'email', ends_with: 1 }, ['where.ends_with wrong_value']],
    ['exists without a boolean', { attribute: 'email', exists: 1 }, ['where.exists wrong_value']],
    ['neither did nor did_not', { event: 'E' }, ['where missing_key']],
    ['both did and did_not', { event: 'E', did: true, did_not: true }, ['where conflicting_keys']],
    ['did: false', { event: 'E', did: false }, ['where.did wrong_value']],
    ['no event name', { event: '', did: true }, ['where.event bad_name']],
    ['no duration', { event: 'E', did: true, within: '1 day' }, ['where.within wrong_value']],
    ['a long window', { event: 'E', did: true, within: '3651d' }, ['where.within over_limit']],
    ['not once', { event: 'E', did: true, at_least: 0 }, ['where.at_least wrong_value']],
    ['too often', { event: 'E', did: true, at_least: 1e7 }, ['where.at_least over_limit']],
    ['between without two values', { attribute: 'age', between: [1] }, ['where.between wrong_value']],
    ['between backwards', { attribute: 'age', between: [2, 1] }, ['where.between wrong_value']],
    ['between of two types', { attribute: 'odd', between: [1, 'a'] }, ['where.between type_mismatch']],
    ['a wrong end of between', { attribute: 'age', between: [1, 'a'] }, ['where.between[1] type_mismatch']],
    ['before of a number', { attribute: 'age', before: '2026-01-01' }, ['where.before type_mismatch']],
    ['after of no date', { attribute: 'since', after: 'noon' }, ['where.after type_mismatch']],
    ['after of a property', { property: 'x', after: '2026-01-01' }, ['where.after not_here'], 'event'],
    ['an age of a text', { attribute: 'email', older_than: '3d' }, ['where.older_than type_mismatch']],
    ['an age without a duration', { attribute: 'since', newer_than: 3 }, ['where.newer_than wrong_value']],
    ['a long age', { attribute: 'since', older_than: '3651d' }, ['where.older_than over_limit']],
    [
      'an age of a property',
      { property: 'x', older_than: '3d' },
      ['where.older_than unknown_key', 'where missing_key'],
      'event',
    ],
    ['is_empty without a boolean', { attribute: 'tags', is_empty: 1 }, ['where.is_empty wrong_value']],
    ['any of no list', { attribute: 'tags', contains_any: 'a' }, ['where.contains_any wrong_value']],
    ['all of a number', { attribute: 'tags', contains_all: ['a', 1] }, ['where.contains_all[1] wrong_value']],
    [
      'a long list of entries',
      { attribute: 'tags', contains_any: Array(101).fill('a') },
      ['where.contains_any over_limit'],
    ],
    ['exactly beside at_least', { event: 'E', did: true, exactly: 1, at_least: 1 }, ['where.exactly conflicting_keys']],
    ['at_most below at_least', { event: 'E', did: true, at_least: 2, at_most: 1 }, ['where.at_most wrong_value']],
    ['at_most of a part', { event: 'E', did: true, at_most: 1.5 }, ['where.at_most wrong_value']],
    ['at_most of too many', { event: 'E', did: true, at_most: 1e6 }, ['where.at_most over_limit']],
    ['two spans', { event: 'E', did: true, within: '1d', after: '2026-01-01' }, ['where conflicting_keys']],
    ['a span of one end', { event: 'E', did: true, between: ['2026-01-01'] }, ['where.between wrong_value']],
    ['a span of no dates', { event: 'E', did: true, between: ['2026-01-01', 5] }, ['where.between[1] wrong_value']],
    ['a span backwards', { event: 'E', did: true, after: '2026-01-02', before: '2026-01-01' }, ['where wrong_value']],
    ['a sum without a comparator', { event: 'E', sum: 'x' }, ['where missing_key']],
    ['a sum above a text', { event: 'E', sum: 'x', gt: '5' }, ['where.gt wrong_value']],
    [
      'a sum above what no number holds',
      { event: 'E', sum: 'x', gt: Number.POSITIVE_INFINITY },
      ['where.gt wrong_value'],
    ],
    ['a sum of no property', { event: 'E', sum: '', gt: 5 }, ['where.sum bad_name']],
    ['a sum that did', { event: 'E', sum: 'x', gt: 5, did: true }, ['where.did unknown_key']],
    [
      'where over attributes',
      { event: 'E', did: true, where: { attribute: 'age', gt: 5 } },
      ['where.where.attribute not_here'],
    ],
    [
      'several faults, all at once',
      { all: [5, { attribute: 'age', gt: 'a', lt: 'b' }, { not: { event: 'E', did: true, x: 1 } }] },
      [
        'where.all[0] wrong_type',
        'where.all[1].gt type_mismatch',
        'where.all[1].lt type_mismatch',
        'where.all[2].not.x unknown_key',
      ],
    ],
  ];
  for (const [what, json, expected, over] of cases) {
    it(`finds the fault: ${what}`, () => {
      expect(faultsOf(json, over)).toEqual(expected);
    });
  }

  it('shows every code above', () => {
    const seen = new Set(cases.flatMap(([, , expected]) => expected.map((text) => text.split(' ').at(-1)!)));
    expect([...seen].sort()).toEqual([...CONDITION_FAULT_CODES].sort());
  });

  it('never throws, whatever the JSON', () => {
    const key = fc.constantFrom(
      'all',
      'any',
      'not',
      'attribute',
      'event',
      'did',
      'segment',
      'gt',
      'in',
      'where',
      'property',
    );
    const { json } = fc.letrec((tie) => ({
      json: fc.oneof(
        { depthSize: 'medium' },
        fc.jsonValue(),
        fc.constantFrom('age', 'staff', true, 1),
        fc.dictionary(key, tie('json'), { maxKeys: 3 }),
        fc.array(tie('json'), { maxLength: 3 }),
      ),
    }));
    fc.assert(
      fc.property(json, fc.constantFrom('entity' as const, 'event' as const), (some, over) => {
        const outcome = parseCondition(some, { over, path: '' });
        if (outcome.kind === 'invalid') expect(outcome.faults.length).toBeGreaterThan(0);
      }),
    );
  });

  it('gives conditions over events without behaviours, so that they can be evaluated', () => {
    const outcome = parseCondition({ all: [{ property: 'x', gt: 1 }] }, { over: 'event', path: '' });
    const condition: Condition | undefined = outcome.kind === 'valid' ? outcome.condition : undefined;
    expect(condition !== undefined && evaluate(condition, eventSubject({ x: 2 }))).toBe(true);
  });
});

describe('timestamps in text', () => {
  it('are dates, or dates and times with a zone', () => {
    const iso = (text: string): string | undefined => timestampFromText(text)?.toJSON();
    expect(iso('2026-01-31')).toBe('2026-01-31T00:00:00.000Z');
    expect(iso('2026-01-31T09:30:00Z')).toBe('2026-01-31T09:30:00.000Z');
    expect(iso('2026-01-31T09:30+01:00')).toBe('2026-01-31T08:30:00.000Z');
    expect(iso('2026-01-31T09:30:00.123456789-00:30')).toBe('2026-01-31T10:00:00.123Z');
    expect(iso('0001-01-01')).toBe('0001-01-01T00:00:00.000Z');
  });

  it('are the instants that JavaScript writes', () => {
    fc.assert(
      fc.property(
        fc.date({ min: new Date('0000-01-01'), max: new Date('9999-12-31'), noInvalidDate: true }),
        (date) => {
          expect(timestampFromText(date.toISOString())?.ms).toBe(date.getTime());
        },
      ),
    );
  });

  it('are not days or times that do not exist, nor times without a zone', () => {
    for (const text of [
      '2026-02-30',
      '2026-13-01',
      '2026-01-31T24:00:00Z',
      '2026-01-31T09:60:00Z',
      '2026-01-31T09:30:00',
      '1769850000',
      '',
    ]) {
      expect(timestampFromText(text)).toBeUndefined();
    }
  });

  it('are the only type that JSON writes as another', () => {
    expect(typedValueOfJson('2026-01-31', 'timestamp')).toEqual(new Timestamp(Date.UTC(2026, 0, 31)));
    expect(typedValueOfJson('1', 'number')).toBeUndefined();
    expect(typedValueOfJson(1, 'string')).toBeUndefined();
    expect(typedValueOfJson(1, 'boolean')).toBeUndefined();
    expect(typedValueOfJson([], 'string_list')).toEqual([]);
    expect(typedValueOfJson(null, 'string')).toBeUndefined();
  });
});

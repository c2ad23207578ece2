import { type Condition, evaluate } from '@attrium/condition';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { compileActivated, compileCatalogue } from './compile.js';
import type { CompiledCatalogue } from './compiled.js';
import type { Catalogue } from './definitions.js';
import { parseCatalogue } from './parse.js';

type Json = Readonly<Record<string, unknown>>;
const valid = (json: unknown): Catalogue => {
  const outcome = parseCatalogue(json);
  if (outcome.kind === 'invalid') throw new Error(JSON.stringify(outcome.faults));
  return outcome.catalogue;
};
const compile = (json: unknown): CompiledCatalogue =>
  compileCatalogue({ workspace: 'w', revision: 3, catalogue: valid(json) });
const attribute = (change: Json = {}): Json => ({
  name: 'orders',
  kind: 'user',
  type: 'number',
  compute: {
    count: 'Order Completed',
    where: {
      all: [
        { property: 'a', gt: 1 },
        { property: 'b', lt: 2 },
      ],
    },
    within: '30d',
  },
  ...change,
});
const keyOf = (json: Json): string => compile({ attributes: [json] }).attributes[0]!.key;
const segment = (name: string, where: unknown): Json => ({ name, of: 'user', where });
const did = (change: Json = {}): Json => ({ event: 'Order Completed', did: true, within: '30d', ...change });

/** The same JSON with the keys of every object in the opposite order. */
const turned = (json: unknown): unknown => {
  if (Array.isArray(json)) return json.map(turned);
  if (typeof json !== 'object' || json === null) return json;
  return Object.fromEntries(
    Object.entries(json)
      .reverse()
      .map(([key, value]) => [key, turned(value)]),
  );
};

describe('keys of attributes', () => {
  it('stay when only the order of keys, of conditions, or the visibility changes', () => {
    const key = keyOf(attribute());
    expect(key).toMatch(/^orders~[0-9a-f]{16}$/);
    expect(keyOf(turned(attribute()) as Json)).toBe(key);
    expect(keyOf(attribute({ visibility: 'hidden' }))).toBe(key);
    const where = {
      all: [
        { property: 'b', lt: 2 },
        { property: 'a', gt: 1 },
      ],
    };
    expect(keyOf(attribute({ compute: { count: 'Order Completed', where, within: '30d' } }))).toBe(key);
    expect(keyOf(attribute({ compute: { count: 'Order Completed', where, within: '720h' } }))).toBe(key);
  });

  it('change with every change of the meaning', () => {
    const where = { all: [{ property: 'a', gt: 1 }] };
    const keys = [
      attribute(),
      attribute({ name: 'others' }),
      attribute({ compute: { count: 'Order Completed', within: '30d' } }),
      attribute({ compute: { count: 'Order Completed', where, within: '30d' } }),
      attribute({ compute: { count: 'Order Completed', where: { property: 'a', gt: '1' }, within: '30d' } }),
      attribute({ compute: { count: 'Order Completed', where: { property: 'a', gt: 1 }, within: '30d' } }),
      attribute({ compute: { count: 'Order completed', where, within: '30d' } }),
      attribute({ compute: { count: 'Order Completed', where } }),
      attribute({ compute: { sum: 'Order Completed', of: 'a', where, within: '30d' } }),
      attribute({ compute: { sum: 'Order Completed', of: 'a.b', where, within: '30d' } }),
      attribute({ compute: undefined, from: [{ trait: 'a' }] }),
      attribute({ compute: undefined, from: [{ property: 'a' }] }),
      attribute({ compute: undefined, from: [{ trait: 'a' }], merge: 'first_stored' }),
      attribute({ compute: undefined, from: [{ trait: 'a' }], merge: 'max' }),
      attribute({ compute: undefined, from: [{ trait: 'a' }], type: 'string' }),
      attribute({ compute: { min: 'Order Completed', of: 'a' } }),
      attribute({ compute: { max: 'Order Completed', of: 'a' } }),
      attribute({ compute: { distinct_list: 'Order Completed', of: 'a' }, type: 'string_list' }),
      attribute({ compute: { distinct_list: 'Order Completed', of: 'a', limit: 5 }, type: 'string_list' }),
    ].map(keyOf);
    expect(new Set(keys).size).toBe(keys.length);
  });
});

describe('event conditions', () => {
  it('become unnamed boolean counts, and did_not the negation of the same', () => {
    const compiled = compile({
      segments: [
        segment('a', did({ at_least: 2 })),
        segment('b', { event: 'Order Completed', did_not: true, within: '30d', at_least: 2 }),
      ],
    });
    expect(compiled.attributes).toHaveLength(1);
    const unnamed = compiled.attributes[0]!;
    expect(unnamed).toEqual({
      kind: 'computed',
      name: unnamed.name,
      key: unnamed.name,
      of: 'user',
      type: 'boolean',
      visible: false,
      reducer: 'count',
      event: 'Order Completed',
      where: undefined,
      withinMs: 2_592_000_000,
      atLeast: 2,
    });
    expect(unnamed.name).toMatch(/^~[0-9a-f]{16}$/);
    for (const value of [true, false, undefined]) {
      const subject = { attribute: () => value, property: () => undefined, inSegment: () => false };
      expect(compiled.segments.map(({ where }) => evaluate(where, subject))).toEqual([value === true, value !== true]);
    }
    expect(compiled.segments[0]!.attributes).toEqual([unnamed.name]);
  });

  it('share one attribute when they are equal, over segments and triggers, however they are written', () => {
    const where = {
      any: [
        { property: 'a', equals: 1 },
        { property: 'b', exists: true },
      ],
    };
    const compiled = compile({
      segments: [
        segment('a', { all: [did({ where }), { not: did({ where }) }] }),
        segment('b', did({ within: '4w', where })),
        segment('c', turned(did({ where: { any: [...where.any].reverse() } }))),
      ],
      triggers: [
        {
          name: 't',
          when: { segment: 'a', enters: true },
          if: did({ where }),
          frequency: 'every',
          deliver: [{ stream: true }],
        },
      ],
    });
    expect(compiled.attributes).toHaveLength(2);
  });

  it('differ in event, window, number and filter', () => {
    const conditions = [
      did(),
      did({ event: 'X' }),
      did({ within: '31d' }),
      did({ within: undefined }),
      did({ at_least: 2 }),
      did({ where: { any: [] } }),
    ];
    const any = conditions.map((condition) => JSON.parse(JSON.stringify(condition)) as unknown);
    expect(compile({ segments: [segment('a', { any })] }).attributes).toHaveLength(conditions.length);
  });
});

describe('compiled segments and triggers', () => {
  it('has each segment after those it reads, and else keeps the order', () => {
    const compiled = compile({
      segments: [
        segment('d', { all: [{ segment: 'c' }, { segment: 'b', is: false }] }),
        segment('c', { not: { segment: 'a' } }),
        segment('b', { all: [] }),
        segment('a', { any: [] }),
      ],
    });
    expect(compiled.segments.map(({ name }) => name)).toEqual(['b', 'a', 'c', 'd']);
    expect(compiled.segments.at(-1)!.segments).toEqual(['b', 'c']);
  });

  it('orders any graph without cycles', () => {
    const edges = fc.array(fc.tuple(fc.nat(14), fc.nat(14)), { maxLength: 40 });
    fc.assert(
      fc.property(edges, fc.shuffledSubarray([...Array(15).keys()], { minLength: 15 }), (pairs, order) => {
        const reads = (index: number): Json[] =>
          pairs.filter(([from, to]) => from === index && to < from).map(([, to]) => ({ segment: `s${to}` }));
        const compiled = compile({ segments: order.map((index) => segment(`s${index}`, { all: reads(index) })) });
        const seen = new Set<string>();
        for (const { name, segments } of compiled.segments) {
          expect(segments.every((read) => seen.has(read))).toBe(true);
          seen.add(name);
        }
        expect(seen.size).toBe(15);
      }),
    );
  });

  it('gives a trigger the named attributes of payload and if, and everything that if reads', () => {
    const compiled = compile({
      attributes: [attribute(), attribute({ name: 'a' }), attribute({ name: 'b' })],
      segments: [segment('s', { all: [] })],
      triggers: [
        {
          name: 't',
          when: { segment: 's', enters: true, exits: true },
          if: { all: [{ attribute: 'a', gt: 1 }, { segment: 's' }, did()] },
          frequency: { once_per: '1d' },
          payload: ['b', 'a'],
          deliver: [{ stream: true }],
        },
      ],
    });
    const unnamed = compiled.attributes.at(-1)!.name;
    expect(compiled.triggers[0]).toMatchObject({
      when: { kind: 'segment', segment: 's', enters: true, exits: true },
      frequency: { kind: 'once_per', periodMs: 86_400_000 },
      payload: ['b', 'a'],
      attributes: ['a', unnamed],
      segments: ['s'],
      webhooks: [],
      stream: true,
    });
    const condition: Condition | undefined = compiled.triggers[0]!.condition;
    expect(condition?.kind).toBe('all');
  });
});

describe('activation', () => {
  const json = { attributes: [attribute()], segments: [segment('s', { attribute: 'orders', gt: 820982911 })] };

  it('compiles the same from the log as from the catalogue, each time', () => {
    const catalogueJson = JSON.stringify(json).replace('820982911', '820982911946154508');
    const first = compileActivated({ workspace: 'w', revision: 3, catalogueJson });
    expect(compileActivated({ workspace: 'w', revision: 3, catalogueJson })).toEqual(first);
    expect(compileActivated({ workspace: 'w', revision: 3, catalogueJson: JSON.stringify(json) })).toEqual(
      compile(json),
    );
    const where = first.segments[0]!.where;
    expect(where.kind === 'compare' && String(where.value)).toBe('820982911946154508');
  });

  it('is shared by all who ask for the same, can be changed by none, and goes by the text and not by the revision', () => {
    const activated = { workspace: 'w', revision: 4, catalogueJson: JSON.stringify(json) };
    const first = compileActivated(activated);
    expect(compileActivated({ ...activated })).toBe(first);
    expect(() => (first.segments as unknown[]).pop()).toThrow(TypeError);
    expect(() => Object.assign(first.attributes[0]!, { name: 'other' })).toThrow(TypeError);
    const other = compileActivated({ ...activated, catalogueJson: '{"attributes":[]}' });
    expect(other.segments).toEqual([]);
    expect(compileActivated(activated)).toEqual(first);
    expect(compileActivated({ ...activated, workspace: 'v' }).workspace).toBe('v');
  });

  it('throws for what validation would have refused', () => {
    expect(() => compileActivated({ workspace: 'w', revision: 3, catalogueJson: '{"attributes": 5}' })).toThrow(
      'catalogue 3 of w is invalid at attributes: attributes is a list',
    );
  });
});

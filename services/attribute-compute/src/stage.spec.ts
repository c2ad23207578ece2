import { type StageHarness, stageHarness } from '@attrium/testing';
import { describe, expect, it } from '@jest/globals';
import { catalogueRecord, changesIn, type EventOptions, isChange, profileIn, resolved, T0 } from '../test/records.js';
import { newAttributeCounters } from './counters.js';
import type { AttributesAnswer } from './domain/question.js';
import { bindingWith } from './stage.js';

const DAY_MS = 86_400_000;
const attributes = [
  {
    name: 'email',
    kind: 'user',
    type: 'string',
    from: [{ trait: 'email' }, { source: 'shopify', path: 'customer.email' }],
  },
  { name: 'plan', kind: 'user', type: 'string', merge: 'first_stored', from: [{ trait: 'plan' }] },
  { name: 'score', kind: 'user', type: 'number', from: [{ property: 'score', event: 'Scored' }] },
  { name: 'tags', kind: 'user', type: 'string_list', from: [{ trait: 'tags' }] },
  { name: 'orders', kind: 'user', type: 'number', compute: { count: 'Order Completed' } },
  {
    name: 'big_orders_30d',
    kind: 'user',
    type: 'number',
    compute: { count: 'Order Completed', where: { property: 'revenue', gt: 100 }, within: '30d' },
  },
  { name: 'revenue', kind: 'user', type: 'number', compute: { sum: 'Order Completed', of: 'revenue' } },
  {
    name: 'revenue_7d',
    kind: 'user',
    type: 'number',
    visibility: 'hidden',
    compute: { sum: 'Order Completed', of: 'revenue', within: '7d' },
  },
  { name: 'first_order', kind: 'user', type: 'timestamp', compute: { first_time: 'Order Completed' } },
  { name: 'last_order', kind: 'user', type: 'timestamp', compute: { last_time: 'Order Completed' } },
];
const ada = profileIn(0, 4);

function shop(definitions: readonly unknown[] = attributes, more: object = {}) {
  const counters = newAttributeCounters();
  const harness = stageHarness(bindingWith(counters), { partition: 0, partitions: 4 });
  harness.read(catalogueRecord(definitions, 1, more), T0);
  return { harness, counters };
}

const order = (id: string, at: number, revenue?: unknown): EventOptions => ({
  id,
  name: 'Order Completed',
  at,
  payload: { properties: revenue === undefined ? {} : { revenue } },
});

function valuesOf(harness: StageHarness, names?: readonly string[]): Record<string, unknown> {
  const answer = harness.answer({ kind: 'attributes', workspace: 'shop', ordinal: 4, names }) as AttributesAnswer;
  if (answer.kind !== 'attributes') throw new Error(answer.kind);
  return Object.fromEntries([...answer.attributes].map(([name, { value }]) => [name, value]));
}

describe('declared attributes', () => {
  it('take values from traits of identify, traits of any context, and properties by event and source', () => {
    const { harness } = shop();
    const identify = {
      id: 'a',
      type: 'identify',
      at: T0,
      payload: { traits: { email: 'ada@x.io', plan: 'free' } },
    } as const;
    expect(changesIn(harness.read(resolved(ada, identify), T0))).toEqual([
      ['email', undefined, 'ada@x.io'],
      ['plan', undefined, 'free'],
    ]);
    const page = { id: 'b', type: 'page', at: T0 + 1, payload: { context: { traits: { email: 'b@x.io' } } } } as const;
    expect(changesIn(harness.read(resolved(ada, page), T0))).toEqual([['email', 'ada@x.io', 'b@x.io']]);
    const webhook = { id: 'c', name: 'Paid', at: T0 + 2, payload: { properties: { customer: { email: 'c@x.io' } } } };
    expect(changesIn(harness.read(resolved(ada, webhook), T0))).toEqual([]);
    const shopify = { ...webhook, id: 'd', source: 'shopify' };
    expect(changesIn(harness.read(resolved(ada, shopify), T0))).toEqual([['email', 'b@x.io', 'c@x.io']]);
    const scored = { id: 'e', name: 'Scored', at: T0, payload: { properties: { score: '403.00' } } };
    expect(changesIn(harness.read(resolved(ada, scored), T0))).toEqual([['score', undefined, 403]]);
    const other = { id: 'f', name: 'Rated', at: T0 + 9, payload: { properties: { score: 1 } } };
    expect(changesIn(harness.read(resolved(ada, other), T0))).toEqual([]);
  });

  it('a group names its account: its traits are not those of the user', () => {
    const { harness } = shop();
    const group = { id: 'g', type: 'group', at: T0, payload: { traits: { plan: 'enterprise' } } } as const;
    expect(changesIn(harness.read(resolved(ada, group), T0))).toEqual([]);
  });

  it('a value of the wrong type is refused and counted, null is nothing, and the old value stands', () => {
    const { harness, counters } = shop();
    const traits = (id: string, at: number, value: object) =>
      resolved(ada, { id, type: 'identify', at, payload: { traits: value } });
    harness.read(traits('a', T0, { tags: ['x'] }), T0);
    expect(harness.read(traits('b', T0 + 1, { tags: 'y', email: null }), T0 + 1)).toEqual([]);
    expect(valuesOf(harness)).toEqual({ tags: ['x'] });
    expect([...counters.refusedValues]).toEqual([['shop/tags', 1]]);
  });
});

describe('computed attributes', () => {
  it('puts all changes of one event into one record that names its cause and times', () => {
    const { harness } = shop();
    const [emitted] = harness.read(resolved(ada, order('o1', T0 - 5, 250)), T0);
    expect(emitted?.fact).toMatchObject({
      kind: 'attributes-changed',
      entity: ada,
      effectiveAt: T0 - 5,
      recordedAt: T0,
      reason: 'event',
      cause: 'o1',
      revision: 1,
    });
    expect(changesIn([emitted!])).toEqual([
      ['orders', undefined, 1],
      ['big_orders_30d', undefined, 1],
      ['revenue', undefined, 250],
      ['revenue_7d', undefined, 250],
      ['first_order', undefined, { ms: T0 - 5 }],
      ['last_order', undefined, { ms: T0 - 5 }],
    ]);
  });

  it('emits nothing for an event that changes no value, and keeps nothing of one that concerns no attribute', () => {
    const { harness } = shop([{ name: 'plan', kind: 'user', type: 'string', from: [{ trait: 'plan' }] }]);
    const before = harness.dump();
    expect(harness.read(resolved(ada, order('o', T0, 1)), T0)).toEqual([]);
    expect(harness.dump()).toBe(before);
    const identify = (id: string) =>
      resolved(ada, { id, type: 'identify', at: T0, payload: { traits: { plan: 'pro' } } });
    expect(harness.read(identify('a'), T0)).toHaveLength(1);
    expect(harness.read(identify('b'), T0)).toEqual([]);
  });

  it('sums exact decimals: 0.1 and 0.2 are 0.3, and long numbers stay whole', () => {
    const { harness } = shop();
    harness.read(resolved(ada, order('a', T0, 0.1)), T0);
    harness.read(resolved(ada, order('b', T0, '0.2')), T0);
    expect(valuesOf(harness).revenue).toBe(0.3);
    const long = { ...order('c', T0), payload: '{"properties":{"revenue":820982911946154508.01}}' };
    harness.read(resolved(ada, long), T0);
    expect(String(valuesOf(harness).revenue)).toBe('820982911946154508.31');
  });

  it('an event without the summed property, or with a wrong one, is no part of the sum', () => {
    const { harness, counters } = shop();
    harness.read(resolved(ada, order('a', T0)), T0);
    harness.read(resolved(ada, order('b', T0, 'lots')), T0);
    expect(valuesOf(harness)).toMatchObject({ orders: 2 });
    expect(valuesOf(harness)).not.toHaveProperty('revenue');
    expect(counters.refusedValues.get('shop/revenue')).toBe(1);
  });

  it('an unnamed attribute is false until it flips, and flips back when the window says so', () => {
    const { harness } = shop([], {
      segments: [
        {
          name: 'busy',
          of: 'user',
          where: { all: [{ event: 'Order Completed', did: true, at_least: 2, within: '1d' }] },
        },
      ],
    });
    expect(harness.read(resolved(ada, order('a', T0)), T0)).toEqual([]);
    expect(harness.timerOf(4)).toBeUndefined();
    const [entered] = harness.read(resolved(ada, order('b', T0 + 10)), T0 + 10);
    expect(changesIn([entered!])).toEqual([[expect.stringMatching(/^~/), undefined, true]]);
    expect(harness.timerOf(4)).toBe(T0 + DAY_MS);
    expect(changesIn(harness.tick(T0 + DAY_MS))).toEqual([[expect.stringMatching(/^~/), true, false]]);
    expect(harness.timerOf(4)).toBeUndefined();
    expect(valuesOf(harness)).toEqual({});
  });
});

describe('rolling windows', () => {
  it('expire by tick, each due time by itself, effective exactly when due', () => {
    const { harness } = shop();
    harness.read(resolved(ada, order('a', T0, 150)), T0 + 5);
    harness.read(resolved(ada, order('b', T0 + 1_000, 200)), T0 + 1_500);
    expect(harness.timerOf(4)).toBe(T0 + 7 * DAY_MS);
    const facts = harness.tick(T0 + 31 * DAY_MS).map(({ fact }) => fact);
    expect(
      facts
        .filter(isChange)
        .map(({ effectiveAt, recordedAt, reason, cause }) => ({ effectiveAt, recordedAt, reason, cause })),
    ).toEqual(
      [7 * DAY_MS, 7 * DAY_MS + 1_000, 30 * DAY_MS, 30 * DAY_MS + 1_000].map((after) => ({
        effectiveAt: T0 + after,
        recordedAt: T0 + 31 * DAY_MS,
        reason: 'window',
        cause: `timer:${T0 + after}`,
      })),
    );
    expect(valuesOf(harness, ['revenue_7d', 'big_orders_30d', 'orders'])).toEqual({
      revenue_7d: 0,
      big_orders_30d: 0,
      orders: 2,
    });
    expect(harness.timerOf(4)).toBeUndefined();
  });

  it('expire before a record of the same entity is read', () => {
    const { harness } = shop();
    harness.read(resolved(ada, order('a', T0, 150)), T0);
    const facts = harness.read(resolved(ada, order('b', T0 + 8 * DAY_MS, 1)), T0 + 8 * DAY_MS);
    expect(changesIn(facts).filter((change) => (change as string[])[0] === 'revenue_7d')).toEqual([
      ['revenue_7d', 150, 0],
      ['revenue_7d', 0, 1],
    ]);
  });

  it('a late event that has left already does not count, one that has not leaves in its own time', () => {
    const { harness } = shop();
    harness.read(resolved(ada, order('gone', T0 - 30 * DAY_MS, 500)), T0);
    expect(valuesOf(harness)).toMatchObject({ orders: 1, revenue: 500, big_orders_30d: 0 });
    harness.read(resolved(ada, order('late', T0 - 29 * DAY_MS, 500)), T0);
    expect(valuesOf(harness)).toMatchObject({ big_orders_30d: 1 });
    expect(harness.timerOf(4)).toBe(T0 + DAY_MS);
  });
});

describe('limits', () => {
  it('a window with more times than its exact range is marked approximate and counted once', () => {
    const { harness, counters } = shop();
    for (let index = 0; index <= 1_000; index++) {
      harness.read(resolved(ada, order(`e${index}`, T0 + index, 1)), T0 + index);
    }
    harness.restart();
    const answer = harness.answer({
      kind: 'attributes',
      workspace: 'shop',
      ordinal: 4,
      names: ['revenue', 'revenue_7d'],
    });
    expect([...(answer as { attributes: Map<string, unknown> }).attributes]).toEqual([
      ['revenue', { value: 1_001, effectiveAt: T0 + 1_000, approximate: false }],
      ['revenue_7d', { value: 1_001, effectiveAt: T0 + 1_000, approximate: true }],
    ]);
    expect(counters.approximatedStates).toBe(1);
  });
});

describe('catalogues', () => {
  it('pass down the line; a changed meaning starts anew, an unchanged one goes on, a removed one is forgotten', () => {
    const count = (name: string, event: string) => ({ name, kind: 'user', type: 'number', compute: { count: event } });
    const { harness } = shop([count('a', 'E'), count('b', 'E'), count('c', 'E')]);
    const event = (id: string, name: string) => resolved(ada, { id, name, at: T0 });
    harness.read(event('1', 'E'), T0);
    const next = catalogueRecord([count('a', 'E'), count('b', 'F')], 2);
    expect(harness.read(next, T0).map(({ fact }) => ({ ...fact, id: next.id }))).toEqual([next]);
    expect(changesIn(harness.read(event('2', 'E'), T0))).toEqual([['a', 1, 2]]);
    expect(valuesOf(harness)).toEqual({ a: 2, b: 1 });
    harness.read(event('3', 'F'), T0);
    expect(changesIn(harness.read(event('4', 'F'), T0))).toEqual([['b', 1, 2]]);
    expect(harness.dump()).not.toContain('"c~');
  });

  it('are compiled again after a restart', () => {
    const { harness } = shop();
    harness.read(resolved(ada, order('a', T0, 1)), T0);
    const before = harness.dump();
    harness.restart();
    expect(harness.dump()).toBe(before);
    expect(changesIn(harness.read(resolved(ada, order('b', T0, 2)), T0))).toContainEqual(['revenue', 1, 3]);
  });

  it('before the first one no event concerns anything', () => {
    const harness = stageHarness(bindingWith(newAttributeCounters()));
    expect(harness.read(resolved(ada, order('a', T0, 1)), T0)).toEqual([]);
  });
});

describe('odd input', () => {
  const deep = `{"properties":{"revenue":${'['.repeat(20_000)}${']'.repeat(20_000)},"n":12345678901234567890}}`;
  it.each([
    ['no JSON', '{"properties":'],
    ['no object', '[]'],
    ['null', 'null'],
    ['properties of another type', '{"properties":[1],"traits":"x","context":7}'],
    [
      '__proto__',
      '{"properties":{"__proto__":{"revenue":5}},"traits":{"__proto__":{"email":"x"}},"__proto__":{"properties":{"revenue":5}}}',
    ],
    ['constructor', '{"properties":{"constructor":{"name":"x"}}}'],
    ['deep nesting', deep],
  ])('counts as an event without properties: %s', (_name, payload) => {
    const { harness } = shop();
    expect(changesIn(harness.read(resolved(ada, { id: 'a', name: 'Order Completed', at: T0, payload }), T0))).toEqual([
      ['orders', undefined, 1],
      ['first_order', undefined, { ms: T0 }],
      ['last_order', undefined, { ms: T0 }],
    ]);
    expect(harness.read(resolved(ada, { id: 'b', type: 'identify', at: T0, payload }), T0)).toEqual([]);
    expect(({} as Record<string, unknown>).revenue).toBeUndefined();
  });

  it('passes identifiers and profiles on, and no events', () => {
    const { harness } = shop();
    const created = { kind: 'profile-created', id: 'x', entity: ada, cause: 'e', occurredAt: T0 } as const;
    const linked = {
      kind: 'identifier-linked',
      id: 'y',
      entity: ada,
      identifier: { type: 'user_id', value: 'u' },
      cause: 'e',
      occurredAt: T0,
    } as const;
    expect(harness.read(created, T0).map(({ fact }) => ({ ...fact, id: 'x' }))).toEqual([created]);
    expect(harness.read(linked, T0).map(({ fact }) => ({ ...fact, id: 'y' }))).toEqual([linked]);
  });

  it('answers only for the workspace of the entity', () => {
    const { harness } = shop();
    harness.read(resolved(ada, order('a', T0, 1)), T0);
    expect(harness.answer({ kind: 'attributes', workspace: 'other', ordinal: 4 })).toEqual({ kind: 'unknown' });
    expect(harness.answer({ kind: 'attributes', workspace: 'shop', ordinal: 5 })).toEqual({ kind: 'unknown' });
  });

  it('answers say which of the names asked for are not defined, whether the entity is known or not', () => {
    const { harness } = shop();
    harness.read(resolved(ada, order('a', T0, 1)), T0);
    const names = ['revenue', 'nothing', '~unnamed'];
    const undefinedNames = ['nothing', '~unnamed'];
    const known = { kind: 'attributes', workspace: 'shop', names };
    expect(harness.answer({ ...known, ordinal: 4 })).toMatchObject({ kind: 'attributes', undefinedNames });
    expect(harness.answer({ ...known, ordinal: 5 })).toEqual({ kind: 'unknown', undefinedNames });
  });

  it('an ordinal that names two entities is a bug that stops', () => {
    const { harness } = shop();
    harness.read(resolved(ada, order('a', T0, 1)), T0);
    expect(() => harness.read(resolved({ ...ada, id: 'other' }, order('b', T0, 1)), T0)).toThrow('ordinal 4');
  });
});

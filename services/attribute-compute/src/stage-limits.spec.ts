import type { Emitted } from '@attrium/testing';
import { stageHarness } from '@attrium/testing';
import { describe, expect, it } from '@jest/globals';
import { catalogueRecord, changesIn, profileIn, resolved, T0 } from '../test/records.js';
import { newAttributeCounters } from './counters.js';
import { ENTITY_STATE_BYTES_MAX } from './domain/limits.js';
import type { AttributesAnswer } from './domain/question.js';
import { bindingWith } from './stage.js';

const ada = profileIn(0, 1);
const user = (name: string, type: string, rest: object): object => ({ name, kind: 'user', type, ...rest });

function stageWith(attributes: readonly unknown[]) {
  const counters = newAttributeCounters();
  const harness = stageHarness(bindingWith(counters));
  harness.read(catalogueRecord(attributes), T0);
  let sent = 0;
  const send = (properties: object, after = 0): Emitted[] => {
    sent++;
    const options = { id: `e${String(sent).padStart(4, '0')}`, at: T0 + after, name: 'Order', payload: { properties } };
    return harness.read(resolved(ada, options), T0 + after);
  };
  const answer = (): AttributesAnswer & { kind: 'attributes' } =>
    harness.answer({ kind: 'attributes', workspace: 'shop', ordinal: 1 }) as AttributesAnswer & { kind: 'attributes' };
  return { counters, harness, send, answer };
}

describe('values of the wrong type', () => {
  it('are refused visibly by every reducer and strategy that reads them, and the old value stands', () => {
    const { counters, send } = stageWith([
      user('most', 'number', { compute: { max: 'Order', of: 'x' } }),
      user('latest_due', 'timestamp', { compute: { max: 'Order', of: 'x' } }),
      user('average', 'number', { compute: { average: 'Order', of: 'x' } }),
      user('last', 'boolean', { compute: { last_value: 'Order', of: 'x' } }),
      user('list', 'string_list', { compute: { distinct_list: 'Order', of: 'x' } }),
      user('different', 'number', { compute: { distinct_count: 'Order', of: 'x' } }),
      user('usual', 'number', { compute: { most_frequent: 'Order', of: 'x' } }),
      user('tags', 'string_list', { merge: 'union', from: [{ property: 'x' }] }),
      user('total', 'number', { merge: 'sum', from: [{ property: 'x' }] }),
    ]);
    expect(changesIn(send({ x: { nested: 1 } }))).toEqual([]);
    expect(Object.fromEntries(counters.refusedValues)).toEqual({
      'shop/most': 1,
      'shop/latest_due': 1,
      'shop/average': 1,
      'shop/last': 1,
      'shop/list': 1,
      'shop/different': 1,
      'shop/usual': 1,
      'shop/tags': 1,
      'shop/total': 1,
    });
    expect(changesIn(send({ x: 5 })).map((change) => (change as unknown[])[0])).toEqual([
      'total',
      'most',
      'latest_due',
      'average',
      'list',
      'different',
      'usual',
    ]);
    expect(changesIn(send({ x: null }))).toEqual([]);
    expect(changesIn(send({}))).toEqual([]);
    expect([...counters.refusedValues.values()].reduce((sum, count) => sum + count, 0)).toBe(9 + 2);
  });

  it('are texts of more than 1,024 characters where many are kept', () => {
    const { counters, send } = stageWith([
      user('last', 'string', { compute: { last_value: 'Order', of: 'x' } }),
      user('first_1h', 'string', { compute: { first_value: 'Order', of: 'x', within: '1h' } }),
      user('usual', 'string', { compute: { most_frequent: 'Order', of: 'x' } }),
      user('list', 'string_list', { compute: { distinct_list: 'Order', of: 'x' } }),
      user('usual_plan', 'string', { merge: 'most_frequent', from: [{ property: 'x' }] }),
    ]);
    expect(changesIn(send({ x: 'y'.repeat(1_025) }))).toEqual([['last', undefined, 'y'.repeat(1_025)]]);
    expect([...counters.refusedValues.keys()].sort()).toEqual([
      'shop/first_1h',
      'shop/list',
      'shop/usual',
      'shop/usual_plan',
    ]);
    expect(changesIn(send({ x: 'y'.repeat(1_024) }))).toHaveLength(5);
  });
});

describe('a window that empties', () => {
  it('takes the value away where nothing is inside, at the moment at which the last event leaves, and gives it back', () => {
    const { harness, send, answer } = stageWith([
      user('last_10s', 'string', { compute: { last_value: 'Order', of: 'x', within: '10s' } }),
      user('average_10s', 'number', { compute: { average: 'Order', of: 'y', within: '10s' } }),
      user('ordered_10s', 'boolean', { compute: { exists: 'Order', within: '10s' } }),
    ]);
    send({ x: 'a', y: 1 });
    send({ x: 'b', y: 2 }, 3_000);
    expect([...answer().attributes.keys()]).toEqual(['last_10s', 'average_10s', 'ordered_10s']);
    expect(changesIn(harness.tick(T0 + 10_000))).toEqual([['average_10s', 1.5, 2]]);
    const emptied = harness.tick(T0 + 13_000);
    expect(changesIn(emptied)).toEqual([
      ['last_10s', 'b', undefined],
      ['average_10s', 2, undefined],
      ['ordered_10s', true, false],
    ]);
    expect(emptied[0]!.fact).toMatchObject({ reason: 'window', effectiveAt: T0 + 13_000 });
    expect([...answer().attributes.keys()]).toEqual(['ordered_10s']);
    harness.restart();
    expect(changesIn(send({ x: 'c' }, 20_000))).toEqual([
      ['last_10s', undefined, 'c'],
      ['ordered_10s', false, true],
    ]);
  });
});

describe('a profile whose states have reached their limit', () => {
  it('is measured in bytes: a letter of three counts three', () => {
    const lists = Array.from({ length: 12 }, (_, index) =>
      user(`list_${index}`, 'string_list', { compute: { distinct_list: 'Order', of: `x${index}` } }),
    );
    const taken = (letter: string): number => {
      const { send, answer } = stageWith(lists);
      for (let event = 0; event < 100; event++) {
        const values = lists.map((_, index) => [`x${index}`, `${event} ${letter.repeat(1_000)}`]);
        send(Object.fromEntries(values));
      }
      return [...answer().attributes.values()].reduce((sum, { value }) => sum + (value as string[]).length, 0);
    };
    expect(taken('\u6f22') * 2.9).toBeLessThan(taken('y'));
  });

  it('takes nothing more into large states, counts that, and goes on with the small ones', () => {
    const { counters, harness, send, answer } = stageWith([
      ...Array.from({ length: 12 }, (_, index) =>
        user(`list_${index}`, 'string_list', { compute: { distinct_list: 'Order', of: `x${index}` } }),
      ),
      user('orders', 'number', { compute: { count: 'Order' } }),
    ]);
    const text = 'y'.repeat(1_000);
    for (let event = 0; event < 100; event++) {
      send(Object.fromEntries(Array.from({ length: 12 }, (_, index) => [`x${index}`, `${event} ${text}`])));
      if (event % 25 === 0) harness.restart();
    }
    const { attributes } = answer();
    const chars = [...attributes.values()].flatMap(({ value }) => (Array.isArray(value) ? (value as string[]) : []));
    const bytes = chars.reduce((sum, each) => sum + each.length, 0);
    expect(bytes).toBeLessThan(ENTITY_STATE_BYTES_MAX);
    expect(bytes).toBeGreaterThan(ENTITY_STATE_BYTES_MAX * 0.95);
    expect(attributes.get('orders')?.value).toBe(100);
    const refused = [...counters.fullStates.values()].reduce((sum, count) => sum + count, 0);
    expect(chars.length + refused).toBe(12 * 100);
    expect([...counters.fullStates.keys()].every((name) => name.startsWith('shop/list_'))).toBe(true);
  });
});

describe('a state beyond its exact range', () => {
  it('is counted once and its value marked approximate', () => {
    const { counters, send, answer } = stageWith([
      user('different', 'number', { compute: { distinct_count: 'Order', of: 'x' } }),
      user('tags', 'string_list', { merge: 'union', from: [{ property: 'tags' }] }),
      user('orders', 'number', { compute: { count: 'Order' } }),
    ]);
    const tags = Array.from({ length: 60 }, (_, index) => `tag ${index}`);
    send({ tags });
    for (let index = 0; index < 1_000; index++) send({ x: index }, index);
    expect(answer().attributes.get('different')).toMatchObject({ value: 1_000, approximate: false });
    expect(answer().attributes.get('tags')).toMatchObject({ value: [...tags].sort(), approximate: false });
    expect(counters.approximatedStates).toBe(0);
    send({ x: 'one more', tags: tags.map((tag) => `other ${tag}`) }, 1_001);
    send({ x: 'and another' }, 1_002);
    expect(answer().attributes.get('different')).toMatchObject({ approximate: true });
    expect(answer().attributes.get('tags')).toMatchObject({ approximate: true });
    expect(answer().attributes.get('tags')?.value).toHaveLength(100);
    expect(answer().attributes.get('orders')).toMatchObject({ value: 1_003, approximate: false });
    expect(counters.approximatedStates).toBe(2);
  });
});

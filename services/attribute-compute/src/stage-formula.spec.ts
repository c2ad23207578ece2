import type { LogRecord } from '@attrium/event';
import { stageHarness } from '@attrium/testing';
import { describe, expect, it } from '@jest/globals';
import { catalogueRecord, changesIn, isChange, merged, profileIn, resolved, T0 } from '../test/records.js';
import { newAttributeCounters } from './counters.js';
import type { AttributesAnswer } from './domain/question.js';
import { bindingWith } from './stage.js';

const number = { kind: 'user', type: 'number' } as const;
const orders = { name: 'orders', ...number, compute: { count: 'Order' } };
const revenue = { name: 'revenue', ...number, compute: { sum: 'Order', of: 'revenue' } };
const visits = { name: 'visits_10s', ...number, compute: { count: 'Visit', within: '10s' } };
const average = { name: 'average', ...number, compute: { formula: 'revenue / orders' } };
const score = { name: 'a_score', ...number, compute: { formula: 'average * 10 + visits_10s' } };
const is = {
  name: 'is_good',
  kind: 'user',
  type: 'boolean',
  compute: { formula: 'has(attributes.a_score) && a_score > 100' },
};
const ada = profileIn(0, 1);
const bob = profileIn(0, 2);

function shop(definitions: readonly unknown[] = [is, score, average, orders, revenue, visits]) {
  const counters = newAttributeCounters();
  const harness = stageHarness(bindingWith(counters), { partition: 0, partitions: 4 });
  harness.read(catalogueRecord(definitions), T0);
  return { harness, counters };
}
const order = (id: string, at: number, amount: number) => ({
  id,
  name: 'Order',
  at,
  payload: { properties: { revenue: amount } },
});
const visit = (id: string, at: number) => ({ id, name: 'Visit', at });

describe('formulas', () => {
  it('change in the record of what they read, after it, once each, and only when their value does', () => {
    const { harness } = shop();
    const first = harness.read(resolved(ada, order('o1', T0, 10)), T0);
    expect(first).toHaveLength(1);
    expect(changesIn(first)).toEqual([
      ['orders', undefined, 1],
      ['revenue', undefined, 10],
      ['average', undefined, 10],
    ]);
    expect(changesIn(harness.read(resolved(ada, visit('v1', T0 + 1)), T0 + 1))).toEqual([
      ['visits_10s', undefined, 1],
      ['a_score', undefined, 101],
      ['is_good', undefined, true],
    ]);
    const second = harness.read(resolved(ada, order('o2', T0 + 2, 10)), T0 + 2);
    expect(changesIn(second)).toEqual([
      ['orders', 1, 2],
      ['revenue', 10, 20],
    ]);
    const third = harness.read(resolved(ada, order('o3', T0 - 5_000, 1)), T0 + 3);
    expect(changesIn(third)).toEqual([
      ['orders', 2, 3],
      ['revenue', 20, 21],
      ['average', 10, 7],
      ['a_score', 101, 71],
      ['is_good', true, false],
    ]);
    const { fact } = third[0]!;
    expect(isChange(fact) && [fact.reason, fact.cause, fact.effectiveAt]).toEqual(['event', 'o3', T0 - 5_000]);
  });

  it('over windows change with them, at the due time', () => {
    const { harness } = shop();
    harness.read(resolved(ada, order('o1', T0, 10)), T0);
    harness.read(resolved(ada, visit('v1', T0)), T0);
    const left = harness.tick(T0 + 60_000);
    expect(changesIn(left)).toEqual([
      ['visits_10s', 1, 0],
      ['a_score', 101, 100],
      ['is_good', true, false],
    ]);
    const { fact } = left[0]!;
    expect(isChange(fact) && [fact.reason, fact.effectiveAt]).toEqual(['window', T0 + 10_000]);
  });

  it('have no value where they cannot be calculated, and it is counted', () => {
    const ratio = { name: 'ratio', ...number, compute: { formula: 'orders / visits_10s' } };
    const { harness, counters } = shop([orders, visits, ratio]);
    harness.read(resolved(ada, visit('v1', T0)), T0);
    expect(changesIn(harness.read(resolved(ada, order('o1', T0, 1)), T0))).toEqual([
      ['orders', undefined, 1],
      ['ratio', undefined, 1],
    ]);
    expect(counters.failedFormulas.size).toBe(0);
    expect(changesIn(harness.tick(T0 + 20_000))).toEqual([
      ['visits_10s', 1, 0],
      ['ratio', 1, undefined],
    ]);
    expect([...counters.failedFormulas]).toEqual([['shop/ratio', 1]]);
  });

  it('beyond the limits of a text or a list have no value', () => {
    const text = { name: 'text', kind: 'user', type: 'string', from: [{ trait: 'text' }] };
    const twice = { name: 'twice', kind: 'user', type: 'string', compute: { formula: 'text + text' } };
    const { harness, counters } = shop([text, twice]);
    const say = (id: string, length: number) =>
      harness.read(
        resolved(ada, { id, type: 'identify', at: T0 + length, payload: { traits: { text: 'x'.repeat(length) } } }),
        T0,
      );
    say('i1', 2_048);
    expect(counters.failedFormulas.size).toBe(0);
    expect(changesIn(say('i2', 2_049)).at(-1)).toEqual(['twice', 'x'.repeat(4_096), undefined]);
    expect(counters.failedFormulas.get('shop/twice')).toBe(1);
  });

  it('are calculated from the merged values after a merge, once', () => {
    const { harness } = shop();
    harness.read(resolved(ada, order('o1', T0, 10)), T0);
    harness.read(resolved(bob, order('o2', T0, 20)), T0);
    const facts = harness.read(merged('m1', ada, bob, T0 + 1), T0 + 1).map(({ fact }) => fact);
    const relayed = facts.find(
      (fact): fact is Extract<LogRecord, { kind: 'state-transferred' }> => fact.kind === 'state-transferred',
    );
    const settled = harness.read(relayed!, T0 + 2);
    expect(changesIn(settled)).toEqual([
      ['orders', 1, 2],
      ['revenue', 10, 30],
      ['average', 10, 15],
    ]);
    const change = settled.map(({ fact }) => fact).find(isChange)!;
    expect([change.reason, change.cause]).toEqual(['merge', 'm1']);
  });

  it('are answered, approximate where what they read is', () => {
    const { harness } = shop();
    for (let index = 0; index < 1_100; index++) harness.read(resolved(ada, visit(`v${index}`, T0 + index)), T0 + 2_000);
    harness.read(resolved(ada, order('o1', T0, 10)), T0 + 2_000);
    const answer = harness.answer({ kind: 'attributes', workspace: 'shop', ordinal: 1 }) as AttributesAnswer;
    if (answer.kind !== 'attributes') throw new Error(answer.kind);
    const { attributes } = answer;
    expect(attributes.get('average')).toEqual({ value: 10, effectiveAt: T0, approximate: false });
    expect(attributes.get('a_score')).toEqual({ value: 1_200, effectiveAt: T0, approximate: true });
  });

  it('that are new or changed are calculated with the next change of what they read, and keep the old value until then', () => {
    const { harness } = shop([orders, { ...average, compute: { formula: 'orders + 1' } }]);
    harness.read(resolved(ada, order('o1', T0, 10)), T0);
    harness.read(catalogueRecord([orders, { ...average, compute: { formula: 'orders + 100' } }], 2), T0 + 1);
    expect(changesIn(harness.tick(T0 + 5_000))).toEqual([]);
    harness.restart();
    expect(changesIn(harness.read(resolved(ada, order('o2', T0 + 2, 10)), T0 + 6_000))).toEqual([
      ['orders', 1, 2],
      ['average', 2, 102],
    ]);
  });
});

import type { AttributeChange } from '@attrium/event';
import { stageHarness } from '@attrium/testing';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { catalogueRecord, isChange, plain, profileIn, resolved, T0 } from '../test/records.js';
import { newAttributeCounters } from './counters.js';
import { bindingWith } from './stage.js';

const ada = profileIn(0, 1);
const attributes = [
  { name: 'plan', kind: 'user', type: 'string', from: [{ property: 'plan' }] },
  { name: 'orders', kind: 'user', type: 'number', compute: { count: 'Order' } },
  { name: 'revenue', kind: 'user', type: 'number', compute: { sum: 'Order', of: 'revenue' } },
  {
    name: 'big_30s',
    kind: 'user',
    type: 'number',
    compute: { count: 'Order', where: { property: 'revenue', gte: 5 }, within: '30s' },
  },
  { name: 'revenue_10s', kind: 'user', type: 'number', compute: { sum: 'Order', of: 'revenue', within: '10s' } },
];
const segments = [{ name: 'busy', of: 'user', where: { event: 'Order', did: true, at_least: 2, within: '20s' } }];

interface Arrival {
  readonly id: string;
  readonly occurredAt: number;
  readonly appendedAt: number;
  readonly name: string;
  readonly cents: number;
}

/** Events come with gaps, and up to 40 s late. */
const arrivals = fc
  .array(
    fc.record({
      gap: fc.nat({ max: 12 }),
      late: fc.nat({ max: 40 }),
      cents: fc.nat({ max: 1_000 }),
      order: fc.boolean(),
    }),
    { maxLength: 25 },
  )
  .map((list) => {
    let now = T0;
    return list.map(({ gap, late, cents, order }, index): Arrival => {
      now += gap * 1_000;
      return {
        id: `e${index}`,
        occurredAt: now - late * 1_000,
        appendedAt: now,
        name: order ? 'Order' : 'Visit',
        cents,
      };
    });
  });

/** What every attribute has to be, from all events that have arrived, by brute force. */
function naiveValues(arrived: readonly Arrival[], now: number): Record<string, unknown> {
  const orders = arrived.filter(({ name }) => name === 'Order');
  const inside = (seconds: number) => orders.filter(({ occurredAt }) => occurredAt > now - seconds * 1_000);
  const total = (list: readonly Arrival[]) =>
    Number((list.reduce((sum, { cents }) => sum + cents, 0) / 100).toFixed(2));
  const big = (list: readonly Arrival[]) => list.filter(({ cents }) => cents >= 500);
  const latest = [...arrived].sort((a, b) => a.occurredAt - b.occurredAt || (a.id < b.id ? -1 : 1)).at(-1);
  const values: Record<string, unknown> = {};
  if (latest !== undefined) values.plan = latest.id;
  if (orders.length > 0) {
    Object.assign(values, { orders: orders.length, revenue: total(orders), revenue_10s: total(inside(10)) });
    values['~'] = inside(20).length >= 2;
  }
  if (big(orders).length > 0) values.big_30s = big(inside(30)).length;
  return values;
}

/** Follows the changes as a reader of the output does; each must say rightly what was before. */
function follow(known: Record<string, unknown>, changes: readonly AttributeChange[]): void {
  for (const { name, before, after } of changes) {
    const key = name.startsWith('~') ? '~' : name;
    const was = key === '~' ? (known[key] ?? false) : known[key];
    expect(plain(before) ?? (key === '~' ? false : undefined)).toEqual(was);
    expect(plain(after)).not.toEqual(was);
    known[key] = plain(after);
  }
}

const withDefaults = (values: Record<string, unknown>) => ({ '~': false, ...values });

describe('the stage and a naive recomputation', () => {
  it('agree after every event and at every second, with late events, restarts and expiry by tick or by event', () => {
    fc.assert(
      fc.property(arrivals, fc.array(fc.boolean(), { minLength: 25, maxLength: 25 }), (list, ticks) => {
        const harness = stageHarness(bindingWith(newAttributeCounters()));
        harness.read(catalogueRecord(attributes, 1, { segments }), T0);
        const known: Record<string, unknown> = {};
        const take = (emitted: ReturnType<typeof harness.tick>): void => {
          for (const { fact } of emitted) {
            if (!isChange(fact)) continue;
            if (fact.reason === 'window') expect(fact.cause).toBe(`timer:${fact.effectiveAt}`);
            follow(known, fact.changes);
          }
        };
        let now = T0;
        list.forEach((arrival, index) => {
          for (; ticks[index] && now < arrival.appendedAt; now += 1_000) {
            take(harness.tick(now));
            expect(withDefaults(known)).toEqual(withDefaults(naiveValues(list.slice(0, index), now)));
          }
          now = arrival.appendedAt;
          const { id, occurredAt: at, name, cents } = arrival;
          const payload = { properties: { plan: id, revenue: cents / 100 } };
          take(harness.read(resolved(ada, { id, at, name, payload }), now));
          expect(withDefaults(known)).toEqual(withDefaults(naiveValues(list.slice(0, index + 1), now)));
          if (index % 7 === 6) harness.restart();
        });
        for (const end = now + 60_000; now <= end; now += 1_000) {
          take(harness.tick(now));
          expect(withDefaults(known)).toEqual(withDefaults(naiveValues(list, now)));
        }
        expect(harness.timerOf(1)).toBeUndefined();
      }),
      { numRuns: 200 },
    );
  });

  it('the same events in any order of arrival end with the same state', () => {
    fc.assert(
      fc.property(
        arrivals.chain((list) => fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length }))),
        ([list, shuffled]) => {
          const end = list.at(-1)?.appendedAt ?? T0;
          const values = [list, shuffled].map((order) => {
            const harness = stageHarness(bindingWith(newAttributeCounters()));
            harness.read(catalogueRecord(attributes, 1, { segments }), T0);
            order.forEach(({ id, occurredAt: at, name, cents }, index) => {
              const payload = { properties: { plan: id, revenue: cents / 100 } };
              harness.read(resolved(ada, { id, at, name, payload }), T0 + (index * (end - T0)) / 25);
            });
            harness.tick(end);
            const answer = harness.answer({ kind: 'attributes', workspace: 'shop', ordinal: 1 }) as {
              attributes?: Map<string, { value: unknown }>;
            };
            return [
              [...(answer.attributes ?? [])].map(([name, { value }]) => [name, value]).sort(),
              harness.timerOf(1),
            ];
          });
          expect(values[1]).toEqual(values[0]);
        },
      ),
    );
  });
});

import { stageHarness } from '@attrium/testing';
import { describe, expect, it } from '@jest/globals';
import { catalogueRecord, changesIn, profileIn, resolved, T0 } from '../test/records.js';
import { newAttributeCounters } from './counters.js';
import { bindingWith } from './stage.js';

const ada = profileIn(0, 1);
const orderValue = {
  name: 'order_value',
  kind: 'event',
  type: 'number',
  from: [{ source: 'shopify', path: 'total.price' }, { event: 'Order', property: 'total' }, { property: 'revenue' }],
};
const of = { event_attribute: 'order_value' };
const number = { kind: 'user', type: 'number' } as const;
const segments = [{ name: 'big', of: 'user', where: { event: 'Order', sum: of, gte: 30 } }];

function shop(attributes: readonly unknown[], more: object = {}) {
  const counters = newAttributeCounters();
  const harness = stageHarness(bindingWith(counters), { partition: 0, partitions: 4 });
  harness.read(catalogueRecord([...attributes, orderValue], 1, more), T0);
  let count = 0;
  const read = (properties: object, source = 'web', name = 'Order') => {
    count += 1;
    return changesIn(
      harness.read(resolved(ada, { id: `e${count}`, name, at: T0 + count, source, payload: { properties } }), T0),
    );
  };
  return { read, counters };
}

describe('event attributes', () => {
  it('are the first field that fits the event and has a value of the type', () => {
    const { read, counters } = shop([{ name: 'last', ...number, compute: { last_value: 'Order', of } }]);
    expect(read({ total: 5, revenue: 6, total_price: 7 })).toEqual([['last', undefined, 5]]);
    expect(read({ total: { price: '7.50' }, revenue: 6 }, 'shopify')).toEqual([['last', 5, 7.5]]);
    expect(read({ total: { price: 9 }, revenue: 6 })).toEqual([['last', 7.5, 6]]);
    expect(read({ total: 'free', revenue: 4 })).toEqual([['last', 6, 4]]);
    expect(read({ total: 'free' })).toEqual([]);
    expect([...counters.refusedValues]).toEqual([['shop/last', 1]]);
    expect(read({ price: 9 })).toEqual([]);
    expect(counters.refusedValues.get('shop/last')).toBe(1);
  });

  it('are added up, told apart and compared in where and in event conditions', () => {
    const where = { event_attribute: 'order_value', gt: 10 };
    const { read } = shop(
      [
        { name: 'sum', ...number, compute: { sum: 'Order', of } },
        { name: 'big', ...number, compute: { count: 'Order', where } },
        { name: 'prices', ...number, compute: { distinct_count: 'Order', of } },
        {
          name: 'refunds',
          ...number,
          compute: { count: 'Refund', where: { event_attribute: 'order_value', exists: false } },
        },
      ],
      { segments },
    );
    expect(read({ total: 10.1 })).toEqual([
      ['sum', undefined, 10.1],
      ['big', undefined, 1],
      ['prices', undefined, 1],
      [expect.stringMatching(/^~/), undefined, 10.1],
    ]);
    expect(read({ total: { price: 10.1 } }, 'shopify').slice(0, 2)).toEqual([
      ['sum', 10.1, 20.2],
      ['big', 1, 2],
    ]);
    expect(read({ total: '9.9' }).slice(0, 2)).toEqual([
      ['sum', 20.2, 30.1],
      ['prices', 1, 2],
    ]);
    // The field of Order is none of Refund.
    expect(read({ total: 5 }, 'web', 'Refund')).toEqual([['refunds', undefined, 1]]);
    expect(read({ revenue: 5 }, 'web', 'Refund')).toEqual([]);
  });
});

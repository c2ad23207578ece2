/** The definitions that every benchmark runs with: 20 attributes, 10 segments, 5 triggers over the events of `workload.ts`. */

export const WORKSPACE = 'shop';

/** The one attribute of which every change fires: so each batch can be seen arriving at the end of the line. */
const PROBE = 'last_checkout';

const declared = (name: string, property: string, merge = 'most_recent') => ({
  name,
  kind: 'user',
  type: 'string',
  merge,
  from: [{ property }],
});
const computed = (name: string, type: string, compute: Record<string, unknown>) => ({
  name,
  kind: 'user',
  type,
  compute,
});
const enters = (name: string, segment: string) => ({
  name,
  when: { segment, enters: true },
  frequency: 'every',
  payload: ['orders', 'revenue'],
  deliver: [{ stream: true }],
});

/** `windowSeconds`: length of the rolling windows that expire while a benchmark runs. `webhook`: where probes are delivered to as well. */
export function benchCatalogue(windowSeconds: number, webhook?: string): Record<string, unknown> {
  const within = `${windowSeconds}s`;
  const attributes = [
    declared('last_product', 'sku'),
    declared('last_category', 'category'),
    declared('first_campaign', 'campaign', 'first_stored'),
    declared('currency', 'currency'),
    declared(PROBE, 'checkout'),
    computed('views', 'number', { count: 'Product Viewed' }),
    computed('viewed_value', 'number', { sum: 'Product Viewed', of: 'price' }),
    computed('expensive_views', 'number', { count: 'Product Viewed', where: { property: 'price', gt: 150 } }),
    computed('first_view_at', 'timestamp', { first_time: 'Product Viewed' }),
    computed('last_view_at', 'timestamp', { last_time: 'Product Viewed' }),
    computed('carts', 'number', { count: 'Cart Updated' }),
    computed('cart_value', 'number', { sum: 'Cart Updated', of: 'price' }),
    computed('carts_recent', 'number', { count: 'Cart Updated', within }),
    computed('orders', 'number', { count: 'Order Completed' }),
    computed('revenue', 'number', { sum: 'Order Completed', of: 'price' }),
    computed('first_order_at', 'timestamp', { first_time: 'Order Completed' }),
    computed('last_order_at', 'timestamp', { last_time: 'Order Completed' }),
    computed('orders_7d', 'number', { count: 'Order Completed', within: '7d' }),
    computed('revenue_7d', 'number', { sum: 'Order Completed', of: 'price', within: '7d' }),
    computed('refunds', 'number', { count: 'Order Refunded' }),
  ];
  const of = (name: string, where: unknown) => ({ name, of: 'user', where });
  const segments = [
    of('viewers', { attribute: 'views', gt: 10 }),
    of('collectors', { attribute: 'expensive_views', gt: 5 }),
    of('buyers', { attribute: 'orders', gt: 0 }),
    of('regulars', { attribute: 'orders_7d', gt: 2 }),
    of('big_spenders', { attribute: 'revenue', gt: 500 }),
    of('spenders_7d', { attribute: 'revenue_7d', gt: 300 }),
    of('open_cart', { event: 'Cart Updated', did: true, within }),
    of('browsing', { all: [{ attribute: 'views', gt: 3 }, { not: { segment: 'buyers' } }] }),
    of('returners', { all: [{ attribute: 'refunds', gt: 0 }, { segment: 'buyers' }] }),
    of('loyal', { any: [{ segment: 'regulars' }, { segment: 'big_spenders' }] }),
  ];
  const triggers = [
    {
      name: 'checkout',
      when: { attribute: PROBE, changes: true },
      frequency: 'every',
      payload: [PROBE, 'orders'],
      deliver: [{ stream: true }, ...(webhook === undefined ? [] : [{ webhook }])],
    },
    enters('first_order', 'buyers'),
    enters('cart_opened', 'open_cart'),
    enters('became_loyal', 'loyal'),
    { ...enters('became_viewer', 'viewers'), if: { attribute: 'currency', exists: true } },
  ];
  return { attributes, segments, triggers };
}

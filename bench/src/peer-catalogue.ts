/** The definitions that attribute-compute and Apache Flink both run: 20 attributes of each sort. Those of Flink: `flink/…/Attributes.java`. */

const declared = (name: string, property: string, merge: 'most_recent' | 'first_stored' = 'most_recent') => ({
  name,
  kind: 'user',
  type: 'string',
  merge,
  from: [{ property }],
});
const computed = (type: string, name: string, compute: Record<string, unknown>) => ({
  name,
  kind: 'user',
  type,
  compute,
});
const VIEW = 'Product Viewed';
const CART = 'Cart Updated';
const ORDER = 'Order Completed';

/** `cartSeconds`: length of the windows out of which events go while the log is read; those of 7 days only fill. */
export function peerCatalogue(cartSeconds: number): Record<string, unknown> {
  const recently = `${cartSeconds}s`;
  const attributes = [
    declared('last_product', 'sku'),
    declared('last_category', 'category'),
    declared('currency', 'currency'),
    declared('first_campaign', 'campaign', 'first_stored'),
    computed('number', 'views', { count: VIEW }),
    computed('number', 'viewed_value', { sum: VIEW, of: 'price' }),
    computed('number', 'expensive_views', { count: VIEW, where: { property: 'price', gt: 150 } }),
    computed('number', 'cheapest_view', { min: VIEW, of: 'price' }),
    computed('number', 'dearest_view', { max: VIEW, of: 'price' }),
    computed('number', 'categories_viewed', { distinct_count: VIEW, of: 'category' }),
    computed('string', 'favourite_category', { most_frequent: VIEW, of: 'category' }),
    computed('string_list', 'campaigns_viewed', { distinct_list: VIEW, of: 'campaign', limit: 10 }),
    computed('number', 'carts_recent', { count: CART, within: recently }),
    computed('number', 'cart_value_recent', { sum: CART, of: 'price', within: recently }),
    computed('number', 'orders', { count: ORDER }),
    computed('number', 'revenue', { sum: ORDER, of: 'price' }),
    computed('timestamp', 'first_order_at', { first_time: ORDER }),
    computed('string', 'last_order_category', { last_value: ORDER, of: 'category' }),
    computed('number', 'orders_7d', { count: ORDER, within: '7d' }),
    computed('number', 'revenue_7d', { sum: ORDER, of: 'price', within: '7d' }),
  ];
  return { attributes, segments: [], triggers: [] };
}

/** What the shop of the chaos runs defines: the quickstart's kinds of definitions, with windows that end many times within a run. */

export const WORKSPACE = 'shop';

export function chaosCatalogue(webhook: string): Record<string, unknown> {
  const declared = (name: string, merge = 'most_recent') => ({
    name,
    kind: 'user',
    type: 'string',
    merge,
    from: [{ trait: name }],
  });
  const computed = (name: string, compute: Record<string, unknown>, type = 'number') => ({
    name,
    kind: 'user',
    type,
    compute,
  });
  const trigger = (name: string, when: unknown, more: Record<string, unknown> = {}) => ({
    name,
    when,
    frequency: 'every',
    payload: ['email', 'orders'],
    deliver: [{ webhook }, { stream: true }],
    ...more,
  });
  return {
    attributes: [
      declared('email'),
      declared('first_name', 'first_stored'),
      declared('plan'),
      computed('orders', { count: 'Order Completed' }),
      computed('lifetime_value', { sum: 'Order Completed', of: 'revenue' }),
      computed('first_order_at', { first_time: 'Order Completed' }, 'timestamp'),
      computed('refunds', { count: 'Order Refunded' }),
      computed('views', { count: 'Product Viewed' }),
      computed('visits_recent', { count: 'Product Viewed', within: '6s' }),
      computed('spent_recent', { sum: 'Order Completed', of: 'revenue', within: '9s' }),
    ],
    segments: [
      { name: 'big_spenders', of: 'user', where: { attribute: 'lifetime_value', gt: 200 } },
      { name: 'active_now', of: 'user', where: { event: 'Product Viewed', did: true, within: '5s' } },
      {
        name: 'open_cart',
        of: 'user',
        where: {
          all: [
            { event: 'Cart Updated', did: true, within: '8s' },
            { event: 'Order Completed', did_not: true, within: '8s' },
          ],
        },
      },
      { name: 'busy_now', of: 'user', where: { attribute: 'visits_recent', gt: 3 } },
    ],
    triggers: [
      trigger('big_spender_welcome', { segment: 'big_spenders', enters: true }, { frequency: 'once' }),
      trigger('cart_abandoned', { segment: 'open_cart', exits: true }, { if: { attribute: 'email', exists: true } }),
      trigger('plan_changed', { attribute: 'plan', changes: true }, { payload: ['plan'] }),
      trigger('busy', { segment: 'busy_now', enters: true }, { deliver: [{ stream: true }] }),
    ],
  };
}

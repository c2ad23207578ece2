/** The demo's shop: the same seed is the same shop, and everything that the quickstart reacts to happens in it. */
import { describe, expect, it } from '@jest/globals';
import { Shop, type ShopCall } from './shop.js';

function calls(seed: number, count: number): ShopCall[] {
  const shop = new Shop('run', seed);
  return Array.from({ length: count }, () => shop.next()).flat();
}

describe('the shop', () => {
  it('is the same for the same seed, and another for another', () => {
    expect(calls(1, 500)).toEqual(calls(1, 500));
    expect(calls(1, 500)).not.toEqual(calls(2, 500));
  });

  it('has all events of the quickstart, and people who change their plan', () => {
    const all = calls(1, 2_000);
    const events = new Set(all.map((call) => (call.kind === 'track' ? call.event : 'identify')));
    expect([...events].sort()).toEqual([
      'Cart Updated',
      'Order Completed',
      'Order Refunded',
      'Product Viewed',
      'Signed Up',
      'identify',
    ]);
    expect(all.some((call) => call.kind === 'identify' && call.traits.plan !== undefined)).toBe(true);
  });

  it('signs up anonymous visitors under both of their ids', () => {
    const signUps = calls(1, 2_000).filter((call) => call.kind === 'identify' && call.traits.email !== undefined);
    expect(signUps.length).toBeGreaterThan(20);
    for (const { who } of signUps) expect(who).toEqual({ userId: expect.any(String), anonymousId: expect.any(String) });
  });

  it('makes big spenders within a minute of traffic', () => {
    const spent = new Map<string, number>();
    for (const call of calls(1, 1_200)) {
      if (call.kind !== 'track' || call.event !== 'Order Completed') continue;
      const id = String(call.who.userId);
      spent.set(id, (spent.get(id) ?? 0) + Number(call.properties.revenue));
    }
    expect([...spent.values()].filter((sum) => sum > 500).length).toBeGreaterThan(0);
  });
});

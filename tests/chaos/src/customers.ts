/** The customers whose events are sent: anonymous at first, then known, on one device after the other, so that profiles merge all the time. */
import { Random } from '@attrium/testing/simulation';

interface Customer {
  readonly number: number;
  device: number;
  identified: boolean;
}

const ACTIVE = 1_200;
/** Identity takes five anonymous ids a profile: after so many devices somebody new comes. */
const DEVICES_MAX = 4;
const PLANS = ['free', 'starter', 'pro', 'enterprise'];
const LATE_MS_MAX = 8_000;

export class Customers {
  private readonly random: Random;
  private readonly active: Customer[];
  private created = 0;

  constructor(seed: number) {
    this.random = new Random(seed);
    this.active = Array.from({ length: ACTIVE }, () => this.arrive());
  }

  /** JSON of one event. */
  event(messageId: string, now: number): string {
    const { random } = this;
    const customer = this.someone();
    const { number, device } = customer;
    const anonymousId = `device-${number}-${device}`;
    const userId = `user-${number}`;
    // Some come late, and a bit out of order.
    const at = random.chance(0.05) ? now - random.int(LATE_MS_MAX) : now;
    const base = { messageId, timestamp: new Date(at).toISOString() };
    if (!customer.identified && random.chance(0.2)) {
      customer.identified = true;
      const traits = { email: `${userId}@example.com`, first_name: `N${device}`, plan: random.pick(PLANS) };
      return JSON.stringify({ ...base, type: 'identify', userId, anonymousId, traits });
    }
    const who = !customer.identified ? { anonymousId } : random.chance(0.5) ? { userId } : { userId, anonymousId };
    if (customer.identified && random.chance(0.05)) {
      return JSON.stringify({ ...base, type: 'identify', ...who, traits: { plan: random.pick(PLANS) } });
    }
    return JSON.stringify({ ...base, type: 'track', ...who, ...this.action() });
  }

  private action(): Record<string, unknown> {
    const { random } = this;
    const draw = random.int(100);
    const properties = { sku: `sku-${random.int(500)}`, revenue: random.int(10_000) / 100 };
    if (draw < 60) return { event: 'Product Viewed', properties: { sku: properties.sku } };
    if (draw < 80) return { event: 'Cart Updated', properties: { sku: properties.sku } };
    return { event: draw < 96 ? 'Order Completed' : 'Order Refunded', properties };
  }

  /** A few come much more often than the others. */
  private someone(): Customer {
    const { random, active } = this;
    const index = random.chance(0.3) ? random.int(40) : random.int(ACTIVE);
    const customer = active[index]!;
    if (!random.chance(0.03)) return customer;
    if (customer.device === DEVICES_MAX) {
      active[index] = this.arrive();
      return active[index]!;
    }
    customer.device++;
    customer.identified = false;
    return customer;
  }

  private arrive(): Customer {
    return { number: this.created++, device: 0, identified: false };
  }
}

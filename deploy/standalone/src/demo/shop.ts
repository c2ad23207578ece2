/** A small shop as a source of SDK calls: visitors who look around, fill carts, sign up, order, send things back, change plans, or leave. */
import { Random } from './random.js';

/** One call of a tracking SDK, without its time. */
export type ShopCall =
  | { readonly kind: 'identify'; readonly who: Who; readonly traits: Readonly<Record<string, string>> }
  | {
      readonly kind: 'track';
      readonly who: Who;
      readonly event: 'Product Viewed' | 'Cart Updated' | 'Signed Up' | 'Order Completed' | 'Order Refunded';
      readonly properties: Readonly<Record<string, string | number>>;
    };

/** At least one of them. */
export interface Who {
  readonly userId?: string;
  readonly anonymousId?: string;
}

interface Visitor {
  readonly anonymousId: string;
  readonly name: string;
  userId?: string;
  plan: string;
  cart: number;
  /** Calls left in this visit. */
  patience: number;
}

const NAMES = [
  'Ada',
  'Blaise',
  'Carl',
  'Dorothy',
  'Emmy',
  'Fermat',
  'Grace',
  'Hedy',
  'Ida',
  'Joan',
  'Katherine',
  'Leo',
] as const;
const PRODUCTS = ['lamp', 'chair', 'desk', 'shelf', 'rug', 'mirror'] as const;
const PLANS = ['free', 'plus', 'pro'] as const;
const VISITORS_AT_ONCE = 24;
const REGULARS_MAX = 400;

export class Shop {
  private readonly random: Random;
  private readonly visitors: Visitor[] = [];
  /** Those who signed up and may come back. */
  private readonly regulars: Visitor[] = [];
  private visits = 0;

  /** `label` keeps the people of one run apart from those of another. */
  constructor(
    private readonly label: string,
    seed: number,
  ) {
    this.random = new Random(seed);
  }

  /** What happens next: one call, or the two of a sign-up. */
  next(): ShopCall[] {
    const { random, visitors } = this;
    while (visitors.length < VISITORS_AT_ONCE) visitors.push(this.arrive());
    const index = random.below(visitors.length);
    const visitor = visitors[index] as Visitor;
    const calls = this.act(visitor);
    visitor.patience--;
    // Whoever leaves with a full cart has abandoned it.
    if (visitor.patience <= 0) visitors.splice(index, 1);
    return calls;
  }

  private arrive(): Visitor {
    const { random } = this;
    const patience = 4 + random.below(10);
    if (this.regulars.length > 20 && random.chance(0.3)) {
      const regular = this.regulars[random.below(this.regulars.length)] as Visitor;
      if (!this.visitors.includes(regular)) {
        regular.patience = patience;
        return regular;
      }
    }
    const number = ++this.visits;
    return {
      anonymousId: `visitor-${this.label}-${number}`,
      name: random.pick(NAMES),
      plan: 'free',
      cart: 0,
      patience,
    };
  }

  private act(visitor: Visitor): ShopCall[] {
    const { random } = this;
    const who = whoOf(visitor);
    if (visitor.cart > 0 && visitor.userId !== undefined && random.chance(0.35)) return [this.order(visitor)];
    if (visitor.userId === undefined && random.chance(0.08)) return this.signUp(visitor);
    if (visitor.userId !== undefined && random.chance(0.01)) return [this.changePlan(visitor)];
    if (visitor.userId !== undefined && random.chance(0.03)) {
      return [{ kind: 'track', who, event: 'Order Refunded', properties: { reason: 'does not fit' } }];
    }
    const product = random.pick(PRODUCTS);
    const price = 20 + random.below(28_000) / 100;
    if (random.chance(0.25)) {
      visitor.cart = Math.round((visitor.cart + price) * 100) / 100;
      return [{ kind: 'track', who, event: 'Cart Updated', properties: { product, price, total: visitor.cart } }];
    }
    return [{ kind: 'track', who, event: 'Product Viewed', properties: { product, price } }];
  }

  private signUp(visitor: Visitor): ShopCall[] {
    visitor.userId = visitor.anonymousId.replace('visitor', 'shopper');
    visitor.plan = this.random.pick(PLANS);
    if (this.regulars.length < REGULARS_MAX) this.regulars.push(visitor);
    const email = `${visitor.name.toLowerCase()}.${visitor.userId.replace('shopper-', '')}@example.com`;
    const who = { userId: visitor.userId, anonymousId: visitor.anonymousId };
    return [
      { kind: 'identify', who, traits: { email, first_name: visitor.name } },
      { kind: 'track', who, event: 'Signed Up', properties: { plan: visitor.plan } },
    ];
  }

  private order(visitor: Visitor): ShopCall {
    const revenue = visitor.cart;
    visitor.cart = 0;
    return { kind: 'track', who: whoOf(visitor), event: 'Order Completed', properties: { revenue } };
  }

  private changePlan(visitor: Visitor): ShopCall {
    visitor.plan = PLANS[(PLANS.indexOf(visitor.plan as 'free') + 1) % PLANS.length] ?? 'free';
    return { kind: 'identify', who: whoOf(visitor), traits: { plan: visitor.plan } };
  }
}

/** A shopper's browser sends the user id alone, as a server does; an anonymous visitor has only the id of the browser. */
function whoOf(visitor: Visitor): Who {
  return visitor.userId === undefined ? { anonymousId: visitor.anonymousId } : { userId: visitor.userId };
}

/** The events that the benchmarks send: 593 bytes of track events, profiles by a Zipf law, some sent twice. Seeded: the same run sends the same. */

export interface WorkloadOptions {
  /** Part of every message id, so that runs do not meet in the dedup window. */
  readonly run: string;
  /** One event in so many is a probe: its profile's `last_checkout` changes, which always fires. */
  readonly probeEvery: number;
}

export interface WorkloadEvent {
  readonly id: string;
  readonly name: string;
  /** What follows `user-` in its user id. */
  readonly profile: string;
  /** As a source sends it. */
  readonly json: string;
}

const PROFILES = 200_000;
const ZIPF_EXPONENT = 0.9;
/** One event in so many is sent a second time. */
const DUPLICATE_EVERY = 100;
const EVENT_BYTES = 593;
const PROBE_PROFILES = 1_000;
const SEED = 0x9e3779b9;

/** Where event `index` of a run comes from is read back from its message id. */
export function indexOfEventId(id: string): number {
  return Number(id.slice(id.lastIndexOf('-') + 1));
}

export function isProbeIndex(index: number, probeEvery: number): boolean {
  return index % probeEvery === probeEvery - 1;
}

export class Workload {
  private random = SEED;
  private readonly zipfTop = PROFILES ** (1 - ZIPF_EXPONENT) - 1;
  /** Events made so far, without repetitions. */
  count = 0;
  private previous = '';

  constructor(private readonly options: WorkloadOptions) {}

  /** JSON of a batch of the next events. */
  batch(size: number, now: number): string {
    let body = '{"batch":[';
    for (let index = 0; index < size; index++) body += `${index === 0 ? '' : ','}${this.event(now)}`;
    return `${body}],"sentAt":"${new Date(now).toISOString()}"}`;
  }

  /** JSON of the next event. */
  event(now: number): string {
    if (this.count % DUPLICATE_EVERY === DUPLICATE_EVERY / 2 && this.previous !== '') {
      const repeated = this.previous;
      this.previous = '';
      return repeated;
    }
    const { json } = this.fresh(now);
    this.previous = json;
    return json;
  }

  /** The next event that is no repetition. */
  fresh(now: number): WorkloadEvent {
    const index = this.count++;
    const isProbe = isProbeIndex(index, this.options.probeEvery);
    // Probes have profiles of their own, each used again only after a thousand others: were one overtaken, it would not fire.
    const profile = isProbe
      ? `probe-${Math.floor(index / this.options.probeEvery) % PROBE_PROFILES}`
      : String(this.profile());
    const draw = this.next();
    const name = isProbe ? 'Checkout Started' : nameOf(draw);
    const id = `node-next-${this.options.run}-${index}`;
    const user = `user-${profile}`;
    const sku = `sku-${Math.floor(this.next() * 5_000)}`;
    const price = Math.floor(this.next() * 20_000) / 100;
    const checkout = isProbe ? `,"checkout":"c-${index}"` : '';
    const head =
      `{"type":"track","event":"${name}","userId":"${user}","anonymousId":"7c9e6679-7425-40de-944b-${profile}",` +
      `"messageId":"${id}","timestamp":"${new Date(now).toISOString()}",` +
      `"properties":{"sku":"${sku}","category":"category-${Math.floor(draw * 997) % 40}","price":${price},"currency":"EUR",` +
      `"campaign":"spring-${Math.floor(draw * 50)}"${checkout},"quantity":1},` +
      '"context":{"library":{"name":"analytics-node","version":"3.1.0"},"page":{"url":"https://shop.example.com/products/';
    const tail = '"},"userAgent":"Mozilla/5.0 (X11; Linux x86_64)"}}';
    const missing = Math.max(0, EVENT_BYTES - head.length - tail.length);
    return { id, name, profile, json: head + 'x'.repeat(missing) + tail };
  }

  /** 0 to PROFILES - 1, by the inverse of the continuous Zipf distribution. */
  private profile(): number {
    const rank = (this.next() * this.zipfTop + 1) ** (1 / (1 - ZIPF_EXPONENT));
    return Math.min(PROFILES - 1, Math.floor(rank) - 1);
  }

  /** 0 to 1, by xorshift32. */
  private next(): number {
    let state = this.random;
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    this.random = state;
    return (state >>> 0) / 0x100000000;
  }
}

function nameOf(draw: number): string {
  if (draw < 0.62) return 'Product Viewed';
  if (draw < 0.8) return 'Cart Updated';
  if (draw < 0.95) return 'Order Completed';
  return draw < 0.97 ? 'Order Refunded' : 'Products Searched';
}

/** What every kind of attribute has to be, by brute force: all events sorted by time, then by id, and walked through once more. */

export interface Arrival {
  readonly id: string;
  readonly occurredAt: number;
  readonly appendedAt: number;
  readonly name: string;
  readonly cents: number;
  readonly tags: readonly string[];
}

const head = { kind: 'user' } as const;
const number = { ...head, type: 'number' } as const;
const text = { ...head, type: 'string' } as const;
const list = { ...head, type: 'string_list' } as const;
const timestamp = { ...head, type: 'timestamp' } as const;
const truth = { ...head, type: 'boolean' } as const;

/** Each over all time and over ten seconds; the key is the name of the attribute. */
const COMPUTED = {
  orders: { ...number, compute: { count: 'Order' } },
  revenue: { ...number, compute: { sum: 'Order', of: 'revenue' } },
  least: { ...number, compute: { min: 'Order', of: 'revenue' } },
  most: { ...number, compute: { max: 'Order', of: 'revenue' } },
  average: { ...number, compute: { average: 'Order', of: 'revenue' } },
  first_sku: { ...text, compute: { first_value: 'Order', of: 'sku' } },
  last_sku: { ...text, compute: { last_value: 'Order', of: 'sku' } },
  first_at: { ...timestamp, compute: { first_time: 'Order' } },
  last_at: { ...timestamp, compute: { last_time: 'Order' } },
  skus: { ...number, compute: { distinct_count: 'Order', of: 'sku' } },
  latest_skus: { ...list, compute: { distinct_list: 'Order', of: 'sku', limit: 3 } },
  usual_sku: { ...text, compute: { most_frequent: 'Order', of: 'sku' } },
  ordered: { ...truth, compute: { exists: 'Order' } },
} as const;

const DECLARED = [
  { name: 'plan', ...text, from: [{ property: 'plan' }] },
  { name: 'first_plan', ...text, merge: 'first_stored', from: [{ property: 'plan' }] },
  { name: 'usual_size', ...number, merge: 'most_frequent', from: [{ property: 'size' }] },
  { name: 'least_size', ...number, merge: 'min', from: [{ property: 'size' }] },
  { name: 'most_size', ...number, merge: 'max', from: [{ property: 'size' }] },
  { name: 'all_sizes', ...number, merge: 'sum', from: [{ property: 'size' }] },
  { name: 'tags', ...list, merge: 'union', from: [{ property: 'tags' }] },
];

/** Of sessions that have an id. */
const SESSIONS = [
  { name: 'sessions', ...number, compute: { session: 'count', gap: '5s' } },
  { name: 'sessions_10s', ...number, compute: { session: 'count', gap: '5s', within: '10s' } },
  { name: 'in_session', ...truth, compute: { session: 'current', gap: '5s' } },
  { name: 'session_start', ...timestamp, compute: { session: 'start', gap: '5s' } },
];

export const EVERY_KIND: readonly unknown[] = [
  ...DECLARED,
  ...SESSIONS,
  ...Object.entries(COMPUTED).flatMap(([name, { compute, ...rest }]) => [
    { name, ...rest, compute },
    { name: `${name}_10s`, ...rest, compute: { ...compute, within: '10s' } },
    { name: `${name}_big`, ...rest, compute: { ...compute, where: { property: 'revenue', gte: 5 }, within: '30s' } },
  ]),
];

export const skuOf = (cents: number): string => `sku ${cents % 7}`;
const sessionOf = (cents: number): string => `s${cents % 3}`;
export const sizeOf = (cents: number): number => cents % 5;

export function payloadOf({ id, cents, tags }: Arrival): object {
  const stated = { plan: id, size: sizeOf(cents), tags, session_id: sessionOf(cents) };
  const properties = { ...stated, revenue: cents / 100, sku: skuOf(cents) };
  return { properties };
}

export function naiveValues(arrived: readonly Arrival[], now: number): Record<string, unknown> {
  const sorted = [...arrived].sort((a, b) => a.occurredAt - b.occurredAt || (a.id < b.id ? -1 : 1));
  const orders = sorted.filter(({ name }) => name === 'Order');
  const big = orders.filter(({ cents }) => cents >= 500);
  const inside = (all: readonly Arrival[], seconds: number): Arrival[] =>
    all.filter(({ occurredAt }) => occurredAt > now - seconds * 1_000);
  const values: Record<string, unknown> = { ...statedValues(sorted), ...sessionValues(sorted, now) };
  if (orders.length > 0) Object.assign(values, suffixed('', computedValues(orders)));
  if (orders.length > 0) Object.assign(values, suffixed('_10s', computedValues(inside(orders, 10))));
  if (big.length > 0) Object.assign(values, suffixed('_big', computedValues(inside(big, 30))));
  return values;
}

function suffixed(suffix: string, values: Record<string, unknown>): Record<string, unknown> {
  const entries = Object.entries(values).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries.map(([name, value]) => [`${name}${suffix}`, value]));
}

function statedValues(sorted: readonly Arrival[]): Record<string, unknown> {
  if (sorted.length === 0) return {};
  const sizes = sorted.map(({ cents }) => sizeOf(cents));
  return {
    plan: sorted.at(-1)!.id,
    first_plan: sorted[0]!.id,
    usual_size: usual(sorted, ({ cents }) => sizeOf(cents)),
    least_size: Math.min(...sizes),
    most_size: Math.max(...sizes),
    all_sizes: sizes.reduce((sum, size) => sum + size, 0),
    tags: [...new Set(sorted.flatMap(({ tags }) => tags))].sort(),
  };
}

function sessionValues(sorted: readonly Arrival[], now: number): Record<string, unknown> {
  if (sorted.length === 0) return {};
  const idsOf = (list: readonly Arrival[]): Set<string> => new Set(list.map(({ cents }) => sessionOf(cents)));
  const last = sorted.at(-1)!.occurredAt;
  // Of several that ended at the same time the one that began last.
  const starts = [...idsOf(sorted.filter(({ occurredAt }) => occurredAt === last))].map(
    (id) => sorted.find(({ cents }) => sessionOf(cents) === id)!.occurredAt,
  );
  return {
    sessions: idsOf(sorted).size,
    sessions_10s: idsOf(sorted.filter(({ occurredAt }) => occurredAt > now - 10_000)).size,
    in_session: last + 5_000 > now,
    session_start: { ms: Math.max(...starts) },
  };
}

/** Of events of one kind that are sorted; undefined where there is no value. */
function computedValues(sorted: readonly Arrival[]): Record<string, unknown> {
  const cents = sorted.map((each) => each.cents);
  const total = cents.reduce((sum, each) => sum + each, 0);
  const skus = sorted.map((each) => skuOf(each.cents));
  const some = sorted.length > 0;
  return {
    orders: sorted.length,
    revenue: Number((total / 100).toFixed(2)),
    least: some ? Math.min(...cents) / 100 : undefined,
    most: some ? Math.max(...cents) / 100 : undefined,
    average: some ? divided(BigInt(total), BigInt(sorted.length * 100)) : undefined,
    first_sku: skus[0],
    last_sku: skus.at(-1),
    first_at: some ? { ms: sorted[0]!.occurredAt } : undefined,
    last_at: some ? { ms: sorted.at(-1)!.occurredAt } : undefined,
    skus: new Set(skus).size,
    latest_skus: some ? latest(sorted).slice(0, 3) : undefined,
    usual_sku: usual(sorted, (each) => skuOf(each.cents)),
    ordered: some,
  };
}

/** Different skus, the latest first; of equal times the greatest first. */
function latest(sorted: readonly Arrival[]): string[] {
  const moments = sorted.map(({ occurredAt, cents }) => ({ at: occurredAt, sku: skuOf(cents) }));
  moments.sort((a, b) => b.at - a.at || (a.sku < b.sku ? 1 : -1));
  return [...new Set(moments.map(({ sku }) => sku))];
}

/** What came most often; of equals what came last, then the greatest. */
function usual<T extends string | number>(sorted: readonly Arrival[], of: (arrival: Arrival) => T): T | undefined {
  const candidates = [...new Set(sorted.map(of))].map((value) => {
    const such = sorted.filter((each) => of(each) === value);
    return { value, times: such.length, at: such.at(-1)!.occurredAt };
  });
  candidates.sort((a, b) => b.times - a.times || b.at - a.at || (a.value < b.value ? 1 : -1));
  return candidates[0]?.value;
}

/** Digit by digit, until there are 15 or none is left. */
function divided(total: bigint, by: bigint): number {
  let whole = total / by;
  let rest = total % by;
  let digits = 0;
  for (; rest > 0n && whole < 10n ** 14n && digits < 18; digits++) {
    whole = whole * 10n + (rest * 10n) / by;
    rest = (rest * 10n) % by;
  }
  if (rest * 2n > by || (rest * 2n === by && whole % 2n === 1n)) whole += 1n;
  return Number(`${whole}e-${digits}`);
}

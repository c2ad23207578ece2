/** Profiles drawn by chance, as rows of the real tables and as data that a plain reading of conditions takes. */
import { type ClickHouse, jsonText } from '@attrium/clickhouse';
import {
  type Condition,
  type ConditionScope,
  evaluate,
  eventSubject,
  type Happening,
  type ParsedCondition,
  type SequenceStep,
} from '@attrium/condition';
import { Decimal, decimalFromText, parseExactJson, Timestamp, typeOfValue, unitsOf, type Value } from '@attrium/event';
import { Random } from '@attrium/testing/simulation';

export const NOW = Date.UTC(2026, 5, 1, 12);
const HOUR_MS = 3_600_000;

const TYPES = { plan: 'string', total: 'number', vip: 'boolean', seen: 'timestamp', tags: 'string_list' } as const;
type Name = keyof typeof TYPES;
const NAMES = Object.keys(TYPES) as Name[];
export const SEGMENTS = ['staff', 'loyal'] as const;
export const EVENTS = ['Order', 'Visit'] as const;

export const SCOPE: ConditionScope = {
  attributeType: (name) => TYPES[name as Name],
  hasSegment: (name) => SEGMENTS.includes(name as 'staff'),
};

const TEXTS = [
  '',
  'a',
  'Ab',
  'ab',
  'b',
  'ä',
  '"q"\\',
  "o'k",
  'tab\there',
  '\uD7FF',
  '\uE000',
  '\u{1F600}',
  '\u{10FFFF}x',
  '{p0}',
];
const NUMBERS = [
  '0',
  '1',
  '-3',
  '2.5',
  '0.1',
  '0.3',
  '1e2',
  '9007199254740993',
  '12345678901234567890.5',
  '0.000000000000000001',
];
/** ClickHouse reads the numbers of JSON as doubles, and whole ones as 64 bits. */
const PAYLOAD_NUMBERS = NUMBERS.filter((text) => text.length < 20 || !text.includes('.5'));
const LISTS = [[], ['a'], ['a', 'b'], ['b', 'a'], ["o'k", 'tab\there'], ['']];

export interface DrawnEvent {
  readonly id: string;
  readonly name: string;
  readonly at: number;
  readonly payload: string;
}

export interface DrawnProfile {
  readonly id: string;
  readonly values: ReadonlyMap<string, Value>;
  readonly segments: ReadonlySet<string>;
  readonly events: readonly DrawnEvent[];
  /** Ids of the profiles that were merged into it, the first the last: each but the first into the one before it. */
  readonly merged: readonly string[];
}

export function drawProfiles(random: Random, count: number): DrawnProfile[] {
  return Array.from({ length: count }, (_, index) => ({
    id: `p${String(index).padStart(4, '0')}`,
    values: new Map(NAMES.filter(() => random.chance(0.7)).map((name) => [name, drawValue(random, name)])),
    segments: new Set(SEGMENTS.filter(() => random.chance(0.4))),
    events: Array.from({ length: random.int(5) }, () => drawEvent(random)),
    merged: Array.from({ length: random.chance(0.2) ? 1 + random.int(3) : 0 }, (_, step) => `m${index}-${step}`),
  }));
}

function drawValue(random: Random, name: Name): Value {
  switch (TYPES[name]) {
    case 'string':
      return random.pick(TEXTS);
    case 'number':
      return decimalFromText(random.pick(NUMBERS))!;
    case 'boolean':
      return random.chance(0.5);
    case 'timestamp':
      return new Timestamp(drawInstant(random));
    default:
      return random.pick(LISTS);
  }
}

/** Most are different; their order is that of UTF-16 code units. */
const IDS = Array.from({ length: 200 }, (_, index) => `${['a', '\uE000', '\u{1F600}'][index % 3]}${index}`);

/** On a grid, so that instants meet the ends of windows. */
const drawInstant = (random: Random): number => NOW - random.int(8) * HOUR_MS + (random.chance(0.2) ? 1 : 0);

function drawEvent(random: Random): DrawnEvent {
  const some = [
    ...PAYLOAD_NUMBERS,
    ...TEXTS.map((text) => JSON.stringify(text)),
    ...LISTS.map((list) => JSON.stringify(list)),
  ];
  const values = [...some, 'null', 'true', 'false', '{}', '["a",1]', '" 2.50 "', '"1e2"', '{"y":2}', '{"y":"ab"}'];
  const properties = ['x', 'sum'].filter(() => random.chance(0.8)).map((name) => `"${name}":${random.pick(values)}`);
  const payload = random.chance(0.1) ? '{}' : `{"properties":{${properties.join(',')}}}`;
  return { id: random.pick(IDS), name: random.pick(EVENTS), at: drawInstant(random), payload };
}

/** A condition as users write it. */
export function drawCondition(random: Random, depth = 0): unknown {
  const inner = (): unknown => drawCondition(random, depth + 1);
  const kind = random.int(depth > 2 ? 6 : 10);
  if (kind === 9) return { not: inner() };
  if (kind >= 6) return { [kind === 8 ? 'any' : 'all']: Array.from({ length: random.int(4) }, inner) };
  if (kind === 5) return { segment: random.pick(SEGMENTS), is: random.chance(0.6) };
  if (kind >= 3) return drawEventCondition(random);
  const attribute = random.pick(NAMES);
  return { attribute, ...drawTest(random, TYPES[attribute]) };
}

function drawEventCondition(random: Random): unknown {
  if (random.chance(0.4)) return drawInOrder(random);
  const span = random.pick<Record<string, unknown>>([
    {},
    { within: `${1 + random.int(6)}h` },
    { after: isoText(drawInstant(random)) },
    { before: isoText(drawInstant(random)) },
    { between: [isoText(NOW - 5 * HOUR_MS), isoText(drawInstant(random) + 5 * HOUR_MS)] },
  ]);
  const where = random.chance(0.6) ? { where: drawFilter(random, 0) } : {};
  const about = { event: random.pick(EVENTS), ...span, ...where };
  if (random.chance(0.3)) {
    const comparator = random.pick(['gt', 'gte', 'lt', 'lte', 'equals']);
    return { ...about, sum: random.pick(['x', 'sum']), [comparator]: decimalFromText(random.pick(NUMBERS))! };
  }
  const times = random.pick<Record<string, unknown>>([{}, { at_least: 2 }, { at_most: 1 }, { exactly: random.int(3) }]);
  return { ...about, ...times, ...(random.chance(0.6) ? { did: true } : { did_not: true }) };
}

/** First and last times, events since others, and sequences. */
function drawInOrder(random: Random): unknown {
  const some = (): Record<string, unknown> => ({
    event: random.pick(EVENTS),
    ...(random.chance(0.3) ? { where: drawFilter(random, 1) } : {}),
  });
  const span = (): string => `${1 + random.int(5)}h`;
  const kind = random.int(3);
  if (kind === 0) {
    const test = random.pick<Record<string, unknown>>([
      { older_than: span() },
      { newer_than: span(), after: isoText(drawInstant(random)) },
      { before: isoText(drawInstant(random)) },
      { between: [isoText(NOW - 5 * HOUR_MS), isoText(drawInstant(random) + 5 * HOUR_MS)] },
    ]);
    return { ...some(), [random.pick(['first_time', 'last_time'])]: test };
  }
  if (kind === 1) {
    const times = random.pick<Record<string, unknown>>([{}, { at_least: 2 }, { at_most: 1 }, { exactly: 1 }]);
    return { ...some(), ...times, ...(random.chance(0.6) ? { did: true } : { did_not: true }), since: some() };
  }
  const steps = Array.from({ length: 2 + random.int(2) }, (_, index) => ({
    ...some(),
    ...(index > 0 && random.chance(0.5) ? { within: random.pick(['1h', span()]) } : {}),
  }));
  return { sequence: steps, ...(random.chance(0.4) ? { within: span() } : {}) };
}

function drawFilter(random: Random, depth: number): unknown {
  if (depth < 2 && random.chance(0.2)) return { not: drawFilter(random, depth + 1) };
  if (depth < 2 && random.chance(0.2)) return { any: [drawFilter(random, depth + 1), drawFilter(random, depth + 1)] };
  const type = random.pick(['string', 'number', 'boolean', 'string_list']);
  return { property: random.pick(['x', 'x', 'sum', 'x.y', 'none']), ...drawTest(random, type) };
}

const isoText = (ms: number): string => new Date(ms).toISOString();

function drawTest(random: Random, type: string): Record<string, unknown> {
  const text = (): string => random.pick(TEXTS);
  const number = (): unknown => decimalFromText(random.pick(NUMBERS))!;
  const order = random.pick(['gt', 'gte', 'lt', 'lte']);
  const both = [{ exists: random.chance(0.5) }, { is_empty: random.chance(0.5) }];
  switch (type) {
    case 'string':
      return random.pick<Record<string, unknown>>([
        ...both,
        { equals: text() },
        { not_equals: text() },
        { [order]: text() },
        { in: [text(), text()] },
        { not_in: [text()] },
        { contains: text() },
        { contains_any: [text(), text()] },
        { starts_with: text() },
        { ends_with: text() },
        { between: [text(), text()].sort() },
      ]);
    case 'number':
      return random.pick<Record<string, unknown>>([
        ...both,
        { equals: number() },
        { not_equals: number() },
        { [order]: number() },
        { [order]: random.pick([1e30, -1e30, 1e-20, -1e-20]) },
        { in: [number(), number()] },
        { not_in: [number(), random.pick([1e30, 1e-20]), 0.1] },
        { between: [-3, number() as number].sort((a, b) => Number(a) - Number(b)) },
      ]);
    case 'boolean':
      return random.pick<Record<string, unknown>>([...both, { equals: true }, { not_equals: true }, { in: [false] }]);
    case 'timestamp':
      return random.pick<Record<string, unknown>>([
        ...both,
        { [random.pick([order, 'before', 'after', 'equals'])]: isoText(drawInstant(random)) },
        { in: [isoText(drawInstant(random)), isoText(drawInstant(random))] },
        { older_than: `${1 + random.int(6)}h` },
        { newer_than: `${1 + random.int(6)}h` },
        { between: [isoText(NOW - 5 * HOUR_MS), isoText(drawInstant(random) + 5 * HOUR_MS)] },
      ]);
    default:
      return random.pick<Record<string, unknown>>([
        ...both,
        { contains: text() },
        { contains_any: ['a', text()] },
        { contains_all: ['a', 'b'] },
        { equals: random.pick(LISTS) },
      ]);
  }
}

/** Whether it is true of a profile, read plainly. */
export function isTrueOf(node: ParsedCondition, profile: DrawnProfile): boolean {
  switch (node.kind) {
    case 'all':
      return node.of.every((of) => isTrueOf(of, profile));
    case 'any':
      return node.of.some((of) => isTrueOf(of, profile));
    case 'not':
      return !isTrueOf(node.of, profile);
    case 'moment': {
      const times = happened(node, profile).map(({ at }) => at);
      if (times.length === 0) return false;
      const at = node.which === 'first' ? Math.min(...times) : Math.max(...times);
      const { test } = node;
      if ('ageMs' in test) return test.newer === at + test.ageMs > NOW;
      const operand = { kind: 'attribute', name: 'time' } as const;
      const condition: Condition = { kind: 'compare', operand, comparator: test.comparator, value: test.at };
      return evaluate(condition, { ...subjectOf(profile), attribute: () => new Timestamp(at) });
    }
    case 'sequence':
      return follows(node.steps, profile, undefined, node.withinMs);
    case 'behaviour':
      if (node.since !== undefined) {
        const others = happened(node.since, profile);
        const after = happened(node, profile).filter((each) => others.every((other) => isAfter(each, other)));
        return (others.length > 0 && after.length >= node.atLeast) === node.did;
      }
      return happened(node, profile).length >= node.atLeast === node.did;
    case 'aggregate': {
      const units = happened(node, profile).reduce(
        (sum, { payload }) => sum + amountIn(payload, node.property[0]!),
        0n,
      );
      const operand = { kind: 'attribute', name: 'sum' } as const;
      const condition: Condition = { kind: 'compare', operand, comparator: node.comparator, value: node.value };
      return evaluate(condition, { ...subjectOf(profile), attribute: () => new Decimal(units) });
    }
    case 'age': {
      const value = profile.values.get(node.attribute);
      return value instanceof Timestamp && node.newer === value.ms + node.olderThanMs > NOW;
    }
    default:
      return evaluate(node, subjectOf(profile));
  }
}

const isAfter = (a: DrawnEvent, b: DrawnEvent): boolean => a.at > b.at || (a.at === b.at && a.id > b.id);

/** Whether some event is the first of these steps after another one, and the rest follows. */
function follows(
  [step, ...rest]: readonly SequenceStep[],
  profile: DrawnProfile,
  before: DrawnEvent | undefined,
  withinMs: number | undefined,
): boolean {
  if (step === undefined) return true;
  return happened({ event: step.event, where: step.where }, profile).some(
    (event) =>
      (withinMs === undefined || event.at + withinMs > NOW) &&
      (before === undefined || (isAfter(event, before) && before.at + (step.withinMs ?? Infinity) > event.at)) &&
      follows(rest, profile, event, withinMs),
  );
}

function subjectOf({ values, segments }: DrawnProfile) {
  const inSegment = (name: string): boolean => segments.has(name);
  return { attribute: (name: string) => values.get(name), property: () => undefined, inSegment };
}

function happened({ event, withinMs, fromMs, untilMs, where }: Happening, { events }: DrawnProfile): DrawnEvent[] {
  return events.filter(
    ({ name, at, payload }) =>
      name === event &&
      (withinMs === undefined || at + withinMs > NOW) &&
      (fromMs === undefined || at >= fromMs) &&
      (untilMs === undefined || at <= untilMs) &&
      (where === undefined || evaluate(where, eventSubject(propertiesOf(payload)))),
  );
}

function propertiesOf(payload: string): Record<string, unknown> {
  return (parseExactJson(payload) as { properties?: Record<string, unknown> }).properties ?? {};
}

function amountIn(payload: string, property: string): bigint {
  const json = propertiesOf(payload)[property];
  const number = typeof json === 'string' ? decimalFromText(json.trim()) : json;
  return typeof number === 'number' || number instanceof Decimal ? (unitsOf(number) ?? 0n) : 0n;
}

/** Puts all of them into the tables of a workspace. Events come to whoever was the profile then. */
export async function insertProfiles(
  { client }: ClickHouse,
  workspace: string,
  drawn: readonly DrawnProfile[],
): Promise<void> {
  const head = { workspace_id: workspace, kind: 'profile' };
  const place = { partition: 0, sequence: 1, row_index: 0 };
  const time = (ms: number): string => isoText(ms).replace('T', ' ').replace('Z', '');
  const insert = (table: string, values: object[]) => client.insert({ table, values, format: 'JSONEachRow' });
  await insert(
    'profiles',
    drawn.flatMap(({ id, merged }) =>
      [id, ...merged].map((profile, step) => {
        const into = step === 0 ? '' : [id, ...merged][step - 1];
        return { ...head, ...place, profile_id: profile, merged_into: into, version: 1, occurred_at: time(NOW) };
      }),
    ),
  );
  await insert(
    'attributes',
    drawn.flatMap(({ id, values }) =>
      [...values].map(([name, value]) => {
        const isNumber = typeof value === 'number' || value instanceof Decimal;
        const texts = { type: typeOfValue(value), value: jsonText(value), number: isNumber ? jsonText(value) : null };
        return { ...head, ...place, profile_id: id, name, ...texts, effective_at: time(NOW) };
      }),
    ),
  );
  await insert(
    'memberships',
    drawn.flatMap(({ id, segments }) =>
      [...segments].map((segment) => ({ ...head, ...place, profile_id: id, segment, since: time(NOW) })),
    ),
  );
  await insert(
    'events',
    drawn.flatMap(({ id, merged, events }, profile) =>
      events.map(({ id: messageId, name, at, payload }, index) => {
        const profileId = [id, ...merged][index % (1 + merged.length)];
        const own = { profile_id: profileId, message_id: messageId, type: 'track', name, payload, row_index: index };
        return {
          workspace_id: workspace,
          ...place,
          sequence: profile,
          ...own,
          occurred_at: time(at),
          received_at: time(at),
        };
      }),
    ),
  );
}

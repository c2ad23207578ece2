import { SESSION_MEASURES, TYPE_OF_SESSION_MEASURE } from '@attrium/catalogue';
import { type Emitted, stageHarness } from '@attrium/testing';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  catalogueRecord,
  changesIn,
  type EventOptions,
  isChange,
  plain,
  profileIn,
  resolved,
  T0,
} from '../test/records.js';
import { naiveMeasures, naiveSessions, type SessionEvent } from '../test/session-events.js';
import { newAttributeCounters } from './counters.js';
import { activityOf } from './domain/activity.js';
import type { AttributesAnswer } from './domain/question.js';
import { bindingWith } from './stage.js';

const ada = profileIn(0, 1);
const GAPS = { webGapMs: 5_000, mobileGapMs: 2_000 };
const ATTRIBUTES = [
  ...SESSION_MEASURES.map((session) => ({
    name: session,
    kind: 'user',
    type: TYPE_OF_SESSION_MEASURE[session],
    compute: { session, gap: { web: '5s', mobile: '2s' } },
  })),
  { name: 'count_9s', kind: 'user', type: 'number', compute: { session: 'count', gap: '5s', within: '9s' } },
  {
    name: 'shop_count',
    kind: 'user',
    type: 'number',
    compute: { session: 'count', where: { property: 'shop', equals: true } },
  },
];

interface Drawn {
  readonly options: EventOptions;
  readonly appendedAt: number;
  readonly inShop: boolean;
}

const device = (value: string) => ({ type: 'anonymous_id', value });

/** Events of pages, apps and servers, some with the id of their session, up to 30 s late. */
const drawn: fc.Arbitrary<Drawn[]> = fc
  .array(
    fc.record({
      wait: fc.nat({ max: 8 }),
      late: fc.oneof(fc.constant(0), fc.nat({ max: 30 })),
      type: fc.constantFrom('track' as const, 'page' as const, 'screen' as const, 'identify' as const),
      devices: fc.constantFrom(['a'], ['b'], ['b', 'a'], []),
      session: fc.constantFrom(
        {},
        {},
        {},
        { sessionId: 's1' },
        { session_id: 17 },
        { sessionId: -1 },
        { session: { id: 'x' } },
      ),
      library: fc.constantFrom('analytics.js', 'analytics-kotlin', 'axios', 7, null),
      shop: fc.boolean(),
      url: fc.constantFrom('https://shop.test/', 'https://shop.test/cart', '', 5),
    }),
    { maxLength: 25 },
  )
  .map((list) => {
    let now = T0;
    return list.map(({ wait, late, type, devices, session, library, shop, url }, index): Drawn => {
      now += wait * 500;
      const context = { ...session, library: { name: library } };
      const payload = { context, properties: { shop, url } };
      const options = { id: `e${index % 7}-${index}`, type, name: type, at: now - late * 500, payload };
      return { options: { ...options, identifiers: devices.map(device) }, appendedAt: now, inShop: shop };
    });
  });

/** What belongs to sessions at all. */
function activeOf(list: readonly Drawn[]): SessionEvent[] {
  return list.flatMap(({ options }) => {
    const { event } = resolved(ada, options);
    const activity = activityOf(event, options.payload);
    return activity === undefined ? [] : [{ at: options.at, id: options.id, activity }];
  });
}

function naiveValues(list: readonly Drawn[], now: number): Record<string, unknown> {
  const active = activeOf(list);
  if (active.length === 0) return {};
  const values: Record<string, unknown> = { ...naiveMeasures(active, GAPS, now) };
  const gap = { webGapMs: 5_000, mobileGapMs: 5_000 };
  values.count_9s = naiveSessions(
    active.filter(({ at }) => at > now - 9_000),
    gap,
  ).length;
  const shop = activeOf(list.filter(({ inShop }) => inShop));
  if (shop.length > 0) values.shop_count = naiveSessions(shop, { webGapMs: 1_800_000, mobileGapMs: 300_000 }).length;
  for (const name of ['start', 'last_seen']) values[name] = { ms: values[name] };
  for (const name of ['average_duration', 'pages_per_session']) values[name] = rounded(values[name] as number);
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}

const rounded = (value: number): number => Number(value.toPrecision(12));

describe('sessions of the stage and a naive recomputation', () => {
  it('agree after every event and at every half second, with late events, restarts and expiry by tick or by event', () => {
    fc.assert(
      fc.property(drawn, fc.array(fc.boolean(), { minLength: 25, maxLength: 25 }), (list, ticks) => {
        const harness = stageHarness(bindingWith(newAttributeCounters()));
        harness.read(catalogueRecord(ATTRIBUTES), T0);
        const known: Record<string, unknown> = {};
        const take = (emitted: readonly Emitted[]): void => {
          for (const { fact } of emitted) {
            if (!isChange(fact)) continue;
            if (fact.reason === 'window') expect(fact.cause).toBe(`timer:${fact.effectiveAt}`);
            for (const { name, before, after } of fact.changes) {
              const value = plain(after);
              const isAverage = name === 'average_duration' || name === 'pages_per_session';
              if (!isAverage) expect(plain(before)).toEqual(known[name]);
              if (value === undefined) delete known[name];
              else known[name] = isAverage ? rounded(Number(value)) : value;
            }
          }
        };
        let now = T0;
        list.forEach(({ options, appendedAt }, index) => {
          for (; ticks[index] && now < appendedAt; now += 500) {
            take(harness.tick(now));
            expect(known).toEqual(naiveValues(list.slice(0, index), now));
          }
          now = appendedAt;
          take(harness.read(resolved(ada, options), now));
          expect(known).toEqual(naiveValues(list.slice(0, index + 1), now));
          if (index % 6 === 5) harness.restart();
        });
        for (const end = now + 20_000; now <= end; now += 500) {
          take(harness.tick(now));
          expect(known).toEqual(naiveValues(list, now));
        }
        expect(harness.timerOf(1)).toBeUndefined();
      }),
      { numRuns: 150 },
    );
  });
});

describe('what belongs to a session', () => {
  const of = (payload: object, more: Partial<EventOptions> = {}) =>
    activityOf(resolved(ada, { id: 'e', at: T0, identifiers: [device('a')], ...more, payload }).event, payload);

  it('is told by the id of the session, wherever an SDK puts it, else by the device', () => {
    const named = of({ context: { sessionId: 's1' } });
    expect(named).toMatchObject({ sort: 'named' });
    for (const payload of [
      { context: { session_id: 's1' } },
      { context: { session: { id: 's1' } } },
      { sessionId: 's1' },
      { properties: { session_id: 's1' } },
      { properties: { sessionId: 's1' } },
    ]) {
      expect(of(payload, { identifiers: [] })).toEqual(named);
    }
    expect(of({ sessionId: 17 })).toEqual(of({ sessionId: '17' }));
    for (const sessionId of [-1, 0, '', 1.5, null, [], 'x'.repeat(513)])
      expect(of({ sessionId })).toMatchObject({ sort: 'web' });
    const both = [device('a'), { type: 'device_id', value: 'd' }];
    const alone = [{ type: 'device_id', value: 'd' }];
    expect(of({}, { identifiers: both })).toEqual(of({}, { identifiers: alone }));
    expect(of({}, { identifiers: [{ type: 'user_id', value: 'u' }] })).toBeUndefined();
  });

  it.each([
    ['analytics-kotlin', {}, true],
    ['analytics-ios', {}, true],
    ['@segment/analytics-react-native', { page: { url: 'https://shop.test' } }, true],
    ['RudderLabs JavaScript SDK', { os: { name: 'Android' } }, false],
    ['axios', {}, false],
    [undefined, { device: { type: 'Android' } }, true],
    [undefined, { device: { type: 'mobile' }, page: { url: 'https://shop.test' } }, false],
    [undefined, {}, false],
  ])('is of an app: library %s, context %j: %s', (name, context, isMobile) => {
    expect(of({ context: { library: { name }, ...context } })).toMatchObject({ isMobile });
  });

  it('a screen is seen in an app, a page is not', () => {
    expect(of({}, { type: 'screen', name: 'Home' })).toMatchObject({ isMobile: true, isPage: true, page: 'Home' });
    expect(of({}, { type: 'page', name: 'Home' })).toMatchObject({ isMobile: false, isPage: true, page: 'Home' });
  });
});

describe('a page that is longer than a list entry may be', () => {
  it('is refused visibly, and the session goes on', () => {
    const counters = newAttributeCounters();
    const harness = stageHarness(bindingWith(counters));
    harness.read(catalogueRecord(ATTRIBUTES), T0);
    const payload = { properties: { url: `https://shop.test/${'x'.repeat(1_024)}` } };
    const options = { id: 'e1', type: 'page', at: T0, identifiers: [device('a')], payload } as const;
    const names = changesIn(harness.read(resolved(ada, options), T0)).map((change) => (change as unknown[])[0]);
    expect(names).toContain('pages');
    expect(names).not.toContain('entry_page');
    expect([...counters.refusedValues.keys()]).toEqual(['shop/entry_page', 'shop/exit_page']);
  });
});

describe('states of sessions', () => {
  it('of a profile with very many sessions stay within the limit, and their values say that they are approximate', () => {
    const counters = newAttributeCounters();
    const harness = stageHarness(bindingWith(counters));
    harness.read(catalogueRecord(ATTRIBUTES), T0);
    const gapMs = 6_000;
    for (let index = 0; index <= 1_001; index++) {
      const at = T0 + index * gapMs;
      harness.read(resolved(ada, { id: `e${index}`, type: 'page', at, identifiers: [device('a')] }), at);
    }
    const answer = harness.answer({ kind: 'attributes', workspace: 'shop', ordinal: 1 }) as AttributesAnswer & {
      kind: 'attributes';
    };
    expect(answer.attributes.get('count')).toMatchObject({ value: 1_002, approximate: true });
    expect(answer.attributes.get('start')).toMatchObject({ approximate: false });
    expect(answer.attributes.get('current')).toMatchObject({ value: true, approximate: false });
    expect(counters.approximatedStates).toBe(3);
  });
});

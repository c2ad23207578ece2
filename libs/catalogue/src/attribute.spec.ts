import { describe, expect, it } from '@jest/globals';
import { MERGE_STRATEGIES, REDUCERS, REDUCERS_OF_PROPERTIES, TYPES_OF_REDUCER, TYPES_OF_STRATEGY } from './compiled.js';
import { ATTRIBUTES_MAX } from './limits.js';
import { parseCatalogue } from './parse.js';
import { SESSION_MEASURES, TYPE_OF_SESSION_MEASURE } from './session.js';

type Json = Readonly<Record<string, unknown>>;
const withAttribute = (change: Json): Json => ({
  attributes: [{ name: 'x', kind: 'user', type: 'string', from: [{ trait: 'x' }], ...change }],
});
const computed = (compute: Json, type = 'number'): Json => withAttribute({ from: undefined, type, compute });
const attributeOf = (json: Json): unknown => {
  const outcome = parseCatalogue(json);
  return outcome.kind === 'valid' ? outcome.catalogue.attributes[0] : outcome.faults;
};

describe('valid attributes', () => {
  it.each(REDUCERS.flatMap((reducer) => TYPES_OF_REDUCER[reducer].map((type) => [reducer, type] as const)))(
    'compute %s of type %s, over all time and in a window',
    (reducer, type) => {
      const of = REDUCERS_OF_PROPERTIES.includes(reducer) ? { of: 'cart.total' } : {};
      const where = { property: 'plan', equals: 'pro' };
      for (const within of [{}, { within: '30d' }]) {
        expect(attributeOf(computed({ [reducer]: 'E', ...of, where, ...within }, type))).toMatchObject({
          kind: 'computed',
          type,
          reducer,
          event: 'E',
          property: 'of' in of ? ['cart', 'total'] : undefined,
          where: { kind: 'compare' },
          withinMs: 'within' in within ? 2_592_000_000 : undefined,
        });
      }
    },
  );

  it.each(MERGE_STRATEGIES.flatMap((merge) => TYPES_OF_STRATEGY[merge].map((type) => [merge, type] as const)))(
    'merge by %s values of type %s',
    (merge, type) => {
      expect(attributeOf(withAttribute({ merge, type }))).toMatchObject({ merge, type });
    },
  );

  it.each(SESSION_MEASURES)('tell the %s of sessions, by one gap or by one for each kind of device', (session) => {
    const gapsOf = (compute: Json): unknown =>
      attributeOf(computed({ session, ...compute }, TYPE_OF_SESSION_MEASURE[session]));
    const head = { kind: 'session', measure: session };
    expect(gapsOf({})).toMatchObject({ ...head, webGapMs: 1_800_000, mobileGapMs: 300_000 });
    expect(gapsOf({ gap: '10m' })).toMatchObject({ ...head, webGapMs: 600_000, mobileGapMs: 600_000 });
    expect(gapsOf({ gap: { mobile: '10s' } })).toMatchObject({ webGapMs: 1_800_000, mobileGapMs: 10_000 });
    const where = { property: 'bot', not_equals: true };
    expect(gapsOf({ gap: { web: '24h' }, where })).toMatchObject({
      webGapMs: 86_400_000,
      mobileGapMs: 300_000,
      where: { kind: 'compare' },
    });
  });

  it('count sessions in a window', () => {
    expect(attributeOf(computed({ session: 'count', within: '7d' }))).toMatchObject({ withinMs: 604_800_000 });
  });

  it('keep lists as long as they say', () => {
    const list = { distinct_list: 'E', of: 'sku', limit: 5 };
    expect(attributeOf(computed(list, 'string_list'))).toMatchObject({ entriesMax: 5 });
  });
});

describe('faults of attributes', () => {
  const x = 'attributes[0]';
  const cases: readonly [string, Json, string[]][] = [
    ['a union of texts', withAttribute({ merge: 'union' }), [`${x}.merge type_mismatch`]],
    ['a sum of texts', withAttribute({ merge: 'sum' }), [`${x}.merge type_mismatch`]],
    ['the least of truths', withAttribute({ merge: 'min', type: 'boolean' }), [`${x}.merge type_mismatch`]],
    [
      'the most frequent of lists',
      withAttribute({ merge: 'most_frequent', type: 'string_list' }),
      [`${x}.merge type_mismatch`],
    ],
    ['the greatest of texts', computed({ max: 'E', of: 'a' }, 'string'), [`${x}.type type_mismatch`]],
    ['an average that is a text', computed({ average: 'E', of: 'a' }, 'string'), [`${x}.type type_mismatch`]],
    ['a list that is a number', computed({ distinct_list: 'E', of: 'a' }), [`${x}.type type_mismatch`]],
    ['the most frequent list', computed({ most_frequent: 'E', of: 'a' }, 'string_list'), [`${x}.type type_mismatch`]],
    ['existence as a number', computed({ exists: 'E' }), [`${x}.type type_mismatch`]],
    ['existence of something', computed({ exists: 'E', of: 'a' }, 'boolean'), [`${x}.compute.of conflicting_keys`]],
    ['the last value of nothing', computed({ last_value: 'E' }, 'string'), [`${x}.compute.of missing_key`]],
    ['different values of nothing', computed({ distinct_count: 'E' }), [`${x}.compute.of missing_key`]],
    ['a limit on a count', computed({ count: 'E', limit: 5 }), [`${x}.compute.limit conflicting_keys`]],
    [
      'a limit beyond the limit',
      computed({ distinct_list: 'E', of: 'a', limit: 101 }, 'string_list'),
      [`${x}.compute.limit over_limit`],
    ],
    [
      'too many attributes',
      {
        attributes: Array.from({ length: ATTRIBUTES_MAX + 1 }, (_, index) => ({
          name: `a${index}`,
          kind: 'user',
          type: 'string',
          from: [{ trait: 'x' }],
        })),
      },
      ['attributes over_limit'],
    ],
    ['an unknown measure of sessions', computed({ session: 'length' }), [`${x}.compute.session wrong_value`]],
    ['a start that is a number', computed({ session: 'start' }), [`${x}.type type_mismatch`]],
    ['sessions of an event', computed({ session: 'count', count: 'E' }), [`${x}.compute.count conflicting_keys`]],
    ['sessions of a property', computed({ session: 'count', of: 'a' }), [`${x}.compute.of conflicting_keys`]],
    ['pages in a window', computed({ session: 'pages', within: '1d' }), [`${x}.compute.within conflicting_keys`]],
    ['no gap', computed({ session: 'count', gap: '0m' }), [`${x}.compute.gap wrong_value`]],
    ['a long gap', computed({ session: 'count', gap: { web: '25h' } }), [`${x}.compute.gap.web over_limit`]],
    ['a gap of a television', computed({ session: 'count', gap: { tv: '1h' } }), [`${x}.compute.gap.tv unknown_key`]],
    ['a gap of a count', computed({ count: 'E', gap: '5m' }), [`${x}.compute.gap conflicting_keys`]],
    [
      'a list of nothing',
      computed({ distinct_list: 'E', of: 'a', limit: 0 }, 'string_list'),
      [`${x}.compute.limit over_limit`],
    ],
  ];
  it.each(cases)('names the fault: %s', (_what, json, expected) => {
    const outcome = parseCatalogue(json);
    const faults = outcome.kind === 'valid' ? [] : outcome.faults;
    expect(faults.map(({ path, code }) => `${path} ${code}`)).toEqual(expected);
    for (const { message } of faults) expect(message).not.toBe('');
  });
});

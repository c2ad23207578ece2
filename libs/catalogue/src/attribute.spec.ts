import { describe, expect, it } from '@jest/globals';
import { MERGE_STRATEGIES, REDUCERS, REDUCERS_OF_PROPERTIES, TYPES_OF_REDUCER, TYPES_OF_STRATEGY } from './compiled.js';
import { parseCatalogue } from './parse.js';

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

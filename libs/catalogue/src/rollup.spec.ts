import { describe, expect, it } from '@jest/globals';
import { compileCatalogue } from './compile.js';
import { ROLLUPS_MAX } from './limits.js';
import { parseCatalogue } from './parse.js';
import { planCatalogue } from './plan.js';
import { ROLLUP_REDUCERS, TYPES_OF_ROLLUP } from './rollup-definition.js';

type Json = Readonly<Record<string, unknown>>;

const USERS: readonly Json[] = [
  { name: 'spend', kind: 'user', type: 'number', compute: { sum: 'Order', of: 'revenue' } },
  { name: 'twice', kind: 'user', type: 'number', compute: { formula: 'spend * 2' } },
  { name: 'vip', kind: 'user', type: 'boolean', from: [{ trait: 'vip' }] },
  { name: 'since', kind: 'user', type: 'timestamp', compute: { first_time: 'Order' } },
  { name: 'plan', kind: 'user', type: 'string', from: [{ trait: 'plan' }] },
];
const SOURCES: Readonly<Record<string, string>> = { number: 'spend', boolean: 'vip', timestamp: 'since' };
const seats: Json = { name: 'seats', kind: 'account', type: 'number', from: [{ trait: 'seats' }] };

const catalogueOf = (rollup: Json, more: readonly Json[] = [], rest: Json = {}): Json => ({
  attributes: [{ name: 'x', kind: 'account', type: 'number', ...rollup }, ...USERS, seats, ...more],
  ...rest,
});
/** The definition, or path and code of each fault. */
function readingOf(json: Json): unknown {
  const outcome = parseCatalogue(json);
  if (outcome.kind === 'valid') return outcome.catalogue.attributes[0];
  return outcome.faults.map(({ path, code }) => [path, code]);
}
const x = 'attributes[0]';

describe('a roll-up', () => {
  it.each(ROLLUP_REDUCERS.flatMap((reducer) => TYPES_OF_ROLLUP[reducer].map((type) => [reducer, type] as const)))(
    'is the %s of members, of type %s, of all or of some',
    (reducer, type) => {
      const read = reducer === 'count' ? 'members' : SOURCES[type]!;
      const definition = { kind: 'rollup', name: 'x', of: 'account', type, reducer };
      const attribute = reducer === 'count' ? undefined : read;
      expect(readingOf(catalogueOf({ type, rollup: { [reducer]: read } }))).toEqual({
        ...definition,
        visible: true,
        attribute,
      });
      const where = { all: [{ attribute: 'plan', equals: 'pro' }, { not: { attribute: 'twice', lt: 3 } }] };
      expect(readingOf(catalogueOf({ type, rollup: { [reducer]: read, where } }))).toMatchObject({
        where: { kind: 'all' },
      });
    },
  );

  it('reads formulas of users, and is read by formulas, segments and triggers of accounts', () => {
    const formula = { name: 'each', kind: 'account', type: 'number', compute: { formula: 'x / seats' } };
    const segments = [{ name: 'big', of: 'account', where: { attribute: 'each', gt: 2 } }];
    const triggers = [
      { name: 't', when: { attribute: 'x', changes: true }, frequency: 'every', deliver: [{ stream: true }] },
    ];
    expect(readingOf(catalogueOf({ rollup: { sum: 'twice' } }, [formula], { segments, triggers }))).toMatchObject({
      attribute: 'twice',
    });
  });

  it('begins anew when its meaning changes, and only then', () => {
    const keyOf = (rollup: Json): string => {
      const outcome = parseCatalogue(catalogueOf(rollup));
      if (outcome.kind === 'invalid') throw new Error(JSON.stringify(outcome.faults));
      return compileCatalogue({ workspace: 'w', revision: 1, catalogue: outcome.catalogue }).attributes[0]!.key;
    };
    const key = keyOf({ rollup: { sum: 'spend' } });
    expect(keyOf({ rollup: { sum: 'spend' }, visibility: 'hidden' })).toBe(key);
    expect(keyOf({ rollup: { sum: 'twice' } })).not.toBe(key);
    expect(keyOf({ rollup: { max: 'spend' } })).not.toBe(key);
    expect(keyOf({ rollup: { sum: 'spend', where: { attribute: 'vip', equals: true } } })).not.toBe(key);
  });

  it('is planned as made of what there is', () => {
    const outcome = parseCatalogue(catalogueOf({ rollup: { sum: 'spend' } }));
    const [, item] = outcome.kind === 'valid' ? [0, planCatalogue(undefined, outcome.catalogue)[0]] : [];
    expect(item).toMatchObject({
      kind: 'added',
      name: 'x',
      fromNowOn: false,
      notice: expect.stringContaining('members'),
    });
  });
});

describe('faults of roll-ups', () => {
  it.each<[string, Json, string, string]>([
    ['of users', { kind: 'user', rollup: { count: 'members' } }, `${x}.rollup`, 'not_here'],
    ['beside events', { rollup: { count: 'members' }, compute: { count: 'E' } }, x, 'conflicting_keys'],
    ['beside traits', { rollup: { count: 'members' }, from: [{ trait: 't' }] }, x, 'conflicting_keys'],
    ['with a merge strategy', { rollup: { count: 'members' }, merge: 'max' }, `${x}.merge`, 'conflicting_keys'],
    ['of nothing', { rollup: {} }, `${x}.rollup`, 'missing_key'],
    ['of two', { rollup: { sum: 'spend', max: 'spend' } }, `${x}.rollup`, 'conflicting_keys'],
    ['with what is not known', { rollup: { sum: 'spend', within: '1d' } }, `${x}.rollup.within`, 'unknown_key'],
    ['of no text', { rollup: { sum: 3 } }, `${x}.rollup.sum`, 'wrong_type'],
    ['that counts something else', { rollup: { count: 'spend' } }, `${x}.rollup.count`, 'wrong_value'],
    ['of no attribute', { rollup: { sum: 'nothing' } }, `${x}.rollup.sum`, 'unknown_attribute'],
    ['of an attribute of accounts', { rollup: { sum: 'seats' } }, `${x}.rollup.sum`, 'other_kind'],
    ['of itself', { rollup: { sum: 'x' } }, `${x}.rollup.sum`, 'other_kind'],
    ['a sum of truths', { rollup: { sum: 'vip' } }, `${x}.rollup.sum`, 'type_mismatch'],
    ['any of numbers', { type: 'boolean', rollup: { any: 'spend' } }, `${x}.rollup.any`, 'type_mismatch'],
    [
      'of one type made of another',
      { type: 'timestamp', rollup: { min: 'spend' } },
      `${x}.rollup.min`,
      'type_mismatch',
    ],
    ['of a type that it cannot give', { type: 'string', rollup: { count: 'members' } }, `${x}.type`, 'type_mismatch'],
    [
      'where something of accounts is',
      { rollup: { count: 'members', where: { attribute: 'seats', gt: 1 } } },
      `${x}.rollup.where`,
      'other_kind',
    ],
    [
      'where something was done',
      { rollup: { count: 'members', where: { event: 'Order', did: true } } },
      `${x}.rollup.where`,
      'not_here',
    ],
    [
      'where something is old',
      { rollup: { count: 'members', where: { not: { attribute: 'since', older_than: '1d' } } } },
      `${x}.rollup.where`,
      'not_here',
    ],
    [
      'where a type does not fit',
      { rollup: { count: 'members', where: { attribute: 'spend', equals: 'a' } } },
      `${x}.rollup.where.equals`,
      'type_mismatch',
    ],
  ])('%s', (_what, rollup, path, code) => {
    expect(readingOf(catalogueOf(rollup))).toEqual([[path, code]]);
  });

  it('in a segment', () => {
    const inSegment = { count: 'members', where: { segment: 's' } };
    const segments = [{ name: 's', of: 'user', where: { attribute: 'vip', equals: true } }];
    expect(readingOf(catalogueOf({ rollup: inSegment }, [], { segments }))).toEqual([
      [`${x}.rollup.where`, 'not_here'],
    ]);
  });

  it('how long ago it is', () => {
    const segments = [{ name: 's', of: 'account', where: { attribute: 'x', older_than: '1d' } }];
    const rollup = { type: 'timestamp', rollup: { max: 'since' } };
    expect(readingOf(catalogueOf(rollup, [], { segments }))).toEqual([['segments[0].where', 'not_here']]);
  });

  it('that are too many', () => {
    const many = Array.from({ length: ROLLUPS_MAX }, (_, at) => ({
      ...seats,
      from: undefined,
      name: `r${at}`,
      rollup: { sum: 'spend' },
    }));
    expect(readingOf(catalogueOf({ rollup: { sum: 'spend' } }, many))).toEqual([['', 'over_limit']]);
    expect(readingOf(catalogueOf({ rollup: { sum: 'spend' } }, many.slice(1)))).toMatchObject({ kind: 'rollup' });
  });
});

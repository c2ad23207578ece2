import { describe, expect, it } from '@jest/globals';
import { compileIdentity } from './compile.js';
import { DEFAULT_IDENTITY } from './identity-definition.js';
import { parseCatalogue } from './parse.js';
import { planCatalogue } from './plan.js';

type Json = Readonly<Record<string, unknown>>;
const read = (identity: unknown) => parseCatalogue({ identity });
const definitionOf = (identity: unknown) => {
  const outcome = read(identity);
  if (outcome.kind === 'invalid') throw new Error(JSON.stringify(outcome.faults));
  return outcome.catalogue.identity!;
};
const faultsOf = (identity: unknown): string[] => {
  const outcome = read(identity);
  return outcome.kind === 'valid' ? [] : outcome.faults.map(({ path, code }) => `${path} ${code}`);
};
const typed = (type: Json): Json => ({ types: [{ name: 'user_id' }, { name: 'loyalty_no', ...type }] });

describe('the identity section', () => {
  it('is not there unless it is written, and then the defaults hold', () => {
    for (const identity of [undefined, null]) {
      const outcome = parseCatalogue(identity === undefined ? {} : { identity });
      expect(outcome.kind === 'valid' && outcome.catalogue.identity).toBeUndefined();
    }
    expect(definitionOf({})).toEqual(DEFAULT_IDENTITY);
    expect(DEFAULT_IDENTITY.types.map(({ name, limit, normalise }) => `${name} ${limit} ${normalise}`)).toEqual([
      'user_id 1 none',
      'email 5 email',
      'phone 5 phone',
      'anonymous_id 5 none',
      'device_id 5 none',
      'advertising_id 5 lower_case',
    ]);
  });

  it('lists all types that are used, with the defaults of those that are built in', () => {
    const identity = definitionOf({
      types: [
        { name: 'loyalty_no', limit: 2, normalise: 'lower_case', block: { values: ['x'], patterns: ['demo-*'] } },
        { name: 'email' },
        { name: 'device_id', block: { values: ['lab'] } },
      ],
      dedup: '3d',
    });
    expect(identity.types.map(({ name, limit, normalise }) => [name, limit, normalise])).toEqual([
      ['loyalty_no', 2, 'lower_case'],
      ['email', 5, 'email'],
      ['device_id', 5, 'none'],
    ]);
    expect(identity.types[0]).toMatchObject({ blockedValues: ['x'], blockedPatterns: ['demo-*'] });
    expect(identity.types[2]!.blockedValues).toContain('lab');
    expect(identity.types[2]!.blockedValues).toContain('9774d56d682e549c');
    expect(identity.dedupHours).toBe(72);
  });

  it.each([
    ['day', 86_400_000],
    ['week', 7 * 86_400_000],
    ['month', 30 * 86_400_000],
    ['12h', 12 * 3_600_000],
    ['ever', undefined],
  ])('may limit what a profile gains a %s', (per, windowMs) => {
    expect(definitionOf(typed({ limit: { values: 3, per } })).types[1]).toEqual({
      ...definitionOf(typed({ limit: 3 })).types[1],
      windowMs,
    });
  });

  it('holds merges from ten a day on, from others on, or never', () => {
    expect(definitionOf({}).quarantine).toEqual({ merges: 10, windowMs: 86_400_000 });
    expect(definitionOf({ quarantine: { merges: 3 } }).quarantine).toEqual({ merges: 3, windowMs: 86_400_000 });
    expect(definitionOf({ quarantine: { within: '1h' } }).quarantine).toEqual({ merges: 10, windowMs: 3_600_000 });
    for (const quarantine of ['off', false]) expect(definitionOf({ quarantine }).quarantine).toBeUndefined();
  });

  it('takes values from traits, properties and external ids of other names', () => {
    const from = [{ external_id: 'LoyaltyNumber' }, { trait: 'card.number' }, { property: 'card', event: 'Paid' }];
    expect(definitionOf(typed({ from })).types[1]).toMatchObject({
      externalIds: ['LoyaltyNumber'],
      from: [
        { kind: 'trait', path: ['card', 'number'], event: undefined },
        { kind: 'property', path: ['card'], event: 'Paid' },
      ],
    });
  });

  it('without a list of types uses all built-in ones but those that it ignores', () => {
    const identity = definitionOf({ ignore: ['device_id', 'advertising_id'] });
    expect(identity.types.map(({ name }) => name)).toEqual(['user_id', 'email', 'phone', 'anonymous_id']);
    expect(identity.ignored).toEqual(['device_id', 'advertising_id']);
  });

  it.each<[string, unknown, string]>([
    ['a list', [], 'identity wrong_type'],
    ['an unknown key', { kinds: [] }, 'identity.kinds unknown_key'],
    ['no types', { types: [] }, 'identity.types over_limit'],
    ['21 types', { types: Array.from({ length: 21 }, (_, i) => ({ name: `t${i}` })) }, 'identity.types over_limit'],
    ['a bad name', { types: [{ name: 'Loyalty' }] }, 'identity.types[0].name bad_name'],
    ['a reserved name', { types: [{ name: 'profile_id' }] }, 'identity.types[0].name reserved_name'],
    ['a type twice', { types: [{ name: 'email' }, { name: 'email' }] }, 'identity.types[1].name duplicate_name'],
    ['a type used and ignored', { types: [{ name: 'email' }], ignore: ['email'] }, 'identity.ignore[0] duplicate_name'],
    ['a limit of none', typed({ limit: 0 }), 'identity.types[1].limit over_limit'],
    ['a limit above the cap', typed({ limit: 1_001 }), 'identity.types[1].limit over_limit'],
    ['a limit a quarter', typed({ limit: { values: 5, per: 'quarter' } }), 'identity.types[1].limit.per wrong_value'],
    ['a limit in two years', typed({ limit: { values: 5, per: '730d' } }), 'identity.types[1].limit.per over_limit'],
    [
      'a limit of none a week',
      typed({ limit: { values: 0, per: 'week' } }),
      'identity.types[1].limit.values over_limit',
    ],
    ['a limit without its window', typed({ limit: { values: 5 } }), 'identity.types[1].limit.per missing_key'],
    ['a limit in words', typed({ limit: 'few' }), 'identity.types[1].limit wrong_type'],
    ['an unknown form', typed({ normalise: 'upper' }), 'identity.types[1].normalise wrong_value'],
    [
      'a pattern of everything',
      typed({ block: { patterns: ['*'] } }),
      'identity.types[1].block.patterns[0] wrong_value',
    ],
    ['no source', typed({ from: [{}] }), 'identity.types[1].from[0] missing_key'],
    ['two sources', typed({ from: [{ trait: 'a', property: 'b' }] }), 'identity.types[1].from[0] conflicting_keys'],
    ['a bad path', typed({ from: [{ trait: 'a..b' }] }), 'identity.types[1].from[0].trait bad_name'],
    [
      'an event of a trait',
      typed({ from: [{ trait: 'a', event: 'E' }] }),
      'identity.types[1].from[0].event conflicting_keys',
    ],
    [
      'the name of a built-in type',
      typed({ from: [{ external_id: 'email' }] }),
      'identity.types[1].from conflicting_keys',
    ],
    ['a quarantine of a word', { quarantine: 'on' }, 'identity.quarantine wrong_value'],
    ['a quarantine from none on', { quarantine: { merges: 0 } }, 'identity.quarantine.merges over_limit'],
    ['a quarantine from 101 on', { quarantine: { merges: 101 } }, 'identity.quarantine.merges over_limit'],
    ['a quarantine in no time', { quarantine: { within: 'ever' } }, 'identity.quarantine.within wrong_value'],
    ['a quarantine in a year', { quarantine: { within: '365d' } }, 'identity.quarantine.within over_limit'],
    ['an unknown key of quarantine', { quarantine: { after: '1d' } }, 'identity.quarantine.after unknown_key'],
    ['a window of minutes', { dedup: '90m' }, 'identity.dedup wrong_value'],
    ['a window below a day', { dedup: '23h' }, 'identity.dedup over_limit'],
    ['a window above a week', { dedup: '8d' }, 'identity.dedup over_limit'],
  ])('with %s has a fault', (_name, identity, fault) => {
    expect(faultsOf(identity)).toEqual([fault]);
  });

  it('is compiled without a look at the rest, and an invalid one is a bug', () => {
    const activated = (catalogue: unknown) => ({
      workspace: 'w',
      revision: 3,
      catalogueJson: JSON.stringify(catalogue),
    });
    expect(compileIdentity(activated({ attributes: 'of a later release' }))).toEqual(DEFAULT_IDENTITY);
    expect(compileIdentity(activated({ identity: { dedup: '2d' } })).dedupHours).toBe(48);
    expect(() => compileIdentity(activated({ identity: { dedup: '1h' } }))).toThrow('catalogue 3 of w is invalid');
  });
});

describe('the plan of identity', () => {
  const planOf = (before: unknown, after: unknown): string[] => {
    const [old, next] = [before, after].map((identity) => {
      const outcome = read(identity);
      if (outcome.kind === 'invalid') throw new Error(JSON.stringify(outcome.faults));
      return outcome.catalogue;
    });
    return planCatalogue(old, next!).map(({ kind, of, name }) => `${kind} ${of} ${name}`);
  };

  it('is empty for a section that says what holds anyway', () => {
    expect(planOf(undefined, {})).toEqual([]);
    expect(planOf({ dedup: '24h' }, undefined)).toEqual([]);
  });

  it('names each type, the order, what is ignored and the window', () => {
    expect(planOf({}, { types: [{ name: 'email' }, { name: 'user_id', limit: 2 }, { name: 'loyalty_no' }] })).toEqual([
      'changed identity user_id',
      'added identity loyalty_no',
      'removed identity phone',
      'removed identity anonymous_id',
      'removed identity device_id',
      'removed identity advertising_id',
      'changed identity priority',
    ]);
    const weekly = { values: 2, per: 'week' };
    expect(planOf(typed({ limit: 2 }), typed({ limit: weekly }))).toEqual(['changed identity loyalty_no']);
    expect(planOf(typed({ limit: 2 }), typed({ limit: { ...weekly, per: 'ever' } }))).toEqual([]);
    expect(planOf({}, { ignore: ['device_id'], dedup: '2d' })).toEqual([
      'removed identity device_id',
      'changed identity ignore',
      'changed identity dedup',
    ]);
    expect(planOf({}, { quarantine: 'off' })).toEqual(['changed identity quarantine']);
    expect(planOf({}, { quarantine: { merges: 10, within: '24h' } })).toEqual([]);
  });
});

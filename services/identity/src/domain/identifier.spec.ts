import { DEFAULT_IDENTITY, type IdentifierTypeDefinition } from '@attrium/catalogue';
import type { Event, Identifier } from '@attrium/event';
import { describe, expect, it } from '@jest/globals';
import { identifierAsked, normalise, usableIdentifiers } from './identifier.js';
import { mappedIdentifiers } from './mapped-identifiers.js';
import { compileRules, DEFAULT_RULES, IDENTITY_CAPS, type IdentityRules, isPlaceholder } from './rules.js';

const event = (identifiers: Identifier[], over: Partial<Event> = {}): Event => ({
  kind: 'event',
  id: 'm1',
  workspace: 'w',
  source: 's',
  type: 'track',
  name: 'Seen',
  occurredAt: 1,
  receivedAt: 1,
  identifiers,
  payload: new Uint8Array(),
  ...over,
});
const user = (value: string): Identifier => ({ type: 'user_id', value });
const email = (value: string): Identifier => ({ type: 'email', value });
const device = (value: string): Identifier => ({ type: 'anonymous_id', value });
const usable = (
  given: Event,
  { known = [], rules = DEFAULT_RULES }: { known?: readonly Identifier[]; rules?: IdentityRules } = {},
) =>
  usableIdentifiers(given, rules, {
    mapped: mappedIdentifiers(given, JSON.parse(new TextDecoder().decode(given.payload) || '{}'), rules),
    isKnown: ({ type, value }) => known.some((k) => k.type === type && k.value === value),
  });
const whyOf = (identifier: Identifier, rules?: IdentityRules) =>
  usable(event([identifier]), rules === undefined ? {} : { rules }).refused[0]?.why;
const custom = (type: Partial<IdentifierTypeDefinition>): IdentityRules =>
  compileRules({
    ...DEFAULT_IDENTITY,
    types: [
      ...DEFAULT_IDENTITY.types,
      {
        name: 'loyalty_no',
        limit: 2,
        normalise: 'none',
        blockedValues: [],
        blockedPatterns: [],
        from: [],
        externalIds: [],
        ...type,
      },
    ],
  });

describe('normalisation', () => {
  it('trims an email and puts it in lower case, and so any type that asks for it', () => {
    expect(normalise(' Ann@Example.COM\n', 'email')).toBe('ann@example.com');
    expect(normalise(' AB-1 ', 'lower_case')).toBe('ab-1');
  });

  it('leaves the case and spaces of other values', () => {
    expect(normalise(' Ann', 'none')).toBe(' Ann');
  });

  it('replaces lone surrogates, which neither log nor store can keep', () => {
    expect(normalise('a\ud800', 'none')).toBe('a\ufffd');
  });

  it.each([
    ['+49 (170) 123-45 67', '+491701234567'],
    ['0049170 1234567', '+491701234567'],
    ['\u2010170.123/4567', '1701234567'],
    ['0170 1234567', '01701234567'],
    ['491701234567', '491701234567'],
    ['1234', undefined],
    ['+0170 1234567', undefined],
    ['1234567890123456', undefined],
    ['call me', undefined],
    ['+49 170 1234567 ext 5', undefined],
    ['1'.repeat(10) + ' '.repeat(60), undefined],
  ])('writes the phone number %s as %s', (written, number) => {
    expect(normalise(written, 'phone')).toBe(number);
  });

  it('is the same for a question as for an event, under any name of the type', () => {
    const rules = custom({ normalise: 'lower_case', externalIds: ['LoyaltyNo'] });
    expect(identifierAsked({ type: 'LoyaltyNo', value: 'AB' }, rules)).toEqual({ type: 'loyalty_no', value: 'ab' });
    expect(identifierAsked({ type: 'phone', value: 'call me' }, rules)).toBeUndefined();
    expect(identifierAsked({ type: 'of_before', value: 'X' }, rules)).toEqual({ type: 'of_before', value: 'X' });
  });
});

describe('blocked values', () => {
  it('refuses what names nobody, words in any case and with spaces around', () => {
    for (const value of ['', ' ', 'null', 'NULL', ' Undefined ', 'anonymous', 'None', '-1', '0', '0000', '-', '----']) {
      expect([value, isPlaceholder(value)]).toEqual([value, true]);
    }
    expect(isPlaceholder('00000000-0000-0000-0000-000000000000')).toBe(true);
    for (const pad of [' '.repeat(30), '\n', '\u00a0'.repeat(20)]) {
      for (const value of ['null', '[object Object]', '000']) {
        expect([isPlaceholder(`${pad}${value}`), isPlaceholder(`${value}${pad}`)]).toEqual([true, true]);
      }
    }
  });

  it('lets values through that only contain them', () => {
    for (const value of ['10', '-2', 'nullable', 'anonymous-7', '0a0']) {
      expect([value, isPlaceholder(value)]).toEqual([value, false]);
    }
  });

  it('says why a value is refused', () => {
    expect(whyOf(user('null'))).toBe('blocked');
    expect(whyOf({ type: 'shoe_size', value: '44' })).toBe('unknown-type');
    expect(whyOf(user('x'.repeat(513)))).toBe('too-long');
    expect(whyOf(user('x'.repeat(512)))).toBeUndefined();
    expect(whyOf({ type: 'phone', value: 'call me' })).toBe('malformed');
    expect(whyOf({ type: 'phone', value: 'N/A' })).toBe('blocked');
    expect(whyOf({ type: 'phone', value: '00000000' })).toBe('blocked');
    expect(whyOf({ type: 'phone', value: '0-0-0-0-0' })).toBe('blocked');
    expect(whyOf({ type: 'advertising_id', value: '00000000-0000-0000-0000-000000000000' })).toBe('blocked');
    expect(whyOf({ type: 'device_id', value: '9774D56D682E549C' })).toBe('blocked');
    expect(whyOf({ type: 'anonymous_id', value: '9774d56d682e549c' })).toBeUndefined();
  });

  it('are also those of the workspace, exact and by pattern, in any case and with spaces around', () => {
    const rules = custom({ blockedValues: ['Test User'], blockedPatterns: ['demo-*', '[x]+'] });
    const loyalty = (value: string) => whyOf({ type: 'loyalty_no', value }, rules);
    for (const value of ['test user', ' TEST USER ', 'Demo-7', 'xxX', 'null']) expect(loyalty(value)).toBe('blocked');
    for (const value of ['test users', 'a demo-7', 'xxy']) expect(loyalty(value)).toBeUndefined();
    expect(whyOf(user('demo-7'), rules)).toBeUndefined();
  });

  it('cut the name and the value of what they tell of', () => {
    const long = { type: 't'.repeat(100), value: 'v'.repeat(600) };
    expect(usable(event([long])).refused).toEqual([
      { identifier: { type: 't'.repeat(64), value: 'v'.repeat(512) }, why: 'unknown-type' },
    ]);
  });

  it('of a type that is ignored are passed over without a word, and of one that every object has refused', () => {
    const rules = compileRules({
      ...DEFAULT_IDENTITY,
      types: DEFAULT_IDENTITY.types.slice(0, 2),
      ignored: ['device_id'],
    });
    expect(usable(event([user('u'), { type: 'device_id', value: 'd' }]), { rules })).toEqual({
      usable: [user('u')],
      refused: [],
    });
    for (const type of ['constructor', '__proto__', 'hasOwnProperty'])
      expect(whyOf({ type, value: 'v' })).toBe('unknown-type');
  });
});

describe('identifiers of an event', () => {
  it('are ordered user_id, email, anonymous_id, each once, blocked ones reported', () => {
    expect(usable(event([device('a'), email('E@x'), user('null'), user('u'), email('e@x ')]))).toEqual({
      usable: [user('u'), email('e@x'), device('a')],
      refused: [{ identifier: user('null'), why: 'blocked' }],
    });
  });

  it('include the previous identifier of an alias, last', () => {
    const alias = event([device('a'), user('u')], { type: 'alias', previous: device('old') });
    expect(usable(alias).usable).toEqual([user('u'), device('a'), device('old')]);
  });

  it('take a previous id of unknown type for the user id that is known, else for an anonymous id', () => {
    const alias = event([user('u')], { type: 'alias', previous: { type: 'previous_id', value: 'p' } });
    expect(usable(alias, { known: [user('p'), device('p')] }).usable).toEqual([user('u'), user('p')]);
    expect(usable(alias, { known: [device('p')] }).usable).toEqual([user('u'), device('p')]);
    expect(usable(alias).usable).toEqual([user('u'), device('p')]);
  });

  it('leave out an alias to itself, silently', () => {
    for (const type of ['previous_id', 'user_id', 'anonymous_id']) {
      const alias = event([user('u1')], { type: 'alias', previous: { type, value: 'u1' } });
      expect(usable(alias)).toEqual({ usable: [user('u1')], refused: [] });
    }
  });

  it('refuse a blocked previous id', () => {
    const alias = event([user('u')], { type: 'alias', previous: { type: 'previous_id', value: 'null' } });
    expect(usable(alias).refused).toEqual([{ identifier: device('null'), why: 'blocked' }]);
  });

  it('are ordered as the workspace orders its types, external ids under their own names', () => {
    const [first, ...others] = [...custom({ externalIds: ['LoyaltyNo'] }).types.keys()].reverse();
    const types = [first!, ...others].map((name) => ({
      ...DEFAULT_IDENTITY.types[0]!,
      name,
      externalIds: name === 'loyalty_no' ? ['LoyaltyNo'] : [],
    }));
    const rules = compileRules({ types, ignored: [], dedupHours: 24 });
    const given = event([
      user('u'),
      device('a'),
      { type: 'LoyaltyNo', value: 'L' },
      { type: 'loyalty_no', value: 'L' },
    ]);
    expect(usable(given, { rules }).usable).toEqual([{ type: 'loyalty_no', value: 'L' }, device('a'), user('u')]);
  });

  it('are also those in traits and properties that the workspace maps', () => {
    const rules = custom({
      from: [
        { kind: 'trait', path: ['card', 'no'] },
        { kind: 'property', path: ['card'], event: 'Paid' },
        { kind: 'property', path: ['card_no'] },
      ],
    });
    const found = (over: Partial<Event>, payload: unknown): string[] =>
      usable(event([user('u')], { ...over, payload: new TextEncoder().encode(JSON.stringify(payload)) }), { rules })
        .usable.slice(1)
        .map(({ value }) => value);
    expect(found({ type: 'identify' }, { traits: { card: { no: 'A' } } })).toEqual(['A']);
    expect(found({ type: 'group' }, { traits: { card: { no: 'A' } } })).toEqual([]);
    expect(found({}, { context: { traits: { card: { no: 7 } } } })).toEqual(['7']);
    expect(found({ name: 'Paid' }, { properties: { card: 'B', card_no: 'C' } })).toEqual(['B', 'C']);
    expect(found({ name: 'Seen' }, { properties: { card: 'B', card_no: ['C'] } })).toEqual([]);
    expect(found({}, ['no object'])).toEqual([]);
  });

  it('are at most fifty, those of the lowest priority are left out', () => {
    const many = Array.from({ length: 60 }, (_, index) => device(`a${index}`));
    const { usable: kept, refused } = usable(event([...many, user('u')]));
    expect(kept).toHaveLength(IDENTITY_CAPS.identifiersPerEventMax);
    expect(kept[0]).toEqual(user('u'));
    expect(refused).toEqual(many.slice(49).map((identifier) => ({ identifier, why: 'limit', hit: 'event' })));
  });
});

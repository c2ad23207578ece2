import type { Event, Identifier } from '@attrium/event';
import { describe, expect, it } from '@jest/globals';
import { DEFAULT_RULES, isBlocked, normalise, refusalOf, usableIdentifiers } from './identifier.js';

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
const usable = (given: Event, known: readonly Identifier[] = []) =>
  usableIdentifiers(given, DEFAULT_RULES, ({ type, value }) => known.some((k) => k.type === type && k.value === value));

describe('normalisation', () => {
  it('trims an email and puts it in lower case', () => {
    expect(normalise(email(' Ann@Example.COM\n'))).toEqual(email('ann@example.com'));
  });

  it('leaves the case and spaces of other values', () => {
    expect(normalise(user(' Ann'))).toEqual(user(' Ann'));
  });

  it('replaces lone surrogates, which neither log nor store can keep', () => {
    expect(normalise(user('a\ud800'))).toEqual(user('a\ufffd'));
  });
});

describe('blocked values', () => {
  it('refuses what names nobody, words in any case and with spaces around', () => {
    for (const value of ['', ' ', 'null', 'NULL', ' Undefined ', 'anonymous', 'None', '-1', '0', '0000', '-', '----']) {
      expect([value, isBlocked(value)]).toEqual([value, true]);
    }
    expect(isBlocked('00000000-0000-0000-0000-000000000000')).toBe(true);
  });

  it('lets values through that only contain them', () => {
    for (const value of ['10', '-2', 'nullable', 'anonymous-7', '0a0']) {
      expect([value, isBlocked(value)]).toEqual([value, false]);
    }
  });

  it('says why a value is refused', () => {
    expect(refusalOf(user('null'), DEFAULT_RULES)).toBe('blocked');
    expect(refusalOf({ type: 'shoe_size', value: '44' }, DEFAULT_RULES)).toBe('unknown-type');
    expect(refusalOf(user('x'.repeat(513)), DEFAULT_RULES)).toBe('too-long');
    expect(refusalOf(user('x'.repeat(512)), DEFAULT_RULES)).toBeUndefined();
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
    expect(usable(alias, [user('p'), device('p')]).usable).toEqual([user('u'), user('p')]);
    expect(usable(alias, [device('p')]).usable).toEqual([user('u'), device('p')]);
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
});

import { parseExactJson } from '@attrium/event';
import { describe, expect, it } from '@jest/globals';
import { identifiersOf } from './identifiers.js';
import { DEFAULT_LIMITS } from './limits.js';

const found = (
  raw: object,
  shared?: Readonly<Record<string, unknown>>,
  type: 'identify' | 'track' | 'group' = 'track',
) => {
  const { identifiers, dropped } = identifiersOf(type, raw as never, shared, DEFAULT_LIMITS);
  return { texts: identifiers.map((identifier) => `${identifier.type}:${identifier.value}`), dropped };
};
const external = (id: unknown, type: unknown, more: object = {}) => ({ id, type, collection: 'users', ...more });

describe('identifiers of an event', () => {
  it('are taken from every place where clients put them', () => {
    const raw = {
      userId: 'u',
      anonymousId: 'a',
      traits: { email: 'ada@x', phone: '+49 170 1' },
      context: {
        device: { id: 'd', advertisingId: 'ad', adTrackingEnabled: true },
        externalIds: [external('b-1', 'brazeExternalId'), external(7, 'crm')],
      },
    };
    expect(found(raw, undefined, 'identify')).toEqual({
      texts: [
        'user_id:u',
        'anonymous_id:a',
        'email:ada@x',
        'phone:+49 170 1',
        'device_id:d',
        'advertising_id:ad',
        'brazeExternalId:b-1',
        'crm:7',
      ],
      dropped: [],
    });
  });

  it('come from the context of the batch where the event has none of its own', () => {
    const shared = { device: { id: 'd1' }, traits: { phone: 491701234567 }, externalIds: [external('x', 'crm')] };
    expect(found({ userId: 'u' }, shared).texts).toEqual(['user_id:u', 'phone:491701234567', 'device_id:d1', 'crm:x']);
    expect(found({ context: { device: { id: 'd2' }, externalIds: [] } }, shared).texts).toEqual([
      'phone:491701234567',
      'device_id:d2',
    ]);
  });

  it('keep every digit of a phone number that came as a number', () => {
    const raw = parseExactJson('{"context":{"traits":{"phone":820982911946154508}}}') as object;
    expect(found(raw).texts).toEqual(['phone:820982911946154508']);
  });

  it('leave out the phone of a company, other collections, and the advertising id of who said no', () => {
    expect(found({ userId: 'u', traits: { phone: '1' } }, undefined, 'group').texts).toEqual(['user_id:u']);
    const context = {
      device: { advertisingId: 'ad', adTrackingEnabled: false },
      externalIds: [external('acme', 'crm', { collection: 'accounts' })],
    };
    expect(found({ context })).toEqual({ texts: [], dropped: [] });
  });

  it('that cannot be used are dropped one by one, and it is said', () => {
    const context = {
      device: { id: 'x'.repeat(501) },
      externalIds: [
        external('', 'crm'),
        external('a\u0000', 'crm'),
        external('\ud800', 'crm'),
        external({}, 'crm'),
        external('a', 'x'.repeat(65)),
        external('YQ==', 'crm', { encoding: 'base64' }),
        'crm',
        null,
        external('good', 'crm'),
      ],
    };
    expect(found({ context })).toEqual({ texts: ['crm:good'], dropped: Array(9).fill('unusable') });
    expect(found({ context: { externalIds: 'crm' } }).dropped).toEqual(['unusable']);
    for (const device of [null, 'd', ['d'], 5]) expect(found({ context: { device } }).texts).toEqual([]);
  });

  it('are bounded: twenty external ids, and no work beyond', () => {
    const externalIds = Array.from({ length: 500 }, (_, index) => external(`${index}`, 'crm'));
    const { texts, dropped } = found({ context: { externalIds } });
    expect(texts).toHaveLength(20);
    expect(new Set(dropped)).toEqual(new Set(['too-many']));
    expect(dropped.length).toBeLessThanOrEqual(21);
  });
});

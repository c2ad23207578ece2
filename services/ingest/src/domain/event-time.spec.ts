import { Decimal } from '@attrium/event';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { CLOCK_TOLERANCE_MS, eventTime, readTime } from './event-time.js';

const NOON = Date.UTC(2026, 10, 23, 12);

describe('a stated time', () => {
  it.each([
    ['2026-11-23T12:00:00Z', NOON],
    ['2026-11-23T12:00:00.5Z', NOON + 500],
    ['2026-11-23T12:00:00.123Z', NOON + 123],
    ['2026-11-23T12:00:00.123456+00:00', NOON + 123],
    ['2026-11-23T12:00:00.123999999Z', NOON + 123],
    ['2026-11-23T14:00:00+02:00', NOON],
    ['2026-11-23T06:30:00-0530', NOON],
    ['2026-11-23T14:00:00+02', NOON],
    ['2026-11-23 12:00:00Z', NOON],
    ['2026-11-23T12:00:00', NOON],
    ['2026-11-23T12:00', NOON],
    ['2026-11-23', Date.UTC(2026, 10, 23)],
    ['2024-02-29T00:00:00Z', Date.UTC(2024, 1, 29)],
    [NOON, NOON],
    [NOON / 1_000, NOON],
    [NOON + 0.75, NOON],
  ])('%p is read', (stated, ms) => {
    expect(readTime(stated)).toBe(ms);
  });

  it.each([
    'yesterday',
    '',
    '2026-13-01',
    '2026-02-29',
    '2026-11-31T00:00:00Z',
    '2026-11-31T00:00:00.000Z',
    '2026-13-01T00:00:00.000Z',
    '2026-11-23T24:00:00.00xZ',
    '2026-11-23T12:60:00.000Z',
    '2026-1x-23T12:00:00.000Z',
    '2026-11-23T12:00:61.000Z',
    '2026-11-23T25:00:00Z',
    '2026-11-23T12:61:00Z',
    '12:00',
    '0026-01-01',
    '99999-01-01',
    1e300,
    Number.NaN,
    true,
    null,
    {},
    new Decimal(10n ** 37n),
  ])('%p is not read', (stated) => {
    expect(readTime(stated)).toBeUndefined();
  });

  it('reads back every ISO text to the millisecond', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 253_402_300_799_999 }), (ms) => {
        expect(readTime(new Date(ms).toISOString())).toBe(ms);
      }),
    );
  });
});

describe('the time of an event', () => {
  const receivedAt = NOON;

  it('is what the client states, however late it comes', () => {
    expect(eventTime({ stated: NOON - 86_400_000, sentAt: NOON - 40, receivedAt })).toEqual({
      occurredAt: NOON - 86_400_000,
    });
    expect(eventTime({ stated: NOON - 500, sentAt: undefined, receivedAt })).toEqual({ occurredAt: NOON - 500 });
  });

  it('is the time of receipt when the client states none', () => {
    expect(eventTime({ stated: undefined, sentAt: NOON - 5, receivedAt })).toEqual({ occurredAt: NOON });
  });

  it('is not moved by a retry that kept its first sentAt', () => {
    const stated = NOON - 3_600_000 - 20;
    expect(eventTime({ stated, sentAt: NOON - 3_600_000, receivedAt })).toEqual({ occurredAt: stated });
  });

  it('is corrected by the whole error of a clock that is plainly ahead, keeping what was stated', () => {
    const ahead = 3 * 3_600_000;
    const stated = NOON + ahead - 2_000;
    expect(eventTime({ stated, sentAt: NOON + ahead, receivedAt })).toEqual({
      occurredAt: NOON - 2_000,
      statedAt: stated,
    });
  });

  it('is corrected for a clock that was never set', () => {
    expect(eventTime({ stated: 60_000, sentAt: 90_000, receivedAt })).toEqual({
      occurredAt: NOON - 30_000,
      statedAt: 60_000,
    });
  });

  it('is never after its receipt, nor before 1970, and says so when it was moved', () => {
    const time = fc.option(fc.integer({ min: 0, max: 253_402_300_799_999 }), { nil: undefined });
    fc.assert(
      fc.property(time, time, (stated, sentAt) => {
        const { occurredAt, statedAt } = eventTime({ stated, sentAt, receivedAt });
        expect(occurredAt).toBeLessThanOrEqual(receivedAt);
        expect(occurredAt).toBeGreaterThanOrEqual(0);
        expect(statedAt).toBe(stated === occurredAt ? undefined : stated);
      }),
    );
  });

  it('keeps the order of the events of a request', () => {
    const ms = fc.integer({ min: NOON - 10 * CLOCK_TOLERANCE_MS, max: NOON + 10 * CLOCK_TOLERANCE_MS });
    fc.assert(
      fc.property(ms, ms, fc.option(ms, { nil: undefined }), (a, b, sentAt) => {
        const first = eventTime({ stated: Math.min(a, b), sentAt, receivedAt }).occurredAt;
        const second = eventTime({ stated: Math.max(a, b), sentAt, receivedAt }).occurredAt;
        expect(first).toBeLessThanOrEqual(second);
      }),
    );
  });
});

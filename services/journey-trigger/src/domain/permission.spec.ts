import type { ConsentRule, QuietHours } from '@attrium/catalogue';
import type { Value } from '@attrium/event';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { attributesAsked, deferredUntil, isGranted, isQuiet, refusalOf } from './permission.js';

const NOON = Date.UTC(2026, 6, 1, 12);
const rule = (otherwise: boolean): ConsentRule => ({ statements: ['$consent.a.email', '$consent.a'], otherwise });
const values = (entries: Record<string, Value | undefined>): Map<string, Value> =>
  new Map(Object.entries(entries).filter((entry): entry is [string, Value] => entry[1] !== undefined));
const stated = fc.constantFrom(undefined, true, false);

describe('consent', () => {
  it('is what the most specific statement says, else the default', () => {
    fc.assert(
      fc.property(stated, stated, fc.boolean(), (channel, whole, otherwise) => {
        const known = values({ '$consent.a.email': channel, '$consent.a': whole, '$consent.b': true });
        expect(isGranted(rule(otherwise), known)).toBe(channel ?? whole ?? otherwise);
      }),
    );
  });

  it('comes before quiet hours, and a trigger without a purpose asks for neither', () => {
    const quietHours: QuietHours = { fromMinute: 0, toMinute: 1_439, zone: 'UTC' };
    const withdrawn = values({ '$consent.a': false });
    expect(refusalOf({ consent: rule(true), quietHours }, withdrawn, NOON)).toBe('consent');
    expect(refusalOf({ consent: rule(true), quietHours }, values({}), NOON)).toBe('quiet_hours');
    expect(refusalOf({ consent: rule(true) }, values({}), NOON)).toBeUndefined();
    expect(refusalOf({}, withdrawn, NOON)).toBeUndefined();
    expect(attributesAsked({})).toEqual([]);
    expect(attributesAsked({ consent: rule(true), quietHours: { ...quietHours, zoneAttribute: 'zone' } })).toEqual([
      '$consent.a.email',
      '$consent.a',
      'zone',
    ]);
  });
});

describe('quiet hours', () => {
  const minute = fc.integer({ min: 0, max: 1_439 });

  it('that defer end with the first minute that is not quiet, also where clocks change', () => {
    const zones = [
      'UTC',
      'Europe/Berlin',
      'America/New_York',
      'Australia/Lord_Howe',
      'Asia/Kathmandu',
      'America/Havana',
    ];
    // Around changes of the clock in the zones above, and anywhere in a year.
    const changes = ['2026-03-08', '2026-03-29', '2026-04-05', '2026-10-04', '2026-10-25', '2026-11-01'].map(
      Date.parse,
    );
    const near = fc.tuple(fc.constantFrom(...changes), fc.integer({ min: -40 * 3_600, max: 40 * 3_600 }));
    const at = fc.oneof(
      near.map(([change, seconds]) => change! + seconds * 1_000),
      fc.integer({ min: NOON, max: NOON + 365 * 86_400_000 }),
    );
    fc.assert(
      fc.property(minute, minute, fc.constantFrom(...zones), at, (fromMinute, toMinute, zone, now) => {
        fc.pre(fromMinute !== toMinute);
        const quietHours: QuietHours = { fromMinute, toMinute, zone: 'UTC', zoneAttribute: 'zone', defers: true };
        const known = values({ zone });
        fc.pre(isQuiet(quietHours, known, now));
        let end = (Math.floor(now / 60_000) + 1) * 60_000;
        while (isQuiet(quietHours, known, end)) end += 60_000;
        expect(deferredUntil({ quietHours }, known, now)).toBe(end);
        expect(deferredUntil({ quietHours: { ...quietHours, defers: undefined } }, known, now)).toBeUndefined();
      }),
    );
  });

  it('are the minutes that a clock shows between their beginning and their end, round the dial', () => {
    fc.assert(
      fc.property(minute, minute, minute, (fromMinute, toMinute, now) => {
        fc.pre(fromMinute !== toMinute);
        // Walks from the beginning, minute by minute.
        let quiet = false;
        for (let each = fromMinute; each !== toMinute; each = (each + 1) % 1_440) quiet ||= each === now;
        const at = Date.UTC(2026, 0, 1) + now * 60_000 + 59_999;
        expect(isQuiet({ fromMinute, toMinute, zone: 'UTC' }, values({}), at)).toBe(quiet);
      }),
    );
  });

  it('are by the zone of the profile, else by that of everyone', () => {
    const night: QuietHours = { fromMinute: 22 * 60, toMinute: 6 * 60, zone: 'UTC', zoneAttribute: 'zone' };
    const quietIn = (zone: Value | undefined) => isQuiet(night, values({ zone }), NOON);
    expect(quietIn('Pacific/Auckland')).toBe(true);
    for (const zone of [undefined, 'Europe/Berlin', 'Nowhere/At_All', 5, ['Pacific/Auckland']]) {
      expect(quietIn(zone)).toBe(false);
    }
  });

  it('end an hour earlier by UTC once summer time has begun', () => {
    const night: QuietHours = { fromMinute: 21 * 60, toMinute: 8 * 60, zone: 'Europe/Berlin' };
    const seven = (month: number, day: number) => Date.UTC(2026, month, day, 6, 30);
    expect(isQuiet(night, values({}), seven(2, 28))).toBe(true);
    expect(isQuiet(night, values({}), seven(2, 29))).toBe(false);
    expect(isQuiet(night, values({}), seven(9, 24))).toBe(false);
    expect(isQuiet(night, values({}), seven(9, 25))).toBe(true);
  });
});

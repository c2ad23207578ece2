import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { isTimeZone, minuteOfDay } from './time-zone.js';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

/** The first day of a month that is a Sunday, or the last one, in ms. */
function sunday(year: number, month: number, which: 'last' | number): number {
  const first = Date.UTC(year, month, 1);
  const firstSunday = first + ((7 - new Date(first).getUTCDay()) % 7) * DAY_MS;
  if (which !== 'last') return firstSunday + (which - 1) * 7 * DAY_MS;
  const next = Date.UTC(year, month + 1, 1);
  const back = new Date(next).getUTCDay() || 7;
  return next - back * DAY_MS;
}

/** The rules as they stand in law: the European Union since 1996, the United States since 2007. */
const SUMMERS = {
  'Europe/Berlin': {
    winterMs: HOUR_MS,
    begins: (year: number) => sunday(year, 2, 'last') + HOUR_MS,
    ends: (year: number) => sunday(year, 9, 'last') + HOUR_MS,
  },
  'America/New_York': {
    winterMs: -5 * HOUR_MS,
    begins: (year: number) => sunday(year, 2, 2) + 7 * HOUR_MS,
    ends: (year: number) => sunday(year, 10, 1) + 6 * HOUR_MS,
  },
} as const;

describe('the wall clock of a zone', () => {
  it.each(Object.keys(SUMMERS) as (keyof typeof SUMMERS)[])('is by the rules of summer time: %s', (zone) => {
    const { winterMs, begins, ends } = SUMMERS[zone];
    const near = fc.integer({ min: -3 * HOUR_MS, max: 3 * HOUR_MS });
    const changes = fc
      .tuple(fc.integer({ min: 2007, max: 2037 }), fc.boolean(), near)
      .map(([year, isSpring, off]) => (isSpring ? begins(year) : ends(year)) + off);
    const any = fc.integer({ min: Date.UTC(2007, 0, 1), max: Date.UTC(2037, 11, 31) });
    fc.assert(
      fc.property(fc.oneof(changes, any), (at) => {
        const year = new Date(at).getUTCFullYear();
        const local = at + winterMs + (at >= begins(year) && at < ends(year) ? HOUR_MS : 0);
        expect(minuteOfDay(zone, at)).toBe(Math.floor((local % DAY_MS) / MINUTE_MS));
      }),
    );
  });

  it('has the minutes of a day', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: Date.UTC(2100, 0, 1) }), (at) => {
        expect(minuteOfDay('UTC', at)).toBe(Math.floor((at % DAY_MS) / MINUTE_MS));
        expect(minuteOfDay('Asia/Kathmandu', at)).toBeGreaterThanOrEqual(0);
        expect(minuteOfDay('Asia/Kathmandu', at)).toBeLessThan(24 * 60);
      }),
    );
    expect(minuteOfDay('UTC', Date.UTC(2026, 0, 1))).toBe(0);
  });

  it('is not there for what is no zone, however many are asked for', () => {
    for (const zone of ['', 'Nowhere/At_All', 'Europe/Berlin ', 'x'.repeat(4_096), 'Europe/Berlin\u0000']) {
      expect(isTimeZone(zone)).toBe(false);
      expect(minuteOfDay(zone, 0)).toBeUndefined();
    }
    for (let index = 0; index < 3_000; index++) expect(isTimeZone(`Nowhere/${index}`)).toBe(false);
    expect(isTimeZone('Europe/Berlin')).toBe(true);
  });
});

import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { retryAfterMs, retryDelayMs } from './retry.js';

const SETTINGS = { delayMsMin: 5_000, delayMsMax: 6 * 3_600_000 };
const DAY_MS = 86_400_000;

describe('the wait before the next attempt', () => {
  it('begins at five seconds and doubles', () => {
    let age = 0;
    const waits: number[] = [];
    for (let attempt = 0; attempt < 6; attempt++) {
      waits.push(retryDelayMs(age, 0.5, SETTINGS));
      age += waits.at(-1)!;
    }
    expect(waits).toEqual([5_000, 5_000, 10_000, 20_000, 40_000, 80_000]);
  });

  it('makes between 15 and 40 attempts in three days, whatever the spread', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0, max: 0.999, noNaN: true }), { minLength: 50, maxLength: 50 }),
        (randoms) => {
          let age = 0;
          let attempts = 0;
          while (age < 3 * DAY_MS) age += retryDelayMs(age, randoms[attempts++ % randoms.length]!, SETTINGS);
          expect(attempts).toBeGreaterThan(15);
          expect(attempts).toBeLessThan(40);
        },
      ),
    );
  });

  it('stays within a quarter of its bounds', () => {
    fc.assert(
      fc.property(fc.nat(10 * DAY_MS), fc.double({ min: 0, max: 0.999, noNaN: true }), (age, random) => {
        const wait = retryDelayMs(age, random, SETTINGS);
        expect(wait).toBeGreaterThanOrEqual(3_750);
        expect(wait).toBeLessThanOrEqual(7.5 * 3_600_000);
      }),
    );
  });
});

describe('Retry-After', () => {
  const now = Date.parse('2026-01-31T09:00:00Z');

  it.each([
    ['120', 120_000],
    [' 0 ', 0],
    ['Sat, 31 Jan 2026 09:01:00 GMT', 60_000],
    ['Sat, 31 Jan 2026 08:00:00 GMT', 0],
    ['-1', undefined],
    ['1.5', undefined],
    ['soon', undefined],
    ['', undefined],
    [undefined, undefined],
  ])('%j asks for %j ms', (header, wait) => {
    expect(retryAfterMs(header, now)).toBe(wait);
  });
});

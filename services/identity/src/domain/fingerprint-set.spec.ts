import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { FingerprintSet } from './fingerprint-set.js';

describe('fingerprint set', () => {
  it('equals a map from fingerprint to generation of which the last few count, for any additions', () => {
    // Few shelves and slots, so that fingerprints collide, expire, and take the slots of expired ones.
    const fingerprint = fc.record({ high: fc.constantFrom(0, 1, 0xff000000), low: fc.nat({ max: 40 }) });
    const step = fc.oneof(
      { weight: 8, arbitrary: fingerprint },
      { weight: 1, arbitrary: fc.constant('roll' as const) },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 400 }), fc.nat({ max: 200_000 }), (steps, start) => {
        const set = new FingerprintSet();
        const model = new Map<string, number>();
        const live = { oldest: start, newest: start };
        for (const entry of steps) {
          if (entry === 'roll') {
            live.newest++;
            live.oldest = Math.max(start, live.newest - 2);
            set.sweep(live.newest, live);
            continue;
          }
          const key = `${entry.high}/${entry.low}`;
          const expected = (model.get(key) ?? -1) >= live.oldest;
          expect(set.has(entry.high, entry.low, live)).toBe(expected);
          if (expected) continue;
          set.add(entry.high, entry.low, live.newest, live);
          model.set(key, live.newest);
        }
      }),
    );
  });

  it('holds many ids and finds every one', () => {
    const set = new FingerprintSet();
    const live = { oldest: 1, newest: 1 };
    const words = (index: number): [number, number] => [
      Math.imul(index, 0x9e3779b1) >>> 0,
      Math.imul(index, 0x85ebca6b) >>> 0,
    ];
    for (let index = 1; index <= 100_000; index++) set.add(...words(index), 1, live);
    let found = 0;
    let wrong = 0;
    for (let index = 1; index <= 100_000; index++) if (set.has(...words(index), live)) found++;
    for (let index = 100_001; index <= 200_000; index++) if (set.has(...words(index), live)) wrong++;
    expect([found, wrong]).toEqual([100_000, 0]);
  });
});

import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { KeyFilter } from './key-filter.js';
import type { StoreKey } from './ports.js';

const part = fc.oneof(fc.integer(), fc.maxSafeNat(), fc.double({ noNaN: true }), fc.string({ unit: 'binary' }));
const anyKey: fc.Arbitrary<StoreKey> = fc.oneof(part, fc.array(part, { minLength: 2, maxLength: 3 }));

/** The share of keys that are not in the filter and get a yes. */
function errorOf(filter: KeyFilter, absent: (index: number) => StoreKey): number {
  let wrong = 0;
  for (let index = 0; index < 20_000; index++) if (filter.mayHold(absent(index))) wrong++;
  return wrong / 20_000;
}

describe('a filter of keys', () => {
  it('never says no of a key that it holds', () => {
    fc.assert(
      fc.property(fc.array(anyKey, { maxLength: 200 }), (keys) => {
        const filter = new KeyFilter();
        for (const key of keys) filter.add(key);
        expect(keys.filter((key) => !filter.mayHold(key))).toEqual([]);
      }),
      { numRuns: 200 },
    );
  });

  it('says no of all keys while it is empty', () => {
    expect(errorOf(new KeyFilter(), (index) => index)).toBe(0);
  });

  it.each<[string, (index: number) => StoreKey]>([
    ['ordinals', (index) => index],
    ['identifiers', (index) => `shop/user_id/user-${index}`],
    ['times with ordinals', (index) => [1_700_000_000_000 + index * 60_000, index % 1_000]],
  ])('grows with its keys, never says no of one, and says yes wrongly once in 20 at most: %s', (_name, keyOf) => {
    const filter = new KeyFilter();
    const keys = 100_000;
    for (let index = 0; index < keys; index++) filter.add(keyOf(index));
    for (let index = 0; index < keys; index++) if (!filter.mayHold(keyOf(index))) throw new Error(`lost key ${index}`);
    expect(errorOf(filter, (index) => keyOf(keys + index))).toBeLessThan(0.05);
    expect(errorOf(filter, (index) => `other-${index}`)).toBeLessThan(0.05);
  });
});

import { describe, expect, it } from '@jest/globals';
import { TokenBuckets } from './token-bucket.js';

describe('the limit of a key', () => {
  it('grants a burst, then the rate, and says how long to wait', () => {
    let now = 0;
    const buckets = new TokenBuckets({ perSecond: 10, burst: 20 }, () => now);
    expect(buckets.take('k', 20)).toBe(0);
    expect(buckets.take('k', 1)).toBeGreaterThan(0);
    expect(buckets.take('other', 1)).toBe(0);
    now = 1_000;
    expect(buckets.take('k', 40)).toBe(0);
    expect(buckets.take('k', 1)).toBe(4);
    now = 5_000;
    expect(buckets.take('k', 1)).toBe(0);
  });

  it('is none at a rate of zero', () => {
    const buckets = new TokenBuckets({ perSecond: 0, burst: 1 }, () => 0);
    expect([buckets.take('k', 1_000_000), buckets.take('k', 1_000_000)]).toEqual([0, 0]);
  });
});

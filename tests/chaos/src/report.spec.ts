import { describe, expect, it } from '@jest/globals';
import { Stalls } from './report.js';

describe('stalls', () => {
  it('are the longest time without anything new after each mark, up to the next', () => {
    const times = [0, 10, 20, 500, 510, 900, 910];
    expect(Stalls.of(times, [15, 505], 1_000).text).toBe('390 / 480');
  });

  it('last over a mark after which nothing came', () => {
    expect(Stalls.of([0, 10, 900, 910], [20, 500], 920).text).toBe('490 / 890');
  });

  it('are unknown without a mark', () => {
    expect(Stalls.of([1, 2], [], 10).text).toBe('-');
  });

  it('last until now when nothing new has come', () => {
    expect(Stalls.of([0, 10], [12], 1_010).text).toBe('1000 / 1000');
  });
});

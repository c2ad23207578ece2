import { describe, expect, it } from '@jest/globals';
import { describeDifference } from './difference.js';
import { runSeed } from './seed.js';

const SEEDS = 100;
const PARTS = 4;

describe('the whole line, with crashes, second owners, lost publishes, late and repeated events, and merges', () => {
  it.each(Array.from({ length: PARTS }, (_, part) => [part * (SEEDS / PARTS) + 1, (part + 1) * (SEEDS / PARTS)]))(
    'says and ends up with what a straight fold and a naive recomputation say (seeds %i to %i)',
    async (first, last) => {
      for (let seed = first!; seed <= last!; seed++) {
        const { differences } = await runSeed(seed);
        expect(differences.map((difference) => `seed ${seed}: ${describeDifference(difference)}`)).toEqual([]);
      }
    },
    120_000,
  );
});

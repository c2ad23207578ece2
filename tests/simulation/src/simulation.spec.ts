import { afterAll, describe, expect, it } from '@jest/globals';
import { addCoverage, type Path, uncovered } from './coverage.js';
import { describeDifference } from './difference.js';
import { runSeed } from './seed.js';
import { replayCommand } from './shrink.js';

const SEEDS = 600;
const PARTS = 6;

describe('the whole line, with crashes at every step, second owners, lost publishes, late and repeated events, and merges', () => {
  const coverage = new Map<Path, number>();
  let seeds = 0;

  it.each(Array.from({ length: PARTS }, (_, part) => [part * (SEEDS / PARTS) + 1, (part + 1) * (SEEDS / PARTS)]))(
    'says and ends up with what a straight fold and a naive recomputation say (seeds %i to %i)',
    async (first, last) => {
      for (let seed = first!; seed <= last!; seed++) {
        const outcome = await runSeed(seed);
        const found = outcome.differences.map(
          (difference) => `${replayCommand(outcome)}\n${describeDifference(difference)}`,
        );
        expect(found).toEqual([]);
        addCoverage(coverage, outcome.covered);
        seeds++;
      }
    },
    180_000,
  );

  afterAll(() => {
    // Only all seeds together promise to go everywhere.
    if (seeds === SEEDS) expect(uncovered(coverage)).toEqual([]);
  });
});

import { describe, expect, it } from '@jest/globals';
import { uncovered } from './coverage.js';
import { spreadSeeds } from './workers.js';

const SEEDS = 600;
const LIMIT_MS = 900_000;

describe('the whole line, with crashes at every step, second owners, lost publishes, late and repeated events, and merges', () => {
  it(
    'says and ends up with what a straight fold and a naive recomputation say, on every path',
    async () => {
      const failures: string[] = [];
      const report = await spreadSeeds({
        ...{ first: 1, count: SEEDS, events: undefined, faults: undefined, workers: undefined },
        isOver: () => false,
        failed: (failure) => void failures.push(failure),
      });
      expect(failures).toEqual([]);
      expect(report.seeds).toBe(SEEDS);
      expect(uncovered(new Map(report.coverage))).toEqual([]);
    },
    LIMIT_MS,
  );
});

import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { TimerQueue } from './timer-queue.js';

describe('timers of the oracle', () => {
  it('are taken by due time, then ordinal, the last setting of each entity', () => {
    const settings = fc.array(fc.tuple(fc.nat({ max: 20 }), fc.option(fc.nat({ max: 50 }), { nil: undefined })));
    fc.assert(
      fc.property(settings, (steps) => {
        const queue = new TimerQueue();
        const plain = new Map<number, number>();
        for (const [ordinal, dueAt] of steps) {
          queue.set(ordinal, dueAt);
          if (dueAt === undefined) plain.delete(ordinal);
          else plain.set(ordinal, dueAt);
        }
        const taken: [number, number][] = [];
        for (let next = queue.earliest(40); next !== undefined; next = queue.earliest(40)) {
          taken.push([next.dueAt, next.ordinal]);
          queue.set(next.ordinal, undefined);
        }
        const expected = [...plain].filter(([, dueAt]) => dueAt <= 40).map(([ordinal, dueAt]) => [dueAt, ordinal]);
        expect(taken).toEqual(expected.sort((a, b) => a[0]! - b[0]! || a[1]! - b[1]!));
      }),
    );
  });
});

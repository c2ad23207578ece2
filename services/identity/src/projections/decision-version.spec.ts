import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { decisionVersion } from './decision-version.js';

const POSITION = { partition: 0, sequence: 3, index: 2 };

describe('version of a decision', () => {
  it('rises with sequence, then record, then fact, whatever the position in the output log', () => {
    const place = fc.tuple(fc.nat({ max: 2 ** 39 }), fc.nat({ max: 16_383 }), fc.nat({ max: 1_023 }));
    fc.assert(
      fc.property(place, place, (a, b) => {
        const [left, right] = [a, b].map((parts) => BigInt(decisionVersion(`i0-${parts.join('-')}`, POSITION)));
        const order = a.map((part, index) => part - b[index]!).find((difference) => difference !== 0) ?? 0;
        expect(Math.sign(Number(left! - right!))).toBe(Math.sign(order));
        expect(left! < 1n << 64n).toBe(true);
      }),
    );
  });

  it('is the own position of a fact of another writer', () => {
    expect(decisionVersion('x', POSITION)).toBe(String((3n << 24n) + (2n << 10n)));
  });
});

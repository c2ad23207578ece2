import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { boundNesting, TOO_DEEP } from './nesting.js';

/** Levels of objects and lists in a value. */
function levels(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(levels));
}

describe('bounding the nesting of a text', () => {
  it('leaves what is shallow enough as it is, whatever its strings hold', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
        const text = JSON.stringify({ batch: [value, '[[[[[[\\"{{{{\\\\'] });
        expect(boundNesting(text, { levelsMax: 20, replaceLevel: 3 })).toEqual({ text, replaced: 0 });
      }),
    );
  });

  it('replaces exactly the elements of a batch that are too deep', () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue({ maxDepth: 8 }), { maxLength: 6 }), (batch) => {
        const bounded = boundNesting(JSON.stringify({ batch }), { levelsMax: 5, replaceLevel: 3 });
        const expected = JSON.parse(
          JSON.stringify({ batch: batch.map((value) => (levels(value) > 3 ? TOO_DEEP : value)) }),
        );
        expect(JSON.parse(bounded.text)).toEqual(expected);
        expect(bounded.replaced).toBe(batch.filter((value) => levels(value) > 3).length);
      }),
    );
  });

  it('takes a bomb out of a batch and keeps its neighbours', () => {
    const bomb = `${'[{"a":'.repeat(100_000)}1${'}]'.repeat(100_000)}`;
    const { text, replaced } = boundNesting(`{"batch":[{"a":1},${bomb},{"b":2}]}`, { levelsMax: 34, replaceLevel: 3 });
    expect([JSON.parse(text), replaced]).toEqual([{ batch: [{ a: 1 }, TOO_DEEP, { b: 2 }] }, 1]);
  });

  it('cuts off a bomb that never closes', () => {
    const { text } = boundNesting(`{"batch":[${'['.repeat(200_000)}`, { levelsMax: 34, replaceLevel: 3 });
    expect(text).toBe('{"batch":[');
  });
});

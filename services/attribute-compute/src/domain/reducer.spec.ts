import type { CompiledAttribute } from '@attrium/catalogue';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { WINDOW_BUCKETS_MAX, WINDOW_EXACT_TIMES_MAX } from './limits.js';
import { reducerOf } from './reducer.js';
import type { Input, State, WindowState } from './state.js';
import { firstGrainMs } from './window.js';

const WITHIN_MS = 100_000;
const head = { name: 'a', key: 'a', of: 'user', visible: true, type: 'number' } as const;
const computed = { ...head, kind: 'computed', event: 'E' } as const;
const declared = { ...head, kind: 'declared', from: [] } as const;

const definitions: Record<string, CompiledAttribute> = {
  most_recent: { ...declared, merge: 'most_recent' },
  first_stored: { ...declared, merge: 'first_stored' },
  count: { ...computed, reducer: 'count' },
  'count at least 3': { ...computed, reducer: 'count', atLeast: 3 },
  sum: { ...computed, reducer: 'sum' },
  first_time: { ...computed, reducer: 'first_time' },
  last_time: { ...computed, reducer: 'last_time' },
  'count within': { ...computed, reducer: 'count', withinMs: WITHIN_MS },
  'count at least 3 within': { ...computed, reducer: 'count', withinMs: WITHIN_MS, atLeast: 3 },
  'sum within': { ...computed, reducer: 'sum', withinMs: WITHIN_MS },
};

/** Times are few, so that many events share one. */
const inputs = fc
  .array(
    fc.record({ at: fc.integer({ min: -50, max: 400 }), units: fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }) }),
    {
      maxLength: 40,
    },
  )
  .map((list) =>
    list.map(({ at, units }, index): Input => ({ at: at * 500, id: `e${index}`, value: `v${index}`, units })),
  );

function fold(definition: CompiledAttribute, events: readonly Input[], now = -Infinity): State {
  const reducer = reducerOf(definition);
  return events.reduce((state, input) => reducer.add(state, input, now), reducer.empty());
}

describe.each(Object.entries(definitions))('%s', (_name, definition) => {
  const reducer = reducerOf(definition);

  it('gives the same value in any order of arrival, at any time', () => {
    fc.assert(
      fc.property(
        inputs.chain((list) => fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length }))),
        fc.integer({ min: -30_000, max: 400_000 }),
        ([list, shuffled], asOf) => {
          const a = fold(definition, list);
          const b = fold(definition, shuffled);
          expect(reducer.value(b, asOf)).toEqual(reducer.value(a, asOf));
          expect(reducer.nextDue?.(b, asOf)).toBe(reducer.nextDue?.(a, asOf));
        },
      ),
    );
  });

  it('merges any split to what one fold of all gives', () => {
    fc.assert(
      fc.property(
        inputs,
        fc.infiniteStream(fc.nat({ max: 2 })),
        fc.integer({ min: 0, max: 400_000 }),
        (list, parts, asOf) => {
          const split: Input[][] = [[], [], []];
          for (const input of list) split[parts.next().value as number]!.push(input);
          const whole = reducer.value(fold(definition, list), asOf);
          const [a1, b1, c1] = states(definition, split);
          expect(reducer.value(reducer.merge(reducer.merge(a1, b1), c1), asOf)).toEqual(whole);
          const [a2, b2, c2] = states(definition, split);
          expect(reducer.value(reducer.merge(c2, reducer.merge(b2, a2)), asOf)).toEqual(whole);
          const [a3] = states(definition, [list]);
          expect(reducer.value(reducer.merge(reducer.empty(), a3), asOf)).toEqual(whole);
        },
      ),
    );
  });

  it('does not depend on when what has left was dropped', () => {
    fc.assert(
      fc.property(inputs, fc.array(fc.nat({ max: 400_000 }), { maxLength: 40 }), (list, times) => {
        const nows = times.sort((x, y) => x - y);
        let state = reducer.empty();
        list.forEach((input, index) => {
          state = reducer.add(state, input, nows[index] ?? nows.at(-1) ?? 0);
        });
        const asOf = nows.at(-1) ?? 0;
        const whole = fold(definition, list);
        expect(reducer.value(state, asOf)).toEqual(reducer.value(whole, asOf));
        expect(reducer.nextDue?.(state, asOf)).toBe(reducer.nextDue?.(whole, asOf));
      }),
    );
  });
});

function states(definition: CompiledAttribute, split: readonly Input[][]): [State, State, State] {
  return split.map((part) => fold(definition, part)) as [State, State, State];
}

describe('a rolling window', () => {
  const count = reducerOf(definitions['count within']!);
  const sum = reducerOf(definitions['sum within']!);

  it('counts exactly the events later than now less the window, and changes only when it says', () => {
    fc.assert(
      fc.property(inputs, fc.integer({ min: -30_000, max: 400_000 }), (list, asOf) => {
        const naive = (at: number) => list.filter((input) => input.at > at - WITHIN_MS);
        const counted = fold(definitions['count within']!, list);
        const summed = fold(definitions['sum within']!, list);
        expect(count.value(counted, asOf)).toBe(naive(asOf).length);
        const due = count.nextDue!(counted, asOf);
        const leaving = naive(asOf).map(({ at }) => at + WITHIN_MS);
        expect(due).toBe(leaving.length === 0 ? undefined : Math.min(...leaving));
        if (due === undefined) return;
        expect(count.value(counted, due - 1)).toBe(naive(asOf).length);
        expect(count.value(counted, due)).toBe(naive(due).length);
        expect(naive(due).length).toBeLessThan(naive(asOf).length);
        expect(sum.nextDue!(summed, asOf)).toBe(due);
      }),
    );
  });

  it('is due, when it asks for at least n, only when that becomes false', () => {
    const reducer = reducerOf(definitions['count at least 3 within']!);
    fc.assert(
      fc.property(inputs, fc.integer({ min: -30_000, max: 400_000 }), (list, asOf) => {
        const state = fold(definitions['count at least 3 within']!, list);
        const holds = (at: number) => list.filter((input) => input.at > at - WITHIN_MS).length >= 3;
        expect(reducer.value(state, asOf)).toBe(holds(asOf));
        const due = reducer.nextDue!(state, asOf);
        expect(due !== undefined).toBe(holds(asOf));
        if (due === undefined) return;
        expect(holds(due - 1)).toBe(true);
        expect(holds(due)).toBe(false);
      }),
    );
  });

  it('is exact with as many different times as its exact range has', () => {
    const list = Array.from({ length: WINDOW_EXACT_TIMES_MAX }, (_, index) => input(index * 7, index));
    const state = fold(definitions['count within']!, list) as WindowState;
    expect(state.grainMs).toBe(1);
    expect(count.value(state, WITHIN_MS + 7)).toBe(WINDOW_EXACT_TIMES_MAX - 2);
  });

  it('keeps an event at most a thousandth of the window too long beyond its exact range, in any order and split', () => {
    const grainMs = firstGrainMs(WITHIN_MS);
    fc.assert(
      fc.property(fc.nat(), fc.nat({ max: 1_000 }), fc.nat({ max: 250_000 }), (seed, cut, asOf) => {
        const list = scatteredTimes(seed, 1_300);
        const events = list.map(input);
        const whole = fold(definitions['count within']!, events) as WindowState;
        const parts = [events.slice(0, cut), events.slice(cut)].map((part) => fold(definitions['count within']!, part));
        const coarse = count.merge(parts[1]!, parts[0]!) as WindowState;
        const inside = (withinMs: number) => list.filter((at) => at > asOf - withinMs).length;
        for (const state of [whole, coarse]) {
          expect(state.grainMs).toBe(grainMs);
          expect(state.at.length).toBeLessThanOrEqual(WINDOW_BUCKETS_MAX);
          const value = count.value(state, asOf) as number;
          expect(value).toBeGreaterThanOrEqual(inside(WITHIN_MS));
          expect(value).toBeLessThanOrEqual(inside(WITHIN_MS + grainMs));
        }
        expect(coarse).toEqual(whole);
      }),
      { numRuns: 25 },
    );
  });

  it('stays bounded when events lie far ahead of the time read', () => {
    const list = Array.from({ length: 9_000 }, (_, index) => input(index * 211, index));
    const state = fold(definitions['count within']!, list) as WindowState;
    expect(state.at.length).toBeLessThanOrEqual(WINDOW_BUCKETS_MAX);
    expect(state.totalCount).toBe(9_000);
  });
});

/** Different times from 0 to 99,999 in no order. */
function scatteredTimes(seed: number, length: number): number[] {
  // 62,501 is prime to 100,000: its multiples repeat no time.
  return Array.from({ length }, (_, index) => ((seed % 100_000) + index * 62_501) % 100_000);
}

function input(at: number, index: number): Input {
  return { at, id: `e${index}`, value: undefined, units: 1n };
}

describe('sums', () => {
  it('hold at the ends of Decimal(38, 18), and come back from there', () => {
    const reducer = reducerOf(definitions.sum!);
    const big = 10n ** 38n - 1n;
    const over = fold(
      definitions.sum!,
      [big, big].map((units, index) => ({ ...input(0, index), units })),
    );
    expect(String(reducer.value(over, 0))).toBe('99999999999999999999.999999999999999999');
    const back = reducer.add(over, { ...input(0, 3), units: 5n * 10n ** 18n - 2n * big }, 0);
    expect(reducer.value(back, 0)).toBe(5);
  });
});

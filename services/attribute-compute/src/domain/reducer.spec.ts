import {
  type ComputedAttribute,
  type EventPattern,
  type MergeStrategy,
  type Reducer,
  SESSION_MEASURES,
} from '@attrium/catalogue';
import { numberFromUnits, Timestamp, type Value } from '@attrium/event';
import { RowReader, RowWriter } from '@attrium/processor';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { activities } from '../../test/session-events.js';
import { readState, writeState } from '../store/state-codec.js';
import { firstGrainMs } from './grain.js';
import { WINDOW_BUCKETS_MAX, WINDOW_EXACT_TIMES_MAX } from './limits.js';
import { type FoldedAttribute, reducerOf } from './reducer.js';
import type { Input, State, WindowState } from './state.js';

const WITHIN_MS = 100_000;
const head = { name: 'a', key: 'a', of: 'user', visible: true, type: 'number' } as const;
const computed = { ...head, kind: 'computed', event: 'E' } as const;
const declared = { ...head, kind: 'declared', from: [] } as const;

/** Values are few, so that many are equal; numbers have more digits than a double. */
const number: fc.Arbitrary<Value> = fc
  .oneof(fc.integer({ min: -3, max: 3 }).map(BigInt), fc.bigInt({ min: -(10n ** 18n), max: 10n ** 18n }))
  .map((units) => numberFromUnits(units * 10n ** 6n));
const text: fc.Arbitrary<Value> = fc.oneof(fc.constantFrom('a', 'b', 'c', 'ü', ''), fc.string({ maxLength: 4 }));
const timestamp: fc.Arbitrary<Value> = fc.integer({ min: -5, max: 5 }).map((ms) => new Timestamp(ms));
const list: fc.Arbitrary<Value> = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 3 });

interface Case {
  readonly definition: FoldedAttribute;
  readonly value: fc.Arbitrary<Value>;
}

const cases: Record<string, Case> = {};

function declare(merge: MergeStrategy, value: fc.Arbitrary<Value>, name: string = merge): void {
  cases[`declared ${name}`] = { definition: { ...declared, merge }, value };
}

function compute(reducer: Reducer, value: fc.Arbitrary<Value>, more: Partial<ComputedAttribute> = {}): void {
  const name = `${reducer}${more.entriesMax === undefined ? '' : ` of ${more.entriesMax}`}`;
  const threshold = more.atLeast === undefined ? '' : ` at least ${more.atLeast}`;
  const definition = { ...computed, reducer, ...more };
  cases[`${name}${threshold}`] = { definition, value };
  cases[`${name}${threshold} within`] = { definition: { ...definition, withinMs: WITHIN_MS }, value };
}

declare('most_recent', text);
declare('first_stored', text);
declare('most_frequent', text);
declare('most_frequent', number, 'most_frequent of numbers');
declare('min', number);
declare('max', timestamp);
declare('sum', number);
declare('union', list);
compute('count', text);
compute('count', text, { atLeast: 3 });
compute('sum', text);
compute('min', number);
compute('max', number);
compute('average', text);
compute('first_value', text);
compute('last_value', number);
compute('first_time', text);
compute('last_time', text);
compute('distinct_count', text);
compute('distinct_list', text);
compute('distinct_list', text, { entriesMax: 2 });
compute('most_frequent', timestamp);
compute('exists', text);

function look(name: string, pattern: EventPattern): void {
  const value = fc.integer({ min: 1, max: 2 ** pattern.steps.length - 1 });
  cases[name] = { definition: { ...computed, reducer: 'exists', pattern }, value };
}

const step = { event: 'E' };
look('a sequence', { kind: 'sequence', steps: [step, { ...step, withinMs: 3_000 }] });
look('a sequence within', {
  kind: 'sequence',
  steps: [step, { ...step, withinMs: 9_000 }, step],
  withinMs: WITHIN_MS,
});
look('once since', { kind: 'since', steps: [step, step], atLeast: 1 });
look('three times since', { kind: 'since', steps: [step, step], atLeast: 3 });

for (const measure of SESSION_MEASURES) {
  const definition = { ...head, kind: 'session', measure, webGapMs: 5_000, mobileGapMs: 2_000 } as const;
  cases[`session ${measure}`] = { definition, value: text };
  if (measure === 'count') {
    cases['session count within'] = { definition: { ...definition, withinMs: WITHIN_MS }, value: text };
  }
}

/** Times are few, so that many events share one. */
function inputsOf(value: fc.Arbitrary<Value>): fc.Arbitrary<Input[]> {
  const one = fc.record({
    at: fc.integer({ min: -50, max: 400 }),
    units: fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }),
    value,
    activity: activities,
  });
  return fc
    .array(one, { maxLength: 40 })
    .map((drawn) => drawn.map(({ at, ...rest }, index): Input => ({ at: at * 500, id: `e${index}`, ...rest })));
}

function fold(definition: FoldedAttribute, events: readonly Input[], now = -Infinity): State {
  const reducer = reducerOf(definition);
  return events.reduce((state, input) => reducer.add(state, input, now), reducer.empty());
}

/** As it comes out of a row or a transfer. */
function stored(state: State): State {
  const writer = new RowWriter();
  writeState(writer, state);
  return readState(new RowReader(writer.take()));
}

const asOfTimes = fc.integer({ min: -30_000, max: 400_000 });

describe.each(Object.entries(cases))('%s', (_name, { definition, value }) => {
  const reducer = reducerOf(definition);
  const inputs = inputsOf(value);

  it('gives the same value in any order of arrival, at any time', () => {
    fc.assert(
      fc.property(
        inputs.chain((events) =>
          fc.tuple(fc.constant(events), fc.shuffledSubarray(events, { minLength: events.length })),
        ),
        asOfTimes,
        ([events, shuffled], asOf) => {
          const a = fold(definition, events);
          const b = fold(definition, shuffled);
          expect(reducer.value(b, asOf)).toEqual(reducer.value(a, asOf));
          expect(reducer.nextDue?.(b, asOf)).toBe(reducer.nextDue?.(a, asOf));
        },
      ),
    );
  });

  it('merges any split to what one fold of all gives, in any order, stored or not', () => {
    fc.assert(
      fc.property(inputs, fc.infiniteStream(fc.nat({ max: 2 })), asOfTimes, (events, parts, asOf) => {
        const split: Input[][] = [[], [], []];
        for (const input of events) split[parts.next().value as number]!.push(input);
        const whole = fold(definition, events);
        const merges: ((a: State, b: State, c: State) => State)[] = [
          (a, b, c) => reducer.merge(reducer.merge(a, b), c),
          (a, b, c) => reducer.merge(c, reducer.merge(b, a)),
          (a, b, c) => reducer.merge(a, reducer.merge(b, c)),
          (a, b, c) => reducer.merge(stored(reducer.merge(stored(a), stored(b))), stored(c)),
          (a, b, c) =>
            reducer.merge(reducer.empty(), reducer.merge(reducer.merge(b, c), reducer.merge(a, reducer.empty()))),
        ];
        for (const merge of merges) {
          const [a, b, c] = split.map((part) => fold(definition, part)) as [State, State, State];
          const merged = merge(a, b, c);
          expect(reducer.value(merged, asOf)).toEqual(reducer.value(whole, asOf));
          expect(reducer.nextDue?.(merged, asOf)).toBe(reducer.nextDue?.(whole, asOf));
          expect(reducer.isApproximate?.(merged)).toBe(reducer.isApproximate?.(whole));
        }
      }),
      { numRuns: 60 },
    );
  });

  it('does not depend on when what has left was dropped, nor on when it was stored', () => {
    fc.assert(
      fc.property(inputs, fc.array(fc.nat({ max: 400_000 }), { maxLength: 40 }), (events, times) => {
        const nows = times.sort((x, y) => x - y);
        let state = reducer.empty();
        events.forEach((input, index) => {
          state = reducer.add(state, input, nows[index] ?? nows.at(-1) ?? 0);
          if (index % 3 === 0) reducer.prune?.(state, nows[index] ?? nows.at(-1) ?? 0);
          if (index % 5 === 0) state = stored(state);
        });
        const asOf = nows.at(-1) ?? 0;
        const whole = fold(definition, events);
        expect(reducer.value(state, asOf)).toEqual(reducer.value(whole, asOf));
        expect(reducer.nextDue?.(state, asOf)).toBe(reducer.nextDue?.(whole, asOf));
      }),
    );
  });

  it('comes back out of its bytes as it was', () => {
    fc.assert(
      fc.property(inputs, (events) => {
        const state = fold(definition, events);
        expect(stored(state)).toEqual(state);
      }),
      { numRuns: 30 },
    );
  });

  it('changes by itself only at the time that it says', () => {
    fc.assert(
      fc.property(inputs, asOfTimes, (events, asOf) => {
        const state = fold(definition, events);
        const due = reducer.nextDue?.(state, asOf) ?? 1_000_000;
        expect(due).toBeGreaterThan(asOf);
        const middle = Math.floor((asOf + due) / 2);
        for (const at of [asOf + 1, middle, due - 1]) {
          if (at > asOf && at < due) expect(reducer.value(state, at)).toEqual(reducer.value(state, asOf));
        }
      }),
    );
  });
});

const definitions = Object.fromEntries(Object.entries(cases).map(([name, { definition }]) => [name, definition]));
const inputs = inputsOf(text);

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

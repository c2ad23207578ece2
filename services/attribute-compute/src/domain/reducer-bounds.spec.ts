import type { ComputedAttribute, DeclaredAttribute, Reducer } from '@attrium/catalogue';
import { Timestamp, type Value } from '@attrium/event';
import { RowWriter } from '@attrium/processor';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { writeState } from '../store/state-codec.js';
import { firstGrainMs } from './grain.js';
import { DISTINCT_EXACT_MAX, FREQUENCY_VALUES_MAX, WINDOW_BUCKETS_MAX, WINDOW_PAIRS_MAX } from './limits.js';
import { reducerOf } from './reducer.js';
import type { FrontierState, Input, State } from './state.js';
import { hashOfText } from './value-hash.js';

const WITHIN_MS = 100_000;
const GRAIN_MS = firstGrainMs(WITHIN_MS);
const head = { name: 'a', key: 'a', of: 'user', visible: true, type: 'number' } as const;
const computed = (reducer: Reducer, within = true): ComputedAttribute => ({
  ...head,
  kind: 'computed',
  event: 'E',
  reducer,
  withinMs: within ? WITHIN_MS : undefined,
});
const declared = (merge: DeclaredAttribute['merge']): DeclaredAttribute => ({
  ...head,
  kind: 'declared',
  from: [],
  merge,
});

const event = (at: number, value: Value, index = at): Input => ({
  at,
  id: `e${String(index).padStart(6, '0')}`,
  value,
  units: typeof value === 'number' ? BigInt(value) * 10n ** 18n : 0n,
});

/** Different times from 0 to 99,999 in no order: 62,501 is prime to 100,000. */
const scattered = (seed: number, length: number): number[] =>
  Array.from({ length }, (_, index) => ((seed % 100_000) + index * 62_501) % 100_000);

/** The fold of all, and of three parts that are merged in another order. */
function both(
  definition: ComputedAttribute | DeclaredAttribute,
  events: readonly Input[],
  cut: number,
): [State, State] {
  const reducer = reducerOf(definition);
  const fold = (list: readonly Input[]): State =>
    list.reduce((state, each) => reducer.add(state, each, -Infinity), reducer.empty());
  const [a, b, c] = [events.slice(0, cut), events.slice(cut, 2 * cut), events.slice(2 * cut)].map(fold);
  return [fold(events), reducer.merge(c!, reducer.merge(a!, b!))];
}

const seeds = fc.record({ seed: fc.nat(), cut: fc.integer({ min: 1, max: 700 }), asOf: fc.nat({ max: 230_000 }) });

describe('beyond its exact range', () => {
  it('an extreme is that of a window at most a thousandth longer', () => {
    for (const [reducer, pick] of [
      ['min', Math.min],
      ['max', Math.max],
    ] as const) {
      const definition = computed(reducer);
      const { value, isApproximate } = reducerOf(definition);
      fc.assert(
        fc.property(seeds, ({ seed, cut, asOf }) => {
          // The later the less extreme: every value stays, until the last ones.
          const list = scattered(seed, 1_300).map((at) => event(at, reducer === 'min' ? at : -at));
          const of = (withinMs: number): number =>
            pick(...list.filter(({ at }) => at > asOf - withinMs).map((each) => each.value as number));
          for (const state of both(definition, list, cut)) {
            expect(isApproximate!(state)).toBe(true);
            expect((state as FrontierState).at.length).toBeLessThanOrEqual(WINDOW_BUCKETS_MAX);
            const found = (value(state, asOf) ?? of(0)) as number;
            expect(pick(found, of(WITHIN_MS))).toBe(found);
            expect(pick(found, of(WITHIN_MS + GRAIN_MS))).toBe(of(WITHIN_MS + GRAIN_MS));
          }
        }),
        { numRuns: 20 },
      );
    }
  });

  it('the first value and the first time are those of an event at most a thousandth of the window after the first', () => {
    fc.assert(
      fc.property(seeds, ({ seed, cut, asOf }) => {
        const list = scattered(seed, 1_300).map((at) => event(at, at));
        const first = Math.min(...list.map(({ at }) => at).filter((at) => at > asOf - WITHIN_MS));
        for (const reducer of ['first_value', 'first_time'] as const) {
          const { value, isApproximate } = reducerOf(computed(reducer));
          for (const state of both(computed(reducer), list, cut)) {
            expect(isApproximate!(state)).toBe(true);
            const found = value(state, asOf);
            if (found === undefined) expect(first).toBe(Infinity);
            else expect(Number(found instanceof Timestamp ? found.ms : found) - first).toBeLessThan(GRAIN_MS);
            if (found !== undefined)
              expect(Number(found instanceof Timestamp ? found.ms : found)).toBeGreaterThanOrEqual(first);
          }
        }
      }),
      { numRuns: 20 },
    );
  });

  it('an average is that of a window at most a thousandth longer', () => {
    const definition = computed('average');
    const { value } = reducerOf(definition);
    fc.assert(
      fc.property(seeds, ({ seed, cut, asOf }) => {
        const list = scattered(seed, 1_300).map((at) => event(at, at % 97));
        const possible = Array.from({ length: GRAIN_MS + 1 }, (_, longer) => {
          const inside = list.filter(({ at }) => at > asOf - WITHIN_MS - longer);
          const sum = inside.reduce((total, each) => total + (each.value as number), 0);
          return inside.length === 0 ? undefined : sum / inside.length;
        });
        for (const state of both(definition, list, cut)) {
          const found = value(state, asOf);
          expect(possible.some((each) => each === found || Math.abs(each! - Number(found)) < 1e-9)).toBe(true);
        }
      }),
      { numRuns: 20 },
    );
  });

  it('the most frequent value of a window is that of its latest pairs, and exact again when there are fewer', () => {
    const definition = computed('most_frequent');
    const { value, isApproximate, prune } = reducerOf(definition);
    fc.assert(
      fc.property(seeds, ({ seed, cut, asOf }) => {
        const list = scattered(seed, 1_300).map((at, index) => event(at, `v${(at * 7 + index) % 23}`, index));
        const naive = (): string | undefined => {
          const latest = list
            .filter(({ at }) => at > asOf - WITHIN_MS)
            .sort((a, b) => b.at - a.at)
            .slice(0, WINDOW_PAIRS_MAX);
          const counts = new Map<string, number>();
          for (const each of latest) counts.set(each.value as string, (counts.get(each.value as string) ?? 0) + 1);
          const most = Math.max(...counts.values());
          return latest.find((each) => counts.get(each.value as string) === most)?.value as string | undefined;
        };
        for (const state of both(definition, list, cut)) {
          expect(isApproximate!(state)).toBe(true);
          expect(value(state, asOf)).toBe(naive());
          prune!(state, asOf);
          expect(isApproximate!(state)).toBe(list.filter(({ at }) => at > asOf - WITHIN_MS).length > WINDOW_PAIRS_MAX);
          expect(value(state, asOf)).toBe(naive());
        }
      }),
      { numRuns: 20 },
    );
  });

  it('a union is of the entries that came most recently', () => {
    const definition = declared('union');
    const { value, isApproximate } = reducerOf(definition);
    const list = scattered(7, 300).map((at) => event(at, [`t${at}`]));
    const latest = list.map(({ at }) => at).sort((a, b) => b - a);
    for (const state of both(definition, list, 90)) {
      expect(isApproximate!(state)).toBe(true);
      expect(value(state, 0)).toEqual(
        latest
          .slice(0, 100)
          .map((at) => `t${at}`)
          .sort(),
      );
    }
    const [exact] = both(definition, list.slice(0, 100), 30);
    expect(isApproximate!(exact)).toBe(false);
  });
});

describe('distinct counts', () => {
  const lifetime = reducerOf(computed('distinct_count', false));
  const windowed = reducerOf(computed('distinct_count'));

  it('are exact up to their limit, each value counted once', () => {
    const list = Array.from({ length: 3 * DISTINCT_EXACT_MAX }, (_, index) =>
      event(index, `v${index % DISTINCT_EXACT_MAX}`),
    );
    for (const [definition, reducer] of [
      [computed('distinct_count', false), lifetime],
      [computed('distinct_count'), windowed],
    ] as const) {
      for (const state of both(definition, list, 500)) {
        expect(reducer.value(state, 10)).toBe(DISTINCT_EXACT_MAX);
        expect(reducer.isApproximate!(state)).toBe(false);
      }
    }
  });

  it('are within three standard errors beyond, the same for every split, over all time', () => {
    let squares = 0;
    const sizes = [1_001, 1_500, 3_000, 8_000, 12_000, 20_000];
    for (const size of sizes) {
      const list = Array.from({ length: size }, (_, index) => event(index, `user-${index}@example.com`));
      const [whole, merged] = both(computed('distinct_count', false), list, 900);
      const found = lifetime.value(whole, 0) as number;
      expect(lifetime.isApproximate!(whole)).toBe(true);
      expect(encoded(merged)).toBe(encoded(whole));
      expect(Math.abs(found / size - 1)).toBeLessThan(3 * 0.0163);
      squares += (found / size - 1) ** 2;
    }
    expect(Math.sqrt(squares / sizes.length)).toBeLessThan(1.5 * 0.0163);
  });

  it('are within three standard errors in a window, whatever the order, and exact again when it empties', () => {
    fc.assert(
      fc.property(seeds, fc.integer({ min: 1_050, max: 4_000 }), ({ seed, cut, asOf }, size) => {
        const list = scattered(seed, size).map((at, index) => event(at, `${seed}-${index % (size - 20)}`));
        const latest = new Map<Value, number>();
        for (const { at, value } of list) latest.set(value!, Math.max(at, latest.get(value!) ?? 0));
        const inside = [...latest.values()].filter((at) => at > asOf - WITHIN_MS).length;
        const states = both(computed('distinct_count'), list, cut);
        const found = states.map((state) => windowed.value(state, asOf) as number);
        expect(found[1]).toBe(found[0]);
        expect(windowed.nextDue!(states[1], asOf)).toBe(windowed.nextDue!(states[0], asOf));
        if (inside <= DISTINCT_EXACT_MAX) expect(found[0]).toBe(inside);
        else expect(Math.abs(found[0]! / inside - 1)).toBeLessThan(3.5 * 0.0325);
        for (const state of states) {
          const due = windowed.nextDue!(state, asOf);
          if (due !== undefined && due - 1 > asOf) expect(windowed.value(state, due - 1)).toBe(found[0]);
          windowed.prune!(state, asOf);
          expect(windowed.value(state, asOf)).toBe(found[0]);
          expect(windowed.nextDue!(state, asOf)).toBe(due);
          expect(windowed.isApproximate!(state)).toBe(inside > DISTINCT_EXACT_MAX);
          for (let index = 0; index < 30; index++) windowed.add(state, event(asOf + 10, `new ${index}`), asOf + 10);
          const later = [...latest.values()].filter((at) => at > asOf + 10 - WITHIN_MS).length + 30;
          if (later <= DISTINCT_EXACT_MAX) expect(windowed.value(state, asOf + 10)).toBe(later);
        }
      }),
      { numRuns: 25 },
    );
  });
});

describe('the most frequent value over all time', () => {
  const definition = computed('most_frequent', false);
  const { value, isApproximate } = reducerOf(definition);

  it('is exact up to its limit', () => {
    const list = Array.from({ length: 1_000 }, (_, index) => event(index, `v${index % FREQUENCY_VALUES_MAX}`));
    const again = event(3, 'v42', 5_000);
    for (const state of both(definition, [...list, again], 300)) {
      expect(isApproximate!(state)).toBe(false);
      expect(value(state, 0)).toBe('v42');
    }
  });

  it('is, beyond, the value that came so often that estimates cannot hide it, the same for every split', () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 1, max: 900 }), (seed, cut) => {
        const list = scattered(seed, 3_000).map((at, index) => {
          const chance = hashOfText(`${seed} ${index}`) % 20;
          return event(at, chance < 2 ? 'often' : chance === 2 ? 'less often' : `v${seed}-${index}`, index);
        });
        const [whole, merged] = both(definition, list, cut);
        expect(isApproximate!(whole)).toBe(true);
        expect(value(whole, 0)).toBe('often');
        expect(JSON.stringify(sorted(merged))).toBe(JSON.stringify(sorted(whole)));
      }),
      { numRuns: 10 },
    );
  });
});

/** The entries of a map in an order that does not depend on arrival. */
function sorted(state: State): unknown {
  return state.kind === 'frequency'
    ? { ...state, entries: [...state.entries].sort(([a], [b]) => (a < b ? -1 : 1)) }
    : state;
}

function encoded(state: State): string {
  const writer = new RowWriter();
  writeState(writer, state);
  return Buffer.from(writer.take()).toString('latin1');
}

describe('the size of a state', () => {
  const sku = (index: number): string => `sku-${String(index).padStart(8, '0')}`;
  const spread = (size: number): Input[] =>
    Array.from({ length: size }, (_, index) => event(index * 5, sku(index), index));
  /** Beyond every exact range, and in windows all inside. */
  const limits = [
    ['distinct_count', DISTINCT_EXACT_MAX, 8 * DISTINCT_EXACT_MAX],
    ['distinct_count', 19_000, 4_200],
    ['distinct_count within', DISTINCT_EXACT_MAX, 12 * DISTINCT_EXACT_MAX],
    ['distinct_count within', 19_000, 48_000],
    ['distinct_list within', 19_000, 1_600],
    ['most_frequent', FREQUENCY_VALUES_MAX, 2_700],
    ['most_frequent', 19_000, 6_000],
    ['most_frequent within', 19_000, 17_000],
    ['first_value within', 19_000, 48_000],
    ['first_time within', 19_000, 2_500],
  ] as const;
  it.each(limits)('of %s of %i values is at most %i bytes', (name, size, bytesMax) => {
    const [word, within] = name.split(' ') as [Reducer, string?];
    const reducer = reducerOf(computed(word, within !== undefined));
    const state = spread(size).reduce((folded, each) => reducer.add(folded, each, -Infinity), reducer.empty());
    expect(encoded(state).length).toBeLessThanOrEqual(bytesMax);
    expect(encoded(state).length).toBeGreaterThan(bytesMax / 3);
  });
});

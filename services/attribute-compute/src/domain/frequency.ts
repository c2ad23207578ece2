/**
 * The most frequent value over all time: a count for each value, and beyond so many values a count-min sketch (Cormode and
 * Muthukrishnan, 2005) of all counts beside the values that came most recently. Both are functions of the events alone.
 */
import type { Value } from '@attrium/event';
import type { AttributeReducer } from './attribute-reducer.js';
import { FREQUENCY_VALUES_MAX } from './limits.js';
import type { FrequencyEntry, FrequencyState } from './state.js';
import { hashOfText } from './value-hash.js';
import { compareMoments, textOfValue } from './value-text.js';

/** Counters of one row of the sketch: a power of two. */
export const SKETCH_WIDTH = 512;
export const SKETCH_ROWS = 4;

/** The value that came most often; of equals the one that came most recently. */
export const mostFrequent: AttributeReducer<FrequencyState> = {
  empty: () => ({ kind: 'frequency', entries: new Map(), sketch: undefined }),
  add(state, { at, value }) {
    if (value === undefined) return state;
    const text = textOfValue(value);
    const hash = state.entries.get(text)?.hash ?? hashOfText(text);
    if (state.sketch !== undefined) count(state.sketch, hash, 1);
    note(state, text, { value, hash, count: 1, at });
    bound(state);
    return state;
  },
  merge(a, b) {
    if (a.sketch !== undefined || b.sketch !== undefined) {
      const ours = a.sketch ?? sketchOf(a.entries);
      const theirs = b.sketch ?? sketchOf(b.entries);
      a.sketch = ours.map((counter, index) => counter + theirs[index]!);
    }
    for (const [text, entry] of b.entries) note(a, text, entry);
    if (a.sketch !== undefined) for (const entry of a.entries.values()) entry.count = 0;
    bound(a);
    return a;
  },
  value: winner,
  isApproximate: ({ sketch }) => sketch !== undefined,
};

function note(
  { entries, sketch }: FrequencyState,
  text: string,
  { value, hash, count: times, at }: FrequencyEntry,
): void {
  const known = entries.get(text);
  if (known === undefined) {
    entries.set(text, { value, hash, count: sketch === undefined ? times : 0, at });
    return;
  }
  if (sketch === undefined) known.count += times;
  if (at > known.at) known.at = at;
}

/** From here on counts are estimated, and the values that came least recently are dropped. */
function bound(state: FrequencyState): void {
  const { entries } = state;
  if (entries.size <= FREQUENCY_VALUES_MAX) return;
  if (state.sketch === undefined) {
    state.sketch = sketchOf(entries);
    for (const entry of entries.values()) entry.count = 0;
  }
  while (entries.size > FREQUENCY_VALUES_MAX) entries.delete(leastRecent(entries));
}

function leastRecent(entries: ReadonlyMap<string, FrequencyEntry>): string {
  let found: string | undefined;
  let at = 0;
  for (const [text, entry] of entries) {
    if (found !== undefined && compareMoments(entry.at, text, at, found) >= 0) continue;
    found = text;
    at = entry.at;
  }
  return found!;
}

function winner({ entries, sketch }: FrequencyState): Value | undefined {
  let best: FrequencyEntry | undefined;
  let bestText = '';
  let most = 0;
  for (const [text, entry] of entries) {
    const times = sketch === undefined ? entry.count : estimate(sketch, entry.hash);
    if (best !== undefined && (times - most || compareMoments(entry.at, text, best.at, bestText)) < 0) continue;
    best = entry;
    bestText = text;
    most = times;
  }
  return best?.value;
}

function sketchOf(entries: ReadonlyMap<string, FrequencyEntry>): number[] {
  const sketch = new Array<number>(SKETCH_ROWS * SKETCH_WIDTH).fill(0);
  for (const { hash, count: times } of entries.values()) count(sketch, hash, times);
  return sketch;
}

function count(sketch: number[], hash: number, times: number): void {
  for (let row = 0; row < SKETCH_ROWS; row++) sketch[placeOf(hash, row)]! += times;
}

/** Never too low. */
function estimate(sketch: readonly number[], hash: number): number {
  let least = sketch[placeOf(hash, 0)]!;
  for (let row = 1; row < SKETCH_ROWS; row++) least = Math.min(least, sketch[placeOf(hash, row)]!);
  return least;
}

/** Nine bits of the hash for each row: 27 of its lower 32, then nine of the rest. */
function placeOf(hash: number, row: number): number {
  const low = hash >>> 0;
  const bits = row < 3 ? low >>> (9 * row) : (hash - low) / 0x1_0000_0000;
  return row * SKETCH_WIDTH + (bits & (SKETCH_WIDTH - 1));
}

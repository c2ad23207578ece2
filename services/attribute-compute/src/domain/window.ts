/** Rolling windows: exact to the millisecond up to 1,000 different times, to a thousandth of the window beyond. */
import { coarserGrainMs, entriesMaxAt } from './grain.js';
import type { WindowState } from './state.js';

/** What is in a window at one time. */
export interface WindowContent {
  readonly count: number;
  readonly units: bigint;
}

export function emptyWindow(): WindowState {
  return { kind: 'window', grainMs: 1, at: [], count: [], units: [], totalCount: 0, totalUnits: 0n };
}

/** Index of the first entry that is still inside at `asOf`: an event leaves at exactly its time plus the window. */
function firstInside(state: WindowState, withinMs: number, asOf: number): number {
  let index = 0;
  const { at } = state;
  while (index < at.length && at[index]! + withinMs <= asOf) index++;
  return index;
}

/** Drops what left the window by `asOf`. Values at `asOf` and later do not change. */
export function pruneWindow(state: WindowState, withinMs: number, asOf: number): void {
  const left = firstInside(state, withinMs, asOf);
  if (left === 0) return;
  const content = windowContent(state, withinMs, asOf);
  state.totalCount = content.count;
  state.totalUnits = content.units;
  state.at.splice(0, left);
  state.count.splice(0, left);
  state.units.splice(0, left);
}

/** Adds one event that is still inside. `units` is undefined in windows that count. */
export function addToWindow(
  state: WindowState,
  entry: { at: number; count: number; units: bigint | undefined },
  withinMs: number,
): void {
  place(state, entry.at, entry.count, entry.units);
  boundWindow(state, withinMs);
}

/** The entries of both; the coarser grain of the two holds. Changes `a`. */
export function mergeWindows(a: WindowState, b: WindowState, withinMs: number): WindowState {
  if (b.grainMs > a.grainMs) regroup(a, b.grainMs);
  for (let index = 0; index < b.at.length; index++) {
    place(a, b.at[index]!, b.count[index]!, b.units.length === 0 ? undefined : b.units[index]);
  }
  boundWindow(a, withinMs);
  return a;
}

export function windowContent(state: WindowState, withinMs: number, asOf: number): WindowContent {
  let count = state.totalCount;
  let units = state.totalUnits;
  for (let index = firstInside(state, withinMs, asOf) - 1; index >= 0; index--) {
    count -= state.count[index]!;
    units -= state.units[index] ?? 0n;
  }
  return { count, units };
}

/** When the first entry after `asOf` leaves; undefined for none. */
export function windowDue(state: WindowState, withinMs: number, asOf: number): number | undefined {
  const at = state.at[firstInside(state, withinMs, asOf)];
  return at === undefined ? undefined : at + withinMs;
}

/** When the count falls below `atLeast`; undefined if it already is. */
export function windowFallsBelowAt(
  state: WindowState,
  withinMs: number,
  asOf: number,
  atLeast: number,
): number | undefined {
  let count = 0;
  for (let index = state.at.length - 1; index >= 0; index--) {
    const due = state.at[index]! + withinMs;
    if (due <= asOf) return undefined;
    count += state.count[index]!;
    if (count >= atLeast) return due;
  }
  return undefined;
}

/** Whether at least so many events are inside at `asOf`. */
export function windowHolds(state: WindowState, withinMs: number, asOf: number, atLeast: number): boolean {
  return windowFallsBelowAt(state, withinMs, asOf, atLeast) !== undefined;
}

/** Adds to the entry of the same bucket, or puts a new one in its place. */
function place(state: WindowState, at: number, count: number, units: bigint | undefined): void {
  state.totalCount += count;
  if (units !== undefined) state.totalUnits += units;
  let index = state.at.length;
  if (index > 0 && state.at[index - 1]! > at) index = insertionIndex(state.at, at);
  const bucket = Math.floor(at / state.grainMs);
  if (index > 0 && Math.floor(state.at[index - 1]! / state.grainMs) === bucket) index--;
  else if (index === state.at.length || Math.floor(state.at[index]! / state.grainMs) !== bucket) {
    state.at.splice(index, 0, at);
    state.count.splice(index, 0, count);
    if (units !== undefined) state.units.splice(index, 0, units);
    return;
  }
  if (at > state.at[index]!) state.at[index] = at;
  state.count[index]! += count;
  if (units !== undefined) state.units[index]! += units;
}

/** Index of the first entry later than `at`. */
function insertionIndex(times: readonly number[], at: number): number {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle]! > at) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Makes the buckets coarser until the state is within its limit. It never becomes finer again. */
function boundWindow(state: WindowState, withinMs: number): void {
  while (state.at.length > entriesMaxAt(state.grainMs)) regroup(state, coarserGrainMs(state.grainMs, withinMs));
}

function regroup(state: WindowState, grainMs: number): void {
  const { at, count, units } = state;
  state.grainMs = grainMs;
  state.at = [];
  state.count = [];
  state.units = [];
  state.totalCount = 0;
  state.totalUnits = 0n;
  for (let index = 0; index < at.length; index++) {
    place(state, at[index]!, count[index]!, units.length === 0 ? undefined : units[index]);
  }
}

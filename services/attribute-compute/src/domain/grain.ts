/** How coarse the times of a window are: to the millisecond within its exact range, then in buckets that only become wider. */
import { WINDOW_BUCKETS_MAX, WINDOW_EXACT_TIMES_MAX } from './limits.js';

/** The width of the buckets just beyond the exact range: a thousandth of the window. */
export function firstGrainMs(withinMs: number): number {
  return Math.max(2, Math.ceil(withinMs / WINDOW_EXACT_TIMES_MAX));
}

/** Entries that a window may have at a grain. */
export function entriesMaxAt(grainMs: number): number {
  return grainMs === 1 ? WINDOW_EXACT_TIMES_MAX : WINDOW_BUCKETS_MAX;
}

/** The next coarser grain. Buckets of one grain lie within buckets of the next. */
export function coarserGrainMs(grainMs: number, withinMs: number): number {
  return grainMs === 1 ? firstGrainMs(withinMs) : grainMs * 2;
}

/** Places in lists that are sorted by time. */

/** Index of the first entry that is not before a time. Most events come in order, so the search begins at the end. */
export function firstNotBefore(times: readonly number[], at: number): number {
  const { length } = times;
  if (length === 0 || times[length - 1]! < at) return length;
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle]! < at) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Index of the first entry that is inside a window at `asOf`: an event leaves at exactly its time plus the window. */
export function firstWithin(times: readonly number[], withinMs: number, asOf: number): number {
  return times.length > 0 && times[0]! + withinMs > asOf ? 0 : firstNotBefore(times, asOf - withinMs + 1);
}

/** When the first entry after `asOf` leaves; undefined for none. */
export function firstDue(times: readonly number[], withinMs: number, asOf: number): number | undefined {
  const at = times[firstWithin(times, withinMs, asOf)];
  return at === undefined ? undefined : at + withinMs;
}

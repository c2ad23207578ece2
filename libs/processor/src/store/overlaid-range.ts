/** A range of rows where newer changes lie over what a table holds. */
import type { StoreKey } from '../ports.js';
import { compareKeys } from './store-key.js';

export interface RangeRow {
  readonly key: StoreKey;
  readonly value: Uint8Array;
}

export interface RangeChange {
  readonly key: StoreKey;
  /** Undefined: the row is deleted. */
  readonly value: Uint8Array | undefined;
}

/** Both in key order, each key once; at most `limit` rows. The rows of the table are read as they are asked for. */
export function* overlaidRange(
  rows: Iterable<RangeRow>,
  changes: readonly RangeChange[],
  limit: number,
): Iterable<RangeRow> {
  let left = limit;
  for (const row of merged(rows, changes)) {
    if (row.value === undefined) continue;
    if (left-- <= 0) return;
    yield row as RangeRow;
    if (left <= 0) return;
  }
}

function* merged(rows: Iterable<RangeRow>, changes: readonly RangeChange[]): Iterable<RangeChange> {
  let next = 0;
  for (const row of rows) {
    let order = -1;
    while (next < changes.length) {
      order = compareKeys(changes[next]!.key, row.key);
      if (order > 0) break;
      yield changes[next++]!;
      if (order === 0) break;
    }
    if (order !== 0) yield row;
  }
  yield* changes.slice(next);
}

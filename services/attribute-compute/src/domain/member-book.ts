/**
 * What an account keeps of its members for its roll-ups: the latest contribution of each. What it adds up to is a function of these
 * alone, so the order in which members join, leave, change and merge does not matter.
 */
import type { RollupReducer } from '@attrium/catalogue';
import {
  assertNever,
  compareValues,
  Decimal,
  dividedUnits,
  type ExactNumber,
  type MemberContributed,
  Timestamp,
  unitsOf,
  type Value,
} from '@attrium/event';
import { ROLLED_UP_MEMBERS_MAX } from './limits.js';
import { numberOfSum } from './value-type.js';

export interface MemberEntry {
  /** At the places of `keys`. */
  readonly values: readonly (Value | undefined)[];
  /** Merges that are in these values. */
  readonly mergeIds: readonly string[];
  /** Set on a member that was merged away by this merge, which is not yet in what another member gives. */
  readonly mergedBy: string | undefined;
}

export interface MemberBook {
  /** Keys of roll-ups. */
  readonly keys: string[];
  /** By the member's ordinal. */
  readonly entries: Map<number, MemberEntry>;
  /** Those with `mergedBy`, by it. Derived. */
  readonly leaving: Map<string, number>;
  /** At the places of `keys`. Derived. */
  readonly totals: Totals[];
}

/** Of the values under one key. */
interface Totals {
  count: number;
  /** How many are true. */
  trues: number;
  /** Sum of the numbers, in units of 10^-18. */
  units: bigint;
  smallest: Extreme;
  greatest: Extreme;
}

interface Extreme {
  readonly direction: 1 | -1;
  /** Undefined while there is none; not to be used while `stale`. */
  value: Value | undefined;
  /** The value has left: the entries have to be looked through. */
  stale: boolean;
}

export function newMemberBook(): MemberBook {
  return { keys: [], entries: new Map(), leaving: new Map(), totals: [] };
}

/** `refused`: the account has the contributions of too many members. */
export function takeContribution(book: MemberBook, record: MemberContributed): 'taken' | 'refused' {
  const { ordinal } = record.member;
  for (const mergeId of book.leaving.size === 0 ? [] : record.mergeIds) {
    const loser = book.leaving.get(mergeId);
    if (loser !== undefined && loser !== ordinal) removeEntry(book, loser);
  }
  if (record.left) {
    leave(book, ordinal, record.mergedBy);
    return 'taken';
  }
  if (!book.entries.has(ordinal) && book.entries.size >= ROLLED_UP_MEMBERS_MAX) return 'refused';
  const values: (Value | undefined)[] = [];
  for (const { name, value } of record.values) values[placeOf(book, name)] = value;
  const mergedBy = book.entries.get(ordinal)?.mergedBy;
  putEntry(book, ordinal, { values, mergeIds: record.mergeIds, mergedBy });
  return 'taken';
}

/** What the members add up to; undefined without members, and but for counts and sums, which are 0, where no member has a value. */
export function totalOf(book: MemberBook, key: string, reducer: RollupReducer): Value | undefined {
  if (book.entries.size === 0) return undefined;
  const at = book.keys.indexOf(key);
  const totals = book.totals[at] ?? NO_TOTALS;
  switch (reducer) {
    case 'count':
      return totals.count;
    case 'sum':
      return numberOfSum(totals.units);
    case 'average':
      return totals.count === 0 ? undefined : numberOfSum(dividedUnits(totals.units, BigInt(totals.count)));
    case 'any':
      return totals.count === 0 ? undefined : totals.trues > 0;
    case 'all':
      return totals.count === 0 ? undefined : totals.trues === totals.count;
    case 'min':
      return extremeOf(book, at, totals.smallest);
    case 'max':
      return extremeOf(book, at, totals.greatest);
    default:
      return assertNever(reducer);
  }
}

/** Also used to read a stored book back. */
export function putEntry(book: MemberBook, ordinal: number, entry: MemberEntry): void {
  const before = book.entries.get(ordinal);
  if (before !== undefined) drop(book, before);
  book.entries.set(ordinal, entry);
  if (entry.mergedBy !== undefined) book.leaving.set(entry.mergedBy, ordinal);
  for (let at = 0; at < entry.values.length; at++) {
    const value = entry.values[at];
    if (value !== undefined) add(book.totals[at]!, value);
  }
}

/** The place of a key, which gets one. */
export function placeOf({ keys, totals }: MemberBook, key: string): number {
  const known = keys.indexOf(key);
  if (known >= 0) return known;
  totals.push(newTotals());
  return keys.push(key) - 1;
}

/** A member that was merged away stays until another one gives what has the merge in it: an account is never short of both. */
function leave(book: MemberBook, ordinal: number, mergedBy: string | undefined): void {
  const entry = book.entries.get(ordinal);
  if (entry === undefined) return;
  if (mergedBy === undefined || isGiven(book, mergedBy)) removeEntry(book, ordinal);
  else putEntry(book, ordinal, { ...entry, mergedBy });
}

function isGiven({ entries }: MemberBook, mergeId: string): boolean {
  for (const { mergeIds } of entries.values()) if (mergeIds.includes(mergeId)) return true;
  return false;
}

function removeEntry(book: MemberBook, ordinal: number): void {
  const entry = book.entries.get(ordinal)!;
  book.entries.delete(ordinal);
  drop(book, entry);
}

function drop({ leaving, totals }: MemberBook, { values, mergedBy }: MemberEntry): void {
  if (mergedBy !== undefined) leaving.delete(mergedBy);
  for (let at = 0; at < values.length; at++) {
    const value = values[at];
    if (value !== undefined) subtract(totals[at]!, value);
  }
}

function newTotals(): Totals {
  const extreme = (direction: 1 | -1): Extreme => ({ direction, value: undefined, stale: false });
  return { count: 0, trues: 0, units: 0n, smallest: extreme(-1), greatest: extreme(1) };
}

const NO_TOTALS = newTotals();

function add(totals: Totals, value: Value): void {
  totals.count++;
  if (value === true) totals.trues++;
  if (isNumber(value)) totals.units += unitsOf(value)!;
  else if (!(value instanceof Timestamp)) return;
  widen(totals.smallest, value);
  widen(totals.greatest, value);
}

function subtract(totals: Totals, value: Value): void {
  totals.count--;
  if (value === true) totals.trues--;
  if (isNumber(value)) totals.units -= unitsOf(value)!;
  for (const extreme of [totals.smallest, totals.greatest]) {
    if (extreme.value !== undefined && compareValues(extreme.value, value) === 0) extreme.stale = true;
  }
}

function widen(extreme: Extreme, value: Value): void {
  if (extreme.stale) return;
  if (extreme.value === undefined || compareValues(value, extreme.value)! * extreme.direction > 0)
    extreme.value = value;
}

function extremeOf({ entries }: MemberBook, at: number, extreme: Extreme): Value | undefined {
  if (!extreme.stale) return extreme.value;
  extreme.stale = false;
  extreme.value = undefined;
  for (const { values } of entries.values()) {
    const value = values[at];
    if (value !== undefined) widen(extreme, value);
  }
  return extreme.value;
}

function isNumber(value: Value): value is ExactNumber {
  return typeof value === 'number' || value instanceof Decimal;
}

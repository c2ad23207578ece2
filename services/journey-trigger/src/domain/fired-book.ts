/** What fired for one entity, by trigger and, where a frequency has a key, by the key's value. */
import { Decimal, Timestamp, type Value } from '@attrium/event';

/** The firings of one trigger for one entity, or those with one value of its key. */
export interface Fired {
  /** Of the latest firing, ms. */
  readonly effectiveAt: number;
  /** Log time of the change that fired it latest, ms: what frequency is measured by. */
  readonly recordedAt: number;
  readonly count: number;
}

/** By name: `trigger`, or `trigger\0value` where its frequency has a key. */
export type FiredBook = Map<string, Fired>;

/** Values of its key that one trigger remembers for one entity; beyond, the one that fired longest ago is forgotten, visibly. */
export const FIRED_KEYS_MAX = 1_000;
/** The same of all triggers of one entity together: what a merge hands over has to fit one message. */
export const FIRED_KEYS_ENTITY_MAX = 20_000;
/** Longer values are remembered by their beginning, their length and a hash. */
const KEY_LENGTH_MAX = 80;
const SEPARATOR = '\u0000';

/** `value`: of the key, where there is one; no value is a value of its own. */
export function firedName(trigger: string, key: { readonly value: Value | undefined } | undefined): string {
  return key === undefined ? trigger : `${trigger}${SEPARATOR}${keyText(key.value)}`;
}

/** The trigger of a name. */
export function triggerOfName(name: string): string {
  const end = name.indexOf(SEPARATOR);
  return end < 0 ? name : name.slice(0, end);
}

/** The type is part of it: "1" and 1 are two keys. */
function keyText(value: Value | undefined): string {
  if (value === undefined) return '';
  if (typeof value === 'number' || value instanceof Decimal) return `n${value}`;
  if (value instanceof Timestamp) return `t${value.ms}`;
  if (typeof value === 'boolean') return `b${value}`;
  const text = typeof value === 'string' ? `s${value}` : `l${JSON.stringify(value)}`;
  return text.length <= KEY_LENGTH_MAX ? text : shortened(text);
}

const FNV_OFFSET = 0xcbf29ce484222325n;
const FNV_PRIME = 0x100000001b3n;

/** FNV-1a, 64 bit, over UTF-16 units. */
function shortened(text: string): string {
  let hash = FNV_OFFSET;
  for (let index = 0; index < text.length; index++) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(text.charCodeAt(index))) * FNV_PRIME);
  }
  return `${text.slice(0, KEY_LENGTH_MAX / 2)}#${text.length}#${hash.toString(16)}`;
}

/** Two firings as one; in any order, to the same end. */
export function mergeFired(a: Fired | undefined, b: Fired): Fired {
  if (a === undefined) return b;
  return {
    effectiveAt: Math.max(a.effectiveAt, b.effectiveAt),
    recordedAt: Math.max(a.recordedAt, b.recordedAt),
    count: a.count + b.count,
  };
}

/** Forgets the keys beyond the limit of each trigger; returns how many. */
export function forgetOldKeys(book: FiredBook): number {
  if (book.size <= FIRED_KEYS_MAX) return 0;
  const byTrigger = new Map<string, string[]>();
  for (const name of book.keys()) {
    if (!name.includes(SEPARATOR)) continue;
    const trigger = triggerOfName(name);
    const names = byTrigger.get(trigger);
    if (names === undefined) byTrigger.set(trigger, [name]);
    else names.push(name);
  }
  let forgotten = 0;
  for (const names of byTrigger.values()) {
    if (names.length <= FIRED_KEYS_MAX) continue;
    forgotten += forgetOldest(book, names, FIRED_KEYS_MAX);
  }
  if (book.size <= FIRED_KEYS_ENTITY_MAX) return forgotten;
  return (
    forgotten +
    forgetOldest(
      book,
      [...book.keys()].filter((name) => name.includes(SEPARATOR)),
      FIRED_KEYS_ENTITY_MAX,
    )
  );
}

/** Decided by what is kept alone, not by its order. Returns how many were forgotten. */
function forgetOldest(book: FiredBook, names: string[], keptMax: number): number {
  names.sort((a, b) => book.get(b)!.recordedAt - book.get(a)!.recordedAt || (a < b ? -1 : 1));
  const forgotten = names.slice(keptMax);
  for (const name of forgotten) book.delete(name);
  return forgotten.length;
}

/** By trigger, over all values of its key. */
export function firedByTrigger(book: ReadonlyMap<string, Fired>): Map<string, Fired> {
  const sums = new Map<string, Fired>();
  for (const [name, fired] of book) {
    const trigger = triggerOfName(name);
    sums.set(trigger, mergeFired(sums.get(trigger), fired));
  }
  return sums;
}

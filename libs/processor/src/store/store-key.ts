/** The order of row keys: numbers before strings, numbers by value, strings by code point, arrays part by part. */
import type { StoreKey } from '../ports.js';

/** The parts of a key or of a bound of a range; a bound may be an array of one part, which stands before all keys that it begins. */
export function partsOf(key: StoreKey): readonly (number | string)[] {
  return typeof key === 'number' || typeof key === 'string' ? [key] : key;
}

/** The parts of the key of a row. One that is an array has two parts or more, so that `5` and `[5]` are not two keys. */
export function rowKeyParts(key: StoreKey): readonly (number | string)[] {
  if (typeof key === 'object' && key.length < 2) throw new Error('a composite row key has two parts or more');
  return partsOf(key);
}

export function keyOfParts(parts: readonly (number | string)[]): StoreKey {
  return parts.length === 1 ? parts[0]! : parts;
}

/** Negative, zero or positive; a shorter key comes before the longer one that it begins. */
export function compareKeys(a: StoreKey, b: StoreKey): number {
  const left = partsOf(a);
  const right = partsOf(b);
  const shared = Math.min(left.length, right.length);
  for (let index = 0; index < shared; index++) {
    const order = compareParts(left[index]!, right[index]!);
    if (order !== 0) return order;
  }
  return left.length - right.length;
}

function compareParts(a: number | string, b: number | string): number {
  if (typeof a === 'number') return typeof b === 'number' ? a - b : -1;
  if (typeof b === 'number') return 1;
  return compareCodePoints(a, b);
}

function compareCodePoints(a: string, b: string): number {
  const shared = Math.min(a.length, b.length);
  for (let index = 0; index < shared; index++) {
    const left = a.charCodeAt(index);
    const right = b.charCodeAt(index);
    // Surrogates stand for code points above all other code units.
    if (left !== right) return rank(left) - rank(right);
  }
  return a.length - b.length;
}

function rank(unit: number): number {
  return unit >= 0xd800 && unit < 0xe000 ? unit + 0x10000 : unit;
}

/** A text that is equal exactly for equal keys. */
export function keyText(key: StoreKey): string {
  return typeof key === 'number' ? `n${key}` : JSON.stringify(key);
}

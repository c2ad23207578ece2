/** The values that attributes and conditions hold. */
import { compareNumbers, Decimal } from './decimal.js';

/** An instant, in milliseconds since 1970-01-01 UTC. */
export class Timestamp {
  constructor(readonly ms: number) {}

  toJSON(): string {
    return new Date(this.ms).toISOString();
  }
}

/** A typed value: string, number (exact), boolean, timestamp or list of strings. Absence is `undefined`, never null. */
export type Value = string | number | Decimal | boolean | Timestamp | readonly string[];

export interface NamedValue {
  readonly name: string;
  readonly value: Value;
}

/** The types an attribute may declare. */
export const VALUE_TYPES = ['string', 'number', 'boolean', 'timestamp', 'string_list'] as const;
export type ValueType = (typeof VALUE_TYPES)[number];

export function typeOfValue(value: Value): ValueType {
  if (typeof value === 'string') return 'string';
  if (typeof value === 'boolean') return 'boolean';
  if (typeof value === 'number' || value instanceof Decimal) return 'number';
  return value instanceof Timestamp ? 'timestamp' : 'string_list';
}

/** Equal in type and value; two absences are equal. */
export function equalValues(a: Value | undefined, b: Value | undefined): boolean {
  if (a === b) return true;
  if (a === undefined || b === undefined) return false;
  const type = typeOfValue(a);
  if (type !== typeOfValue(b)) return false;
  if (type === 'number') return compareNumbers(a as number | Decimal, b as number | Decimal) === 0;
  if (type === 'timestamp') return (a as Timestamp).ms === (b as Timestamp).ms;
  if (type === 'string_list') {
    const left = a as readonly string[];
    const right = b as readonly string[];
    return left.length === right.length && left.every((entry, index) => entry === right[index]);
  }
  return false;
}

/** A total order inside one type (false before true, strings by code unit); undefined across types. */
export function compareValues(a: Value, b: Value): number | undefined {
  const type = typeOfValue(a);
  if (type !== typeOfValue(b)) return undefined;
  if (type === 'number') return compareNumbers(a as number | Decimal, b as number | Decimal);
  if (type === 'timestamp') return (a as Timestamp).ms - (b as Timestamp).ms;
  if (type === 'string_list') return compareText(JSON.stringify(a), JSON.stringify(b));
  return a === b ? 0 : (a as string | boolean) < (b as string | boolean) ? -1 : 1;
}

export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** One text for equal state: keys sorted, and JSON for the types that JSON lacks. */
import { Decimal, Timestamp } from '@attrium/event';

/** Equal states give equal texts, however their maps and sets were filled. Absent and undefined fields are equal. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(canonical(value));
}

function canonical(value: unknown): unknown {
  if (typeof value === 'bigint') return { $bigint: value.toString() };
  if (typeof value === 'number' && !Number.isFinite(value)) return { $number: String(value) };
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Decimal) return { $decimal: value.toString() };
  if (value instanceof Timestamp) return { $timestamp: value.ms };
  if (value instanceof Date) return { $date: value.getTime() };
  if (value instanceof Uint8Array) return { $bytes: Buffer.from(value).toString('hex') };
  if (ArrayBuffer.isView(value)) return { $array: Array.from(value as unknown as Iterable<unknown>, canonical) };
  if (value instanceof Map) return { $map: sortedByText([...value].map((entry) => canonical(entry))) };
  if (value instanceof Set) return { $set: sortedByText([...value].map((entry) => canonical(entry))) };
  if (Array.isArray(value)) return value.map((entry) => canonical(entry));
  const fields = value as Record<string, unknown>;
  const sorted: Record<string, unknown> = {};
  for (const name of Object.keys(fields).sort()) if (fields[name] !== undefined) sorted[name] = canonical(fields[name]);
  return sorted;
}

function sortedByText(items: readonly unknown[]): unknown[] {
  return items
    .map((item) => ({ item, text: JSON.stringify(item) }))
    .sort((a, b) => (a.text < b.text ? -1 : a.text > b.text ? 1 : 0))
    .map(({ item }) => item);
}

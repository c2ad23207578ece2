/** One text for one meaning, and its hash: the identity of an attribute's state. */
import { Decimal, Timestamp } from '@attrium/event';
import type { AttributeDefinition } from './definitions.js';

/** JSON with sorted keys and without undefined; the order of an `all` or `any` does not change it, exact types do. */
export function canonicalJson(value: unknown): string {
  if (value instanceof Decimal) return `{"decimal":"${value.toString()}"}`;
  if (value instanceof Timestamp) return `{"timestamp":${value.ms}}`;
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const record = value as Readonly<Record<string, unknown>>;
  const members = Object.keys(record)
    .filter((key) => record[key] !== undefined)
    .sort()
    .map(
      (key) =>
        `${JSON.stringify(key)}:${isUnordered(record, key) ? sortedList(record[key]) : canonicalJson(record[key])}`,
    );
  return `{${members.join(',')}}`;
}

function isUnordered(record: Readonly<Record<string, unknown>>, key: string): boolean {
  return key === 'of' && (record.kind === 'all' || record.kind === 'any') && Array.isArray(record[key]);
}

function sortedList(list: unknown): string {
  return `[${(list as readonly unknown[]).map(canonicalJson).sort().join(',')}]`;
}

const FNV_OFFSET = 0xcbf29ce484222325n;
const FNV_PRIME = 0x100000001b3n;

/** FNV-1a, 64 bit, over the UTF-16 units of a text (low byte first), as 16 hexadecimal digits. */
export function stableHash(text: string): string {
  let hash = FNV_OFFSET;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    hash = BigInt.asUintN(64, (hash ^ BigInt(unit & 0xff)) * FNV_PRIME);
    hash = BigInt.asUintN(64, (hash ^ BigInt(unit >> 8)) * FNV_PRIME);
  }
  return hash.toString(16).padStart(16, '0');
}

/** The key of an attribute's state: what a value means, without how it is shown. */
export function attributeKey(definition: AttributeDefinition): string {
  const { name, visible: _visible, ...meaning } = definition;
  return `${name}~${stableHash(canonicalJson(meaning))}`;
}

/** JSON that also carries Decimal, Timestamp, bytes, bigint, Map and Set: for questions between our own processes. */
import { Decimal, Timestamp, unitsFromText } from '@attrium/event';

/** A value of another type is an object with this one field and the rest as JSON. */
const TAG = '$';

type Tagged =
  | { readonly kind: 'decimal' | 'bigint' | 'bytes'; readonly text: string }
  | { readonly kind: 'timestamp'; readonly ms: number }
  | { readonly kind: 'map' | 'set' | 'object'; readonly entries: readonly unknown[] };

/** Undefined fields are left out; undefined alone and in arrays becomes null. */
export function encodeJson(value: unknown): string {
  return JSON.stringify(plain(value) ?? null);
}

/** Throws SyntaxError for what is no JSON. */
export function decodeJson(text: string): unknown {
  return JSON.parse(text, (_key, value: unknown) => (isTagged(value) ? untagged(value[TAG]) : value));
}

function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return tagged({ kind: 'bigint', text: value.toString() });
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Decimal) return tagged({ kind: 'decimal', text: value.toString() });
  if (value instanceof Timestamp) return tagged({ kind: 'timestamp', ms: value.ms });
  if (value instanceof Uint8Array) return tagged({ kind: 'bytes', text: Buffer.from(value).toString('base64') });
  if (value instanceof Map) return tagged({ kind: 'map', entries: [...value].map(plain) });
  if (value instanceof Set) return tagged({ kind: 'set', entries: [...value].map(plain) });
  if (Array.isArray(value)) return value.map(plain);
  const entries = Object.entries(value).map(([name, field]) => [name, plain(field)] as const);
  // An object that looks like one of ours is spelt out.
  return isTagged(value) ? tagged({ kind: 'object', entries }) : Object.fromEntries(entries);
}

function tagged(content: Tagged): Record<string, Tagged> {
  return { [TAG]: content };
}

function isTagged(value: unknown): value is Record<typeof TAG, Tagged> {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 1 && Object.hasOwn(value, TAG);
}

function untagged(content: Tagged): unknown {
  switch (content.kind) {
    case 'bigint':
      return BigInt(content.text);
    case 'decimal':
      return new Decimal(unitsFromText(content.text) ?? 0n);
    case 'timestamp':
      return new Timestamp(content.ms);
    case 'bytes':
      return new Uint8Array(Buffer.from(content.text, 'base64'));
    case 'map':
      return new Map(content.entries as [unknown, unknown][]);
    case 'set':
      return new Set(content.entries);
    case 'object':
      return Object.fromEntries(content.entries as [string, unknown][]);
  }
}

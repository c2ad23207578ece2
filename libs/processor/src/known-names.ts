/** Names that come again and again (workspaces, attributes, segments, types): made once, so that they are hashed once and held once. */
import type { FastBuffer } from './codec/wire-writer.js';

const NAME_BYTES_MAX = 48;
/** An even number: a name stands in one of two neighbouring slots, so that two of the same hash do not drive each other out. */
const NAME_SLOTS = 4096;

interface KnownName {
  readonly bytes: Uint8Array;
  readonly text: string;
}

const names: (KnownName | undefined)[] = new Array(NAME_SLOTS).fill(undefined);

/** The text of these bytes. */
export function nameAt(buffer: FastBuffer, start: number, end: number): string {
  const size = end - start;
  if (size === 0) return '';
  if (size > NAME_BYTES_MAX) return buffer.utf8Slice(start, end);
  const slot = slotOf(buffer, start, size);
  const first = names[slot];
  if (first !== undefined && isSame(first.bytes, buffer, start, size)) return first.text;
  const second = names[slot ^ 1];
  if (second !== undefined && isSame(second.bytes, buffer, start, size)) return second.text;
  const text = buffer.utf8Slice(start, end);
  names[slot ^ 1] = first;
  names[slot] = { bytes: new Uint8Array(buffer.subarray(start, end)), text };
  return text;
}

/** From the length, the first two bytes, one in the middle and the last four: what tells most names apart. */
function slotOf(buffer: FastBuffer, start: number, size: number): number {
  const last = start + size - 1;
  let hash = size ^ buffer[start]!;
  hash = Math.imul(hash, 0x01000193) ^ buffer[start + (size >> 1)]!;
  hash = Math.imul(hash, 0x01000193) ^ buffer[last]!;
  if (size > 4) {
    hash = Math.imul(hash, 0x01000193) ^ buffer[start + 1]!;
    hash = Math.imul(hash, 0x01000193) ^ buffer[last - 1]!;
    hash = Math.imul(hash, 0x01000193) ^ buffer[last - 2]!;
    hash = Math.imul(hash, 0x01000193) ^ buffer[last - 3]!;
  }
  return (hash ^ (hash >>> 15)) & (NAME_SLOTS - 1);
}

function isSame(known: Uint8Array, buffer: FastBuffer, start: number, size: number): boolean {
  if (known.length !== size) return false;
  for (let index = 0; index < size; index++) if (known[index] !== buffer[start + index]) return false;
  return true;
}

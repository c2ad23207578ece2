/** How keys spread over partitions: the same hash as NATS uses in its `partition` transform. */

const OFFSET_BASIS = 0x811c9dc5;
const PRIME = 0x01000193;

/** FNV-1a, 32 bit, over the UTF-8 bytes of a key. */
export function fnv1a32(key: string): number {
  let hash = OFFSET_BASIS | 0;
  for (let index = 0; index < key.length; index++) {
    const code = key.charCodeAt(index);
    if (code >= 0x80) return hashWide(key, index, hash);
    hash = Math.imul(hash ^ code, PRIME);
  }
  return hash >>> 0;
}

/** Goes on from an index whose character has more than one byte. */
function hashWide(key: string, from: number, sofar: number): number {
  let hash = sofar;
  for (let index = from; index < key.length; index++) {
    let code = key.charCodeAt(index);
    if (code >= 0xd800 && code < 0xe000) code = key.codePointAt(index++)!;
    if (code >= 0xd800 && code < 0xe000) {
      // A lone surrogate is U+FFFD in UTF-8; the index went one too far.
      index--;
      code = 0xfffd;
    }
    if (code < 0x80) {
      hash = Math.imul(hash ^ code, PRIME);
      continue;
    }
    if (code < 0x800) {
      hash = Math.imul(hash ^ (0xc0 | (code >> 6)), PRIME);
    } else {
      if (code < 0x10000) {
        hash = Math.imul(hash ^ (0xe0 | (code >> 12)), PRIME);
      } else {
        hash = Math.imul(hash ^ (0xf0 | (code >> 18)), PRIME);
        hash = Math.imul(hash ^ (0x80 | ((code >> 12) & 0x3f)), PRIME);
      }
      hash = Math.imul(hash ^ (0x80 | ((code >> 6) & 0x3f)), PRIME);
    }
    hash = Math.imul(hash ^ (0x80 | (code & 0x3f)), PRIME);
  }
  return hash >>> 0;
}

/** The partition (0 to count - 1) of a key: an entity id after identity, a workspace id before it. */
export function partitionOf(key: string, count: number): number {
  return fnv1a32(key) % count;
}

/** How keys spread over partitions: the same hash as NATS uses in its `partition` transform. */

/** FNV-1a, 32 bit, over the UTF-8 bytes of a key. */
export function fnv1a32(key: string): number {
  let hash = 0x811c9dc5;
  const mix = (byte: number): void => {
    hash = Math.imul(hash ^ byte, 0x01000193);
  };
  for (let index = 0; index < key.length; index++) {
    let code = key.charCodeAt(index);
    if (code < 0x80) {
      mix(code);
      continue;
    }
    if (code >= 0xd800 && code < 0xe000) code = key.codePointAt(index++)!;
    if (code >= 0xd800 && code < 0xe000) {
      // A lone surrogate is U+FFFD in UTF-8; the index went one too far.
      index--;
      code = 0xfffd;
    }
    if (code < 0x800) {
      mix(0xc0 | (code >> 6));
    } else {
      if (code < 0x10000) {
        mix(0xe0 | (code >> 12));
      } else {
        mix(0xf0 | (code >> 18));
        mix(0x80 | ((code >> 12) & 0x3f));
      }
      mix(0x80 | ((code >> 6) & 0x3f));
    }
    mix(0x80 | (code & 0x3f));
  }
  return hash >>> 0;
}

/** The partition (0 to count - 1) of a key: an entity id after identity, a workspace id before it. */
export function partitionOf(key: string, count: number): number {
  return fnv1a32(key) % count;
}

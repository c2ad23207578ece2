/** A keyed 128-bit hash of text: MurmurHash3 x86-128 over UTF-16 code units. Not cryptographic: no secret is protected by it. */

const C1 = 0x239b961b;
const C2 = 0xab0e9789;
const C3 = 0x38b34ae5;
const C4 = 0xa1e38b93;
const NO_KEY = new Uint32Array(4);

function rotate(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}

function finish(value: number): number {
  let mixed = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}

/** Two code units as one little-endian word; what lies past the end is zero. */
function wordAt(text: string, index: number): number {
  if (index + 1 < text.length) return text.charCodeAt(index) | (text.charCodeAt(index + 1) << 16);
  return index < text.length ? text.charCodeAt(index) : 0;
}

/**
 * Writes the hash of `text` into `out` (4 words). The four lanes start at the four words of `key`; with four equal words this is
 * MurmurHash3 with that seed over the UTF-16LE bytes of the text.
 */
export function hash128(text: string, out: Uint32Array, key: Uint32Array = NO_KEY): void {
  let h1 = key[0]!;
  let h2 = key[1]!;
  let h3 = key[2]!;
  let h4 = key[3]!;
  for (let index = 0; index < text.length; index += 8) {
    // A last, short block is mixed with zeros: a zero word changes no lane, just as in the reference's tail.
    const whole = index + 8 <= text.length;
    h1 ^= Math.imul(rotate(Math.imul(wordAt(text, index), C1), 15), C2);
    if (whole) h1 = (Math.imul((rotate(h1, 19) + h2) | 0, 5) + 0x561ccd1b) | 0;
    h2 ^= Math.imul(rotate(Math.imul(wordAt(text, index + 2), C2), 16), C3);
    if (whole) h2 = (Math.imul((rotate(h2, 17) + h3) | 0, 5) + 0x0bcaa747) | 0;
    h3 ^= Math.imul(rotate(Math.imul(wordAt(text, index + 4), C3), 17), C4);
    if (whole) h3 = (Math.imul((rotate(h3, 15) + h4) | 0, 5) + 0x96cd1c35) | 0;
    h4 ^= Math.imul(rotate(Math.imul(wordAt(text, index + 6), C4), 18), C1);
    if (whole) h4 = (Math.imul((rotate(h4, 13) + h1) | 0, 5) + 0x32ac3b17) | 0;
  }
  const bytes = text.length * 2;
  h1 ^= bytes;
  h2 ^= bytes;
  h3 ^= bytes;
  h4 ^= bytes;
  h1 = (h1 + h2 + h3 + h4) | 0;
  h2 = (h2 + h1) | 0;
  h3 = (h3 + h1) | 0;
  h4 = (h4 + h1) | 0;
  h1 = finish(h1);
  h2 = finish(h2);
  h3 = finish(h3);
  h4 = finish(h4);
  h1 = (h1 + h2 + h3 + h4) | 0;
  out[0] = h1;
  out[1] = h2 + h1;
  out[2] = h3 + h1;
  out[3] = h4 + h1;
}

/** The hash as 32 lower-case hexadecimal digits. */
export function hashText(text: string): string {
  const words = new Uint32Array(4);
  hash128(text, words);
  let digits = '';
  for (const word of words) digits += word.toString(16).padStart(8, '0');
  return digits;
}

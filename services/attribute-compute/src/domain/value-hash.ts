/** Hashes of texts, for what counts different values without keeping them. */

const BITS_OF_HIGH = 0x1fffff;

/**
 * 53 bits of a text: two lanes of MurmurHash3 (32 bit, Austin Appleby, public domain), each with constants of its own, over pairs of
 * UTF-16 units. Of 1,000 different texts two have the same hash with a probability below 10^-10.
 */
export function hashOfText(text: string): number {
  let low = 0x9747b28c;
  let high = 0x2f0b4c47;
  const { length } = text;
  for (let index = 0; index < length; index += 2) {
    const block = text.charCodeAt(index) | ((index + 1 < length ? text.charCodeAt(index + 1) : 0) << 16);
    low = mixed(low, Math.imul(rotated(Math.imul(block, 0xcc9e2d51), 15), 0x1b873593));
    high = mixed(high, Math.imul(rotated(Math.imul(block, 0x239b961b), 16), 0xab0e9789));
  }
  low = finished(low ^ length);
  high = finished(high ^ length);
  return (high & BITS_OF_HIGH) * 0x1_0000_0000 + (low >>> 0);
}

function rotated(bits: number, by: number): number {
  return (bits << by) | (bits >>> (32 - by));
}

function mixed(lane: number, block: number): number {
  return (Math.imul(rotated(lane ^ block, 13), 5) + 0xe6546b64) | 0;
}

function finished(lane: number): number {
  let bits = lane ^ (lane >>> 16);
  bits = Math.imul(bits, 0x85ebca6b);
  bits ^= bits >>> 13;
  bits = Math.imul(bits, 0xc2b2ae35);
  return bits ^ (bits >>> 16);
}

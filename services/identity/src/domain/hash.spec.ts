import { describe, expect, it } from '@jest/globals';
import { hash128, hashText } from './hash.js';

/** The string whose UTF-16LE bytes are the ASCII bytes of `text` (of even length). */
function packed(text: string): string {
  let units = '';
  for (let at = 0; at < text.length; at += 2) {
    units += String.fromCharCode(text.charCodeAt(at) | (text.charCodeAt(at + 1) << 8));
  }
  return units;
}

describe('hash', () => {
  it('is MurmurHash3 x86-128 of the UTF-16LE bytes', () => {
    expect(hashText(packed('I will not buy this record, it is scratched.'))).toBe('a0a9683b25ac5e40d9af2895890dddf5');
    expect(hashText('I will not buy this record, it is scratched.')).toBe('251c67b732b1d25ec95bf70d455bd7c4');
    expect(hashText('')).toBe('0'.repeat(32));
  });

  it('differs by key and by each unit of the text', () => {
    const hashes = new Set<string>();
    const out = new Uint32Array(4);
    for (const key of [new Uint32Array([1, 2, 3, 4]), new Uint32Array([1, 2, 3, 5])]) {
      for (let length = 0; length < 20; length++) {
        for (const text of ['a'.repeat(length), `${'a'.repeat(length)}b`, `b${'a'.repeat(length)}`]) {
          hash128(text, out, key);
          hashes.add(`${key}:${text} ${out}`);
        }
      }
    }
    const texts = new Set([...hashes].map((entry) => entry.split(' ')[0]));
    expect(new Set([...hashes].map((entry) => entry.split(' ')[1])).size).toBe(texts.size);
  });
});

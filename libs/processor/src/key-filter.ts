/** Says of a key whether it may be in a growing set: never no of one that is, and seldom yes of one that is not. */
import type { StoreKey } from './ports.js';

/** A key sets bits of one block only: 512 of them, a cache line. */
const BLOCK_WORDS = 16;
/** 12.8 bits a key; then about one key in 200 that is not in the set gets a yes. */
const BLOCK_KEYS = 40;
const BITS_A_KEY = 6;
const FIRST_BLOCKS = 256;
/** 32 MiB, for 20 million keys; this and the smaller generations before it are 64 MiB. */
const BLOCKS_MAX = 524_288;

interface Generation {
  readonly words: Uint32Array;
  /** Number of blocks less one: a power of two less one. */
  readonly mask: number;
  readonly keysMax: number;
  keys: number;
}

function generationOf(blocks: number): Generation {
  return { words: new Uint32Array(blocks * BLOCK_WORDS), mask: blocks - 1, keysMax: blocks * BLOCK_KEYS, keys: 0 };
}

/**
 * A blocked Bloom filter that grows by generations, each twice as large as the one before, up to 64 MiB and 40 million keys: until then it
 * errs with at most one key in 20. Keys beyond that go into the last generation, which then says yes more and more often.
 */
export class KeyFilter {
  private readonly generations: Generation[] = [generationOf(FIRST_BLOCKS)];
  /** Of the key that was hashed last. */
  private high = 0;
  private low = 0;

  add(key: StoreKey): void {
    if (this.mayHold(key)) return;
    const last = this.roomiest();
    const { words } = last;
    const start = (this.high & last.mask) * BLOCK_WORDS;
    let { low } = this;
    for (let bit = 0; bit < BITS_A_KEY; bit++) {
      words[start + (low >>> 28)]! |= 1 << ((low >>> 23) & 31);
      low = Math.imul(low, 0x9e3779b1) + 0x7f4a7c15;
    }
    last.keys++;
  }

  mayHold(key: StoreKey): boolean {
    this.hash(key);
    for (let index = this.generations.length - 1; index >= 0; index--) {
      if (this.isIn(this.generations[index]!)) return true;
    }
    return false;
  }

  private isIn({ words, mask }: Generation): boolean {
    const start = (this.high & mask) * BLOCK_WORDS;
    let { low } = this;
    for (let bit = 0; bit < BITS_A_KEY; bit++) {
      if ((words[start + (low >>> 28)]! & (1 << ((low >>> 23) & 31))) === 0) return false;
      low = Math.imul(low, 0x9e3779b1) + 0x7f4a7c15;
    }
    return true;
  }

  private roomiest(): Generation {
    const last = this.generations.at(-1)!;
    const blocks = last.mask + 1;
    if (last.keys < last.keysMax || blocks >= BLOCKS_MAX) return last;
    const next = generationOf(blocks * 2);
    this.generations.push(next);
    return next;
  }

  /** Two lanes of 32 bits, each mixed to the end. */
  private hash(key: StoreKey): void {
    this.high = 0x2545f491;
    this.low = 0x1b873593;
    if (typeof key === 'object') for (const part of key) this.take(part);
    else this.take(key);
    this.high = mixed(this.high);
    this.low = mixed(this.low ^ this.high);
  }

  private take(part: number | string): void {
    let { high, low } = this;
    if (typeof part === 'number') {
      high = Math.imul(high ^ part, 0x85ebca6b);
      low = Math.imul(low ^ Math.floor(part / 0x1_0000_0000), 0xc2b2ae35) ^ part;
    } else {
      for (let index = 0; index < part.length; index++) {
        const unit = part.charCodeAt(index);
        high = Math.imul(high ^ unit, 0x01000193);
        low = Math.imul(low + unit, 0x85ebca6b) ^ (low >>> 15);
      }
    }
    this.high = Math.imul(high ^ 0xff, 0x01000193);
    this.low = low;
  }
}

function mixed(word: number): number {
  let mixing = word ^ (word >>> 16);
  mixing = Math.imul(mixing, 0x85ebca6b);
  mixing ^= mixing >>> 13;
  mixing = Math.imul(mixing, 0xc2b2ae35);
  return (mixing ^ (mixing >>> 16)) >>> 0;
}

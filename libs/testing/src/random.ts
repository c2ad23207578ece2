/** A seeded generator of random numbers: the same seed gives the same simulation. */

/** mulberry32: 32 bits of state, good enough to choose faults and orders. */
export class Random {
  private state: number;

  constructor(readonly seed: number) {
    this.state = seed >>> 0;
  }

  /** From 0 (inclusive) to 1 (exclusive). */
  next(): number {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let mixed = this.state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  }

  /** A whole number from 0 to `count` - 1; 0 for a count below 1. */
  int(count: number): number {
    return count < 1 ? 0 : Math.floor(this.next() * count);
  }

  /** True with a probability from 0 (never) to 1 (always). */
  chance(probability: number): boolean {
    return this.next() < probability;
  }

  pick<T>(items: readonly T[]): T {
    if (items.length === 0) throw new Error('nothing to pick from');
    return items[this.int(items.length)]!;
  }

  /** A shuffled copy. */
  shuffle<T>(items: readonly T[]): T[] {
    const copy = [...items];
    for (let index = copy.length - 1; index > 0; index--) {
      const other = this.int(index + 1);
      const moved = copy[index]!;
      copy[index] = copy[other]!;
      copy[other] = moved;
    }
    return copy;
  }

  /** A generator of its own, so that drawing from one does not shift what the other draws. */
  fork(): Random {
    return new Random(Math.floor(this.next() * 4294967296));
  }
}

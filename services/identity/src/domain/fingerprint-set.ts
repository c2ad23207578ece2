/** A set of 64-bit fingerprints with the generation of each: one probe says whether an id was seen in a generation that still counts. */

const SHELVES = 256;
const SHELF_CAPACITY_MIN = 64;
/** Stamps run from 1 to this and then from 1 again; 0 marks an empty slot. */
const STAMPS = 65_535;

/** Generations from `oldest` to `newest` count; older entries are as good as absent, and their slots are used again. */
export interface LiveGenerations {
  readonly oldest: number;
  readonly newest: number;
}

/** Open addressing with linear probing; a slot is two words of the fingerprint and a stamp of its generation. */
interface Shelf {
  words: Uint32Array;
  stamps: Uint16Array;
  /** Slots that are not empty, expired ones included. */
  used: number;
}

function emptyShelf(capacity: number): Shelf {
  return { words: new Uint32Array(capacity * 2), stamps: new Uint16Array(capacity), used: 0 };
}

/** Half full at most, so that as many may come again before the next rebuild. */
function capacityFor(ids: number): number {
  let capacity = SHELF_CAPACITY_MIN;
  while (ids > capacity * 0.5) capacity *= 2;
  return capacity;
}

function isLive(stamp: number, { oldest, newest }: LiveGenerations): boolean {
  return stamp !== 0 && (((newest - stamp + 1) % STAMPS) + STAMPS) % STAMPS <= newest - oldest;
}

/**
 * Ten bytes a slot, slots at most 70 % full: about 20 bytes an id on average. The ids are spread over 256 shelves by their first byte, so
 * that growing stops the line for one shelf only.
 */
export class FingerprintSet {
  /** Undefined until something is put there. */
  private readonly shelves: (Shelf | undefined)[];
  private readonly firstCapacity: number;

  /** With room for `expected` ids. */
  constructor(expected = 0) {
    this.firstCapacity = capacityFor(expected / SHELVES);
    this.shelves = new Array<Shelf | undefined>(SHELVES).fill(undefined);
  }

  has(high: number, low: number, live: LiveGenerations): boolean {
    const shelf = this.shelves[high >>> 24];
    if (shelf === undefined) return false;
    const { words, stamps } = shelf;
    const mask = stamps.length - 1;
    for (let slot = low & mask; stamps[slot] !== 0; slot = (slot + 1) & mask) {
      if (words[slot * 2] === high && words[slot * 2 + 1] === low && isLive(stamps[slot]!, live)) return true;
    }
    return false;
  }

  /** Adds a fingerprint that is not in the set to the generation (one of the live ones). */
  add(high: number, low: number, generation: number, live: LiveGenerations): void {
    const index = high >>> 24;
    let shelf = this.shelves[index];
    if (shelf === undefined) {
      shelf = emptyShelf(this.firstCapacity);
      this.shelves[index] = shelf;
    }
    put(shelf, { high, low, stamp: (generation % STAMPS) + 1 }, live);
    if (shelf.used > shelf.stamps.length * 0.7) this.rebuild(index, live);
  }

  /**
   * To be called once for each new generation: clears one shelf of what has expired, so that every shelf has had its turn long before
   * stamps come round.
   */
  sweep(generation: number, live: LiveGenerations): void {
    this.rebuild(generation % SHELVES, live);
  }

  private rebuild(index: number, live: LiveGenerations): void {
    const shelf = this.shelves[index];
    if (shelf === undefined) return;
    const { words, stamps } = shelf;
    let count = 0;
    for (const stamp of stamps) if (isLive(stamp, live)) count++;
    const fresh = emptyShelf(capacityFor(count));
    for (let slot = 0; slot < stamps.length; slot++) {
      const stamp = stamps[slot]!;
      if (!isLive(stamp, live)) continue;
      put(fresh, { high: words[slot * 2]!, low: words[slot * 2 + 1]!, stamp }, live);
    }
    this.shelves[index] = fresh;
  }
}

function put(shelf: Shelf, entry: { high: number; low: number; stamp: number }, live: LiveGenerations): void {
  const { words, stamps } = shelf;
  const mask = stamps.length - 1;
  let slot = entry.low & mask;
  while (isLive(stamps[slot]!, live)) slot = (slot + 1) & mask;
  if (stamps[slot] === 0) shelf.used++;
  words[slot * 2] = entry.high;
  words[slot * 2 + 1] = entry.low;
  stamps[slot] = entry.stamp;
}

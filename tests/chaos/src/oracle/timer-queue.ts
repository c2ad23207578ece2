/** The timers of one partition of the oracle: one an entity, taken in the order of (due, ordinal). */

interface Entry {
  readonly dueAt: number;
  readonly ordinal: number;
}

export class TimerQueue {
  private readonly dueOfOrdinal = new Map<number, number>();
  /** A binary heap; entries that are no longer valid are skipped. */
  private readonly heap: Entry[] = [];

  dueOf(ordinal: number): number | undefined {
    return this.dueOfOrdinal.get(ordinal);
  }

  set(ordinal: number, dueAt: number | undefined): void {
    if (dueAt === undefined) {
      this.dueOfOrdinal.delete(ordinal);
      return;
    }
    this.dueOfOrdinal.set(ordinal, dueAt);
    this.push({ dueAt, ordinal });
  }

  /** All timers, by ordinal. */
  entries(): Iterable<[ordinal: number, dueAt: number]> {
    return this.dueOfOrdinal;
  }

  /** The earliest timer due at or before `until`. */
  earliest(until: number): Entry | undefined {
    for (;;) {
      const first = this.heap[0];
      if (first === undefined) return undefined;
      if (this.dueOfOrdinal.get(first.ordinal) === first.dueAt) return first.dueAt <= until ? first : undefined;
      this.pop();
    }
  }

  private push(entry: Entry): void {
    const { heap } = this;
    let index = heap.push(entry) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!isBefore(entry, heap[parent]!)) break;
      heap[index] = heap[parent]!;
      index = parent;
    }
    heap[index] = entry;
  }

  private pop(): void {
    const { heap } = this;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    let index = 0;
    for (let child = 1; child < heap.length; child = 2 * index + 1) {
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++;
      if (!isBefore(heap[child]!, last)) break;
      heap[index] = heap[child]!;
      index = child;
    }
    heap[index] = last;
  }
}

function isBefore(a: Entry, b: Entry): boolean {
  return a.dueAt < b.dueAt || (a.dueAt === b.dueAt && a.ordinal < b.ordinal);
}

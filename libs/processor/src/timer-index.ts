/** The timers of one partition: one due time an entity, in due order, of which only the near future is held in memory. */
import { CachedTable } from './cached-table.js';
import type { PartitionStore, RowChange } from './ports.js';
import { decodeRow, encodeRow } from './row-codec.js';

const ORDER_TABLE = 'timers';
const DUE_TABLE = 'timer-due';
const EMPTY = new Uint8Array(0);
/** How far ahead timers are held in memory. */
const HORIZON_MS = 600_000;

export class TimerIndex {
  private readonly due: CachedTable<number, number>;
  private readonly heap = new TimerHeap();
  /** Timers due up to here are in the heap. */
  private loadedUntil = 0;
  /** Due time in the store of each entity whose timer changed since the last checkpoint. */
  private changed = new Map<number, number | undefined>();
  private saving = new Map<number, number | undefined>();
  /** Timers of the save that has begun which are not encoded yet: they still are as they were then. */
  private unsaved = new Map<number, number | undefined>();
  /** Those that had to be encoded early, because they were about to change. */
  private early: RowChange[] = [];

  constructor(
    private readonly store: PartitionStore,
    rowsMax: number,
  ) {
    const codec = { encode: encodeRow, decode: (bytes: Uint8Array) => decodeRow(bytes) as number };
    this.due = new CachedTable<number, number>({ name: DUE_TABLE, store, codec, rowsMax, filtersKeys: true });
  }

  dueOf(ordinal: number): number | undefined {
    return this.due.get(ordinal);
  }

  set(ordinal: number, dueAt: number | undefined): void {
    const before = this.due.get(ordinal);
    if (before === dueAt) return;
    if (this.unsaved.size > 0 && this.unsaved.has(ordinal)) {
      this.encodeOne(ordinal, this.unsaved.get(ordinal), this.early);
      this.unsaved.delete(ordinal);
    }
    if (!this.changed.has(ordinal)) this.changed.set(ordinal, before);
    if (dueAt === undefined) {
      this.due.delete(ordinal);
      return;
    }
    this.due.put(ordinal, dueAt);
    if (dueAt <= this.loadedUntil) this.heap.push(dueAt, ordinal);
  }

  /** The earliest timer due at or before `until`, by (due, ordinal). */
  earliest(until: number): { dueAt: number; ordinal: number } | undefined {
    if (until > this.loadedUntil) this.load(until + HORIZON_MS);
    for (;;) {
      const first = this.heap.peek();
      if (first === undefined) return undefined;
      if (this.due.get(first.ordinal) === first.dueAt) return first.dueAt <= until ? first : undefined;
      this.heap.pop();
    }
  }

  /** Timers that changed since the last checkpoint. */
  get dirtyRows(): number {
    return this.changed.size;
  }

  /** Begins a save: `encode` gives out all timers that have changed, as they are now, whatever happens to them meanwhile. */
  beginSave(): void {
    this.saving = this.changed;
    this.unsaved = new Map(this.changed);
    this.changed = new Map();
    this.due.beginSave();
  }

  /** Encodes about so many timers; true when there are no more. */
  encode(timersMax: number, into: RowChange[]): boolean {
    if (this.early.length > 0) into.push(...this.early.splice(0));
    let count = 0;
    for (const [ordinal, stored] of this.unsaved) {
      if (count++ === timersMax) return false;
      this.encodeOne(ordinal, stored, into);
      this.unsaved.delete(ordinal);
    }
    return this.due.encode(timersMax, into) < timersMax;
  }

  private encodeOne(ordinal: number, stored: number | undefined, into: RowChange[]): void {
    const dueAt = this.due.get(ordinal);
    if (stored === dueAt) return;
    if (stored !== undefined) into.push({ table: ORDER_TABLE, key: [stored, ordinal], value: undefined });
    if (dueAt !== undefined) into.push({ table: ORDER_TABLE, key: [dueAt, ordinal], value: EMPTY });
  }

  saved(): void {
    this.saving = new Map();
    this.due.saved();
  }

  /** Forgets rows if there are many. */
  trim(): void {
    this.due.trim();
  }

  /** Most entities have no timer: a filter spares the store the question. True when it is complete. */
  fillFilter(keysMax: number): boolean {
    return this.due.fillFilter(keysMax);
  }

  private load(until: number): void {
    const from = this.loadedUntil;
    this.loadedUntil = until;
    for (const { key } of this.store.range(ORDER_TABLE, { from: [from], to: [until + 1] })) {
      const [dueAt, ordinal] = key as readonly [number, number];
      this.heap.push(dueAt, ordinal);
    }
    for (const ordinals of [this.saving, this.changed]) {
      for (const ordinal of ordinals.keys()) {
        const dueAt = this.due.get(ordinal);
        if (dueAt !== undefined && dueAt <= until) this.heap.push(dueAt, ordinal);
      }
    }
  }
}

/** A binary heap of (due, ordinal). Entries that are no longer valid are left in it and skipped by the reader. */
class TimerHeap {
  private readonly entries: { dueAt: number; ordinal: number }[] = [];

  peek(): { dueAt: number; ordinal: number } | undefined {
    return this.entries[0];
  }

  push(dueAt: number, ordinal: number): void {
    const entries = this.entries;
    const entry = { dueAt, ordinal };
    let index = entries.length;
    entries.push(entry);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!before(entry, entries[parent]!)) break;
      entries[index] = entries[parent]!;
      index = parent;
    }
    entries[index] = entry;
  }

  pop(): void {
    const entries = this.entries;
    const last = entries.pop();
    if (last === undefined || entries.length === 0) return;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= entries.length) break;
      if (child + 1 < entries.length && before(entries[child + 1]!, entries[child]!)) child++;
      if (!before(entries[child]!, last)) break;
      entries[index] = entries[child]!;
      index = child;
    }
    entries[index] = last;
  }
}

function before(a: { dueAt: number; ordinal: number }, b: { dueAt: number; ordinal: number }): boolean {
  return a.dueAt < b.dueAt || (a.dueAt === b.dueAt && a.ordinal < b.ordinal);
}

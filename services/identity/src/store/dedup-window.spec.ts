import { rowCodec, type Table, type TableCodec } from '@attrium/processor';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type Chunk, chunkCodec, type DedupIndex, DedupWindow } from './dedup-window.js';

const HOUR = 3_600_000;

/** A table that keeps no object: each row is saved when `save` is called and read again after, as from a small cache. */
class ForgetfulTable<V> implements Table<number, V> {
  readonly saved = new Map<number, Uint8Array>();
  private cached = new Map<number, V>();
  private dirty = new Set<number>();

  constructor(private readonly codec: TableCodec<V>) {}

  get(key: number): V | undefined {
    const bytes = this.saved.get(key);
    if (!this.cached.has(key) && bytes !== undefined) this.cached.set(key, this.codec.decode(bytes));
    return this.cached.get(key);
  }

  edit(key: number): V | undefined {
    this.dirty.add(key);
    return this.get(key);
  }

  put(key: number, value: V): void {
    this.dirty.add(key);
    this.cached.set(key, value);
  }

  page(): never {
    throw new Error('nobody pages through it');
  }

  delete(key: number): void {
    this.dirty.add(key);
    this.cached.delete(key);
    this.saved.delete(key);
  }

  save(): void {
    for (const key of this.dirty) {
      const row = this.cached.get(key);
      if (row !== undefined) this.saved.set(key, this.codec.encode(row));
    }
    this.dirty = new Set();
    this.cached = new Map();
  }
}

function tables() {
  return {
    chunks: new ForgetfulTable<Chunk>(chunkCodec),
    index: new ForgetfulTable<DedupIndex>(rowCodec as TableCodec<DedupIndex>),
  };
}

describe('dedup window', () => {
  it('remembers exactly the ids of 24 to 25 hours, whenever rows are saved, forgotten and read again', () => {
    const step = fc.oneof(
      { weight: 20, arbitrary: fc.record({ ids: fc.integer({ min: 1, max: 3_000 }), hours: fc.nat({ max: 9 }) }) },
      { weight: 10, arbitrary: fc.constant('save' as const) },
      { weight: 3, arbitrary: fc.constant('reopen' as const) },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
        const rows = tables();
        const open = () => new DedupWindow(rows, 1e9, () => {});
        let window = open();
        const hours = new Map<string, number>();
        let hour = 0;
        for (const [index, entry] of steps.entries()) {
          if (typeof entry === 'string') {
            rows.chunks.save();
            rows.index.save();
            if (entry === 'reopen') window = open();
            continue;
          }
          hour += entry.hours;
          for (let number = 0; number < entry.ids; number++) {
            expect(window.has('w', `${index}/${number}`, hour * HOUR)).toBe(false);
            window.add();
            hours.set(`${index}/${number}`, hour);
          }
          let wrong = 0;
          for (const [id, at] of hours) if (window.has('w', id, hour * HOUR) !== at >= hour - 24) wrong++;
          expect(wrong).toBe(0);
          for (const [id, at] of hours) if (at < hour - 24) hours.delete(id);
          expect(window.size).toBe(hours.size);
        }
      }),
      { numRuns: 20 },
    );
  });

  it('goes on in a new chunk after rows were forgotten and read again, and a new owner finds every id', () => {
    const rows = tables();
    const window = new DedupWindow(rows, 1e9, () => {});
    for (let index = 0; index < 10_000; index++) {
      expect(window.has('w', `m${index}`, 1)).toBe(false);
      window.add();
      if (index % 1_000 !== 999) continue;
      rows.chunks.save();
      rows.index.save();
    }
    const next = new DedupWindow(rows, 1e9, () => {});
    expect(next.size).toBe(10_000);
    expect(rows.chunks.saved.size).toBe(5);
  });

  it('keeps rows for no more than the window', () => {
    const rows = tables();
    const window = new DedupWindow(rows, 1e9, () => {});
    for (let hour = 0; hour < 100; hour++) {
      window.has('w', `m${hour}`, hour * HOUR);
      window.add();
      rows.chunks.save();
      rows.index.save();
    }
    expect(rows.chunks.saved.size).toBe(25);
    expect(window.size).toBe(25);
  });

  it('remembers for each workspace what its own window says, whatever the others do, saved and read again', () => {
    const windows = fc.constantFrom(24, 25, 30, 48);
    const step = fc.oneof(
      { weight: 6, arbitrary: fc.record({ ids: fc.integer({ min: 1, max: 20 }), hours: fc.nat({ max: 12 }) }) },
      { weight: 2, arbitrary: fc.record({ workspace: fc.constantFrom('v', 'w'), set: windows }) },
      { weight: 1, arbitrary: fc.constant('reopen' as const) },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const rows = tables();
        const open = () => new DedupWindow(rows, 1e9, () => {});
        let window = open();
        const set = new Map([
          ['v', 24],
          ['w', 24],
          ['x', 24],
        ]);
        /** What is no longer remembered does not come back when a window grows: each id is known for the least that held since. */
        const seen: { workspace: string; id: string; hour: number; known: boolean }[] = [];
        let hour = 0;
        for (const [index, entry] of steps.entries()) {
          if (entry === 'reopen') {
            rows.chunks.save();
            rows.index.save();
            window = open();
          } else if ('set' in entry) {
            window.setWindow(entry.workspace, entry.set);
            set.set(entry.workspace, entry.set);
          } else {
            hour += entry.hours;
            for (let number = 0; number < entry.ids; number++) {
              for (const workspace of set.keys()) {
                const id = `${index}/${number}`;
                expect(window.has(workspace, id, hour * HOUR)).toBe(false);
                window.add();
                seen.push({ workspace, id, hour, known: true });
              }
            }
          }
          const longest = Math.max(...set.values());
          for (const each of seen) {
            if (each.hour < hour - longest) each.known = false;
            const expected = each.known && each.hour >= hour - set.get(each.workspace)!;
            expect(window.has(each.workspace, each.id, hour * HOUR)).toBe(expected);
          }
        }
      }),
      { numRuns: 60 },
    );
  });

  it('of a longer time still keeps rows for no more than that', () => {
    const rows = tables();
    const window = new DedupWindow(rows, 1e9, () => {});
    window.setWindow('w', 168);
    for (let hour = 0; hour < 400; hour++) {
      window.has('w', `m${hour}`, hour * HOUR);
      window.add();
    }
    expect(window.size).toBe(169);
    window.setWindow('w', 24);
    expect(window.size).toBe(25);
    rows.chunks.save();
    rows.index.save();
    expect(rows.chunks.saved.size).toBe(25);
  });

  it('writes the last chunk only: a checkpoint costs what is new, not what is remembered', () => {
    const rows = tables();
    const window = new DedupWindow(rows, 1e9, () => {});
    const send = (from: number, to: number): void => {
      for (let index = from; index < to; index++) {
        window.has('w', `m${index}`, 1);
        window.add();
      }
    };
    send(0, 20_000);
    rows.chunks.save();
    const before = new Map(rows.chunks.saved);
    send(20_000, 20_100);
    rows.chunks.save();
    const changed = [...rows.chunks.saved].filter(([key, bytes]) => before.get(key) !== bytes);
    expect(before.size).toBe(10);
    expect(changed).toHaveLength(1);
  });
});

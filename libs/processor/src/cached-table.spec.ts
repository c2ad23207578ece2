import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { CachedTable } from './cached-table.js';
import type { PartitionStore, RowChange } from './ports.js';
import { decodeRow, encodeRow } from './row-codec.js';
import { MemoryStore } from './store/memory-store.js';

interface Row {
  count: number;
}

const codec = { encode: encodeRow, decode: (bytes: Uint8Array) => decodeRow(bytes) as Row };
const CHECKPOINT = Uint8Array.of(1);

function open(store: PartitionStore, rowsMax: number, filtersKeys: boolean): CachedTable<string, Row> {
  return new CachedTable<string, Row>({ name: 'rows', store, codec, rowsMax, filtersKeys });
}

/** Counts what the store is asked. */
function counted(store: PartitionStore): { store: PartitionStore; asked: () => number } {
  let asked = 0;
  const get: PartitionStore['get'] = (table, key) => {
    asked++;
    return store.get(table, key);
  };
  const counting = Object.assign(Object.create(store) as PartitionStore, { get });
  return { store: counting, asked: () => asked };
}

type Step =
  | { readonly kind: 'add' | 'read' | 'delete' | 'replace' | 'page'; readonly key: string }
  | { readonly kind: 'save' | 'encode' | 'commit' | 'trim' | 'fill' | 'reopen' };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constantFrom('add', 'read', 'delete', 'replace', 'page'),
      key: fc.constantFrom(...'abcdefgh'),
    }),
  },
  { weight: 5, arbitrary: fc.record({ kind: fc.constantFrom('save', 'encode', 'commit', 'trim', 'fill', 'reopen') }) },
);

/** One run of steps over a table, beside a Map that does the same. */
class Run {
  private readonly store = new MemoryStore().partition(0);
  private table: CachedTable<string, Row>;
  private model = new Map<string, number>();
  /** What the store holds, and what the save under way holds. */
  private stored = new Map<string, number>();
  private saving: { rows: Map<string, number>; changes: RowChange[]; done: boolean } | undefined;

  constructor(
    private readonly rowsMax: number,
    private readonly filtersKeys: boolean,
  ) {
    this.table = open(this.store, rowsMax, filtersKeys);
  }

  async take(step: Step): Promise<void> {
    switch (step.kind) {
      case 'add': {
        const row = this.table.edit(step.key);
        if (row === undefined) this.table.put(step.key, { count: 1 });
        else row.count++;
        this.model.set(step.key, (this.model.get(step.key) ?? 0) + 1);
        break;
      }
      case 'replace':
        this.table.put(step.key, { count: 100 });
        this.model.set(step.key, 100);
        break;
      case 'delete':
        this.table.delete(step.key);
        this.model.delete(step.key);
        break;
      case 'read':
        expect(this.table.get(step.key)?.count).toBe(this.model.get(step.key));
        break;
      case 'page': {
        const behind = [...this.model].filter(([key]) => step.key === 'a' || key > step.key).sort();
        const page = this.table.page(step.key === 'a' ? undefined : step.key, 3);
        expect(page.map(({ key, value }) => [key, value.count])).toEqual(behind.slice(0, 3));
        break;
      }
      case 'trim':
        this.table.trim();
        break;
      case 'fill':
        this.table.fillFilter(2);
        break;
      default:
        await this.persist(step.kind);
    }
  }

  private async persist(kind: 'save' | 'encode' | 'commit' | 'reopen'): Promise<void> {
    if (kind === 'reopen') {
      this.table = open(this.store, this.rowsMax, this.filtersKeys);
      this.model = new Map(this.stored);
      this.saving = undefined;
    } else if (kind === 'save' && this.saving === undefined) {
      this.saving = { rows: new Map(this.model), changes: [], done: false };
      this.table.beginSave();
    } else if (kind === 'encode' && this.saving !== undefined) {
      this.saving.done = this.table.encode(2, this.saving.changes) < 2;
    } else if (kind === 'commit' && this.saving?.done === true) {
      await this.store.commit(this.saving.changes, CHECKPOINT);
      this.table.saved();
      this.stored = this.saving.rows;
      this.saving = undefined;
      const rows = [...this.store.range('rows', {})].map(({ key, value }) => [key, codec.decode(value).count]);
      expect(new Map(rows as [string, number][])).toEqual(this.stored);
    }
  }
}

describe('a table of a partition', () => {
  it.each([false, true])(
    'is what a Map is, whatever is saved, forgotten and loaded on the way (filter: %s)',
    async (filter) => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 120 }), fc.constantFrom(1, 4, 100), async (steps, rowsMax) => {
          const run = new Run(rowsMax, filter);
          for (const next of steps) await run.take(next);
          for (const key of 'abcdefgh') await run.take({ kind: 'read', key });
        }),
        { numRuns: 300 },
      );
    },
  );

  it('forgets what is not used, keeps what is, and never what is not saved', async () => {
    const { store, asked } = counted(new MemoryStore().partition(0));
    const rows = Array.from({ length: 100 }, (_, index) => `row-${index}`);
    await store.commit(
      rows.map((key) => ({ table: 'rows', key, value: encodeRow({ count: 1 }) })),
      CHECKPOINT,
    );
    const table = open(store, 20, false);
    table.edit('row-0')!.count = 7;
    for (const key of rows) {
      table.get('row-1');
      table.get(key);
      table.trim();
    }
    const before = asked();
    expect(table.get('row-0')).toEqual({ count: 7 });
    table.get('row-1');
    table.get('row-99');
    expect(asked()).toBe(before);
    table.get('row-2');
    expect(asked()).toBe(before + 1);
  });

  it('asks the store for no key that cannot be there, once its filter is complete', async () => {
    const { store, asked } = counted(new MemoryStore().partition(0));
    await store.commit([{ table: 'rows', key: 'old', value: encodeRow({ count: 1 }) }], CHECKPOINT);
    const table = open(store, 100, true);
    expect(table.get('before')).toBeUndefined();
    expect(asked()).toBe(1);
    while (!table.fillFilter(1));
    for (let index = 0; index < 100; index++) expect(table.get(`new-${index}`)).toBeUndefined();
    expect(asked()).toBeLessThan(5);
    expect(table.get('old')).toEqual({ count: 1 });
  });

  it('asks the store for no row that is said to be new', () => {
    const { store, asked } = counted(new MemoryStore().partition(0));
    const table = open(store, 100, false);
    table.expectNone('new');
    expect(table.edit('new')).toBeUndefined();
    table.put('old', { count: 1 });
    table.expectNone('old');
    expect(table.get('old')).toEqual({ count: 1 });
    expect(asked()).toBe(0);
  });
});

/** Tables of a stage under test: rows in memory, which can be put through their codec and are checked for changes that would be lost. */
import { compareKeys, type StoreKey, type Table, type TableCodec } from '@attrium/processor';
import { canonicalJson } from './canonical-json.js';

export class MemoryTable<K extends StoreKey, V> implements Table<K, V> {
  private readonly rows = new Map<string, { readonly key: K; value: V }>();
  /** Rows that will be saved after this step. */
  private readonly edited = new Set<string>();
  /** Rows that were only looked at in this step, as they were then. */
  private readonly lookedAt = new Map<string, string>();

  constructor(
    readonly name: string,
    private readonly codec: TableCodec<V>,
  ) {}

  get(key: K): V | undefined {
    const text = JSON.stringify(key);
    const row = this.rows.get(text);
    if (row !== undefined && !this.edited.has(text) && !this.lookedAt.has(text)) {
      this.lookedAt.set(text, canonicalJson(row.value));
    }
    return row?.value;
  }

  edit(key: K): V | undefined {
    const text = this.touch(key);
    return this.rows.get(text)?.value;
  }

  put(key: K, value: V): void {
    this.rows.set(this.touch(key), { key, value });
  }

  delete(key: K): void {
    this.rows.delete(this.touch(key));
  }

  page(after: K | undefined, rowsMax: number): { key: K; value: V }[] {
    const behind = this.entries().filter(({ key }) => after === undefined || compareKeys(key, after) > 0);
    return behind.slice(0, rowsMax).map(({ key }) => ({ key, value: this.get(key)! }));
  }

  /** Ends a step: throws when a row was changed that was only looked at, because such a change would never be saved. */
  endStep(): void {
    for (const [text, before] of this.lookedAt) {
      if (canonicalJson(this.rows.get(text)?.value) === before) continue;
      throw new Error(`table ${this.name}: row ${text} was changed through get, so it would not be saved: use edit`);
    }
    this.lookedAt.clear();
    this.edited.clear();
  }

  /** Puts every row through its codec, as a restart does. */
  recode(): void {
    for (const row of this.rows.values()) row.value = this.recoded(row.value);
  }

  /** The rows as they come back from a store, in order. */
  stored(): { key: K; value: V }[] {
    return this.entries().map(({ key, value }) => ({ key, value: this.recoded(value) }));
  }

  private recoded(value: V): V {
    return this.codec.decode(this.codec.encode(value).slice());
  }

  private entries(): { key: K; value: V }[] {
    return [...this.rows.values()].sort((a, b) => compareKeys(a.key, b.key));
  }

  private touch(key: K): string {
    const text = JSON.stringify(key);
    this.edited.add(text);
    this.lookedAt.delete(text);
    return text;
  }
}

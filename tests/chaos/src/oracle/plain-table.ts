/** A table of the oracle: a plain map of rows, which can be held against what a stage has stored. */
import { compareKeys, rowCodec, type StoreKey, type Table, type TableCodec } from '@attrium/processor';

type KeyText = string | number;

/** One text or number for a key, the same for equal keys. */
export function keyTextOf(key: StoreKey): KeyText {
  return typeof key === 'object' ? JSON.stringify(key) : key;
}

function keyOfText<K extends StoreKey>(text: KeyText): K {
  return (typeof text === 'string' && text.startsWith('[') ? JSON.parse(text) : text) as K;
}

export class PlainTable<K extends StoreKey = StoreKey, V = unknown> implements Table<K, V> {
  private readonly rows = new Map<KeyText, V>();

  constructor(
    readonly name: string,
    readonly codec: TableCodec<V> = rowCodec as TableCodec<V>,
  ) {}

  get(key: K): V | undefined {
    return this.rows.get(keyTextOf(key));
  }

  edit(key: K): V | undefined {
    return this.rows.get(keyTextOf(key));
  }

  put(key: K, value: V): void {
    this.rows.set(keyTextOf(key), value);
  }

  delete(key: K): void {
    this.rows.delete(keyTextOf(key));
  }

  page(after: K | undefined, rowsMax: number): { key: K; value: V }[] {
    const rows = [...this.rows].map(([text, value]) => ({ key: keyOfText<K>(text), value }));
    const behind = rows.filter(({ key }) => after === undefined || compareKeys(key, after) > 0);
    return behind.sort((a, b) => compareKeys(a.key, b.key)).slice(0, rowsMax);
  }

  entries(): Iterable<[key: KeyText, value: V]> {
    return this.rows;
  }
}

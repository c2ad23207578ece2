/** A table of the oracle: a plain map of rows, which can be held against what a stage has stored. */
import { rowCodec, type StoreKey, type Table, type TableCodec } from '@attrium/processor';

type KeyText = string | number;

/** One text or number for a key, the same for equal keys. */
export function keyTextOf(key: StoreKey): KeyText {
  return typeof key === 'object' ? JSON.stringify(key) : key;
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

  entries(): Iterable<[key: KeyText, value: V]> {
    return this.rows;
  }
}

/** A table of one partition: a bounded cache of objects over the state store, with the rows that changed since the last checkpoint. */
import type { PartitionStore, RowChange, StoreKey } from './ports.js';
import type { Table, TableCodec } from './stage.js';

type MapKey = number | string;

/** Arrays are compared by content, and never equal a string that a caller uses as a key. */
function mapKeyOf(key: StoreKey): MapKey {
  return typeof key === 'object' ? `\u0000${JSON.stringify(key)}` : key;
}

export class CachedTable<K extends StoreKey, V> implements Table<K, V> {
  /** Undefined: known to be absent. */
  private readonly rows = new Map<MapKey, V | undefined>();
  private dirty = new Map<MapKey, K>();
  /** Rows of the save that has begun which are not encoded yet: they still are as they were then. */
  private unsaved = new Map<MapKey, K>();
  /** Those that had to be encoded early, because they were about to change. */
  private early: RowChange[] = [];

  constructor(
    readonly name: string,
    private readonly store: PartitionStore,
    private readonly codec: TableCodec<V>,
    private readonly rowsMax: number,
  ) {}

  get(key: K): V | undefined {
    const mapKey = mapKeyOf(key);
    const row = this.rows.get(mapKey);
    if (row !== undefined || this.rows.has(mapKey)) return row;
    const bytes = this.store.get(this.name, key);
    const loaded = bytes === undefined ? undefined : this.codec.decode(bytes);
    this.rows.set(mapKey, loaded);
    return loaded;
  }

  edit(key: K): V | undefined {
    const row = this.get(key);
    if (row !== undefined) this.touch(mapKeyOf(key), key);
    return row;
  }

  put(key: K, value: V): void {
    const mapKey = mapKeyOf(key);
    this.touch(mapKey, key);
    this.rows.set(mapKey, value);
  }

  delete(key: K): void {
    const mapKey = mapKeyOf(key);
    this.touch(mapKey, key);
    this.rows.set(mapKey, undefined);
  }

  /** The row is about to change: a save that has begun gets it as it is now. */
  private touch(mapKey: MapKey, key: K): void {
    if (this.unsaved.size > 0 && this.unsaved.delete(mapKey)) this.early.push(this.changeOf(mapKey, key));
    this.dirty.set(mapKey, key);
  }

  /** Rows that changed since the last checkpoint. */
  get dirtyRows(): number {
    return this.dirty.size;
  }

  /** Begins a save: `encode` gives out all rows that have changed, as they are now, whatever happens to them meanwhile. */
  beginSave(): void {
    this.unsaved = this.dirty;
    this.dirty = new Map();
  }

  /** Encodes at most so many rows; returns how many. Fewer than asked for: there are no more. The rows stay cached until `saved`. */
  encode(rowsMax: number, into: RowChange[]): number {
    if (this.early.length > 0) into.push(...this.early.splice(0));
    let count = 0;
    for (const [mapKey, key] of this.unsaved) {
      if (count === rowsMax) return count;
      into.push(this.changeOf(mapKey, key));
      this.unsaved.delete(mapKey);
      count++;
    }
    return count;
  }

  private changeOf(mapKey: MapKey, key: K): RowChange {
    const row = this.rows.get(mapKey);
    return { table: this.name, key, value: row === undefined ? undefined : this.codec.encode(row) };
  }

  /** The changes taken are in the store: rows may be forgotten again, oldest first. */
  saved(): void {
    if (this.rows.size <= this.rowsMax) return;
    let excess = this.rows.size - Math.floor(this.rowsMax * 0.8);
    for (const mapKey of this.rows.keys()) {
      if (excess-- <= 0) break;
      if (!this.dirty.has(mapKey)) this.rows.delete(mapKey);
    }
  }
}

/** A table of one partition: a bounded cache of objects over the state store, with the rows that changed since the last checkpoint. */
import { KeyFilter } from './key-filter.js';
import type { PartitionStore, RowChange, StoreKey } from './ports.js';
import type { Table, TableCodec } from './stage.js';
import { compareKeys } from './store/store-key.js';

type MapKey = number | string;

/** One row in memory. */
interface Entry<K, V> {
  readonly key: K;
  /** Undefined: known to be absent. */
  value: V | undefined;
  /** The save that has to take it: the number of the next one, of the one under way, or 0 for none. */
  save: number;
}

export interface CachedTableOptions<V> {
  readonly name: string;
  readonly store: PartitionStore;
  readonly codec: TableCodec<V>;
  /** Rows that stay in memory; those that are not saved yet come on top. */
  readonly rowsMax: number;
  /** Keeps a filter of all keys, which spares the store most questions after keys that do not exist. */
  readonly filtersKeys?: boolean;
}

/** Arrays are compared by content, and never equal a string that a caller uses as a key. */
function mapKeyOf(key: StoreKey): MapKey {
  return typeof key === 'object' ? `\u0000${JSON.stringify(key)}` : key;
}

/**
 * Rows that are not used any more are forgotten by generations: what is used moves to the recent ones, and when these are many they become
 * the older ones, whose remainder goes as a whole.
 */
export class CachedTable<K extends StoreKey, V> implements Table<K, V> {
  private recent = new Map<MapKey, Entry<K, V>>();
  private older = new Map<MapKey, Entry<K, V>>();
  private recentMax: number;
  /** Rows that the next save takes, each once. */
  private changed: Entry<K, V>[] = [];
  private nextSave = 1;
  /** Rows of the save under way; those from `encoded` on still are as they were when it began. */
  private saving: Entry<K, V>[] = [];
  private encoded = 0;
  /** Rows of it that had to be encoded early, because they were about to change. */
  private early: RowChange[] = [];
  private readonly filter: KeyFilter | undefined;
  /** The keys that the store held at the start and that the filter has not taken yet. */
  private unfiltered: Iterator<StoreKey> | undefined;

  constructor(private readonly options: CachedTableOptions<V>) {
    this.recentMax = this.generationMax;
    if (options.filtersKeys !== true) return;
    this.filter = new KeyFilter();
    this.unfiltered = options.store.keys(options.name)[Symbol.iterator]();
  }

  private get generationMax(): number {
    return Math.max(1, Math.floor(this.options.rowsMax / 2));
  }

  get(key: K): V | undefined {
    return this.entryOf(key)?.value;
  }

  edit(key: K): V | undefined {
    const entry = this.entryOf(key);
    if (entry?.value !== undefined) this.touch(entry);
    return entry?.value;
  }

  put(key: K, value: V): void {
    this.filter?.add(key);
    this.change(key, value);
  }

  delete(key: K): void {
    this.change(key, undefined);
  }

  page(after: K | undefined, rowsMax: number): { key: K; value: V }[] {
    const { store, name, codec } = this.options;
    const isBehind = (key: StoreKey): boolean => after === undefined || compareKeys(key, after) > 0;
    const unsaved = [...new Set([...this.saving, ...this.changed])].filter(({ key }) => isBehind(key));
    const overlaid = new Set(unsaved.map(({ key }) => mapKeyOf(key)));
    const rows: { key: K; value: V }[] = unsaved.flatMap(({ key, value }) =>
      value === undefined ? [] : [{ key, value }],
    );
    let stored = 0;
    for (const { key, value } of store.range(name, after === undefined ? {} : { from: after })) {
      if (!isBehind(key) || overlaid.has(mapKeyOf(key))) continue;
      rows.push({ key: key as K, value: codec.decode(value) });
      if (++stored === rowsMax) break;
    }
    return rows.sort((a, b) => compareKeys(a.key, b.key)).slice(0, rowsMax);
  }

  expectNone(key: K): void {
    const mapKey = mapKeyOf(key);
    if (this.cached(mapKey) === undefined) this.keep(mapKey, { key, value: undefined, save: 0 });
  }

  private change(key: K, value: V | undefined): void {
    const mapKey = mapKeyOf(key);
    const entry = this.cached(mapKey) ?? this.keep(mapKey, { key, value: undefined, save: 0 });
    this.touch(entry);
    entry.value = value;
  }

  /** Undefined: the filter knows that there is no such row, which costs no memory. */
  private entryOf(key: K): Entry<K, V> | undefined {
    const mapKey = mapKeyOf(key);
    const entry = this.cached(mapKey);
    if (entry !== undefined) return entry;
    if (this.filter !== undefined && this.unfiltered === undefined && !this.filter.mayHold(key)) return undefined;
    return this.keep(mapKey, { key, value: this.load(key), save: 0 });
  }

  private cached(mapKey: MapKey): Entry<K, V> | undefined {
    const recent = this.recent.get(mapKey);
    if (recent !== undefined) return recent;
    const older = this.older.get(mapKey);
    return older === undefined ? undefined : this.keep(mapKey, older);
  }

  private keep(mapKey: MapKey, entry: Entry<K, V>): Entry<K, V> {
    this.recent.set(mapKey, entry);
    return entry;
  }

  private load(key: K): V | undefined {
    const { store, name, codec } = this.options;
    const bytes = store.get(name, key);
    return bytes === undefined ? undefined : codec.decode(bytes);
  }

  /** The row is about to change: a save that has begun gets it as it is now. */
  private touch(entry: Entry<K, V>): void {
    const { nextSave } = this;
    if (entry.save === nextSave) return;
    if (entry.save !== 0) this.early.push(this.changeOf(entry));
    entry.save = nextSave;
    this.changed.push(entry);
  }

  /** Rows that changed since the last checkpoint. */
  get dirtyRows(): number {
    return this.changed.length;
  }

  /** Begins a save: `encode` gives out all rows that have changed, as they are now, whatever happens to them meanwhile. */
  beginSave(): void {
    this.saving = this.changed;
    this.changed = [];
    this.encoded = 0;
    this.nextSave++;
  }

  /** Encodes at most so many rows; returns how many. Fewer than asked for: there are no more. The rows stay cached until `saved`. */
  encode(rowsMax: number, into: RowChange[]): number {
    if (this.early.length > 0) for (const change of this.early.splice(0)) into.push(change);
    const { saving } = this;
    const save = this.nextSave - 1;
    let count = 0;
    while (count < rowsMax && this.encoded < saving.length) {
      const entry = saving[this.encoded++]!;
      // One that has changed again was encoded early.
      if (entry.save !== save) continue;
      into.push(this.changeOf(entry));
      entry.save = 0;
      count++;
    }
    return count;
  }

  private changeOf({ key, value }: Entry<K, V>): RowChange {
    const { name, codec } = this.options;
    return { table: name, key, value: value === undefined ? undefined : codec.encode(value) };
  }

  /** The changes taken are in the store: rows may be forgotten again. */
  saved(): void {
    this.saving = [];
    this.trim();
  }

  /** Forgets rows if there are many. Nobody may hold a row meanwhile. */
  trim(): void {
    if (this.recent.size < this.recentMax) return;
    this.older = this.recent;
    this.recent = new Map();
    for (const entry of this.saving) this.keep(mapKeyOf(entry.key), entry);
    for (const entry of this.changed) this.keep(mapKeyOf(entry.key), entry);
    this.recentMax = Math.max(this.generationMax, 2 * this.recent.size);
  }

  /** Takes so many keys of the store into the filter; true when it has them all. */
  fillFilter(keysMax: number): boolean {
    const { filter, unfiltered } = this;
    if (filter === undefined || unfiltered === undefined) return true;
    for (let count = 0; count < keysMax; count++) {
      const { done, value } = unfiltered.next();
      if (done === true) {
        this.unfiltered = undefined;
        return true;
      }
      filter.add(value);
    }
    return false;
  }
}

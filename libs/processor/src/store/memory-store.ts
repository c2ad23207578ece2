/** A state store in memory: for tests, and for stages whose cache may be rebuilt from the log at each start. */
import type { PartitionStore, PendingCommit, RowChange, StateStore, StoreKey } from '../ports.js';
import { compareKeys, keyText, rowKeyParts } from './store-key.js';

interface Row {
  readonly key: StoreKey;
  readonly value: Uint8Array;
}

class MemoryTable {
  readonly rows = new Map<string, Row>();
  private sorted: Row[] | undefined;

  change(key: StoreKey, value: Uint8Array | undefined): void {
    const text = keyText(key);
    this.sorted = undefined;
    if (value === undefined) this.rows.delete(text);
    else this.rows.set(text, { key: typeof key === 'object' ? [...key] : key, value: value.slice() });
  }

  inOrder(): readonly Row[] {
    this.sorted ??= [...this.rows.values()].sort((a, b) => compareKeys(a.key, b.key));
    return this.sorted;
  }
}

/** For stores that take a commit in one go: collects it. */
export function collectedCommit(store: Pick<PartitionStore, 'commit'>): PendingCommit {
  const collected: RowChange[] = [];
  return {
    add: (changes) => {
      for (const change of changes) collected.push({ ...change, value: change.value?.slice() });
    },
    commit: (checkpoint) => store.commit(collected, checkpoint),
  };
}

class MemoryPartition implements PartitionStore {
  private readonly tables = new Map<string, MemoryTable>();
  private saved: Uint8Array | undefined;

  checkpoint(): Uint8Array | undefined {
    return this.saved;
  }

  get(table: string, key: StoreKey): Uint8Array | undefined {
    return this.tables.get(table)?.rows.get(keyText(key))?.value;
  }

  *range(table: string, options: { from?: StoreKey; to?: StoreKey; limit?: number }): Iterable<Row> {
    let left = options.limit ?? Number.POSITIVE_INFINITY;
    for (const row of this.tables.get(table)?.inOrder() ?? []) {
      if (left <= 0) return;
      if (options.from !== undefined && compareKeys(row.key, options.from) < 0) continue;
      if (options.to !== undefined && compareKeys(row.key, options.to) >= 0) return;
      left--;
      yield row;
    }
  }

  *keys(table: string): Iterable<StoreKey> {
    for (const { key } of this.tables.get(table)?.rows.values() ?? []) yield key;
  }

  begin(): PendingCommit {
    return collectedCommit(this);
  }

  async commit(changes: readonly RowChange[], checkpoint: Uint8Array): Promise<void> {
    for (const change of changes) rowKeyParts(change.key);
    for (const { table, key, value } of changes) {
      let rows = this.tables.get(table);
      if (rows === undefined) {
        rows = new MemoryTable();
        this.tables.set(table, rows);
      }
      rows.change(key, value);
    }
    this.saved = checkpoint.slice();
  }

  async clear(): Promise<void> {
    this.tables.clear();
    this.saved = undefined;
  }
}

/** Keeps rows as long as the object lives, also over `close`. */
export class MemoryStore implements StateStore {
  private readonly partitions = new Map<number, MemoryPartition>();

  partition(partition: number): PartitionStore {
    let store = this.partitions.get(partition);
    if (store === undefined) {
      store = new MemoryPartition();
      this.partitions.set(partition, store);
    }
    return store;
  }

  async close(): Promise<void> {}
}

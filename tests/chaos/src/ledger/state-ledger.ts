/** Whether what the stages have stored is, row by row, what the fault-free fold of their logs from the first message on holds. */
import { openLmdbStore, type PartitionStore, rowCodec, type StateStore, type TableCodec } from '@attrium/processor';
import { canonicalJson } from '@attrium/testing/simulation';
import type { LineOracle } from '../oracle/line-oracle.js';
import { keyTextOf } from '../oracle/plain-table.js';
import type { Tally } from '../tally.js';

/** Where the processor keeps the due time of each timer. */
const TIMERS = 'timer-due';

/** Compares all rows and timers; the stages are down. `directoryOf`: the folder of a stage's store. Answers the number of rows. */
export async function compareStores(
  oracle: LineOracle,
  directoryOf: (stage: string) => string,
  tally: Tally,
): Promise<number> {
  const stores = new Map<string, StateStore>();
  let rows = 0;
  for (const { stage, partition, fold } of oracle.partitions()) {
    let store = stores.get(stage);
    if (store === undefined) {
      store = openLmdbStore({ directory: directoryOf(stage) });
      stores.set(stage, store);
    }
    const stored = store.partition(partition);
    const where = `${stage} ${partition}`;
    for (const { name, codec, entries } of [
      ...fold.tables.map((table) => ({ name: table.name, codec: table.codec, entries: [...table.entries()] })),
      { name: TIMERS, codec: rowCodec, entries: [...fold.timers.entries()] },
    ]) {
      rows += compareTable(stored, { name, codec, expected: new Map(entries), where }, tally);
    }
  }
  for (const store of stores.values()) await store.close();
  return rows;
}

interface ComparedTable {
  readonly name: string;
  readonly codec: TableCodec<unknown>;
  readonly expected: ReadonlyMap<string | number, unknown>;
  readonly where: string;
}

function compareTable(stored: PartitionStore, { name, codec, expected, where }: ComparedTable, tally: Tally): number {
  const missing = new Map(expected);
  for (const { key, value } of stored.range(name, {})) {
    const text = keyTextOf(key);
    const row = missing.get(text);
    if (!missing.delete(text)) {
      tally.doubled(1, `${where} has stored row ${text} of ${name}, which its log does not give`);
      continue;
    }
    const wanted = codec.encode(row);
    if (Buffer.from(wanted).equals(value)) continue;
    const [left, right] = [wanted.slice(), value].map((bytes) => canonicalJson(codec.decode(bytes)));
    if (left !== right) tally.lost(1, `${where} has stored row ${text} of ${name} in another way`, left, right);
  }
  const [first] = missing.keys();
  if (first !== undefined) tally.lost(missing.size, `${where} has not stored row ${first} of ${name}`);
  return expected.size;
}

import { describe, expect, it } from '@jest/globals';
import { PartitionState } from './partition-state.js';
import type { StageBinding, Table } from './stage.js';
import { MemoryStore } from './store/memory-store.js';

interface Row {
  count: number;
}

const binding = { stateVersion: 1 } as StageBinding;

function open(store: MemoryStore): { state: PartitionState; rows: Table<number, Row> } {
  const options = { binding, store: store.partition(0), partition: 0, partitions: 1, shards: 1, cacheRowsMax: 100 };
  const state = new PartitionState(options);
  return { state, rows: state.environment.table<number, Row>('rows') };
}

/** Rows 0 to 9 with their number as count, each with a timer at 100 + its number; a save of them has begun. */
function begun(): { store: MemoryStore; state: PartitionState; rows: Table<number, Row> } {
  const store = new MemoryStore();
  const { state, rows } = open(store);
  for (let key = 0; key < 10; key++) {
    rows.put(key, { count: key });
    state.timers.set(key, 100 + key);
  }
  state.now = 50;
  state.beginSave({});
  return { store, state, rows };
}

async function finish(state: PartitionState): Promise<void> {
  while (!state.encode(2));
  await state.commit().saved;
}

describe('the save of a partition', () => {
  it('holds the state of the moment at which it began, whatever changes while it is encoded', async () => {
    const { store, state, rows } = begun();
    expect(state.encode(3)).toBe(false);
    for (let key = 0; key < 10; key += 2) rows.edit(key)!.count += 1_000;
    rows.put(5, { count: -1 });
    rows.delete(7);
    rows.put(11, { count: 11 });
    for (let key = 0; key < 10; key++) state.timers.set(key, key % 3 === 0 ? undefined : 500 + key);
    state.now = 99;
    await finish(state);

    const saved = open(store);
    saved.state.load();
    expect(saved.state.now).toBe(50);
    for (let key = 0; key < 10; key++) expect(saved.rows.get(key)).toEqual({ count: key });
    expect(saved.rows.get(11)).toBeUndefined();
    for (let key = 0; key < 10; key++) expect(saved.state.timers.dueOf(key)).toBe(100 + key);
    expect(saved.state.timers.earliest(1_000)).toEqual({ dueAt: 100, ordinal: 0 });
  });

  it('leaves what changed meanwhile to the next one', async () => {
    const { store, state, rows } = begun();
    state.encode(3);
    rows.edit(9)!.count = 1_009;
    rows.delete(0);
    state.timers.set(0, undefined);
    state.timers.set(9, 900);
    await finish(state);
    expect(state.dirtyRows).toBe(4);
    state.beginSave({});
    await finish(state);

    const saved = open(store);
    saved.state.load();
    expect(saved.rows.get(9)).toEqual({ count: 1_009 });
    expect(saved.rows.get(0)).toBeUndefined();
    expect(saved.state.timers.dueOf(9)).toBe(900);
    expect(saved.state.timers.earliest(1_000)).toEqual({ dueAt: 101, ordinal: 1 });
    expect(state.dirtyRows).toBe(0);
  });
});

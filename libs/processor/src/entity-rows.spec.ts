import { type Entity, partitionOf, type StateTransferred } from '@attrium/event';
import { describe, expect, it } from '@jest/globals';
import { EntityRows, type LiveRow, type PointerRow } from './entity-rows.js';
import { PartitionState } from './partition-state.js';
import { rowCodec } from './row-codec.js';
import type { Context, StageBinding, TableCodec } from './stage.js';
import { MemoryStore } from './store/memory-store.js';

interface CountRow extends LiveRow {
  count: number;
}

const codec = rowCodec as TableCodec<CountRow | PointerRow>;
const context = {} as Context;

function entityOf(ordinal: number): Entity {
  return { workspace: 'shop', kind: 'profile', id: `p${ordinal}`, ordinal };
}

function open(store: MemoryStore): { state: PartitionState; rows: EntityRows<CountRow> } {
  const state = new PartitionState({
    binding: { stateVersion: 1 } as StageBinding,
    store: store.partition(0),
    partition: 0,
    partitions: 1,
    shards: 1,
    cacheRowsMax: 2,
  });
  const rows = new EntityRows<CountRow>(state.environment, {
    stage: 'segment',
    codec,
    stateVersion: 1,
    isFirst: false,
    passesMergesOn: false,
    create: (entity) => ({ kind: 'entity', entity, merges: undefined, count: 0 }),
    published: () => [],
    fold: (row, loser) => {
      row.count += loser.count;
    },
    settled: () => {},
    observe: () => {},
  });
  while (!state.fillFilters(100));
  return { state, rows };
}

function transferTo(to: Entity): StateTransferred {
  const loser: CountRow = { kind: 'entity', entity: entityOf(99), merges: undefined, count: 5 };
  return {
    kind: 'state-transferred',
    id: 's0-1-0-0',
    stage: 'segment',
    mergeId: 'm:p99:1',
    from: loser.entity,
    to,
    state: codec.encode(loser),
    stateVersion: 1,
    published: [],
  };
}

async function saveAndForget(state: PartitionState, rows: EntityRows<CountRow>): Promise<void> {
  state.beginSave({});
  while (!state.encode(10));
  await state.commit().saved;
  for (let ordinal = 1_000; ordinal < 1_010; ordinal++) {
    rows.get(ordinal);
    state.trim();
  }
}

describe('the rows of a keyed stage', () => {
  it('finds a row that a transfer made before the entity was said to be new, also after a restart', async () => {
    expect(partitionOf('p7', 1)).toBe(0);
    for (const restarts of [false, true]) {
      const store = new MemoryStore();
      let { state, rows } = open(store);
      rows.transfer(transferTo(entityOf(7)), context);
      const before = rows.get(7);
      expect(before).toMatchObject({ kind: 'entity' });
      await saveAndForget(state, rows);
      if (restarts) ({ state, rows } = open(store));
      rows.created(entityOf(7));
      expect(rows.get(7)).toEqual(before);
      expect(state.dirtyRows).toBe(1);
    }
  });

  it('takes the word of the log that an entity is new', async () => {
    const { state, rows } = open(new MemoryStore());
    rows.created(entityOf(7));
    expect(rows.get(7)).toBeUndefined();
    rows.of(entityOf(7))!.count = 3;
    await saveAndForget(state, rows);
    expect(rows.get(7)).toMatchObject({ count: 3 });
  });
});

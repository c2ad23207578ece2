import {
  type Entity,
  type LogRecord,
  type ProfileErased,
  type ProfilesMerged,
  type StateTransferred,
} from '@attrium/event';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type EntityOccurrence, EntityRows, type LiveRow, type PointerRow } from './entity-rows.js';
import { isErasureQuestion } from './erased-entities.js';
import { PartitionState } from './partition-state.js';
import { rowCodec } from './row-codec.js';
import type { Context, StageBinding, TableCodec } from './stage.js';
import { MemoryStore } from './store/memory-store.js';

interface CountRow extends LiveRow {
  count: number;
}

const codec = rowCodec as TableCodec<CountRow | PointerRow>;
const entityOf = (ordinal: number): Entity => ({ workspace: 'shop', kind: 'profile', id: `p${ordinal}`, ordinal });
const [survivor, loser] = [entityOf(1), entityOf(2)] as [Entity, Entity];
const merged: ProfilesMerged = {
  ...{ kind: 'profiles-merged', id: 'i0-1-0-0', mergeId: 'm', survivor, loser, identifiers: [] },
  ...{ cause: 'e', occurredAt: 5 },
};
const erased: ProfileErased = {
  ...{ kind: 'profile-erased', id: 'i0-2-0-0', entity: survivor, former: [loser], requestId: 'r', erasedAt: 9 },
};
const transfer: StateTransferred = {
  ...{ kind: 'state-transferred', id: 's0-1-0-0', stage: 'segment', mergeId: 'm', from: loser, to: survivor },
  state: codec.encode({ kind: 'entity', entity: loser, merges: undefined, count: 5 }),
  ...{ stateVersion: 1, published: [] },
};

/** One partition that has the survivor, and the loser too if `whole`. */
function open(store = new MemoryStore()) {
  const state = new PartitionState({
    binding: { stateVersion: 1 } as StageBinding,
    store: store.partition(0),
    ...{ partition: 0, partitions: 1, shards: 1, cacheRowsMax: 2 },
  });
  const seen: EntityOccurrence['kind'][] = [];
  const said: string[] = [];
  const timers: (number | undefined)[] = [];
  const context = {
    emit: ({ kind }: LogRecord) => said.push(kind),
    relay: ({ kind }: LogRecord) => said.push(`relayed ${kind}`),
    setTimer: (ordinal: number, dueAt: number | undefined) => timers.push(dueAt === undefined ? ordinal : undefined),
  } as unknown as Context;
  const rows = new EntityRows<CountRow>(state.environment, {
    ...{ stage: 'segment', codec, stateVersion: 1, isFirst: true, passesMergesOn: true },
    create: (entity) => ({ kind: 'entity', entity, merges: undefined, count: 0 }),
    published: () => [],
    fold: (row, other) => {
      row.count += other.count;
    },
    settled: (_row, released) => void (released !== undefined && said.push('evaluated')),
    observe: ({ kind }) => seen.push(kind),
  });
  while (!state.fillFilters(100));
  return { store, state, rows, context, seen, said, timers };
}

async function saved({ state }: ReturnType<typeof open>): Promise<void> {
  state.beginSave({});
  while (!state.encode(10));
  await state.commit().saved;
}

describe('an erased entity', () => {
  it('leaves no row, no timer and no word but that it is erased', () => {
    const { rows, context, said, timers, seen } = open();
    rows.of(survivor)!.count = 3;
    rows.erase(erased, context);
    expect(rows.get(1)).toBeUndefined();
    expect(rows.of(survivor)).toBeUndefined();
    expect(rows.edit(1)).toBeUndefined();
    expect(said).toEqual(['profile-erased']);
    expect(timers).toEqual([1]);
    expect(seen).toEqual(['entity-erased', 'record-of-erased']);
    expect(rows.answerErasure({ kind: 'erasure', ordinals: [1, 2] })).toEqual({ erased: true });
    expect(rows.answerErasure({ kind: 'erasure', ordinals: [1, 3] })).toEqual({ erased: false });
  });

  it('is not brought back by a transfer that comes after it, also after a restart', async () => {
    let partition = open();
    partition.rows.merge(merged, partition.context);
    partition.rows.erase(erased, partition.context);
    await saved(partition);
    partition = open(partition.store);
    partition.rows.transfer(transfer, partition.context);
    expect(partition.seen).toEqual(['record-of-erased']);
    expect(partition.said).toEqual([]);
    expect(partition.rows.get(1)).toBeUndefined();
    expect(partition.rows.of(loser)).toBeUndefined();
  });

  it('is erased though a transfer had made its row before the log said that it is new', () => {
    const { rows, context } = open();
    rows.transfer(transfer, context);
    expect(rows.get(1)).toMatchObject({ kind: 'entity' });
    rows.created(survivor);
    rows.erase(erased, context);
    rows.created(entityOf(3));
    expect(rows.get(1)).toBeUndefined();
  });

  it('ends the same wherever the transfer of its merge and a repetition of it fall', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray(['t', 't', 't'] as const), fc.nat({ max: 3 }), fc.nat({ max: 3 }), (ts, a, b) => {
        const { rows, context, said } = open();
        // In one partition these two are in order; transfers take another way.
        const steps: (() => void)[] = [() => rows.merge(merged, context), () => rows.erase(erased, context)];
        for (const [index] of ts.entries()) {
          steps.splice((index === 0 ? a : b) % (steps.length + 1), 0, () => rows.transfer(transfer, context));
        }
        for (const step of steps) step();
        expect([rows.get(1), rows.get(2)]).toEqual([undefined, undefined]);
        expect(said.indexOf('evaluated')).toBeLessThan(said.indexOf('profile-erased'));
        expect(rows.answerErasure({ kind: 'erasure', ordinals: [1, 2] })).toEqual({ erased: true });
      }),
    );
  });

  it('is asked for by a question of this shape only', () => {
    expect(isErasureQuestion({ kind: 'erasure', ordinals: [1] })).toBe(true);
    for (const other of [
      undefined,
      null,
      { kind: 'erasure' },
      { kind: 'erasure', ordinals: ['1'] },
      { kind: 'x', ordinals: [] },
    ]) {
      expect(isErasureQuestion(other)).toBe(false);
    }
  });
});

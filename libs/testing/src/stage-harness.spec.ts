import type { Entity, LogRecord, MergeCompleted } from '@attrium/event';
import type { Context, StageBinding, Table } from '@attrium/processor';
import { describe, expect, it } from '@jest/globals';
import { canonicalJson } from './canonical-json.js';
import { stageHarness } from './stage-harness.js';

interface Row {
  seen: Set<string>;
  total: bigint;
}

/** Counts the records of an entity and says so 1 s after each, at most three times. */
function countingStage(fault?: 'changes-through-get' | 'loops'): StageBinding {
  return {
    name: 'segment',
    input: 'attributes',
    output: 'memberships',
    logicVersion: 1,
    stateVersion: 1,
    open: (environment) => {
      const rows: Table<number, Row> = environment.table('rows');
      const say = (ordinal: number, context: Context): void => {
        context.emit({ kind: 'merge-completed', entity: entity(ordinal), mergeIds: [`${rows.get(ordinal)?.total}`] });
      };
      return {
        timersBefore: (record) => (record.kind === 'merge-completed' ? record.entity.ordinal : undefined),
        decide: (record, context) => {
          if (record.kind !== 'merge-completed') return;
          const { ordinal } = record.entity;
          if (rows.get(ordinal) === undefined) rows.put(ordinal, { seen: new Set(), total: 0n });
          const row = fault === 'changes-through-get' ? rows.get(ordinal)! : rows.edit(ordinal)!;
          row.seen.add(record.id);
          row.total++;
          context.setTimer(ordinal, context.now + 1_000);
          if (row.total === 3n) context.relay({ kind: 'tick', dueAt: 1 }, 2);
        },
        expire: (ordinal, dueAt, context) => {
          say(ordinal, context);
          if (fault === 'loops') context.setTimer(ordinal, dueAt);
        },
        answer: (question) => rows.get(question as number)?.total,
      };
    },
  };
}

function entity(ordinal: number): Entity {
  return { workspace: 'shop', kind: 'profile', id: `p${ordinal}`, ordinal };
}

function record(ordinal: number, id = `r${ordinal}`): LogRecord {
  return { kind: 'merge-completed', id, entity: entity(ordinal), mergeIds: [] };
}

const saidFor = (fact: LogRecord): number => (fact as MergeCompleted).entity.ordinal;

describe('stage harness', () => {
  it('fires the timer of an entity before the record that touches it, and only that one', () => {
    const stage = stageHarness(countingStage());
    stage.read(record(1), 0);
    stage.read(record(2), 0);
    const emitted = stage.read(record(2, 'late'), 5_000);
    expect(emitted.map(({ fact }) => saidFor(fact))).toEqual([2]);
    expect(emitted[0]!.fact.id).toBe('t0-3-0-0');
    expect(stage.timerOf(1)).toBe(1_000);
    expect(stage.answer(2)).toBe(2n);
  });

  it('fires due timers in the order of due time and ordinal when time passes', () => {
    const stage = stageHarness(countingStage(), { partition: 3 });
    for (const [ordinal, at] of [
      [9, 0],
      [2, 500],
      [1, 500],
      [4, 5_000],
    ] as const)
      stage.read(record(ordinal), at);
    expect(stage.tick(1_500).map(({ fact }) => saidFor(fact))).toEqual([9, 1, 2]);
    expect(stage.tick(1_500)).toEqual([]);
  });

  it('never lets now fall', () => {
    const stage = stageHarness(countingStage());
    stage.read(record(1), 10_000);
    stage.read(record(2), 4_000);
    expect(stage.timerOf(2)).toBe(11_000);
  });

  it('shows what is relayed to another partition', () => {
    const stage = stageHarness(countingStage());
    const emitted = ['a', 'b', 'c'].flatMap((id) => stage.read(record(1, id), 0));
    expect(emitted).toEqual([{ fact: { kind: 'tick', dueAt: 1, id: 't0-3-0-0' }, relayTo: 2 }]);
  });

  it('a restart through the codecs changes neither state nor what follows', () => {
    const [kept, restarted] = [stageHarness(countingStage()), stageHarness(countingStage())];
    for (const stage of [kept, restarted]) for (const id of ['a', 'b']) stage.read(record(1, id), 0);
    restarted.restart();
    expect(restarted.dump()).toBe(kept.dump());
    expect(restarted.read(record(1, 'c'), 9_000)).toEqual(kept.read(record(1, 'c'), 9_000));
  });

  it('reports a row that was changed through get', () => {
    const stage = stageHarness(countingStage('changes-through-get'));
    stage.read(record(1, 'a'), 0);
    expect(() => stage.read(record(1, 'b'), 0)).toThrow('use edit');
  });

  it('reports a timer that is always due', () => {
    const stage = stageHarness(countingStage('loops'));
    stage.read(record(1), 0);
    expect(() => stage.tick(5_000)).toThrow('already due');
  });
});

describe('canonical JSON', () => {
  it('is equal for equal states, whatever the order in which maps, sets and fields were filled', () => {
    expect(
      canonicalJson({
        b: new Map([
          ['y', 1n],
          ['x', 2n],
        ]),
        a: new Set([3, 1]),
      }),
    ).toBe(
      canonicalJson({
        a: new Set([1, 3]),
        b: new Map([
          ['x', 2n],
          ['y', 1n],
        ]),
        c: undefined,
      }),
    );
    expect(canonicalJson([1, 2])).not.toBe(canonicalJson([2, 1]));
    expect(canonicalJson({ a: 1n })).not.toBe(canonicalJson({ a: 1 }));
  });
});

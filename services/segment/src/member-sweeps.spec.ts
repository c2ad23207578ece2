import {
  type AttributesChanged,
  type Entity,
  type LogRecord,
  type MemberFound,
  type ProfilesMerged,
  partitionOf,
} from '@attrium/event';
import { type Emitted, type StageHarness, stageHarness } from '@attrium/testing';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Sweep } from './domain/sweep.js';
import { segmentBinding } from './stage.js';

const ATTRIBUTES = [
  { name: 'spend', kind: 'user', type: 'number', from: [{ trait: 'spend' }] },
  { name: 'city', kind: 'user', type: 'string', from: [{ trait: 'city' }] },
];
const RICH = { name: 'rich', of: 'user', where: { attribute: 'spend', gt: 100 } };
const LOCAL = { name: 'local', of: 'user', where: { attribute: 'city', exists: true } };
const trigger = (over: object = {}) => ({
  name: 't',
  when: { segment: 'rich', in: true },
  if: { segment: 'local' },
  payload: ['spend'],
  frequency: 'every',
  deliver: [{ stream: true }],
  ...over,
});
const SEGMENTS = [RICH, LOCAL];

let ids = 0;
const activate = (revision: number, triggers: unknown[], segments: unknown[] = SEGMENTS): LogRecord => ({
  kind: 'catalogue-activated',
  id: `c${revision}`,
  workspace: 'shop',
  revision,
  author: 'a',
  activatedAt: 1,
  catalogue: new TextEncoder().encode(JSON.stringify({ attributes: ATTRIBUTES, segments, triggers })),
});
function entityIn(partition: number, partitions: number, ordinal: number): Entity {
  for (let attempt = 0; ; attempt++) {
    const id = `p${ordinal}-${attempt}`;
    if (partitionOf(id, partitions) === partition) return { workspace: 'shop', kind: 'profile', id, ordinal };
  }
}
const profile = (ordinal: number): Entity => entityIn(0, 1, ordinal);
const created = (entity: Entity): LogRecord => ({
  ...{ kind: 'profile-created', id: `n${++ids}`, entity, cause: 'e', occurredAt: 1 },
});
function changed(entity: Entity, after: Record<string, number | string | undefined>, at: number): AttributesChanged {
  const head = { kind: 'attributes-changed', id: `a${++ids}`, entity, reason: 'event', cause: `e${ids}` } as const;
  const changes = Object.entries(after).map(([name, value]) => ({ name, after: value }));
  return { ...head, effectiveAt: at, recordedAt: at, revision: 1, changes };
}
function open(): StageHarness {
  const harness = stageHarness(segmentBinding, { partitions: 1 });
  harness.read(activate(1, []), 1);
  return harness;
}
const found = (emitted: readonly Emitted[]): MemberFound[] =>
  emitted.flatMap(({ fact }) => (fact.kind === 'member-found' ? [fact] : []));
const whom = (emitted: readonly Emitted[]): number[] => found(emitted).map(({ entity }) => entity.ordinal);
const progress = (harness: StageHarness): Sweep[] =>
  (harness.answer({ kind: 'sweeps', workspace: 'shop' }) as { sweeps: Sweep[] }).sweeps;
/** All that the sweeps say until they are over. */
function sweepAll(harness: StageHarness, from = 1_000): Emitted[] {
  const emitted: Emitted[] = [];
  for (let at = from; progress(harness).some(({ finishedAt }) => finishedAt === undefined); at += 50) {
    emitted.push(...harness.tick(at));
    if (at > from + 1_000_000) throw new Error('a sweep without an end');
  }
  return emitted;
}

describe('a trigger for those who are in a segment already', () => {
  it('is told of each member with what it needs, once', () => {
    const harness = open();
    harness.read(changed(profile(1), { spend: 150, city: 'Bern' }, 10), 10);
    harness.read(changed(profile(2), { spend: 50 }, 10), 10);
    harness.read(changed(profile(3), { spend: 101 }, 11), 12);
    harness.read(activate(2, [trigger()]), 500);
    const emitted = sweepAll(harness);
    expect(found(emitted)).toEqual([
      expect.objectContaining({
        ...{ entity: profile(1), definition: 't', member: { segment: 'rich', at: 10 } },
        ...{ activatedAt: 500, activatedBy: 2, revision: 2 },
        ...{ values: [{ name: 'spend', value: 150 }], memberships: ['local'] },
      }),
      expect.objectContaining({ entity: profile(3), member: { segment: 'rich', at: 11 }, memberships: [] }),
    ]);
    expect(progress(harness)).toMatchObject([{ trigger: 't', rows: 3, told: 2, activatedBy: 2, activatedAt: 500 }]);
    harness.read(activate(3, [trigger({ payload: [] })]), 9_000);
    expect(harness.timerOf(Number.MAX_SAFE_INTEGER)).toBeUndefined();
    expect(found(harness.read(changed(profile(2), { spend: 999 }, 9_500), 9_500))).toEqual([]);
  });

  it('asks whoever a record touches before its turn by what was true until then', () => {
    const harness = open();
    for (const ordinal of [1, 2, 3]) harness.read(changed(profile(ordinal), { spend: ordinal * 60 }, 10), 10);
    harness.read(activate(2, [trigger()]), 500);
    // 2 leaves, 1 enters.
    const leaving = harness.read(changed(profile(2), { spend: 1 }, 510), 510);
    expect(leaving.map(({ fact }) => fact.kind)).toEqual(['member-found', 'segment-changed']);
    expect(found(leaving)[0]).toMatchObject({ values: [{ name: 'spend', value: 120 }] });
    expect(whom(harness.read(changed(profile(1), { spend: 500 }, 520), 520))).toEqual([]);
    harness.restart();
    expect(whom(sweepAll(harness))).toEqual([3]);
  });

  it('does not ask who came later', () => {
    const harness = open();
    harness.read(created(profile(5)), 5);
    harness.read(activate(2, [trigger()]), 500);
    for (const ordinal of [1, 9]) {
      harness.read(created(profile(ordinal)), 505);
      harness.read(changed(profile(ordinal), { spend: 500 }, 510), 510);
    }
    expect(whom(sweepAll(harness))).toEqual([]);
    expect(progress(harness)).toMatchObject([{ rows: 1, told: 0 }]);
  });

  it('goes on at the pace that it names, one step a reading at most, however late the reading is', () => {
    const harness = open();
    for (let ordinal = 1; ordinal <= 20; ordinal++) harness.read(changed(profile(ordinal), { spend: 500 }, 10), 10);
    harness.read(activate(2, [trigger({ when: { segment: 'rich', in: { per_second: 20 } } })]), 500);
    expect(whom(harness.tick(549))).toEqual([]);
    expect(whom(harness.tick(550))).toEqual([1]);
    expect(whom(harness.tick(599))).toEqual([]);
    expect(whom(harness.tick(60_000))).toEqual([2]);
    expect(sweepAll(harness, 60_050)).toHaveLength(18);
    expect(progress(harness)[0]!.finishedAt).toBeLessThanOrEqual(61_000);
  });

  it('goes through any number of rows', () => {
    const harness = open();
    for (let ordinal = 1; ordinal <= 1_201; ordinal++) {
      harness.read(changed(profile(ordinal), { spend: ordinal % 100 === 1 ? 500 : 1 }, 10), 10);
    }
    harness.read(activate(2, [trigger()]), 500);
    expect(sweepAll(harness)).toHaveLength(13);
    expect(progress(harness)).toMatchObject([{ rows: 1_201, told: 13 }]);
  });

  it('begins when it becomes active, and ends when it is not any more', () => {
    const harness = open();
    harness.read(changed(profile(1), { spend: 500 }, 10), 10);
    harness.read(activate(2, [trigger({ state: 'paused' })]), 500);
    expect(progress(harness)).toEqual([]);
    harness.read(activate(3, [trigger()]), 600);
    harness.read(activate(4, []), 610);
    expect(harness.tick(5_000)).toEqual([]);
    harness.read(activate(5, [trigger()]), 6_000);
    expect(found(sweepAll(harness, 7_000))).toMatchObject([{ activatedBy: 5, activatedAt: 6_000 }]);
    harness.read(activate(6, [trigger({ when: { segment: 'local', in: true } })]), 20_000);
    expect(progress(harness)).toMatchObject([{ segment: 'local', activatedBy: 6 }]);
  });

  it('is told of those who are in a segment that came with it, and nobody is said to have entered that just now', () => {
    const harness = stageHarness(segmentBinding, { partitions: 1 });
    harness.read(activate(1, [], [LOCAL]), 1);
    harness.read(changed(profile(1), { spend: 500 }, 10), 10);
    harness.read(changed(profile(2), { spend: 5 }, 10), 10);
    harness.read(activate(2, [trigger({ when: { segment: 'rich', enters: true, in: true } })]), 500);
    const emitted = sweepAll(harness).map(({ fact }) => fact);
    expect(emitted).toMatchObject([
      { kind: 'segment-changed', reason: 'backfill', effectiveAt: 500, entered: [{ segment: 'rich', at: 500 }] },
      { kind: 'member-found', member: { segment: 'rich', at: 500 } },
    ]);
  });

  it('leaves other workspaces and accounts alone', () => {
    const harness = open();
    const other: Entity = { ...profile(1), workspace: 'other' };
    harness.read(created(other), 5);
    harness.read({ kind: 'account-created', id: 'n', entity: { ...profile(2), kind: 'account' }, ...NAMED }, 5);
    harness.read(activate(2, [trigger()]), 500);
    expect(sweepAll(harness)).toEqual([]);
    expect(progress(harness)).toMatchObject([{ rows: 0 }]);
    expect(harness.answer({ kind: 'sweeps', workspace: 'other' })).toEqual({ sweeps: [] });
  });
});

const NAMED = { groupId: 'g', cause: 'e', occurredAt: 1 };

/** Two partitions; `ann` lives in the first, `bob` and `eve` in the second. */
class TwoPartitions {
  readonly harnesses = [0, 1].map((partition) => stageHarness(segmentBinding, { partition, partitions: 2 }));
  readonly emitted: LogRecord[] = [];
  private readonly under: { record: LogRecord; partition: number }[] = [];

  read(record: LogRecord, at: number, ...partitions: number[]): void {
    for (const partition of partitions) this.take(this.harnesses[partition]!.read(record, at));
  }

  deliver(at: number): void {
    for (const { record, partition } of this.under.splice(0)) this.read(record, at, partition);
  }

  sweep(): void {
    for (const harness of this.harnesses) this.take(sweepAll(harness));
  }

  get told(): string[] {
    return this.emitted.flatMap((fact) => (fact.kind === 'member-found' ? [fact.entity.id] : []));
  }

  private take(emitted: readonly Emitted[]): void {
    for (const { fact, relayTo } of emitted) {
      this.emitted.push(fact);
      if (relayTo !== undefined) this.under.push({ record: fact, partition: relayTo });
    }
  }
}

describe('in a merge', () => {
  const ann = entityIn(0, 2, 1);
  const bob = entityIn(1, 2, 2);
  const eve = entityIn(1, 2, 3);
  const merged = (loser: Entity, survivor: Entity): ProfilesMerged => ({
    ...{ kind: 'profiles-merged', id: `p${++ids}`, mergeId: `m:${loser.id}`, survivor, loser },
    ...{ identifiers: [], cause: 'e', occurredAt: 400 },
  });
  const completed = (entity: Entity, ...losers: Entity[]): LogRecord => ({
    ...{ kind: 'merge-completed', id: `d${++ids}`, entity, mergeIds: losers.map(({ id }) => `m:${id}`) },
  });
  const start = (spends: Record<'ann' | 'bob' | 'eve', number>): TwoPartitions => {
    const line = new TwoPartitions();
    line.read(activate(1, []), 1, 0, 1);
    line.read(changed(ann, { spend: spends.ann }, 10), 10, 0);
    line.read(changed(bob, { spend: spends.bob }, 10), 10, 1);
    line.read(changed(eve, { spend: spends.eve }, 10), 10, 1);
    return line;
  };
  const both = trigger({ when: { segment: 'rich', enters: true, in: true } });

  it('that comes after it, each of the two is told for itself, and who enters by it is not', () => {
    const line = start({ ann: 500, bob: 1, eve: 1 });
    line.read(activate(2, [trigger()]), 500, 0, 1);
    line.read(merged(ann, bob), 510, 0, 1);
    line.deliver(520);
    line.read(changed(bob, { spend: 500 }, 520), 520, 1);
    line.read(completed(bob, ann), 530, 1);
    line.sweep();
    expect(line.told).toEqual([ann.id]);
  });

  it('that is open when it comes, the merged profile is asked when it is closed', () => {
    for (const touched of [true, false]) {
      const line = start({ ann: 500, bob: 1, eve: 1 });
      line.read(merged(ann, bob), 450, 0, 1);
      line.read(activate(2, [trigger()]), 500, 0, 1);
      if (touched) line.read(changed(bob, { city: 'Bern' }, 505), 505, 1);
      else line.sweep();
      expect(line.told).toEqual([]);
      line.deliver(520);
      line.read(changed(bob, { spend: 500 }, 520), 520, 1);
      line.read(completed(bob, ann), 530, 1);
      line.sweep();
      expect(line.told).toEqual([bob.id]);
    }
  });

  it('is told once where its end is an entry that the trigger fires on, too', () => {
    const line = start({ ann: 1, bob: 1, eve: 1 });
    line.read(merged(ann, bob), 450, 0, 1);
    line.read(activate(2, [both, trigger({ name: 'only' })]), 500, 0, 1);
    line.deliver(520);
    line.read(changed(bob, { spend: 500 }, 520), 520, 1);
    line.read(completed(bob, ann), 530, 1);
    line.sweep();
    expect(line.emitted.filter(({ kind }) => kind === 'member-found')).toMatchObject([{ definition: 'only' }]);
    expect(line.emitted).toContainEqual(
      expect.objectContaining({ reason: 'merge', entered: [{ segment: 'rich', at: 400 }] }),
    );
  });

  it.each([
    ['through it only', 1],
    ['itself', 500],
  ])('what a profile was owed goes on with the one that stays, once, where that is a member %s', (_name, spend) => {
    // eve is held when the trigger comes, and is merged away before her merge is closed.
    const line = start({ ann: 500, bob: spend, eve: 1 });
    line.read(merged(ann, eve), 450, 0, 1);
    line.read(activate(2, [trigger()]), 500, 0, 1);
    line.sweep();
    line.read(merged(eve, bob), 600, 1);
    line.deliver(610);
    line.deliver(620);
    line.read(changed(bob, { spend: 500 }, 620), 620, 1);
    line.read(completed(bob, ann, eve), 630, 1);
    expect(line.told).toEqual([bob.id]);
    for (const harness of line.harnesses) {
      const before = harness.dump();
      harness.restart();
      expect(harness.dump()).toBe(before);
    }
  });
});

describe('what is told', () => {
  it('is who was a member when the trigger came, in whatever order turns and records come', () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('change' as const), of: fc.integer({ min: 1, max: 8 }), spend: fc.nat(200) }),
      fc.record({ kind: fc.constant('tick' as const) }),
      fc.record({ kind: fc.constant('restart' as const) }),
    );
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 25 }),
        fc.array(step, { maxLength: 25 }),
        fc.nat(60),
        (before, after, rate) => {
          const harness = open();
          const spends = new Map<number, number>();
          let at = 10;
          const run = (steps: typeof before): Emitted[] =>
            steps.flatMap((each) => {
              at += 40;
              if (each.kind === 'tick') return harness.tick(at);
              if (each.kind === 'change') {
                spends.set(each.of, each.spend);
                return harness.read(changed(profile(each.of), { spend: each.spend }, at), at);
              }
              harness.restart();
              return [];
            });
          run(before);
          const members = [...spends].filter(([, spend]) => spend > 100).map(([ordinal]) => ordinal);
          harness.read(activate(2, [trigger({ when: { segment: 'rich', in: { per_second: rate + 1 } } })]), at);
          const emitted = [...run(after), ...sweepAll(harness, at)];
          expect(whom(emitted).sort()).toEqual(members.sort());
        },
      ),
    );
  });
});

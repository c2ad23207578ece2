import {
  type AttributesChanged,
  type Entity,
  type LogRecord,
  type MergeCompleted,
  type ProfilesMerged,
  partitionOf,
  type SegmentChanged,
  type Value,
} from '@attrium/event';
import { type Emitted, type StageHarness, stageHarness } from '@attrium/testing';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { KEPT_MAX } from './domain/entity.js';
import type { Occurrence } from './occurrence.js';
import { createSegmentBinding } from './stage.js';

const PARTITIONS = 3;

/** An entity that lives in a given partition. */
function entityIn(partition: number, name: string, ordinal: number): Entity {
  let id = name;
  for (let attempt = 0; partitionOf(id, PARTITIONS) !== partition; attempt++) id = `${name}${attempt}`;
  return { workspace: 'shop', kind: 'profile', id, ordinal };
}

const CATALOGUE = {
  attributes: ['email', 'plan', 'tier'].map((name) => ({
    name,
    kind: 'user',
    type: 'string',
    merge: 'most_recent',
    from: [{ trait: name }],
  })),
  segments: [
    { name: 'mailed', of: 'user', where: { attribute: 'email', exists: true } },
    { name: 'gold', of: 'user', where: { attribute: 'tier', equals: 'gold' } },
    { name: 'basic', of: 'user', where: { not: { segment: 'gold' } } },
  ],
  triggers: [
    {
      name: 'plans',
      when: { attribute: 'plan', changes: true },
      frequency: 'every',
      payload: ['plan'],
      deliver: [{ stream: true }],
    },
  ],
};

let ids = 0;
const changed = (
  entity: Entity,
  after: Record<string, Value>,
  at: number,
  over: Partial<AttributesChanged> = {},
): AttributesChanged => ({
  kind: 'attributes-changed',
  id: `a${++ids}`,
  entity,
  effectiveAt: at,
  recordedAt: at,
  reason: 'event',
  cause: `e${ids}`,
  revision: 1,
  changes: Object.entries(after).map(([name, value]) => ({ name, after: value })),
  ...over,
});
const merged = (loser: Entity, survivor: Entity, occurredAt: number): ProfilesMerged => ({
  kind: 'profiles-merged',
  id: `p${++ids}`,
  mergeId: `m:${loser.id}`,
  survivor,
  loser,
  identifiers: [],
  cause: 'e',
  occurredAt,
});
const completed = (entity: Entity, ...losers: Entity[]): MergeCompleted => ({
  kind: 'merge-completed',
  id: `d${++ids}`,
  entity,
  mergeIds: losers.map(({ id }) => `m:${id}`),
});

/** All partitions of the stage, with what each sent to another and that has not arrived yet. */
class Line {
  readonly harnesses: StageHarness[] = [];
  readonly underway: { record: LogRecord; partition: number }[] = [];
  readonly emitted: LogRecord[] = [];
  readonly occurrences: Occurrence[] = [];
  private now = 100;

  constructor() {
    const binding = createSegmentBinding({ observe: (occurrence) => this.occurrences.push(occurrence) });
    const catalogue = new TextEncoder().encode(JSON.stringify(CATALOGUE));
    for (let partition = 0; partition < PARTITIONS; partition++) {
      const harness = stageHarness(binding, { partition, partitions: PARTITIONS });
      harness.read(
        {
          kind: 'catalogue-activated',
          id: 'c',
          workspace: 'shop',
          revision: 1,
          author: 'a',
          activatedAt: 1,
          catalogue,
        },
        1,
      );
      this.harnesses.push(harness);
    }
  }

  /** A record of the stage before, read by every partition that it is for. */
  read(record: LogRecord): Emitted[] {
    const entities =
      record.kind === 'profiles-merged' ? [record.loser, record.survivor] : [(record as MergeCompleted).entity];
    return [...new Set(entities.map(({ id }) => partitionOf(id, PARTITIONS)))].flatMap((each) =>
      this.readIn(each, record),
    );
  }

  readIn(partition: number, record: LogRecord): Emitted[] {
    const emitted = this.harnesses[partition]!.read(record, ++this.now);
    for (const { fact, relayTo } of emitted) {
      if (relayTo === undefined) this.emitted.push(fact);
      else this.underway.push({ record: fact, partition: relayTo });
    }
    return emitted;
  }

  /** What is under way arrives: the one at `index`, which may arrive again later. */
  arrive(index = 0, again = false): Emitted[] {
    const { record, partition } = this.underway[index]!;
    if (!again) this.underway.splice(index, 1);
    return this.readIn(partition, record);
  }

  segmentsOf({ id, ordinal }: Entity) {
    const answer = this.harnesses[partitionOf(id, PARTITIONS)]!.answer({ kind: 'memberships', ordinal });
    return answer as { merging: boolean; segments: Record<string, number>; mergedInto?: Entity };
  }
}

const kinds = (emitted: Emitted[]) => emitted.map(({ fact }) => fact.kind);
const changeIn = (emitted: Emitted[]) =>
  emitted.map(({ fact }) => fact).filter((fact): fact is SegmentChanged => fact.kind === 'segment-changed');

const PLACES = [
  ['in two partitions', 0, 1],
  ['in one partition', 2, 2],
] as const;

describe.each(PLACES)('a merge of two profiles %s', (_name, home, away) => {
  const sue = entityIn(home, 'sue', 1);
  const lou = entityIn(away, 'lou', 2);
  const merge = merged(lou, sue, 50);

  it('hands over the state once, passes the merge on to each partition once, and leaves a pointer', () => {
    const line = new Line();
    line.read(changed(lou, { email: 'l' }, 10));
    const emitted = line.read(merge);
    const passed = emitted.filter(({ fact }) => fact.kind === 'profiles-merged');
    expect(passed).toHaveLength(home === away ? 1 : 2);
    for (const { fact, relayTo } of passed) {
      expect(relayTo).toBeUndefined();
      expect(fact).toMatchObject({ mergeId: merge.mergeId, survivor: sue, loser: lou, occurredAt: 50 });
    }
    expect(line.underway).toEqual([
      { partition: home, record: expect.objectContaining({ stage: 'segment', from: lou, to: sue }) },
    ]);
    expect(line.underway[0]!.record).toMatchObject({ published: ['mailed', 'basic'] });
    expect(line.segmentsOf(lou)).toEqual({ merging: false, segments: {}, mergedInto: sue });
    expect(line.segmentsOf(sue).merging).toBe(true);
  });

  it('is awaited even when the loser has no state', () => {
    const line = new Line();
    line.read(merge);
    line.read(completed(sue, lou));
    expect(line.segmentsOf(sue).merging).toBe(true);
    expect(kinds(line.arrive())).toEqual(['segment-changed', 'merge-completed']);
  });

  it('emits nothing until both its transfer and the completion have come, in either order, then evaluates once', () => {
    for (const transferFirst of [true, false]) {
      const line = new Line();
      line.read(changed(sue, { tier: 'gold' }, 20));
      line.read(changed(lou, { email: 'l' }, 10));
      line.read(merge);
      const steps = [
        () => line.arrive(),
        () => [...line.read(changed(sue, { email: 'l' }, 50, { reason: 'merge' })), ...line.read(completed(sue, lou))],
      ];
      if (!transferFirst) steps.reverse();
      expect(steps[0]!()).toEqual([]);
      expect(line.segmentsOf(sue).merging).toBe(true);
      const emitted = steps[1]!();
      expect(kinds(emitted)).toEqual(['segment-changed', 'merge-completed']);
      expect(changeIn(emitted)[0]).toMatchObject({
        entity: sue,
        reason: 'merge',
        effectiveAt: 50,
        entered: [],
        exited: [{ segment: 'basic', at: 50 }],
        corrected: [{ segment: 'mailed', after: 10 }],
      });
      expect(emitted.at(-1)!.fact).toMatchObject({ entity: sue, mergeIds: [merge.mergeId] });
      expect(line.segmentsOf(sue)).toEqual({ merging: false, segments: { mailed: 10, gold: 20 } });
    }
  });

  it('is not an entry: a member stays one since the earlier time, and only what nobody was in is entered', () => {
    const line = new Line();
    line.read(changed(sue, { email: 's' }, 30));
    line.read(changed(lou, { email: 'l' }, 20));
    line.read(merge);
    line.read(changed(sue, { tier: 'gold' }, 50, { reason: 'merge' }));
    line.read(completed(sue, lou));
    const [change] = changeIn(line.arrive());
    expect(change).toMatchObject({
      entered: [{ segment: 'gold', at: 50 }],
      exited: [{ segment: 'basic', at: 50 }],
      corrected: [{ segment: 'mailed', before: 30, after: 20 }],
    });
  });

  it('keeps back the changes that triggers asked for, of both, and passes them on in order before the completion', () => {
    const line = new Line();
    line.read(merge);
    line.read(changed(sue, { plan: 'a' }, 60));
    line.read(changed(sue, { email: 's' }, 61));
    line.read(changed(sue, { plan: 'b' }, 62, { cause: 'e-b' }));
    line.read(completed(sue, lou));
    line.harnesses[home]!.restart();
    const emitted = line.arrive();
    expect(kinds(emitted)).toEqual(['segment-changed', 'segment-changed', 'segment-changed', 'merge-completed']);
    const [first, second, last] = changeIn(emitted);
    expect(first).toMatchObject({
      effectiveAt: 60,
      reason: 'event',
      changes: [{ name: 'plan', after: 'a' }],
      entered: [],
    });
    expect(second).toMatchObject({ effectiveAt: 62, cause: 'e-b', changes: [{ name: 'plan', after: 'b' }] });
    expect(second!.values).toEqual([{ name: 'plan', value: 'b' }]);
    expect(last).toMatchObject({ reason: 'merge', changes: [] });
  });

  it('gives the survivor the identifiers of the loser', () => {
    const line = new Line();
    const link = (entity: Entity, value: string): LogRecord => ({
      kind: 'identifier-linked',
      id: `i${++ids}`,
      entity,
      identifier: { type: 'email', value },
      cause: 'e',
      occurredAt: 1,
    });
    line.read(link(sue, 's'));
    line.read(link(lou, 'l'));
    line.read({ ...merge, identifiers: [{ type: 'email', value: 'l' }] });
    line.arrive();
    line.read(completed(sue, lou));
    const [change] = changeIn(line.read(changed(sue, { plan: 'a' }, 60)));
    expect(change!.identifiers.map(({ value }) => value)).toEqual(['s', 'l']);
  });

  it('drops a transfer that comes again', () => {
    const line = new Line();
    line.read(changed(lou, { email: 'l' }, 10));
    line.read(merge);
    line.arrive(0, true);
    line.read(changed(sue, { email: 'l' }, 50, { reason: 'merge' }));
    line.read(completed(sue, lou));
    const before = line.harnesses[home]!.dump();
    expect(line.arrive()).toEqual([]);
    expect(line.harnesses[home]!.dump()).toBe(before);
    expect(line.occurrences).toContainEqual({ kind: 'transfer-repeated' });
  });
});

describe('merges', () => {
  const sue = entityIn(0, 'sue', 1);
  const lou = entityIn(1, 'lou', 2);
  const kim = entityIn(2, 'kim', 3);

  it('a transfer may come before its merge', () => {
    const line = new Line();
    line.read(changed(lou, { email: 'l' }, 10));
    const merge = merged(lou, sue, 50);
    line.readIn(1, merge);
    expect(line.arrive()).toEqual([]);
    line.harnesses[0]!.restart();
    expect(kinds(line.readIn(0, merge))).toEqual(['profiles-merged']);
    line.read(changed(sue, { email: 'l' }, 50, { reason: 'merge' }));
    expect(changeIn(line.read(completed(sue, lou)))[0]!.corrected).toContainEqual({ segment: 'mailed', after: 10 });
  });

  it('a transfer follows its entity along a chain of merges', () => {
    const line = new Line();
    line.read(changed(kim, { email: 'k' }, 10));
    line.read(merged(kim, lou, 40));
    line.read(merged(lou, sue, 50));
    expect(line.underway.map(({ partition }) => partition)).toEqual([1, 0]);
    // Kim's state reaches Lou, who is gone, and follows.
    expect(line.arrive()).toMatchObject([{ relayTo: 0, fact: { from: kim, to: sue, mergeId: `m:${kim.id}` } }]);
    expect(line.occurrences).toContainEqual({ kind: 'transfer-forwarded' });
    line.read(changed(sue, { email: 'k' }, 50, { reason: 'merge' }));
    line.read(completed(sue, kim, lou));
    expect(line.arrive(1)).toEqual([]);
    const emitted = line.arrive();
    expect(changeIn(emitted)[0]!.corrected).toContainEqual({ segment: 'mailed', after: 10 });
    expect(emitted.at(-1)!.fact).toMatchObject({ mergeIds: [`m:${kim.id}`, `m:${lou.id}`] });
  });

  it('what a loser kept back while it was held itself is passed on for the survivor', () => {
    const line = new Line();
    line.read(merged(kim, lou, 40));
    line.read(changed(lou, { plan: 'l' }, 45));
    line.read(changed(sue, { plan: 's' }, 46));
    line.emitted.length = 0;
    line.read(merged(lou, sue, 50));
    line.read(completed(sue, kim, lou));
    while (line.underway.length > 0) line.arrive();
    const told = line.emitted
      .filter((fact) => fact.kind === 'segment-changed')
      .filter(({ changes }) => changes.length > 0);
    expect(told).toMatchObject([{ entity: sue, effectiveAt: 45, changes: [{ name: 'plan', after: 'l' }] }]);
  });

  it('a merge that is over leaves nothing for the next one', () => {
    const line = new Line();
    line.read(changed(lou, { email: 'l' }, 10));
    line.read(merged(lou, sue, 50));
    line.arrive();
    line.read(changed(sue, { email: 'l', plan: 'a' }, 50, { reason: 'merge' }));
    line.read(completed(sue, lou));
    const gone = changed(sue, {}, 60, { changes: [{ name: 'email', before: 'l' }] });
    expect(changeIn(line.read(gone))[0]!.exited).toEqual([{ segment: 'mailed', at: 60 }]);
    expect(changeIn(line.read(changed(sue, { email: 'n' }, 70)))[0]!.entered).toEqual([{ segment: 'mailed', at: 70 }]);
    line.read(merged(kim, sue, 80));
    line.arrive();
    // Nothing that Kim's merge has to tell is left: no change and no flip.
    expect(kinds(line.read(completed(sue, kim)))).toEqual(['merge-completed']);
  });

  it('an entity keeps back so many records and not more, and says so', () => {
    const line = new Line();
    line.read(merged(lou, sue, 50));
    for (let index = 0; index <= KEPT_MAX; index++) line.read(changed(sue, { plan: `${index}` }, 60 + index));
    expect(line.occurrences.filter(({ kind }) => kind === 'kept-back-dropped')).toEqual([
      { kind: 'kept-back-dropped', records: 1 },
    ]);
    line.read(completed(sue, lou));
    const passed = changeIn(line.arrive()).flatMap(({ changes }) => changes);
    expect(passed).toHaveLength(KEPT_MAX);
    expect(passed.at(-1)).toMatchObject({ after: `${KEPT_MAX - 1}` });
  });

  it('what is no transfer and comes for a profile that was merged away is ignored, as are transfers of other stages', () => {
    const line = new Line();
    line.read(merged(lou, sue, 50));
    const before = line.harnesses[1]!.dump();
    expect(line.read(changed(lou, { email: 'l' }, 60))).toEqual([]);
    expect(line.read(completed(lou, kim))).toEqual([]);
    expect(
      line.readIn(1, { ...(line.underway[0]!.record as never as object), stage: 'attribute-compute' } as LogRecord),
    ).toEqual([]);
    expect(line.harnesses[1]!.dump()).toBe(before);
    expect(line.occurrences.filter(({ kind }) => kind === 'misaddressed')).toHaveLength(2);
  });

  const TIERS = fc.option(fc.constantFrom('gold', 'silver'), { nil: undefined });
  const person = fc.record({ email: fc.boolean(), tier: TIERS, at: fc.integer({ min: 1, max: 30 }) });

  it('any interleaving of two losers, a chain and restarts ends in the memberships of the final values, since the earliest time', () => {
    const people = [sue, lou, kim];
    fc.assert(
      fc.property(
        fc.tuple(person, person, person),
        fc.record({ email: fc.boolean(), tier: TIERS }),
        fc.boolean(),
        fc.infiniteStream(fc.nat(5)),
        (before, after, chained, choices) => {
          const line = new Line();
          const earliest = new Map<string, number>();
          for (const [index, { email, tier, at }] of before.entries()) {
            const values = { plan: 'p', ...(email ? { email: 'e' } : {}), ...(tier === undefined ? {} : { tier }) };
            line.read(changed(people[index]!, values, at));
            const segments = [...(email ? ['mailed'] : []), tier === 'gold' ? 'gold' : 'basic'];
            for (const segment of segments) earliest.set(segment, Math.min(at, earliest.get(segment) ?? at));
          }
          line.emitted.length = 0;
          // Each partition has the stage before in order; transfers come in between, whenever they like.
          const queues: LogRecord[][] = [[], [], []];
          for (const merge of [merged(kim, chained ? lou : sue, 40), merged(lou, sue, 50)]) {
            for (const { ordinal } of [merge.loser, merge.survivor]) queues[ordinal - 1]!.push(merge);
          }
          const changes = [
            { name: 'plan', after: 'q' },
            { name: 'email', after: after.email ? 'e' : undefined },
            { name: 'tier', after: after.tier },
          ];
          queues[0]!.push(changed(sue, {}, 50, { reason: 'merge', changes }), completed(sue, kim, lou));
          for (const choice of choices) {
            const open = queues.flatMap((queue, partition) => (queue.length > 0 ? [partition] : []));
            if (open.length + line.underway.length === 0) break;
            const pick = choice % (open.length + line.underway.length);
            if (pick < open.length) line.readIn(open[pick]!, queues[open[pick]!]!.shift()!);
            else line.arrive(pick - open.length);
            if (choice === 5) for (const harness of line.harnesses) harness.restart();
          }
          const members = [...(after.email ? ['mailed'] : []), after.tier === 'gold' ? 'gold' : 'basic'];
          expect(line.segmentsOf(sue)).toEqual({
            merging: false,
            segments: Object.fromEntries(members.map((segment) => [segment, earliest.get(segment) ?? 50])),
          });
          const done = line.emitted.filter((fact) => fact.kind === 'merge-completed');
          expect(done.flatMap(({ mergeIds }) => mergeIds).sort()).toEqual([`m:${kim.id}`, `m:${lou.id}`]);
          const told = line.emitted.filter((fact) => fact.kind === 'segment-changed');
          expect(told.flatMap((fact) => fact.changes)).toEqual([{ name: 'plan', after: 'q' }]);
          const entered = told.flatMap((fact) => fact.entered.map(({ segment }) => segment));
          expect(entered.filter((segment) => earliest.has(segment))).toEqual([]);
        },
      ),
      { numRuns: 300 },
    );
  });
});

import {
  type Entity,
  type LogRecord,
  type MergeCompleted,
  type ProfilesMerged,
  partitionOf,
  type SegmentChanged,
  type TriggerFired,
} from '@attrium/event';
import { type Emitted, type StageHarness, stageHarness } from '@attrium/testing';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { KEPT_MAX, keepBack, newEntity } from './domain/entity.js';
import { recordedAtOf } from './domain/told.js';
import type { Occurrence } from './occurrence.js';
import { createJourneyTriggerBinding } from './stage.js';

const PARTITIONS = 3;

/** An entity that lives in a given partition. */
function entityIn(partition: number, name: string, ordinal: number): Entity {
  let id = name;
  for (let attempt = 0; partitionOf(id, PARTITIONS) !== partition; attempt++) id = `${name}${attempt}`;
  return { workspace: 'shop', kind: 'profile', id, ordinal };
}

const trigger = (name: string, frequency: unknown) => ({
  name,
  when: { segment: 'vip', enters: true },
  frequency,
  deliver: [{ stream: true }],
});
const CATALOGUE = {
  attributes: [{ name: 'plan', kind: 'user', type: 'string', merge: 'most_recent', from: [{ trait: 'plan' }] }],
  segments: [{ name: 'vip', of: 'user', where: { attribute: 'plan', exists: true } }],
  triggers: [trigger('each', 'every'), trigger('single', 'once'), trigger('paced', { once_per: '10s' })],
};

let ids = 0;
const enters = (entity: Entity, at: number, over: Partial<SegmentChanged> = {}): SegmentChanged => ({
  kind: 'segment-changed',
  id: `s${++ids}`,
  entity,
  effectiveAt: at,
  recordedAt: at,
  reason: 'event',
  cause: `e${ids}`,
  revision: 1,
  entered: [{ segment: 'vip', at }],
  exited: [],
  corrected: [],
  changes: [],
  values: [],
  memberships: [],
  identifiers: [],
  ...over,
});
const merged = (loser: Entity, survivor: Entity): ProfilesMerged => ({
  kind: 'profiles-merged',
  id: `p${++ids}`,
  mergeId: `m:${loser.id}`,
  survivor,
  loser,
  identifiers: [],
  cause: 'e',
  occurredAt: 50,
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
    const binding = createJourneyTriggerBinding({ observe: (occurrence) => this.occurrences.push(occurrence) });
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

  firingsOf({ id, ordinal }: Entity) {
    const answer = this.harnesses[partitionOf(id, PARTITIONS)]!.answer({ kind: 'firings', ordinal });
    return answer as { merging: boolean; triggers: Record<string, { count: number }>; mergedInto?: Entity };
  }
}

const said = (records: readonly LogRecord[]): string[] =>
  records.map((fact) => {
    if (fact.kind === 'trigger-fired') return `${fact.trigger} fired`;
    if (fact.kind === 'firing-suppressed') return `${fact.trigger} suppressed: ${fact.why}`;
    return fact.kind;
  });
const facts = (emitted: Emitted[]) => emitted.map(({ fact }) => fact);

const PLACES = [
  ['in two partitions', 0, 1],
  ['in one partition', 2, 2],
] as const;

describe.each(PLACES)('a merge of two profiles %s', (_name, home, away) => {
  const sue = entityIn(home, 'sue', 1);
  const lou = entityIn(away, 'lou', 2);

  it('hands over what fired, even nothing, leaves a pointer, and goes no further down the line', () => {
    const line = new Line();
    const emitted = line.read(merged(lou, sue));
    const record = expect.objectContaining({ stage: 'journey-trigger', from: lou, to: sue, published: [] });
    expect(emitted).toEqual([{ relayTo: home, fact: record }]);
    expect(line.firingsOf(lou)).toEqual({ merging: false, triggers: {}, mergedInto: sue });
    expect(line.firingsOf(sue).merging).toBe(true);
    line.arrive();
    expect(line.read(completed(sue, lou))).toEqual([]);
    expect(line.firingsOf(sue).merging).toBe(false);
  });

  it('once stays once, and a period goes on, whichever of the two it fired for', () => {
    for (const [first, suppressed] of [
      [sue, lou],
      [lou, sue],
    ] as const) {
      const line = new Line();
      line.read(enters(first, 1_000));
      if (suppressed === lou) line.read(enters(lou, 4_000));
      line.read(merged(lou, sue));
      line.arrive();
      line.read(completed(sue, lou));
      const last = suppressed === lou ? 4_000 : 1_000;
      const early = enters(sue, last + 9_999);
      expect(said(facts(line.read(early)))).toEqual([
        'each fired',
        'single suppressed: frequency',
        'paced suppressed: frequency',
      ]);
      expect(said(facts(line.read(enters(sue, last + 10_000))))).toContain('paced fired');
    }
  });

  it('nothing fires while the survivor is held; what was kept back is decided in order at the end', () => {
    for (const transferFirst of [true, false]) {
      const line = new Line();
      line.read(merged(lou, sue));
      const values = [{ name: 'plan', value: 'pro' }];
      const changes = [{ name: 'plan', before: undefined, after: 'pro' }];
      expect(line.read(enters(sue, 60, { values, changes }))).toEqual([]);
      expect(transferFirst ? line.arrive() : line.read(completed(sue, lou))).toEqual([]);
      expect(line.read(enters(sue, 70, { reason: 'merge' }))).toEqual([]);
      line.harnesses[home]!.restart();
      const fired = facts(transferFirst ? line.read(completed(sue, lou)) : line.arrive());
      expect(said(fired)).toEqual([
        'each fired',
        'single fired',
        'paced fired',
        'each fired',
        'single suppressed: frequency',
        'paced suppressed: frequency',
      ]);
      expect((fired[0] as TriggerFired).on).toEqual({ kind: 'segment-entered', segment: 'vip', at: 60 });
      expect(fired[3]).toMatchObject({ effectiveAt: 70, reason: 'merge' });
      expect(said(facts(line.read(enters(sue, 80))))).toHaveLength(3);
    }
  });

  it('drops a transfer that comes again', () => {
    const line = new Line();
    line.read(enters(lou, 10));
    line.read(merged(lou, sue));
    line.arrive(0, true);
    line.read(completed(sue, lou));
    const before = line.harnesses[home]!.dump();
    expect(line.arrive()).toEqual([]);
    expect(line.harnesses[home]!.dump()).toBe(before);
    expect(line.firingsOf(sue).triggers.single!.count).toBe(1);
  });
});

describe('merges', () => {
  const sue = entityIn(0, 'sue', 1);
  const lou = entityIn(1, 'lou', 2);
  const kim = entityIn(2, 'kim', 3);

  it('a transfer may come before its merge', () => {
    const line = new Line();
    line.read(enters(lou, 10));
    const merge = merged(lou, sue);
    line.readIn(1, merge);
    expect(line.arrive()).toEqual([]);
    line.harnesses[0]!.restart();
    line.readIn(0, merge);
    line.read(completed(sue, lou));
    expect(line.firingsOf(sue)).toMatchObject({ merging: false, triggers: { single: { count: 1 } } });
  });

  it('a transfer follows its entity along a chain of merges, with what was kept back for it', () => {
    const line = new Line();
    line.read(enters(kim, 10));
    line.read(merged(kim, lou));
    line.read(enters(lou, 20));
    line.read(merged(lou, sue));
    line.emitted.length = 0;
    expect(line.arrive()).toMatchObject([{ relayTo: 0, fact: { from: kim, to: sue, mergeId: `m:${kim.id}` } }]);
    line.read(completed(sue, kim, lou));
    while (line.underway.length > 0) line.arrive();
    expect(said(line.emitted)).toEqual(['each fired', 'single suppressed: frequency', 'paced suppressed: frequency']);
    // Decided for the survivor, though Lou's segments changed.
    expect(line.emitted[0]).toMatchObject({ entity: sue, effectiveAt: 20 });
  });

  it('what is no transfer and comes for a profile that was merged away is ignored, as are transfers of other stages', () => {
    const line = new Line();
    line.read(merged(lou, sue));
    const before = line.harnesses[1]!.dump();
    expect(line.read(enters(lou, 60))).toEqual([]);
    expect(line.read(completed(lou, kim))).toEqual([]);
    expect(line.readIn(1, { ...line.underway[0]!.record, stage: 'segment' } as LogRecord)).toEqual([]);
    expect(line.harnesses[1]!.dump()).toBe(before);
    expect(line.occurrences.filter(({ kind }) => kind === 'misaddressed')).toHaveLength(2);
  });

  it('what was decided at the end of one merge is not decided again at the end of the next', () => {
    const line = new Line();
    line.read(merged(lou, sue));
    line.read(enters(sue, 60));
    line.arrive();
    expect(line.read(completed(sue, lou))).toHaveLength(3);
    line.read(merged(kim, sue));
    line.arrive();
    expect(line.read(completed(sue, kim))).toEqual([]);
  });

  it('an entity keeps back the first so many records and not more, and counts the others', () => {
    const row = newEntity(sue);
    expect(keepBack(row, [enters(sue, 60), enters(sue, 61)])).toBe(0);
    const many = Array.from({ length: KEPT_MAX }, (_, index) => enters(sue, 62 + index));
    expect(keepBack(row, many)).toBe(2);
    expect(row.kept.map((record) => recordedAtOf(record))).toEqual(many.map((_, index) => 60 + index));
  });

  it('any interleaving of two losers, a chain and restarts fires every change once, and once stays once', () => {
    const people = [sue, lou, kim];
    fc.assert(
      fc.property(
        fc.tuple(fc.nat(2), fc.nat(2), fc.nat(2)),
        fc.boolean(),
        fc.nat(2),
        fc.infiniteStream(fc.nat(5)),
        (counts, chained, whileHeld, choices) => {
          const line = new Line();
          for (const [index, count] of counts.entries()) {
            for (let each = 0; each < count; each++) line.read(enters(people[index]!, 10 + each));
          }
          const before = said(line.emitted).filter((text) => text === 'single fired').length;
          line.emitted.length = 0;
          // Each partition has the stage before in order; transfers come in between, whenever they like.
          const queues: LogRecord[][] = [[], [], []];
          for (const merge of [merged(kim, chained ? lou : sue), merged(lou, sue)]) {
            for (const { ordinal } of [merge.loser, merge.survivor]) queues[ordinal - 1]!.push(merge);
          }
          for (let each = 0; each < whileHeld; each++) queues[0]!.push(enters(sue, 60 + each));
          queues[0]!.push(completed(sue, kim, lou));
          for (const choice of choices) {
            const open = queues.flatMap((queue, partition) => (queue.length > 0 ? [partition] : []));
            if (open.length + line.underway.length === 0) break;
            const pick = choice % (open.length + line.underway.length);
            if (pick < open.length) line.readIn(open[pick]!, queues[open[pick]!]!.shift()!);
            else line.arrive(pick - open.length);
            if (choice === 5) for (const harness of line.harnesses) harness.restart();
          }
          const after = said(line.emitted);
          expect(after.filter((text) => text === 'each fired')).toHaveLength(whileHeld);
          expect(after.filter((text) => text === 'single fired')).toHaveLength(before === 0 && whileHeld > 0 ? 1 : 0);
          const total = counts[0]! + counts[1]! + counts[2]! + whileHeld;
          const { merging, triggers } = line.firingsOf(sue);
          expect({ merging, each: triggers.each?.count ?? 0 }).toEqual({ merging: false, each: total });
        },
      ),
      { numRuns: 300 },
    );
  });
});

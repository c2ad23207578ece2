import { type AttributesChanged, type Entity, type LogRecord, type ProfilesMerged, partitionOf } from '@attrium/event';
import { type Emitted, type StageHarness, stageHarness } from '@attrium/testing';
import { describe, expect, it } from '@jest/globals';
import { memberships as membershipTable } from './projections/membership.js';
import { segmentBinding } from './stage.js';

const attribute = (name: string) => ({ name, kind: 'user', type: 'string', from: [{ trait: name }] });
const segment = (name: string, of: string) => ({ name, of: 'user', where: { attribute: of, exists: true } });
const [PLAN, EMAIL] = [attribute('plan'), attribute('email')];
const [PAYS, MAILED] = [segment('pays', 'plan'), segment('mailed', 'email')];

let ids = 0;
const activate = (revision: number, attributes: unknown[], segments: unknown[]): LogRecord => ({
  kind: 'catalogue-activated',
  id: `c${revision}`,
  workspace: 'shop',
  revision,
  author: 'a',
  activatedAt: 1,
  catalogue: new TextEncoder().encode(JSON.stringify({ attributes, segments, triggers: [] })),
});

function profileIn(partition: number, ordinal: number): Entity {
  for (let attempt = 0; ; attempt++) {
    const id = `p${ordinal}-${attempt}`;
    if (partitionOf(id, 2) === partition) return { workspace: 'shop', kind: 'profile', id, ordinal };
  }
}
const ann = profileIn(0, 1);
const bob = profileIn(0, 2);
const eve = profileIn(1, 3);

function changed(entity: Entity, name: string, at: number): AttributesChanged {
  const head = {
    kind: 'attributes-changed',
    id: `a${++ids}`,
    entity,
    reason: 'event',
    cause: 'e',
    revision: 1,
  } as const;
  return { ...head, effectiveAt: at, recordedAt: at, changes: [{ name, after: `value ${at}` }] };
}

function open(partition = 0): StageHarness {
  const harness = stageHarness(segmentBinding, { partition, partitions: 2 });
  harness.read(activate(1, [PLAN, EMAIL], [PAYS, MAILED]), 1);
  return harness;
}

const flipsIn = (emitted: readonly Emitted[]) =>
  emitted.flatMap(({ fact }) => {
    if (fact.kind !== 'segment-changed') return [];
    const { entered, exited, corrected } = fact;
    return [{ entered, exited, corrected }];
  });
const segmentsOf = (harness: StageHarness, { ordinal }: Entity): unknown =>
  (harness.answer({ kind: 'memberships', ordinal }) as { segments: unknown }).segments;
const evaluated = (harness: StageHarness, { ordinal }: Entity, ...segments: string[]): unknown =>
  (harness.answer({ kind: 'evaluate', ordinal, segments }) as { segments: unknown }).segments;
const merge: ProfilesMerged = {
  kind: 'profiles-merged',
  id: 'p',
  mergeId: 'm',
  survivor: ann,
  loser: eve,
  identifiers: [],
  cause: 'e',
  occurredAt: 50,
};

describe('a segment that leaves the catalogue and comes back', () => {
  it('is entered anew by every profile, whether it was touched meanwhile or not', () => {
    const harness = open();
    for (const each of [ann, bob]) harness.read(changed(each, 'plan', 10), 10);
    harness.read(activate(2, [PLAN, EMAIL], [MAILED]), 20);
    expect(flipsIn(harness.read(changed(ann, 'plan', 30), 30))).toEqual([
      { entered: [], exited: [], corrected: [{ segment: 'pays', before: 10 }] },
    ]);
    harness.read(activate(3, [PLAN, EMAIL], [PAYS, MAILED]), 40);
    expect([segmentsOf(harness, ann), segmentsOf(harness, bob)]).toEqual([{}, {}]);
    const entered = [{ segment: 'pays', at: 50 }];
    expect(flipsIn(harness.read(changed(ann, 'plan', 50), 50))).toEqual([{ entered, exited: [], corrected: [] }]);
    const [again] = harness.read(changed(bob, 'plan', 50), 50);
    expect(flipsIn([again!])).toEqual([{ entered, exited: [], corrected: [{ segment: 'pays', before: 10 }] }]);
    // The table applies the rows of a record in order.
    expect(
      membershipTable.project(again!.fact, { partition: 0, sequence: 1, index: 0 })?.map((row) => row.slice(4)),
    ).toEqual([
      [10, true],
      [50, false],
    ]);
  });

  it('of a held profile is corrected at the end of the hold, though it was aligned before', () => {
    for (const isMemberBefore of [true, false]) {
      const [harness, away] = [open(), open(1)];
      if (isMemberBefore) harness.read(changed(ann, 'plan', 10), 10);
      const transfer = away.read(merge, 50)[0]!.fact;
      harness.read(merge, 50);
      harness.read(activate(2, [PLAN, EMAIL], [MAILED]), 60);
      harness.read(changed(ann, 'email', 61), 61);
      harness.restart();
      harness.read(activate(3, [PLAN, EMAIL], [PAYS, MAILED]), 70);
      expect(segmentsOf(harness, ann)).toEqual({});
      harness.read(transfer, 80);
      const released = harness.read({ kind: 'merge-completed', id: 'd', entity: ann, mergeIds: ['m'] }, 81);
      const entered = ['pays', 'mailed'].map((segment) => ({ segment, at: 50 }));
      expect(flipsIn(released)).toEqual([
        isMemberBefore
          ? { entered, exited: [], corrected: [{ segment: 'pays', before: 10 }] }
          : { entered: entered.slice(1), exited: [], corrected: [] },
      ]);
    }
  });
});

describe('a loser whose segment left and came back after its state was handed over', () => {
  it('brings no membership along', () => {
    const [harness, away] = [open(), open(1)];
    away.read(changed(eve, 'plan', 10), 10);
    const transfer = away.read(merge, 50)[0]!.fact;
    harness.read(merge, 50);
    harness.read(activate(2, [PLAN, EMAIL], [MAILED]), 60);
    harness.read(activate(3, [PLAN, EMAIL], [PAYS, MAILED]), 70);
    harness.read(changed(ann, 'plan', 75), 75);
    harness.read(transfer, 80);
    const released = harness.read({ kind: 'merge-completed', id: 'd', entity: ann, mergeIds: ['m'] }, 81);
    expect(flipsIn(released)).toEqual([{ entered: [{ segment: 'pays', at: 50 }], exited: [], corrected: [] }]);
  });
});

describe('a value of an attribute that leaves the catalogue and comes back', () => {
  it('is forgotten, in answers too, until it is told again', () => {
    const harness = open();
    for (const name of ['plan', 'email']) harness.read(changed(ann, name, 10), 10);
    harness.read(activate(2, [EMAIL], [MAILED]), 20);
    harness.read(activate(3, [PLAN, EMAIL], [MAILED, segment('buys', 'plan')]), 30);
    expect(evaluated(harness, ann, 'buys', 'mailed')).toEqual({ buys: false, mailed: true });
    expect(flipsIn(harness.read(changed(ann, 'email', 40), 40))).toEqual([
      { entered: [], exited: [], corrected: [{ segment: 'pays', before: 10 }] },
    ]);
    expect(flipsIn(harness.read(changed(ann, 'plan', 50), 50))).toEqual([
      { entered: [{ segment: 'buys', at: 50 }], exited: [], corrected: [] },
    ]);
  });
});

import type { CatalogueActivated, Entity, LogRecord, MemberFound, TriggerFired } from '@attrium/event';
import { type Emitted, type StageHarness, stageHarness } from '@attrium/testing';
import { describe, expect, it } from '@jest/globals';
import { journeyTriggerBinding } from './stage.js';

const ann: Entity = { workspace: 'shop', kind: 'profile', id: 'ann', ordinal: 1 };
const bob: Entity = { ...ann, id: 'bob', ordinal: 2 };
const trigger = (over: object = {}) => ({
  name: 't',
  when: { segment: 'vip', in: true },
  frequency: 'every',
  payload: ['spend'],
  deliver: [{ stream: true }],
  ...over,
});

function activate(revision: number, ...triggers: unknown[]): CatalogueActivated {
  const attributes = [{ name: 'spend', kind: 'user', type: 'number', from: [{ trait: 'spend' }] }];
  const segments = [{ name: 'vip', of: 'user', where: { attribute: 'spend', gt: 1 } }];
  const catalogue = new TextEncoder().encode(JSON.stringify({ attributes, segments, triggers }));
  return {
    kind: 'catalogue-activated',
    id: `c${revision}`,
    workspace: 'shop',
    revision,
    author: 'a',
    activatedAt: 1,
    catalogue,
  };
}

let ids = 0;
const present = (at: number, over: Partial<MemberFound> = {}): MemberFound => ({
  ...{ kind: 'member-found', id: `f${++ids}`, entity: ann, definition: 't', member: { segment: 'vip', at: 7 } },
  ...{ activatedAt: 500, activatedBy: 2, recordedAt: at, revision: 3 },
  ...{ values: [{ name: 'spend', value: 5 }], memberships: [], identifiers: [{ type: 'email', value: 'a@b' }] },
  ...over,
});
function open(...triggers: unknown[]): StageHarness {
  const harness = stageHarness(journeyTriggerBinding, { partitions: 1 });
  harness.read(activate(2, ...triggers), 400);
  return harness;
}
const said = (emitted: readonly Emitted[]): string[] =>
  emitted.map(({ fact }) => (fact.kind === 'firing-suppressed' ? fact.why : fact.kind));

describe('for those who are in a segment already', () => {
  it('fires as of when it became active, and says since when they are in it', () => {
    const [emitted] = open(trigger()).read(present(600), 600);
    expect(emitted!.fact).toMatchObject({
      ...{ kind: 'trigger-fired', trigger: 't', entity: ann, revision: 3, effectiveAt: 500, recordedAt: 600 },
      ...{ reason: 'backfill', cause: 'catalogue:2', on: { kind: 'segment-present', segment: 'vip', at: 7 } },
      ...{ values: [{ name: 'spend', value: 5 }], identifiers: [{ type: 'email', value: 'a@b' }] },
    } satisfies Partial<TriggerFired>);
  });

  it('decides condition and frequency as for anything else', () => {
    const once = open(trigger({ if: { attribute: 'spend', gt: 10 }, frequency: 'once' }));
    expect(said(once.read(present(600), 600))).toEqual(['condition']);
    const rich = { values: [{ name: 'spend', value: 50 }] };
    expect(said(once.read(present(601, rich), 601))).toEqual(['trigger-fired']);
    expect(said(once.read(present(602, rich), 602))).toEqual(['frequency']);
  });

  it('delays, and asks again when the delay is over', () => {
    const harness = open(trigger({ delay: '1s', if: { attribute: 'spend', gt: 1 } }));
    expect(harness.read(present(600), 600)).toEqual([]);
    expect(said(harness.tick(1_600))).toEqual(['trigger-fired']);
  });

  it('is kept back while profiles merge, and decided when that is over', () => {
    const harness = open(trigger({ frequency: 'once' }));
    const merge: LogRecord = {
      ...{ kind: 'profiles-merged', id: 'p', mergeId: 'm', survivor: ann, loser: bob },
      ...{ identifiers: [], cause: 'e', occurredAt: 550 },
    };
    expect(said(harness.read(present(540, { entity: bob }), 540))).toEqual(['trigger-fired']);
    const transfer = harness.read(merge, 560).find(({ fact }) => fact.kind === 'state-transferred')!;
    expect(harness.read(present(600), 600)).toEqual([]);
    harness.restart();
    const kinds = [
      ...said(harness.read(transfer.fact, 610)),
      ...said(harness.read({ kind: 'merge-completed', id: 'd', entity: ann, mergeIds: ['m'] }, 620)),
    ];
    // Once stays once: it has fired for bob.
    expect(kinds).toEqual(['frequency']);
  });

  it('fires nothing for a trigger that is gone, paused, or asks for them no more', () => {
    for (const now of [[], [trigger({ state: 'paused' })], [trigger({ when: { segment: 'vip', enters: true } })]]) {
      expect(open(...now).read(present(600), 600)).toEqual([]);
    }
  });

  it('what a backfill finds entered fires nothing else', () => {
    const harness = open(trigger({ when: { segment: 'vip', enters: true, in: true } }));
    const entered: LogRecord = {
      ...{ kind: 'segment-changed', id: 's', entity: ann, effectiveAt: 500, recordedAt: 600, reason: 'backfill' },
      ...{ cause: 'catalogue:2', revision: 2, entered: [{ segment: 'vip', at: 500 }], exited: [], corrected: [] },
      ...{ changes: [], values: [], memberships: [], identifiers: [] },
    };
    expect(said([...harness.read(entered, 600), ...harness.read(present(600), 600)])).toEqual(['trigger-fired']);
  });
});

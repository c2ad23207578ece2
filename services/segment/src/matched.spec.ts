/** Events that triggers ask for, and what firings that wait need, on their way through this stage. */
import type {
  AttributesChanged,
  CatalogueActivated,
  Entity,
  EventMatched,
  LogRecord,
  MergeCompleted,
  ProfilesMerged,
  SegmentChanged,
} from '@attrium/event';
import { type StageHarness, stageHarness } from '@attrium/testing';
import { describe, expect, it } from '@jest/globals';
import { segmentBinding } from './stage.js';

const ann: Entity = { workspace: 'shop', kind: 'profile', id: 'ann', ordinal: 5 };
const bob: Entity = { ...ann, id: 'bob', ordinal: 6 };
const ATTRIBUTES = ['email', 'plan', 'city'].map((name) => ({
  ...{ name, kind: 'user', type: 'string', merge: 'most_recent', from: [{ trait: name }] },
}));
const ON_EVENT = {
  ...{ name: 't', when: { event: 'Order' }, frequency: 'every', deliver: [{ stream: true }] },
  ...{ if: { segment: 'pro' }, payload: ['email'] },
};

function activate(revision: number, triggers: readonly object[], plan = 'pro'): CatalogueActivated {
  const segments = [{ name: 'pro', of: 'user', where: { attribute: 'plan', equals: plan } }];
  const catalogue = new TextEncoder().encode(JSON.stringify({ attributes: ATTRIBUTES, segments, triggers }));
  const head = {
    kind: 'catalogue-activated',
    id: `c${revision}`,
    workspace: 'shop',
    author: 'a',
    activatedAt: 1,
  } as const;
  return { ...head, revision, catalogue };
}
function open(...triggers: object[]): StageHarness {
  const harness = stageHarness(segmentBinding, { partitions: 1 });
  harness.read(activate(1, triggers), 1);
  return harness;
}
function changed(at: number, values: Record<string, string>, entity = ann): AttributesChanged {
  const changes = Object.entries(values).map(([name, after]) => ({ name, after }));
  const head = {
    kind: 'attributes-changed',
    id: `a${at}`,
    entity,
    reason: 'event',
    cause: `e${at}`,
    revision: 1,
  } as const;
  return { ...head, effectiveAt: at, recordedAt: at, changes };
}
function matched(at: number, over: Partial<EventMatched> = {}): EventMatched {
  const head = {
    kind: 'event-matched',
    id: `m${at}`,
    entity: ann,
    definition: 't',
    eventId: `e${at}`,
    name: 'Order',
  } as const;
  const none = { propertyValues: [], values: [], memberships: [], identifiers: [], revision: 1 };
  return { ...head, occurredAt: at, recordedAt: at, ...none, ...over };
}
const linked = (value: string): LogRecord => ({
  ...{ kind: 'identifier-linked', id: `l${value}`, entity: ann, cause: 'e', occurredAt: 1 },
  identifier: { type: 'user_id', value },
});
const read = (harness: StageHarness, record: LogRecord, at: number): LogRecord[] =>
  harness.read(record, at).map(({ fact }) => fact);

describe('an event that a trigger asks for', () => {
  it('is passed on with the values, memberships and identifiers that the trigger needs', () => {
    const harness = open(ON_EVENT);
    harness.read(linked('u'), 5);
    harness.read(changed(10, { email: 'a@b', plan: 'pro', city: 'Oslo' }), 10);
    const propertyValues = [{ name: 'total', value: 3 }];
    const [fact] = read(harness, matched(20, { propertyValues }), 25);
    expect(fact).toMatchObject({
      ...{ kind: 'event-matched', definition: 't', eventId: 'e20', occurredAt: 20, recordedAt: 25, propertyValues },
      values: [{ name: 'email', value: 'a@b' }],
      memberships: ['pro'],
      identifiers: [{ type: 'user_id', value: 'u' }],
    });
  });

  it('is dropped when nobody asks for it any more', () => {
    const harness = open(ON_EVENT);
    expect(read(harness, matched(20, { definition: 'gone' }), 20)).toEqual([]);
  });

  it('of an entity that has not met the catalogue comes after its evaluation', () => {
    const harness = open(ON_EVENT);
    harness.read(changed(10, { plan: 'team' }), 10);
    harness.read(activate(2, [ON_EVENT], 'team'), 15);
    const [flip, fact] = read(harness, matched(20), 20) as [SegmentChanged, EventMatched];
    expect(flip).toMatchObject({ kind: 'segment-changed', entered: [{ segment: 'pro', at: 20 }], cause: 'e20' });
    expect(fact).toMatchObject({ kind: 'event-matched', memberships: ['pro'], revision: 2 });
  });

  it('is kept back, not dropped, while a merge is open, through a restart, and told of the survivor by what it is then', () => {
    const harness = open(ON_EVENT);
    harness.read(changed(10, { email: 'ann@b', plan: 'pro' }), 10);
    const merge: ProfilesMerged = {
      ...{ kind: 'profiles-merged', id: 'p', mergeId: 'm', survivor: ann, loser: bob, identifiers: [] },
      ...{ cause: 'e', occurredAt: 30 },
    };
    const transfer = harness.read(merge, 30).find(({ relayTo }) => relayTo !== undefined)!.fact;
    expect(read(harness, matched(40), 40)).toEqual([]);
    harness.read(transfer, 45);
    harness.read(changed(50, { email: 'both@b' }), 50);
    harness.restart();
    const facts = read(harness, { kind: 'merge-completed', id: 'd', entity: ann, mergeIds: ['m'] }, 60);
    expect(facts.map(({ kind }) => kind)).toEqual(['event-matched', 'merge-completed']);
    expect(facts[0]).toMatchObject({ eventId: 'e40', values: [{ name: 'email', value: 'both@b' }] });
    expect((facts[1] as MergeCompleted).known).toBeUndefined();
  });
});

describe('where firings wait', () => {
  const waits = { ...ON_EVENT, delay: '1h' };

  it('changes of what they read are passed on, and new identifiers', () => {
    const harness = open(waits);
    expect(read(harness, changed(10, { email: 'a@b', city: 'Oslo' }), 10)).toMatchObject([
      { changes: [{ name: 'email', after: 'a@b' }] },
    ]);
    expect(read(harness, changed(20, { city: 'Bergen' }), 20)).toEqual([]);
    expect(read(harness, linked('u'), 30)).toMatchObject([{ kind: 'identifier-linked', identifier: { value: 'u' } }]);
    expect(read(open(ON_EVENT), linked('u'), 30)).toEqual([]);
  });

  it('the end of a merge says all that they need to know of the survivor', () => {
    const harness = open(waits);
    harness.read(linked('u'), 5);
    harness.read(changed(10, { email: 'ann@b', plan: 'pro', city: 'Oslo' }), 10);
    const merge: ProfilesMerged = {
      ...{ kind: 'profiles-merged', id: 'p', mergeId: 'm', survivor: ann, loser: bob, identifiers: [] },
      ...{ cause: 'e', occurredAt: 30 },
    };
    const transfer = harness.read(merge, 30).find(({ relayTo }) => relayTo !== undefined)!.fact;
    harness.read(transfer, 45);
    const facts = read(harness, { kind: 'merge-completed', id: 'd', entity: ann, mergeIds: ['m'] }, 60);
    expect(facts.at(-1)).toMatchObject({
      kind: 'merge-completed',
      known: {
        recordedAt: 60,
        values: [{ name: 'email', value: 'ann@b' }],
        memberships: ['pro'],
        identifiers: [{ type: 'user_id', value: 'u' }],
      },
    });
  });
});

import type { AttributesChanged, Entity, ProfileErased, ProfilesMerged } from '@attrium/event';
import { type StageHarness, stageHarness } from '@attrium/testing';
import { describe, expect, it } from '@jest/globals';
import type { Occurrence } from './occurrence.js';
import { createSegmentBinding } from './stage.js';

const CATALOGUE = {
  attributes: [{ name: 'tier', kind: 'user', type: 'string', merge: 'most_recent', from: [{ trait: 'tier' }] }],
  segments: [{ name: 'gold', of: 'user', where: { attribute: 'tier', equals: 'gold' } }],
  triggers: [],
};
const entity = (id: string, ordinal: number): Entity => ({ workspace: 'shop', kind: 'profile', id, ordinal });
const [ann, bob] = [entity('ann', 1), entity('bob', 2)];
const changed = (of: Entity, tier: string, at: number): AttributesChanged => ({
  ...{ kind: 'attributes-changed', id: `a-${of.id}-${at}`, entity: of, effectiveAt: at, recordedAt: at },
  ...{ reason: 'event', cause: 'e', revision: 1, changes: [{ name: 'tier', after: tier }] },
});
const merged: ProfilesMerged = {
  ...{ kind: 'profiles-merged', id: 'p', mergeId: 'm', survivor: ann, loser: bob, identifiers: [] },
  ...{ cause: 'e', occurredAt: 5 },
};
const erased: ProfileErased = {
  ...{ kind: 'profile-erased', id: 'x', entity: ann, former: [bob], requestId: 'r', erasedAt: 9 },
};

function open(): { harness: StageHarness; seen: Occurrence['kind'][] } {
  const seen: Occurrence['kind'][] = [];
  const binding = createSegmentBinding({ observe: ({ kind }) => seen.push(kind) });
  const harness = stageHarness(binding, { partitions: 1 });
  const catalogue = new TextEncoder().encode(JSON.stringify(CATALOGUE));
  const head = { kind: 'catalogue-activated', id: 'c', workspace: 'shop', revision: 1 } as const;
  harness.read({ ...head, author: 'a', activatedAt: 1, catalogue }, 1);
  expect(harness.read(changed(ann, 'gold', 2), 2)).toMatchObject([{ fact: { entered: [{ segment: 'gold' }] } }]);
  return { harness, seen };
}
const segmentsOf = (harness: StageHarness) =>
  (harness.answer({ kind: 'memberships', ordinal: ann.ordinal }) as { segments: object }).segments;

describe('an erased profile', () => {
  it('is in no segment any more, and nobody is told that it left one', () => {
    const { harness, seen } = open();
    expect(harness.read(erased, 3).map(({ fact }) => fact.kind)).toEqual(['profile-erased']);
    expect(segmentsOf(harness)).toEqual({});
    expect(harness.dump()).not.toContain('"entities"');
    expect(seen.at(-1)).toBe('entity-erased');
  });

  it('takes along what it held back while a merge was open, and the merge never ends', () => {
    const { harness } = open();
    harness.read(changed(bob, 'gold', 3), 3);
    const transfer = harness.read(merged, 4).find(({ relayTo }) => relayTo !== undefined)!.fact;
    expect(harness.read(erased, 5).map(({ fact }) => fact.kind)).toEqual(['profile-erased']);
    harness.restart();
    expect(harness.read(transfer, 6)).toEqual([]);
    expect(harness.read({ kind: 'merge-completed', id: 'd', entity: ann, mergeIds: ['m'] }, 7)).toEqual([]);
    expect(segmentsOf(harness)).toEqual({});
    expect(harness.answer({ kind: 'erasure', ordinals: [1, 2] })).toEqual({ erased: true });
  });
});

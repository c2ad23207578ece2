import type { ProfileErased } from '@attrium/event';
import { type StageHarness, stageHarness } from '@attrium/testing';
import { describe, expect, it } from '@jest/globals';
import { catalogueRecord, changesIn, merged, profileIn, resolved, T0 } from '../test/records.js';
import { newAttributeCounters } from './counters.js';
import { bindingWith } from './stage.js';

const ann = profileIn(0, 1);
const bob = profileIn(0, 2);
const erased: ProfileErased = {
  ...{ kind: 'profile-erased', id: 'i0-9-0-0', entity: ann, former: [bob], requestId: 'r', erasedAt: T0 + 9 },
};
const definitions = [
  { name: 'orders', kind: 'user', type: 'number', compute: { count: 'Order' } },
  { name: 'recent', kind: 'user', type: 'number', compute: { count: 'Order', within: '1m' } },
];

function open(): { harness: StageHarness; counters: ReturnType<typeof newAttributeCounters> } {
  const counters = newAttributeCounters();
  const harness = stageHarness(bindingWith(counters));
  harness.read(catalogueRecord(definitions), T0);
  harness.read(resolved(ann, { id: 'e1', name: 'Order', at: T0 }), T0);
  return { harness, counters };
}
const valuesOf = (harness: StageHarness) =>
  harness.answer({ kind: 'attributes', workspace: 'shop', ordinal: ann.ordinal });

describe('an erased profile', () => {
  it('has no values and no timer, and no change says so; the record goes on', () => {
    const { harness } = open();
    expect(harness.timerOf(ann.ordinal)).toBeDefined();
    const said = harness.read(erased, T0 + 1).map(({ fact }) => fact);
    expect(said).toMatchObject([{ kind: 'profile-erased', entity: ann, former: [bob], requestId: 'r' }]);
    expect(harness.timerOf(ann.ordinal)).toBeUndefined();
    expect(harness.tick(T0 + 3_600_000)).toEqual([]);
    expect(valuesOf(harness)).toMatchObject({ kind: 'unknown' });
    expect(harness.dump()).not.toContain('"entities"');
    expect(harness.answer({ kind: 'erasure', ordinals: [1, 2] })).toEqual({ erased: true });
  });

  it('has its windows end first that were due before, as if its owner had been quick', () => {
    const { harness } = open();
    const said = harness.read(erased, T0 + 120_000);
    expect(said.map(({ fact }) => fact.kind)).toEqual(['attributes-changed', 'profile-erased']);
    expect(changesIn(said)).toEqual([['recent', 1, 0]]);
    expect(said[0]!.fact).toMatchObject({ reason: 'window', effectiveAt: T0 + 60_000 });
  });

  it('stays erased when the transfer of a merge comes after it, also after a restart', () => {
    const { harness, counters } = open();
    harness.read(resolved(bob, { id: 'e2', name: 'Order', at: T0 }), T0);
    const transfer = harness.read(merged('m', ann, bob, T0), T0 + 1).find(({ relayTo }) => relayTo !== undefined)!.fact;
    harness.read(erased, T0 + 2);
    harness.restart();
    expect(harness.read(transfer, T0 + 3)).toEqual([]);
    expect(valuesOf(harness)).toMatchObject({ kind: 'unknown' });
    expect([counters.erasedEntities, counters.recordsOfErased]).toEqual([2, 1]);
  });
});

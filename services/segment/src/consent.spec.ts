import type { AttributesChanged, CatalogueActivated, Entity, Value } from '@attrium/event';
import { stageHarness } from '@attrium/testing';
import { describe, expect, it } from '@jest/globals';
import { segmentBinding } from './stage.js';

const ann: Entity = { workspace: 'shop', kind: 'profile', id: 'ann', ordinal: 5_000_000_001 };
const attributes = ['plan', 'zone'].map((name) => ({ name, kind: 'user', type: 'string', from: [{ trait: name }] }));
const consent = {
  purposes: [{ name: 'marketing' }, { name: 'service' }],
  channels: ['email', 'push'],
  quiet_hours: { from: '21:00', to: '08:00', time_zone: { attribute: 'zone' }, purposes: ['marketing'] },
};
const trigger = (purpose: object) => ({
  name: 't',
  when: { attribute: 'plan', changes: true },
  frequency: 'every',
  deliver: [{ stream: true }],
  ...purpose,
});

function activated(revision: number, purpose: object): CatalogueActivated {
  const catalogue = new TextEncoder().encode(JSON.stringify({ attributes, consent, triggers: [trigger(purpose)] }));
  const head = { kind: 'catalogue-activated', id: `c${revision}`, workspace: 'shop', author: 'a' } as const;
  return { ...head, revision, activatedAt: 1, catalogue };
}

function changed(id: string, after: Record<string, Value>): AttributesChanged {
  const changes = Object.entries(after).map(([name, value]) => ({ name, after: value }));
  const head = { kind: 'attributes-changed', id, entity: ann, reason: 'event', cause: id, revision: 1 } as const;
  return { ...head, effectiveAt: 5, recordedAt: 5, changes };
}

describe('what a trigger of a purpose needs', () => {
  it('comes along: what was stated of it, and the zone for its quiet hours; no statement of another', () => {
    const harness = stageHarness(segmentBinding, { partitions: 1 });
    harness.read(activated(1, { purpose: 'marketing', channel: 'email' }), 1);
    const statements = Object.fromEntries(
      ['marketing', 'marketing.email', 'marketing.push', 'service'].map((of) => [`$consent.${of}`, of === 'marketing']),
    );
    // A statement alone is no occasion for this trigger.
    expect(harness.read(changed('a', { ...statements, zone: 'UTC' }), 5)).toEqual([]);
    const told = (id: string, at: number) => {
      const [emitted] = harness.read(changed(id, { plan: id }), at);
      return emitted?.fact.kind === 'segment-changed' ? emitted.fact.values : undefined;
    };
    expect(told('b', 6)).toEqual([
      { name: '$consent.marketing.email', value: false },
      { name: '$consent.marketing', value: true },
      { name: 'zone', value: 'UTC' },
    ]);
    harness.restart();
    harness.read(activated(2, { purpose: 'service' }), 7);
    expect(told('c', 8)).toEqual([{ name: '$consent.service', value: false }]);
    harness.read(activated(3, {}), 9);
    expect(told('d', 10)).toEqual([]);
  });
});

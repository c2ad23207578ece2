import type { Entity, EventMatched, ProfileErased } from '@attrium/event';
import { type StageHarness, stageHarness } from '@attrium/testing';
import { describe, expect, it } from '@jest/globals';
import { journeyTriggerBinding } from './stage.js';

const ann: Entity = { workspace: 'shop', kind: 'profile', id: 'ann', ordinal: 7 };
const erased: ProfileErased = {
  ...{ kind: 'profile-erased', id: 'x', entity: ann, former: [], requestId: 'r', erasedAt: 9 },
};
const HOUR = 3_600_000;
const TRIGGERS = [
  { name: 'at_once', when: { event: 'Cart' }, frequency: 'once', deliver: [{ stream: true }] },
  { name: 'later', when: { event: 'Cart' }, delay: '1h', frequency: 'every', deliver: [{ stream: true }] },
];
const matched = (definition: string, at: number): EventMatched => ({
  ...{ kind: 'event-matched', id: `m-${definition}-${at}`, entity: ann, definition, eventId: `e${at}`, name: 'Cart' },
  ...{ occurredAt: at, recordedAt: at, revision: 1 },
  ...{ propertyValues: [], values: [{ name: 'email', value: 'a@b' }], memberships: [], identifiers: [] },
});

function open(): StageHarness {
  const harness = stageHarness(journeyTriggerBinding, { partitions: 1 });
  const catalogue = new TextEncoder().encode(JSON.stringify({ attributes: [], segments: [], triggers: TRIGGERS }));
  const head = { kind: 'catalogue-activated', id: 'c', workspace: 'shop', revision: 1 } as const;
  harness.read({ ...head, author: 'a', activatedAt: 1, catalogue }, 0);
  expect(harness.read(matched('at_once', 1), 1).map(({ fact }) => fact.kind)).toEqual(['trigger-fired']);
  expect(harness.read(matched('later', 2), 2)).toEqual([]);
  return harness;
}
const saidBy = (harness: StageHarness) => harness.answer({ kind: 'firings', ordinal: ann.ordinal });

describe('an erased profile', () => {
  it('has no firing that waits, and no past; the deliverer is told', () => {
    const harness = open();
    expect(saidBy(harness)).toMatchObject({ triggers: { at_once: {} }, waiting: [{ trigger: 'later' }] });
    expect(harness.read(erased, 3).map(({ fact }) => fact.kind)).toEqual(['profile-erased']);
    expect(harness.timerOf(ann.ordinal)).toBeUndefined();
    expect(harness.tick(2 * HOUR)).toEqual([]);
    expect(saidBy(harness)).toEqual({ merging: false, triggers: {} });
  });

  it('has what was due before the erasure end before it, however late its owner is', () => {
    const harness = open();
    const said = harness.read(erased, 2 * HOUR).map(({ fact }) => fact.kind);
    expect(said).toEqual(['trigger-fired', 'profile-erased']);
  });

  it('fires for nothing that still comes', () => {
    const harness = open();
    harness.read(erased, 3);
    harness.restart();
    expect(harness.read(matched('at_once', 4), 4)).toEqual([]);
    expect(harness.dump()).not.toContain('a@b');
  });
});

import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { compareWaiting, settleWaits, WAITING_MAX, type WaitingFiring } from './waiting.js';

/** A name is of one trigger: its own, or with the value of a key. */
const anyWait: fc.Arbitrary<WaitingFiring> = fc
  .record({
    trigger: fc.constantFrom('a', 'b'),
    name: fc.constantFrom('', '\0x'),
    dueAt: fc.nat(5),
    recordedAt: fc.nat(5),
    effectiveAt: fc.nat(5),
    revision: fc.constant(1),
    cause: fc.constantFrom('e1', 'e2'),
    reason: fc.constant('event' as const),
    on: fc.constant({ kind: 'segment-entered' as const, segment: 's', at: 1 }),
    values: fc.constant([]),
    memberships: fc.constant([]),
    size: fc.constant(10),
  })
  .map((wait) => ({ ...wait, name: `${wait.trigger}${wait.name}` }));

describe('the waits of merged profiles', () => {
  it('are the same in any order of merging', () => {
    const waits = fc.array(anyWait, { maxLength: 8 });
    fc.assert(
      fc.property(waits, waits, waits, (a, b, c) => {
        const isEvery = (trigger: string): boolean => trigger === 'b';
        const one = settleWaits([...settleWaits([...a, ...b], isEvery).stay, ...c], isEvery).stay;
        const other = settleWaits([...a, ...settleWaits([...c, ...b], isEvery).stay], isEvery).stay;
        expect(one.map(({ dueAt, recordedAt, name, cause }) => [dueAt, recordedAt, name, cause])).toEqual(
          other.map(({ dueAt, recordedAt, name, cause }) => [dueAt, recordedAt, name, cause]),
        );
        expect([...one].sort(compareWaiting)).toEqual(one);
      }),
    );
  });

  it('are none lost: each stays, or is told of', () => {
    fc.assert(
      fc.property(fc.array(anyWait, { maxLength: 250 }), (waits) => {
        const { stay, merged, beyond } = settleWaits(waits, (trigger) => trigger === 'b');
        expect(stay.length + merged.length + beyond.length).toBe(waits.length);
        expect(stay.length).toBeLessThanOrEqual(WAITING_MAX);
      }),
    );
  });
});

import { describe, expect, it } from '@jest/globals';
import type { Load } from '../load.js';
import { Tally } from '../tally.js';
import { EventLedger } from './event-ledger.js';

describe('events', () => {
  it('are lost when they were acknowledged and not resolved, doubled when resolved twice; others may come once', () => {
    const tally = new Tally();
    const load = { isAcknowledged: (number: number) => number < 3, isLeft: (number: number) => number >= 3 };
    const ledger = new EventLedger(load as unknown as Load, tally, 10);
    for (const id of ['chaos-0', 'chaos-2', 'chaos-3', 'somebody-else']) ledger.take(id);
    expect(ledger.missing(5)).toEqual([1]);
    ledger.giveUp(ledger.missing(5));
    ledger.take('chaos-3');
    expect(ledger.missing(5)).toEqual([]);
    expect(tally.counts).toEqual({ lost: 1, doubled: 1, reordered: 0 });
  });
});

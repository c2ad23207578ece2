import type { TriggerFired } from '@attrium/event';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { Tally } from '../tally.js';
import type { WebhookReceiver } from '../webhook-receiver.js';
import { DeliveryLedger } from './delivery-ledger.js';

const fired = (id: string, profile = 'p'): TriggerFired => ({
  kind: 'trigger-fired',
  id,
  entity: { workspace: 'shop', kind: 'profile', id: profile, ordinal: 1 },
  trigger: 'plan_changed',
  revision: 1,
  effectiveAt: 1,
  recordedAt: 1,
  reason: 'event',
  cause: 'e',
  on: { kind: 'segment-entered', segment: 's', at: 1 },
  values: [],
  identifiers: [],
});

let tally: Tally;
let ledger: DeliveryLedger;
let ids: string[];

beforeEach(() => {
  tally = new Tally();
  ids = [];
  const receiver = {
    get arrivals() {
      return ids.map((id) => ({ id, at: 0 }));
    },
    changed: [],
    has: (id: string) => ids.includes(id),
  } as unknown as WebhookReceiver;
  ledger = new DeliveryLedger(receiver, tally);
  for (const id of ['a', 'b']) ledger.fired(fired(id));
  ledger.fired(fired('c', 'q'));
});

describe('deliveries', () => {
  it('are complete when every firing is in the log and came by webhook, those of a profile in order', () => {
    for (const id of ['c', 'a', 'b']) ledger.delivered(id);
    ids = ['c', 'a', 'b'];
    ledger.check(true);
    expect(ledger.missing()).toEqual([]);
    expect(tally.counts).toEqual({ lost: 0, doubled: 0, reordered: 0 });
  });

  it('are missing when the log or the receiver does not have them', () => {
    for (const id of ['a', 'b']) ledger.delivered(id);
    ids = ['a', 'c'];
    expect(ledger.missing()).toEqual(['b', 'c']);
    ledger.giveUp(ledger.missing());
    expect(tally.counts.lost).toBe(2);
  });

  it('are reordered when one of the same profile and trigger overtakes, unless two senders are at work', () => {
    ids = ['b', 'a', 'c'];
    ledger.check(false);
    ledger.isOrderPromised = false;
    for (const id of ['d', 'e']) ledger.fired(fired(id));
    ids.push('e', 'd');
    ledger.check(false);
    expect(ledger.outOfOrder).toBe(2);
    expect(tally.counts).toEqual({ lost: 0, doubled: 0, reordered: 1 });
  });

  it('are doubled when one is of no firing', () => {
    ids = ['a', 'b', 'c', 'x'];
    ledger.delivered('y');
    ledger.check(true);
    expect(tally.counts.doubled).toBe(2);
  });
});

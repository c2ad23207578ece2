/** Whether every firing reached the deliveries log and the webhooks: all ids, and those of one profile and trigger in order. */
import type { TriggerFired } from '@attrium/event';
import type { Tally } from '../tally.js';
import type { WebhookReceiver } from '../webhook-receiver.js';

interface Firing {
  /** Its place among those of its profile and trigger. */
  readonly place: number;
  readonly lane: Lane;
  readonly hasWebhook: boolean;
  delivered: boolean;
}

interface Lane {
  readonly name: string;
  count: number;
  /** The last place that arrived. */
  arrived: number;
}

/** Of catalogue.ts: it is on the stream only. */
const WITHOUT_WEBHOOK = 'busy';

export class DeliveryLedger {
  private readonly firings = new Map<string, Firing>();
  private readonly lanes = new Map<string, Lane>();
  /** Ids in the deliveries log whose firing has not been read yet. */
  private readonly early = new Set<string>();
  private checkedArrivals = 0;
  private checkedChanges = 0;
  /** Not known to be everywhere yet. */
  private readonly open = new Set<string>();
  repeatedDeliveries = 0;
  /** False while two senders are at work, which one order cannot be asked of. */
  isOrderPromised = true;
  outOfOrder = 0;
  /** Firings of triggers without a webhook. */
  streamOnly = 0;

  constructor(
    private readonly receiver: WebhookReceiver,
    private readonly tally: Tally,
  ) {}

  get firingCount(): number {
    return this.firings.size;
  }

  fired(firing: TriggerFired): void {
    // A fact that is there twice was counted as doubled already.
    if (this.firings.has(firing.id)) return;
    const name = `${firing.entity.id} ${firing.trigger}`;
    const lane = this.lanes.get(name) ?? { name, count: 0, arrived: -1 };
    this.lanes.set(name, lane);
    const hasWebhook = firing.trigger !== WITHOUT_WEBHOOK;
    if (!hasWebhook) this.streamOnly++;
    this.firings.set(firing.id, { place: lane.count++, lane, hasWebhook, delivered: this.early.delete(firing.id) });
    this.open.add(firing.id);
  }

  /** A message of the deliveries log. */
  delivered(id: string): void {
    const firing = this.firings.get(id);
    if (firing === undefined) {
      if (this.early.has(id)) this.repeatedDeliveries++;
      this.early.add(id);
      return;
    }
    if (firing.delivered) this.repeatedDeliveries++;
    firing.delivered = true;
  }

  /** Firings that are not in the deliveries log, or whose webhook has not arrived. */
  missing(): string[] {
    for (const id of this.open) {
      const firing = this.firings.get(id)!;
      if (firing.delivered && (!firing.hasWebhook || this.receiver.has(id))) this.open.delete(id);
    }
    return [...this.open];
  }

  giveUp(missing: readonly string[]): void {
    for (const id of missing) {
      const { delivered, lane } = this.firings.get(id)!;
      this.tally.lost(
        1,
        `firing ${id} (${lane.name}) ${delivered ? 'came by no webhook' : 'is not in the deliveries log'}`,
      );
      this.open.delete(id);
    }
  }

  /** Checks the arrivals so far; with `isEnd` nothing may have arrived that was not fired. */
  check(isEnd: boolean): void {
    const { arrivals, changed } = this.receiver;
    for (; this.checkedArrivals < arrivals.length; this.checkedArrivals++) {
      const { id } = arrivals[this.checkedArrivals]!;
      const firing = this.firings.get(id);
      if (firing === undefined) {
        if (!isEnd) break;
        this.tally.doubled(1, `webhook ${id} is of no firing`);
        continue;
      }
      const { lane, place } = firing;
      if (place > lane.arrived) {
        lane.arrived = place;
        continue;
      }
      this.outOfOrder++;
      if (this.isOrderPromised) this.tally.reordered(1, `webhook ${id} of ${lane.name} came after a later one`);
    }
    for (; this.checkedChanges < changed.length; this.checkedChanges++) {
      this.tally.doubled(1, `webhook ${changed[this.checkedChanges]} came again with another body`);
    }
    if (isEnd) for (const id of this.early) this.tally.doubled(1, `delivery ${id} is of no firing`);
  }
}

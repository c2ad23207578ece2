/** Which events were resolved: every acknowledged one once, every other at most once. */
import { type Load, numberOfMessage } from '../load.js';
import type { Tally } from '../tally.js';

export class EventLedger {
  private readonly resolved: Uint8Array;
  /** All below were resolved, or given up. */
  private floor = 0;
  resolvedCount = 0;

  constructor(
    private readonly load: Load,
    private readonly tally: Tally,
    eventsMax: number,
  ) {
    this.resolved = new Uint8Array(eventsMax + 1_000);
  }

  take(messageId: string): void {
    const number = numberOfMessage(messageId);
    if (number === undefined) return;
    if (this.resolved[number] === 1) {
      this.tally.doubled(1, `event ${messageId} is in \`resolved\` again`);
      return;
    }
    this.resolved[number] = 1;
    this.resolvedCount++;
  }

  /** The events below `until` that were acknowledged and are not resolved. */
  missing(until: number): number[] {
    const { load, resolved } = this;
    while (this.floor < until && (resolved[this.floor] !== 0 || load.isLeft(this.floor))) this.floor++;
    const missing: number[] = [];
    for (let number = this.floor; number < until; number++) {
      if (resolved[number] === 0 && load.isAcknowledged(number)) missing.push(number);
    }
    return missing;
  }

  giveUp(missing: readonly number[]): void {
    if (missing.length === 0) return;
    for (const number of missing) this.resolved[number] = 2;
    this.tally.lost(missing.length, `acknowledged events that are not in \`resolved\`, the first chaos-${missing[0]}`);
  }
}

/** How long a partition rests after another owner has overtaken it: longer each time, so that two owners do not wear each other out. */
import { fnv1a32 } from '@attrium/event';

const DELAY_MS_MAX = 2_000;
/** After this long without a rival the delay starts from its minimum again. */
const STEADY_MS = 10_000;
const SPREAD = 4_096;

export class RivalDelay {
  private readonly lost = new Map<number, { count: number; at: number }>();

  constructor(
    private readonly owner: string,
    private readonly delayMsMin: number,
  ) {}

  /** The delay of a partition that has just been overtaken; `now` is monotonic, ms. Spread by the owner's name, so that two differ. */
  next(partition: number, now: number): number {
    const before = this.lost.get(partition);
    const count = before === undefined || now - before.at > STEADY_MS ? 0 : before.count + 1;
    this.lost.set(partition, { count, at: now });
    const delayMs = Math.min(this.delayMsMin * 2 ** Math.min(count, 10), Math.max(DELAY_MS_MAX, this.delayMsMin));
    const spread = (fnv1a32(`${this.owner}-${partition}-${count}`) % SPREAD) / SPREAD;
    return Math.round(delayMs * (0.75 + spread / 2));
  }
}

/** A limit on what each key may send: so much a second on average, a burst after a rest. */

interface Level {
  tokens: number;
  at: number;
}

export class TokenBuckets {
  private readonly levels = new Map<string, Level>();

  /** `perSecond` 0 is no limit. `now` is a monotonic clock in ms. */
  constructor(
    private readonly limits: { perSecond: number; burst: number },
    private readonly now: () => number,
  ) {}

  /**
   * Takes `count` tokens of a key. Zero when they are granted, else the seconds until it is worth asking again. Whoever has any token left
   * may take more than are left and owes the rest, so that no batch is too large for ever.
   */
  take(key: string, count: number): number {
    const { perSecond, burst } = this.limits;
    if (perSecond === 0) return 0;
    const now = this.now();
    let level = this.levels.get(key);
    if (level === undefined) {
      level = { tokens: burst, at: now };
      this.levels.set(key, level);
    }
    level.tokens = Math.min(burst, level.tokens + ((now - level.at) * perSecond) / 1_000);
    level.at = now;
    if (level.tokens <= 0) return Math.max(1, Math.ceil((1 - level.tokens) / perSecond));
    level.tokens -= count;
    return 0;
  }
}

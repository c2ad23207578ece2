/** Stops a destination that fails from being tried by every delivery: after some failures in a row, one probe at a time. */
import { retryDelayMs } from './retry.js';

export interface BreakerSettings {
  /** Failures in a row that open it. */
  readonly failuresMax: number;
  readonly probeDelayMsMin: number;
  readonly probeDelayMsMax: number;
}

export class CircuitBreaker {
  private failures = 0;
  private openedAt: number | undefined;
  private nextProbeAt = 0;

  constructor(
    private readonly settings: BreakerSettings,
    /** In [0, 1). */
    private readonly random: () => number,
  ) {}

  get isOpen(): boolean {
    return this.openedAt !== undefined;
  }

  /** While it is open: when the next attempt may be made. */
  get probeAt(): number {
    return this.nextProbeAt;
  }

  succeeded(): void {
    this.failures = 0;
    this.openedAt = undefined;
  }

  failed(now: number): void {
    this.failures++;
    if (this.failures < this.settings.failuresMax) return;
    this.openedAt ??= now;
    const { probeDelayMsMin: delayMsMin, probeDelayMsMax: delayMsMax } = this.settings;
    this.nextProbeAt = now + retryDelayMs(now - this.openedAt, this.random(), { delayMsMin, delayMsMax });
  }
}

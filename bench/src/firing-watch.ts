/** Sees firings arrive at the end of the line, as a journey system on NATS would, and measures how long each took. */
import { decodePack } from '@attrium/processor';
import type { BenchSystem } from './system.js';
import { indexOfEventId, isProbeIndex } from './workload.js';

/** Events whose time of sending is remembered. */
const REMEMBERED = 1 << 21;
const SAMPLES_MAX = 2_000_000;

export class FiringWatch {
  private readonly sentAt = new Float64Array(REMEMBERED);
  private readonly firingSamples = new Samples();
  private readonly webhookSamples = new Samples();
  /** Probes that were sent and have not been seen. */
  private readonly open = new Set<number>();
  probesSeen = 0;
  firings = 0;
  deliveries = 0;
  private wake: (() => void) | undefined;

  /** Messages of `attrium.firings.>` hold packs; those of `attrium.deliveries.>` one firing each, as JSON. */
  constructor(
    system: BenchSystem,
    private readonly options: {
      readonly run: string;
      readonly probeEvery: number;
      readonly source: 'firings' | 'deliveries';
    },
  ) {
    system.link.read.subscribe('attrium.firings.>', {
      callback: (_error, message) => {
        const now = performance.now();
        for (const record of decodePack(message.data).records) {
          if (record.kind !== 'trigger-fired') continue;
          this.firings++;
          if (options.source === 'firings') this.see(record.cause, record.trigger, now);
        }
      },
    });
    system.link.read.subscribe('attrium.deliveries.>', {
      callback: (_error, message) => {
        this.deliveries++;
        if (options.source !== 'deliveries') return;
        const { cause, trigger } = message.json<{ cause: string; trigger: string }>();
        this.see(cause, trigger, performance.now());
      },
    });
  }

  /** Events `from` to `to` (exclusive) have been sent, or should have been, at this time. */
  sent(from: number, to: number, at: number): void {
    for (let index = from; index < to; index++) {
      this.sentAt[index % REMEMBERED] = at;
      if (isProbeIndex(index, this.options.probeEvery)) this.open.add(index);
    }
  }

  /** Sent events that are not known to have come through, in steps of `probeEvery`. */
  get inFlight(): number {
    return this.open.size * this.options.probeEvery;
  }

  /** Resolves when fewer than so many events are on their way. */
  async untilBelow(count: number, limitMs: number): Promise<boolean> {
    const deadline = performance.now() + limitMs;
    while (this.inFlight >= count) {
      if (performance.now() > deadline) return false;
      await new Promise<void>((resolve) => {
        const patience = setTimeout(resolve, 100);
        this.wake = () => {
          clearTimeout(patience);
          resolve();
        };
      });
    }
    return true;
  }

  /** Forgets the samples taken so far. */
  startSampling(): void {
    this.firingSamples.clear();
    this.webhookSamples.clear();
  }

  /** Milliseconds of each firing since `startSampling`. */
  takeSamples(): Float64Array {
    return this.firingSamples.take();
  }

  /** Milliseconds of each webhook since `startSampling`. */
  takeWebhookSamples(): Float64Array {
    return this.webhookSamples.take();
  }

  /** A webhook has arrived for a firing that this event caused. */
  webhookArrived(cause: string): void {
    if (cause.includes(this.options.run)) this.webhookSamples.add(this.sinceSent(cause, performance.now()));
  }

  private sinceSent(cause: string, now: number): number {
    return now - this.sentAt[indexOfEventId(cause) % REMEMBERED]!;
  }

  private see(cause: string, trigger: string, now: number): void {
    if (!cause.includes(this.options.run)) return;
    const index = indexOfEventId(cause);
    this.firingSamples.add(this.sinceSent(cause, now));
    if (trigger !== 'checkout' || !this.open.delete(index)) return;
    this.probesSeen++;
    const { wake } = this;
    this.wake = undefined;
    wake?.();
  }
}

/** The first so many of what is measured. */
class Samples {
  private readonly values = new Float64Array(SAMPLES_MAX);
  private count = 0;

  add(value: number): void {
    if (this.count < SAMPLES_MAX) this.values[this.count++] = value;
  }

  clear(): void {
    this.count = 0;
  }

  take(): Float64Array {
    return this.values.slice(0, this.count);
  }
}

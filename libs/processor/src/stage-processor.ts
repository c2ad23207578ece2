/** The stage loop of one process: one reader, the partitions it owns, cycles, ticks, recovery and drain. */
import {
  type LogRecord,
  partitionFilters,
  partitionOfSubject,
  partitionSubject,
  streamOf,
  type Tick,
} from '@attrium/event';
import { encodePack } from './codec/index.js';
import { ProcessorError } from './errors.js';
import { PartitionProcessor } from './partition-processor.js';
import type { LogReader } from './ports.js';
import { START } from './position.js';
import { RivalDelay } from './rival-delay.js';
import type { StageOptions } from './stage-options.js';

export type PartitionStatus = ReturnType<PartitionProcessor['status']>;

export class StageProcessor {
  private readonly partitions = new Map<number, PartitionProcessor>();
  private reader: LogReader | undefined;
  private stopped = false;
  private scheduled = false;
  private lastFlushAt = Number.NEGATIVE_INFINITY;
  private flushTimer: { cancel(): void } | undefined;
  private idleTimer: { cancel(): void } | undefined;
  private tickTimer: { cancel(): void } | undefined;
  /** When it goes off. */
  private tickTimerAt = 0;
  private readonly ticks = new Map<number, { readonly dueAt: number; readonly sentAt: number }>();

  private readonly rivals: RivalDelay;

  constructor(private readonly options: StageOptions) {
    this.rivals = new RivalDelay(options.owner, options.settings.restartDelayMs);
    const host = {
      wake: () => this.schedule(),
      restart: (partition: PartitionProcessor, error: Error) => this.restart(partition, error),
      fatal: (partition: PartitionProcessor, error: Error) => this.fail(partition, error),
    };
    for (const partition of options.owned) {
      this.partitions.set(partition, new PartitionProcessor(options, partition, host));
    }
  }

  /** Recovers all owned partitions and begins to read. Rejects when a log is out of reach or has lost what is needed. */
  async start(): Promise<void> {
    const partitions = [...this.partitions.values()];
    await Promise.all(partitions.map((partition) => partition.discardForeignState()));
    await Promise.all(partitions.map((partition) => partition.recover()));
    this.openReader();
    this.watchIdle();
    this.schedule();
  }

  /** Commits and saves what has been decided, then stops. */
  async stop(): Promise<void> {
    if (this.stopped) return;
    this.stopped = true;
    this.cancelTimers();
    await this.reader?.close();
    await Promise.all([...this.partitions.values()].map((partition) => partition.drain()));
  }

  /** Stops at once, without committing or saving, as a crash would. */
  halt(): void {
    this.stopped = true;
    this.cancelTimers();
    void this.reader?.close();
    for (const partition of this.partitions.values()) partition.halt();
  }

  ask(partition: number, question: unknown): Promise<unknown> {
    const owner = this.partitions.get(partition);
    if (owner === undefined || this.stopped) {
      return Promise.reject(new ProcessorError('ATR-LOG-015', `partition ${partition} is not owned here`, true));
    }
    const answer = owner.ask(question);
    this.schedule();
    return answer;
  }

  /** True when every owned partition has read what the log held when it began. */
  get isCaughtUp(): boolean {
    return [...this.partitions.values()].every((partition) => partition.isCaughtUp);
  }

  status(): PartitionStatus[] {
    return [...this.partitions.values()].map((partition) => partition.status());
  }

  private cancelTimers(): void {
    this.flushTimer?.cancel();
    this.idleTimer?.cancel();
    this.tickTimer?.cancel();
  }

  // --- reading --------------------------------------------------------------------------------------------------

  private openReader(): void {
    void this.reader?.close();
    const { binding, log, owned } = this.options;
    let fromSequence = Number.POSITIVE_INFINITY;
    for (const partition of this.partitions.values()) {
      if (partition.ready) fromSequence = Math.min(fromSequence, partition.nextSequence);
    }
    if (!Number.isFinite(fromSequence)) return;
    this.reader = log.read(streamOf(binding.input), {
      subjects: owned.flatMap((partition) => partitionFilters(binding.input, partition)),
      fromSequence,
      wake: () => this.schedule(),
      failed: (error) => this.failAll(error),
    });
    this.schedule();
  }

  /** Runs a turn soon, outside of the caller. */
  private schedule(): void {
    if (this.scheduled || this.stopped) return;
    this.scheduled = true;
    this.options.clock.after(0, () => {
      this.scheduled = false;
      if (!this.stopped) this.turn();
    });
  }

  /** Takes what has arrived, decides for a slice of time, then flushes if the cycle is over. */
  private turn(): void {
    const { clock, settings } = this.options;
    // Each its share: one slice for all would leave the last partitions behind whenever the first are busy.
    const shareMs = settings.sliceMs / this.partitions.size;
    this.take();
    let more = false;
    for (const partition of this.partitions.values()) {
      if (partition.hasWork) partition.decide(clock.monotonic() + shareMs);
      if (partition.hasWork) more = true;
    }
    if (this.take() > 0 || more) this.schedule();
    this.requestFlush();
    this.scheduleTick();
  }

  /** Hands arrived messages to their partitions, as long as none is full. */
  private take(): number {
    const { reader } = this;
    if (reader === undefined) return 0;
    let taken = 0;
    while (!this.isFull()) {
      const message = reader.next();
      if (message === undefined) break;
      this.partitions.get(partitionOfSubject(message.subject))?.offer(message);
      taken++;
    }
    return taken;
  }

  private isFull(): boolean {
    for (const partition of this.partitions.values()) if (partition.isFull) return true;
    return false;
  }

  private requestFlush(): void {
    const { clock, settings } = this.options;
    const sinceMs = clock.monotonic() - this.lastFlushAt;
    if (sinceMs >= settings.lingerMs) {
      this.flush();
      return;
    }
    if (this.flushTimer !== undefined) return;
    this.flushTimer = clock.after(settings.lingerMs - sinceMs, () => {
      this.flushTimer = undefined;
      if (!this.stopped) this.flush();
    });
  }

  private flush(): void {
    let facts = false;
    for (const partition of this.partitions.values()) {
      if (partition.hasFacts) facts = true;
      partition.flush();
    }
    if (facts) this.lastFlushAt = this.options.clock.monotonic();
  }

  /** Saves idle partitions too. */
  private watchIdle(): void {
    const { clock, settings } = this.options;
    this.idleTimer = clock.after(settings.checkpointIntervalMs, () => {
      if (this.stopped) return;
      this.schedule();
      this.watchIdle();
    });
  }

  // --- ticks ----------------------------------------------------------------------------------------------------

  /** Appends a tick to the input of each partition whose earliest timer is due, and looks again when the next one will be. */
  private scheduleTick(): void {
    const { clock } = this.options;
    const now = clock.now();
    let next = Number.POSITIVE_INFINITY;
    for (const partition of this.partitions.values()) {
      const dueAt = partition.nextTimerDue(now);
      if (dueAt === undefined) continue;
      if (dueAt <= now) next = Math.min(next, this.tick(partition, now));
      else next = Math.min(next, dueAt);
    }
    if (this.tickTimer !== undefined && this.tickTimerAt === next) return;
    this.tickTimer?.cancel();
    this.tickTimer = undefined;
    if (!Number.isFinite(next)) return;
    this.tickTimerAt = next;
    this.tickTimer = clock.after(Math.max(1, next - now), () => {
      this.tickTimer = undefined;
      this.schedule();
    });
  }

  /** Returns when to look at this partition again. */
  private tick(partition: PartitionProcessor, now: number): number {
    const { settings, binding, log, observe } = this.options;
    const sent = this.ticks.get(partition.partition);
    const waitMs = sent === undefined ? 0 : sent.sentAt + this.tickRetryMs(partition, sent.dueAt) - now;
    if (waitMs > 0) return now + waitMs;
    if (binding.input === 'events') throw new Error(`${binding.name} has no timers`);
    const subject = partitionSubject(binding.input, partition.partition, `${binding.name}-tick`);
    const id = `tick-${binding.name}-${partition.partition}-${now}`;
    const record: Tick & LogRecord = { kind: 'tick', id, dueAt: now };
    const header = {
      schemaVersion: 1,
      logicVersion: binding.logicVersion,
      stage: binding.name,
      writer: `${binding.name}-tick`,
      owner: this.options.owner,
      commit: 0,
      reached: START,
    };
    this.ticks.set(partition.partition, { dueAt: now, sentAt: now });
    observe({ kind: 'ticked', partition: partition.partition, dueAt: now });
    void log.append(subject, encodePack(header, [record]), { messageId: id });
    return now + settings.tickIntervalMs;
  }

  /** A tick that has been read makes room for the next at once; one that was not is repeated after a while. */
  private tickRetryMs(partition: PartitionProcessor, dueAt: number): number {
    return partition.status().now >= dueAt ? this.options.settings.tickIntervalMs : 1_000;
  }

  // --- failures -------------------------------------------------------------------------------------------------

  private restart(partition: PartitionProcessor, error: Error): void {
    if (this.stopped) return;
    partition.halt();
    if (error instanceof ProcessorError && !error.retryable) {
      // It would come to the same again.
      this.fail(partition, error);
      return;
    }
    this.options.observe({ kind: 'stopped', partition: partition.partition, error });
    const { settings, clock } = this.options;
    const overtaken = error instanceof ProcessorError && error.code === 'ATR-LOG-013';
    const delayMs = overtaken ? this.rivals.next(partition.partition, clock.monotonic()) : settings.restartDelayMs;
    clock.after(delayMs, () => {
      if (this.stopped) return;
      partition.recover().then(
        () => this.openReader(),
        (failure: Error) => {
          if ((failure as { retryable?: boolean }).retryable === false) this.fail(partition, failure);
          else this.restart(partition, failure);
        },
      );
    });
  }

  private fail(partition: PartitionProcessor, error: Error): void {
    this.options.observe({ kind: 'stopped', partition: partition.partition, error });
    this.failAll(error);
  }

  private failAll(error: Error): void {
    if (this.stopped) return;
    this.halt();
    this.options.fatal(error);
  }
}

/** A log in memory on virtual time, with the faults of a real one: late, lost and unanswered publishes, outages, a clock that jumps. */
import {
  type AppendOptions,
  type AppendOutcome,
  LOG_ERROR_CODES,
  type Log,
  type LogBounds,
  LogError,
  type LogReader,
  type ReadOptions,
  type StoredMessage,
} from '@attrium/processor';
import { Random } from './random.js';
import type { SimulatedClock } from './simulated-clock.js';
import { SimulatedReader } from './simulated-reader.js';
import { SimulatedStream } from './simulated-stream.js';
import { streamOfSubject } from './subject-filter.js';

/** Chances are probabilities per publish; delays are drawn evenly from 0 to the maximum. */
export interface LogFaults {
  /** From the call to the moment the message is stored. */
  readonly appendDelayMsMax: number;
  /** From there to the answer, beyond the millisecond that an answer always takes (else a busy writer would stop the time). */
  readonly answerDelayMsMax: number;
  readonly deliveryDelayMsMax: number;
  /** Stored, but the writer hears nothing. */
  readonly answerLostChance: number;
  /** Not stored, and the writer hears nothing. */
  readonly requestLostChance: number;
  /** Stored only after the writer has given up waiting. */
  readonly requestStalledChance: number;
  /** When a writer gives up waiting. */
  readonly answerTimeoutMs: number;
  /** The server's clock is set anew, by up to `clockStepMsMax` before or after the true time. */
  readonly clockStepChance: number;
  readonly clockStepMsMax: number;
}

export const NO_FAULTS: LogFaults = {
  appendDelayMsMax: 0,
  answerDelayMsMax: 0,
  deliveryDelayMsMax: 0,
  answerLostChance: 0,
  requestLostChance: 0,
  requestStalledChance: 0,
  answerTimeoutMs: 2_000,
  clockStepChance: 0,
  clockStepMsMax: 0,
};

/** What may happen to a publish by the chances of `LogFaults`. */
export type LogFaultKind = 'lost-answer' | 'lost-request' | 'stalled-request' | 'clock-step';

export interface SimulatedLogOptions {
  readonly clock: SimulatedClock;
  readonly random?: Random;
  readonly faults?: Partial<LogFaults>;
  /** Asked about each fault that was drawn, before it happens: false prevents it, and the draws that follow stay as they are. */
  readonly admits?: (fault: LogFaultKind) => boolean;
}

/** What becomes of one publish, told at once: its writer may be dead by then. */
export interface PublishTrace {
  /** The log has it. */
  stored?(): void;
}

export class SimulatedLog implements Log {
  /** May be changed while the simulation runs, for example to let it come to rest. */
  faults: LogFaults;
  private readonly clock: SimulatedClock;
  private readonly random: Random;
  private readonly streams = new Map<string, SimulatedStream>();
  private readonly bySubject = new Map<string, SimulatedStream>();
  private readonly readers = new Map<SimulatedReader, SimulatedStream>();
  private readonly outages: { fromMs: number; toMs: number }[] = [];
  private skewMs = 0;
  private readonly admits: (fault: LogFaultKind) => boolean;

  constructor(options: SimulatedLogOptions) {
    this.clock = options.clock;
    this.admits = options.admits ?? (() => true);
    this.random = options.random ?? new Random(1);
    this.faults = { ...NO_FAULTS, ...options.faults };
  }

  append(
    subject: string,
    payload: Uint8Array,
    options: AppendOptions = {},
    trace: PublishTrace = {},
  ): Promise<AppendOutcome> {
    const { faults, random } = this;
    const bytes = payload.slice();
    const answerLost = random.chance(faults.answerLostChance) && this.admits('lost-answer');
    const requestLost = random.chance(faults.requestLostChance) && this.admits('lost-request');
    const stalled = random.chance(faults.requestStalledChance) && this.admits('stalled-request');
    const delayMs = random.int(faults.appendDelayMsMax + 1) + (stalled ? faults.answerTimeoutMs : 0);
    const answerMs = 1 + random.int(faults.answerDelayMsMax + 1);
    return new Promise((resolve) => {
      const timeout = this.clock.after(faults.answerTimeoutMs, () => resolve({ kind: 'unknown', reason: 'no answer' }));
      const down = this.downUntil() !== undefined;
      this.clock.after(delayMs, () => {
        if (requestLost || down || this.downUntil() !== undefined) return;
        const outcome = this.store(subject, bytes, options);
        if (outcome.kind === 'appended') trace.stored?.();
        if (answerLost) return;
        this.clock.after(answerMs, () => {
          if (this.downUntil() !== undefined) return;
          timeout.cancel();
          resolve(outcome);
        });
      });
    });
  }

  async last(subject: string): Promise<StoredMessage | undefined> {
    await this.reach();
    return this.streamOf(subject).last(subject);
  }

  async bounds(stream: string): Promise<LogBounds> {
    await this.reach();
    return this.stream(stream).bounds();
  }

  read(stream: string, options: ReadOptions): LogReader {
    const reader = new SimulatedReader(this.stream(stream), options, {
      clock: this.clock,
      random: this.random.fork(),
      delayMsMax: this.faults.deliveryDelayMsMax,
      downUntil: () => this.downUntil(),
      closed: (ended) => this.readers.delete(ended),
    });
    this.readers.set(reader, this.stream(stream));
    return reader;
  }

  /** The server is down between two virtual times: nothing is stored, answered or delivered. */
  addOutage(fromMs: number, toMs: number): void {
    this.outages.push({ fromMs, toMs });
  }

  /** What is stored of a stream, at once and without faults; for checks. */
  stored(stream: string, subjects?: readonly string[]): StoredMessage[] {
    return this.stream(stream).all(subjects);
  }

  /** Stores at once and without faults; for setting a scene. */
  store(subject: string, payload: Uint8Array, options: AppendOptions = {}): AppendOutcome {
    const { faults } = this;
    if (this.random.chance(faults.clockStepChance)) {
      const skewMs = this.random.int(2 * faults.clockStepMsMax + 1) - faults.clockStepMsMax;
      if (this.admits('clock-step')) this.skewMs = skewMs;
    }
    const stream = this.streamOf(subject);
    const appendedAt = Math.max(0, this.clock.now() + this.skewMs);
    const outcome = stream.append({ subject, payload, appendedAt }, options);
    this.changed(stream);
    return outcome;
  }

  /** Loses the messages up to and including `upTo`. */
  purge(stream: string, upTo: number): void {
    this.stream(stream).purge(upTo);
    this.changed(this.stream(stream));
  }

  /** Loses the last `count` messages. */
  truncateTail(stream: string, count: number): void {
    this.stream(stream).truncateTail(count);
    this.changed(this.stream(stream));
  }

  private downUntil(): number | undefined {
    const now = this.clock.now();
    return this.outages.find((outage) => outage.fromMs <= now && now < outage.toMs)?.toMs;
  }

  /** A question to the server and back. */
  private reach(): Promise<void> {
    const { faults } = this;
    const delayMs = 1 + this.random.int(faults.appendDelayMsMax + 1) + this.random.int(faults.answerDelayMsMax + 1);
    return new Promise((resolve, reject) => {
      const down = this.downUntil() !== undefined;
      this.clock.after(down ? faults.answerTimeoutMs : delayMs, () => {
        if (!down && this.downUntil() === undefined) resolve();
        else reject(new LogError(LOG_ERROR_CODES.outOfReach, 'the log does not answer'));
      });
    });
  }

  private streamOf(subject: string): SimulatedStream {
    let stream = this.bySubject.get(subject);
    if (stream === undefined) {
      stream = this.stream(streamOfSubject(subject));
      this.bySubject.set(subject, stream);
    }
    return stream;
  }

  private stream(name: string): SimulatedStream {
    let stream = this.streams.get(name);
    if (stream === undefined) {
      stream = new SimulatedStream(name);
      this.streams.set(name, stream);
    }
    return stream;
  }

  private changed(stream: SimulatedStream): void {
    for (const [reader, read] of this.readers) if (read === stream) reader.schedule();
  }
}

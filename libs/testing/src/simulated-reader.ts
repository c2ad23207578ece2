/** A reader of a simulated log: gets messages late and in portions, but in order and each once. */
import { type LogReader, positionFault, type ReadOptions, type StoredMessage } from '@attrium/processor';
import type { Random } from './random.js';
import type { SimulatedClock } from './simulated-clock.js';
import type { SimulatedStream } from './simulated-stream.js';
import { matchesSubject } from './subject-filter.js';

/** A reader holds at most so many messages that were not taken yet. */
const BUFFERED_MAX = 1_000;

export interface ReaderSurroundings {
  readonly clock: SimulatedClock;
  readonly random: Random;
  readonly delayMsMax: number;
  /** Until when the server is down; undefined while it is up. */
  downUntil(): number | undefined;
  closed(reader: SimulatedReader): void;
}

export class SimulatedReader implements LogReader {
  private readonly buffer: StoredMessage[] = [];
  private taken = 0;
  private cursor: number;
  private scheduled = false;
  private woken = false;
  private ended = false;

  constructor(
    private readonly stream: SimulatedStream,
    private readonly options: ReadOptions,
    private readonly surroundings: ReaderSurroundings,
  ) {
    this.cursor = options.fromSequence;
    this.schedule();
  }

  next(): StoredMessage | undefined {
    this.woken = false;
    const message = this.buffer[this.taken];
    if (message === undefined) return undefined;
    this.taken++;
    if (this.taken === this.buffer.length) {
      this.buffer.length = 0;
      this.taken = 0;
      this.schedule();
    }
    return message;
  }

  get buffered(): number {
    return this.buffer.length - this.taken;
  }

  async close(): Promise<void> {
    this.ended = true;
    this.surroundings.closed(this);
  }

  /** Something in the stream has changed: looks at it after a delay of its own. */
  schedule(): void {
    if (this.scheduled || this.ended) return;
    this.scheduled = true;
    const { clock, random, delayMsMax } = this.surroundings;
    const downMs = Math.max(0, (this.surroundings.downUntil() ?? 0) - clock.now());
    clock.after(downMs + random.int(delayMsMax + 1), () => this.deliver());
  }

  private deliver(): void {
    this.scheduled = false;
    if (this.ended) return;
    if (this.surroundings.downUntil() !== undefined) {
      this.schedule();
      return;
    }
    const bounds = this.stream.bounds();
    const fault = positionFault(this.stream.name, this.cursor, bounds);
    if (fault !== undefined) {
      this.ended = true;
      this.surroundings.closed(this);
      this.options.failed(fault);
      return;
    }
    // A portion of what is there, so that messages of one commit also arrive apart from each other.
    let portion = 1 + this.surroundings.random.int(64);
    while (portion > 0 && this.cursor <= bounds.lastSequence && this.buffered < BUFFERED_MAX) {
      const message = this.stream.at(this.cursor++)!;
      if (!this.options.subjects.some((filter) => matchesSubject(filter, message.subject))) continue;
      this.buffer.push(message);
      portion--;
    }
    if (this.cursor <= bounds.lastSequence && this.buffered < BUFFERED_MAX) this.schedule();
    if (this.buffered > 0 && !this.woken) {
      this.woken = true;
      this.options.wake();
    }
  }
}

/** One subject that an owner appends to: the facts that wait, and the compare-and-set publish of a pack. */
import type { Event, FactBody } from '@attrium/event';
import { decodeHeader, PackBuilder, type PackHeader } from './codec/index.js';
import { ProcessorError } from './errors.js';
import type { Observe } from './occurrence.js';
import type { Clock, Log, StoredMessage } from './ports.js';
import { comparePositions, type Position, START } from './position.js';

const RETRY_MS_MIN = 50;
const RETRY_MS_MAX = 1_000;

export interface OutputOptions {
  readonly log: Log;
  readonly clock: Clock;
  readonly subject: string;
  readonly partition: number;
  readonly observe: Observe;
}

export class Output {
  /** Sequence of the last own message; 0 when there is none. */
  lastSequence = 0;
  /** Up to where (exclusive) the facts for this output are in the log. */
  reached: Position = START;
  private readonly builder = new PackBuilder();

  constructor(private readonly options: OutputOptions) {}

  get subject(): string {
    return this.options.subject;
  }

  get bytes(): number {
    return this.builder.bytes;
  }

  get isEmpty(): boolean {
    return this.builder.count === 0;
  }

  /** Reads from the leader how far the last owner came. */
  async recover(): Promise<void> {
    this.builder.clear();
    this.accept(await this.options.log.last(this.options.subject));
  }

  /** Whether the log has what was decided at this place of the input already. */
  has(place: Position): boolean {
    return comparePositions(place, this.reached) < 0;
  }

  /** Encodes the fact as it is now; it is not kept. */
  add(fact: Event | FactBody, id: string): void {
    this.builder.addFact(fact, id);
  }

  /** The pack of all that waits; the output is empty afterwards. */
  take(header: PackHeader): { bytes: Uint8Array; facts: number; header: PackHeader } {
    const facts = this.builder.count;
    const bytes = this.builder.finish(header);
    return { bytes, facts, header };
  }

  /** Appends a pack after the last own message. Resolves when it is in the log; rejects when another owner has written. */
  async publish(pack: { bytes: Uint8Array; header: PackHeader }, stopped: () => boolean): Promise<void> {
    const { log, subject, partition, observe } = this.options;
    for (let attempt = 0; ; attempt++) {
      const outcome = await log.append(subject, pack.bytes, { expectedLastSequence: this.lastSequence });
      if (outcome.kind === 'appended') {
        this.lastSequence = outcome.sequence;
        this.reached = pack.header.reached;
        return;
      }
      if (outcome.kind === 'too-large') {
        throw new ProcessorError('ATR-LOG-016', `a pack for ${subject} is too large: ${outcome.reason}`, false);
      }
      observe({
        kind: 'append-unknown',
        partition,
        subject,
        reason: outcome.kind === 'unknown' ? outcome.reason : 'refused',
      });
      if (await this.settle(pack.header, stopped)) return;
      await this.pause(attempt);
      if (stopped()) throw new ProcessorError('ATR-LOG-015', 'the stage stops', true);
    }
  }

  /** True when the pack turns out to be in the log; false when it is not and may be sent again. */
  private async settle(header: PackHeader, stopped: () => boolean): Promise<boolean> {
    for (let attempt = 0; ; attempt++) {
      let last: StoredMessage | undefined;
      try {
        last = await this.options.log.last(this.options.subject);
      } catch {
        await this.pause(attempt);
        if (stopped()) throw new ProcessorError('ATR-LOG-015', 'the stage stops', true);
        continue;
      }
      if ((last?.sequence ?? 0) === this.lastSequence) return false;
      const found = last === undefined ? undefined : decodeHeader(last.payload);
      if (found !== undefined && found.owner === header.owner && found.commit === header.commit) {
        this.accept(last);
        return true;
      }
      this.options.observe({ kind: 'fenced', partition: this.options.partition, subject: this.options.subject });
      throw new ProcessorError('ATR-LOG-013', `another owner has appended to ${this.options.subject}`, true);
    }
  }

  private accept(last: StoredMessage | undefined): void {
    if (last === undefined) return;
    this.lastSequence = last.sequence;
    const { reached } = decodeHeader(last.payload);
    if (comparePositions(reached, this.reached) > 0) this.reached = reached;
  }

  private pause(attempt: number): Promise<void> {
    const delayMs = Math.min(RETRY_MS_MAX, RETRY_MS_MIN * 2 ** Math.min(attempt, 5));
    return new Promise((resolve) => this.options.clock.after(delayMs, resolve));
  }
}

/** One stream of a simulated log: its messages, and the answers to compare-and-set and retried publishes. */
import type { AppendOptions, AppendOutcome, LogBounds, StoredMessage } from '@attrium/processor';
import { matchesSubject } from './subject-filter.js';

export class SimulatedStream {
  /** In sequence order, without gaps; the first has sequence `first`. */
  private messages: StoredMessage[] = [];
  private first = 1;
  private readonly lastOfSubject = new Map<string, number>();
  private readonly messageIds = new Map<string, number>();

  constructor(readonly name: string) {}

  bounds(): LogBounds {
    return { firstSequence: this.first, lastSequence: this.first + this.messages.length - 1 };
  }

  /** The compare-and-set is judged before the message id, as a single NATS server does. */
  append(message: Omit<StoredMessage, 'sequence'>, options: AppendOptions): AppendOutcome {
    const { expectedLastSequence, messageId } = options;
    if (expectedLastSequence !== undefined && (this.lastOfSubject.get(message.subject) ?? 0) !== expectedLastSequence) {
      return { kind: 'refused' };
    }
    const earlier = messageId === undefined ? undefined : this.messageIds.get(messageId);
    if (earlier !== undefined) return { kind: 'appended', sequence: earlier };
    const sequence = this.first + this.messages.length;
    this.messages.push({ ...message, sequence });
    this.lastOfSubject.set(message.subject, sequence);
    if (messageId !== undefined) this.messageIds.set(messageId, sequence);
    return { kind: 'appended', sequence };
  }

  at(sequence: number): StoredMessage | undefined {
    return this.messages[sequence - this.first];
  }

  /** Of a subject, or of all that a filter selects. */
  last(subject: string): StoredMessage | undefined {
    if (/[*>]/.test(subject)) return this.messages.findLast((message) => matchesSubject(subject, message.subject));
    const sequence = this.lastOfSubject.get(subject);
    return sequence === undefined ? undefined : this.at(sequence);
  }

  /** All that is stored of some subjects; of all subjects when no filter is given. */
  all(filters?: readonly string[]): StoredMessage[] {
    if (filters === undefined) return [...this.messages];
    return this.messages.filter((message) => filters.some((filter) => matchesSubject(filter, message.subject)));
  }

  /** Removes everything up to and including `upTo`. */
  purge(upTo: number): void {
    const count = Math.min(Math.max(0, upTo - this.first + 1), this.messages.length);
    this.messages = this.messages.slice(count);
    this.first += count;
    this.forget((sequence) => sequence < this.first);
  }

  /** Removes the last `count` messages, as a power failure does; their sequences are given again. */
  truncateTail(count: number): void {
    this.messages = this.messages.slice(0, Math.max(0, this.messages.length - count));
    const last = this.bounds().lastSequence;
    this.forget((sequence) => sequence > last);
    for (const message of this.messages) this.lastOfSubject.set(message.subject, message.sequence);
  }

  private forget(gone: (sequence: number) => boolean): void {
    for (const index of [this.lastOfSubject, this.messageIds]) {
      for (const [key, sequence] of index) if (gone(sequence)) index.delete(key);
    }
  }
}

/** A log in memory for the tests of this library: messages in order, readers that are woken in a later turn of the loop. */
import type { AppendOutcome, Log, LogBounds, LogReader, ReadOptions, StoredMessage } from '@attrium/processor';

export class MemoryLog implements Log {
  readonly messages: StoredMessage[] = [];
  private readonly readers = new Set<ReadOptions>();
  /** How many messages readers have taken, to see that a projector stops reading. */
  taken = 0;
  private firstSequence = 1;

  async append(subject: string, payload: Uint8Array): Promise<AppendOutcome> {
    const sequence = this.messages.length + 1;
    this.messages.push({ subject, sequence, appendedAt: sequence, payload });
    for (const reader of this.readers) setImmediate(() => this.readers.has(reader) && reader.wake());
    return { kind: 'appended', sequence };
  }

  async last(subject: string): Promise<StoredMessage | undefined> {
    return this.messages.findLast((message) => message.subject === subject);
  }

  async bounds(): Promise<LogBounds> {
    return { firstSequence: this.firstSequence, lastSequence: this.messages.length };
  }

  purgeBelow(sequence: number): void {
    this.firstSequence = sequence;
  }

  read(_stream: string, options: ReadOptions): LogReader {
    let position = options.fromSequence - 1;
    const { messages } = this;
    this.readers.add(options);
    setImmediate(() => this.readers.has(options) && options.wake());
    return {
      next: () => {
        const message = messages[position];
        if (message !== undefined) {
          position++;
          this.taken++;
        }
        return message;
      },
      get buffered() {
        return messages.length - position;
      },
      close: async () => {
        this.readers.delete(options);
      },
    };
  }

  /** Makes every reader fail, as when the log is out of reach. */
  failReaders(): void {
    for (const reader of [...this.readers]) reader.failed(new Error('the log went away'));
  }
}

/** The log on JetStream: one stream a log, compare-and-set by subject, ordered push consumers. */
import type {
  AppendOptions,
  AppendOutcome,
  Log,
  LogBounds,
  LogReader,
  ReadOptions,
  StoredMessage,
} from '@attrium/processor';
import type { NatsLink } from './connection.js';
import { Publisher } from './publisher.js';
import { PushReader } from './push-reader.js';
import { lastMessage, streamBounds } from './stream-api.js';

export interface JetStreamLogOptions {
  /** When an append without an answer is `unknown`. */
  readonly answerTimeoutMs?: number;
}

const ANSWER_TIMEOUT_MS = 2_000;

export class JetStreamLog implements Log {
  private readonly publisher: Publisher;
  private readonly readers = new Set<PushReader>();
  private readonly stopListening: () => void;

  constructor(
    private readonly link: NatsLink,
    options: JetStreamLogOptions = {},
  ) {
    this.publisher = new Publisher(link.publish, options.answerTimeoutMs ?? ANSWER_TIMEOUT_MS);
    this.stopListening = link.onChange(({ connection, kind }) => {
      if (connection === 'publish') {
        if (kind === 'lost') this.publisher.lost();
        else this.publisher.back();
      } else if (kind === 'back') {
        for (const reader of this.readers) reader.restart();
      }
    });
  }

  append(subject: string, payload: Uint8Array, options: AppendOptions = {}): Promise<AppendOutcome> {
    return this.publisher.publish(streamOfSubject(subject), subject, payload, options);
  }

  last(subject: string): Promise<StoredMessage | undefined> {
    return lastMessage(this.link.publish, streamOfSubject(subject), subject);
  }

  bounds(stream: string): Promise<LogBounds> {
    return streamBounds(this.link.publish, stream);
  }

  read(stream: string, options: ReadOptions): LogReader {
    const reader = new PushReader(this.link.read, stream, options, (ended) => this.readers.delete(ended));
    this.readers.add(reader);
    return reader;
  }

  /** Ends its readers and answers what is under way with `unknown`; the connections stay open. */
  async close(): Promise<void> {
    this.stopListening();
    await Promise.all([...this.readers].map((reader) => reader.close()));
    this.publisher.close();
  }
}

/** The stream that stores a subject: `attrium-<second token>`. */
export function streamOfSubject(subject: string): string {
  const first = subject.indexOf('.');
  const second = subject.indexOf('.', first + 1);
  return `${subject.slice(0, first)}-${subject.slice(first + 1, second < 0 ? undefined : second)}`;
}

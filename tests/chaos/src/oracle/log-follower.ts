/** Reads logs from their first message on, in slices, so that the load generator in the same process is not held up. */
import type { JetStreamLog } from '@attrium/nats';
import type { LogReader, StoredMessage } from '@attrium/processor';

export interface FollowedStream {
  readonly stream: string;
  readonly subjects: string;
  readonly take: (message: StoredMessage) => void;
}

const SLICE_MS = 4;

export class LogFollower {
  private readonly readers: { readonly reader: LogReader; readonly take: (message: StoredMessage) => void }[] = [];
  private scheduled = false;
  private closed = false;
  /** Why reading ended: a log that has lost what was read from it, or a bug of the ledger. */
  failure: Error | undefined;

  constructor(log: JetStreamLog, streams: readonly FollowedStream[]) {
    for (const { stream, subjects, take } of streams) {
      const reader = log.read(stream, {
        subjects: [subjects],
        fromSequence: 1,
        wake: () => this.schedule(),
        failed: (error) => {
          this.failure ??= error;
        },
      });
      this.readers.push({ reader, take });
    }
  }

  async close(): Promise<void> {
    this.closed = true;
    await Promise.all(this.readers.map(({ reader }) => reader.close()));
  }

  private schedule(): void {
    if (this.scheduled || this.closed) return;
    this.scheduled = true;
    setImmediate(() => {
      this.scheduled = false;
      this.slice();
    });
  }

  private slice(): void {
    const until = performance.now() + SLICE_MS;
    for (let more = true; more && !this.closed && this.failure === undefined; ) {
      more = false;
      for (const { reader, take } of this.readers) {
        const message = reader.next();
        if (message === undefined) continue;
        more = true;
        try {
          take(message);
        } catch (error) {
          this.failure ??= error as Error;
        }
      }
      if (more && performance.now() > until) {
        this.schedule();
        return;
      }
    }
  }
}

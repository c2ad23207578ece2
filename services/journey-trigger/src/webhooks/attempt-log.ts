/**
 * Notes what became of each attempt, in a stream that is projected into ClickHouse. For people, not for the line: what cannot be noted
 * is counted and left out, and never delays a delivery.
 */
import { attemptsSubject, type DeliveryAttempted, partitionOf, writerOf } from '@attrium/event';
import type { Logger } from '@attrium/host';
import { type Clock, encodePack, type Log, NO_POSITION, PACK_SCHEMA_VERSION } from '@attrium/processor';

export type Attempt = Omit<DeliveryAttempted, 'kind' | 'id'>;

export interface AttemptLogOptions {
  readonly log: Log;
  readonly clock: Pick<Clock, 'after'>;
  readonly logger: Logger;
  readonly partitions: number;
  /** Id of the writing process. */
  readonly owner: string;
  readonly telemetry: { attemptsLost(attempts: number): void };
}

const STAGE = 'journey-trigger';
const FLUSH_MS = 250;
/** Attempts of one pack, and those that wait for the stream. */
const PACK_ATTEMPTS_MAX = 1_000;
const WAITING_MAX = 20_000;

export class AttemptLog {
  private waiting: DeliveryAttempted[] = [];
  private timer: { cancel(): void } | undefined;
  private flushing: Promise<void> = Promise.resolve();
  private commits = 0;
  private noted = 0;

  constructor(private readonly options: AttemptLogOptions) {}

  note(attempt: Attempt): void {
    if (this.waiting.length >= WAITING_MAX) {
      this.options.telemetry.attemptsLost(1);
      return;
    }
    const id = `${this.options.owner}:${++this.noted}`;
    this.waiting.push({ ...attempt, kind: 'delivery-attempted', id });
    this.timer ??= this.options.clock.after(FLUSH_MS, () => {
      this.timer = undefined;
      this.flushing = this.flushing.then(() => this.flush());
    });
  }

  /** Notes what waits, as far as the log answers. */
  async stop(): Promise<void> {
    this.timer?.cancel();
    await this.flushing;
    await this.flush();
  }

  private async flush(): Promise<void> {
    const { log, partitions, owner, telemetry, logger } = this.options;
    while (this.waiting.length > 0) {
      const attempts = this.waiting.slice(0, PACK_ATTEMPTS_MAX);
      const partition = partitionOf(attempts[0]!.destination, partitions);
      const writer = writerOf(STAGE, partition);
      const commit = ++this.commits;
      const head = { schemaVersion: PACK_SCHEMA_VERSION, logicVersion: 1, stage: STAGE, writer, owner, commit };
      const pack = encodePack({ ...head, reached: NO_POSITION }, attempts);
      const outcome = await log.append(attemptsSubject(partition, writer), pack, { messageId: `${owner}:${commit}` });
      // Nothing waits for it, so one try is enough: what the stream has not taken now is not worth a queue.
      if (outcome.kind !== 'appended') {
        telemetry.attemptsLost(attempts.length);
        logger.warn({ attempts: attempts.length, outcome: outcome.kind }, 'attempts of deliveries could not be noted');
      }
      this.waiting.splice(0, attempts.length);
    }
  }
}

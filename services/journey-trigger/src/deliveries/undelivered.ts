/** Deliveries that were given up: one message each in a stream of their own, until somebody sends them again or discards them. */
import { UNDELIVERED_STREAM, undeliveredSubject } from '@attrium/event';
import type { Log } from '@attrium/processor';
import { JetStreamApiError, type JetStreamManager, type StoredMsg } from '@nats-io/jetstream';

/** What a message of the stream says. */
export interface Undelivered {
  readonly workspace: string;
  readonly trigger: string;
  /** Name of the destination. */
  readonly destination: string;
  readonly url: string;
  readonly firingId: string;
  readonly profileId: string;
  /** Of the last attempt. */
  readonly reason: string;
  /** ms. */
  readonly givenUpAt: number;
  /** The firing as it was sent. */
  readonly body: string;
}

export interface UndeliveredAt extends Undelivered {
  /** In the stream. */
  readonly position: number;
}

const NO_MESSAGE_FOUND = 10_037;
/** Of a deletion: there is no such message, or the server says in its own way that it cannot delete it. */
const NOT_THERE: ReadonlySet<number> = new Set([NO_MESSAGE_FOUND, 10_057]);

/** False when it is not certain that the log has it. Once for each firing and destination. */
export async function keepUndelivered(log: Log, letter: Undelivered): Promise<boolean> {
  const { workspace, destination, firingId } = letter;
  const subject = undeliveredSubject(workspace, destination);
  const messageId = `${destination}:${firingId}`;
  const outcome = await log.append(subject, Buffer.from(JSON.stringify(letter)), { messageId });
  return outcome.kind === 'appended';
}

/** Reads and deletes; all of one workspace. Throws what JetStream fails with. */
export class UndeliveredStore {
  constructor(private readonly manager: JetStreamManager) {}

  /** The oldest first, behind a position. */
  async list(asked: {
    workspace: string;
    destination: string;
    after: number;
    limit: number;
  }): Promise<UndeliveredAt[]> {
    const { workspace, destination, after, limit } = asked;
    const subject = undeliveredSubject(workspace, destination === '' ? '*' : destination);
    const found: UndeliveredAt[] = [];
    for (let seq = after + 1; found.length < limit; ) {
      const message = await this.message({ seq, next_by_subj: subject });
      if (message === undefined) break;
      found.push(readLetter(message));
      seq = message.seq + 1;
    }
    return found;
  }

  /** Undefined when there is none at this position, or it is of another workspace. */
  async get(workspace: string, position: number): Promise<UndeliveredAt | undefined> {
    const message = await this.message({ seq: position });
    if (!message?.subject.startsWith(undeliveredSubject(workspace, ''))) return undefined;
    return readLetter(message);
  }

  /** False when there is none at this position any more. */
  async delete(position: number): Promise<boolean> {
    try {
      return await this.manager.streams.deleteMessage(UNDELIVERED_STREAM, position, false);
    } catch (error) {
      if (error instanceof JetStreamApiError && NOT_THERE.has(error.code)) return false;
      throw error;
    }
  }

  /** By destination. */
  async counts(workspace: string): Promise<ReadonlyMap<string, number>> {
    const prefix = undeliveredSubject(workspace, '');
    const { state } = await this.manager.streams.info(UNDELIVERED_STREAM, { subjects_filter: `${prefix}*` });
    return new Map(
      Object.entries(state.subjects ?? {}).map(([subject, count]) => [subject.slice(prefix.length), count]),
    );
  }

  private async message(query: { seq: number; next_by_subj?: string }): Promise<StoredMsg | undefined> {
    try {
      return (await this.manager.streams.getMessage(UNDELIVERED_STREAM, query)) ?? undefined;
    } catch (error) {
      if (error instanceof JetStreamApiError && error.code === NO_MESSAGE_FOUND) return undefined;
      throw error;
    }
  }
}

function readLetter(message: StoredMsg): UndeliveredAt {
  return { ...message.json<Undelivered>(), position: message.seq };
}

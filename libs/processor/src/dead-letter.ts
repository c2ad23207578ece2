/** What a stage keeps of a record that it cannot decide. */
import { deadLettersSubject, type LogRecord, type StageName } from '@attrium/event';
import type { Clock, Log, StoredMessage } from './ports.js';

const RETRY_MS = 250;

export interface DeadLetterInput {
  readonly stage: StageName;
  readonly partition: number;
  /** `sequence`, `sequence:record` or `sequence:record:ordinal` of the input. */
  readonly place: string;
  readonly message: StoredMessage;
  readonly record: LogRecord | undefined;
  readonly reason: string;
}

export interface DeadLetter {
  readonly subject: string;
  readonly messageId: string;
  readonly payload: Uint8Array;
}

/** JSON with everything that is needed to look at the record and to send it again. */
export function deadLetterOf(input: DeadLetterInput): DeadLetter {
  const { stage, partition, place, message, record, reason } = input;
  const letter = {
    stage,
    partition,
    place,
    subject: message.subject,
    sequence: message.sequence,
    appendedAt: message.appendedAt,
    recordId: record?.id,
    recordKind: record?.kind,
    reason,
    payload: Buffer.from(message.payload).toString('base64'),
  };
  return {
    subject: deadLettersSubject(stage),
    messageId: `${stage}-${partition}-${place}`,
    payload: Buffer.from(JSON.stringify(letter)),
  };
}

/** Appends it, however long the log is out of reach, unless `isOver` says that nobody waits for it any more. */
export async function sendDeadLetter(
  { log, clock }: { readonly log: Log; readonly clock: Clock },
  { subject, payload, messageId }: DeadLetter,
  isOver: () => boolean,
): Promise<void> {
  for (;;) {
    const outcome = await log.append(subject, payload, { messageId });
    if (outcome.kind === 'appended' || isOver()) return;
    await new Promise<void>((resolve) => clock.after(RETRY_MS, resolve));
  }
}

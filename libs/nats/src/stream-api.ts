/** Questions to JetStream's own API about streams and consumers, answered by the leader. */
import { LOG_ERROR_CODES, type LogBounds, LogError, type StoredMessage } from '@attrium/processor';
import type { NatsConnection } from '@nats-io/transport-node';

const QUESTION_TIMEOUT_MS = 5_000;
const NO_MESSAGE_FOUND = 10_037;
const STREAM_NOT_FOUND = 10_059;

interface ApiError {
  readonly code: number;
  readonly err_code?: number;
  readonly description?: string;
}

/** Asks `$JS.API.<question>`. Throws ATR-LOG-001 without an answer, ATR-LOG-020 when there is no such stream. */
export async function askJetStream<T>(
  connection: NatsConnection,
  question: string,
  body?: unknown,
): Promise<T & { readonly error?: ApiError }> {
  const payload = body === undefined ? '' : JSON.stringify(body);
  let answer: T & { readonly error?: ApiError };
  try {
    const message = await connection.request(`$JS.API.${question}`, payload, { timeout: QUESTION_TIMEOUT_MS });
    answer = message.json();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new LogError(LOG_ERROR_CODES.outOfReach, `JetStream does not answer ${question}: ${reason}`, { cause });
  }
  if (answer.error?.err_code === STREAM_NOT_FOUND) {
    throw new LogError(LOG_ERROR_CODES.configuration, `there is no such stream: ${question}`);
  }
  return answer;
}

/** The failure that stands for an answer of JetStream where none such is expected; a bad question is not worth a retry. */
export function unexpected(question: string, error: ApiError): LogError {
  return new LogError(
    error.code === 400 ? LOG_ERROR_CODES.configuration : LOG_ERROR_CODES.outOfReach,
    `JetStream refuses ${question}: ${error.description} (${error.err_code ?? error.code})`,
  );
}

export async function streamBounds(connection: NatsConnection, stream: string): Promise<LogBounds> {
  const question = `STREAM.INFO.${stream}`;
  const { error, state } = await askJetStream<{ state: { first_seq: number; last_seq: number } }>(connection, question);
  if (error !== undefined) throw unexpected(question, error);
  // A stream that never had a message says 0 and 0.
  return { firstSequence: Math.max(1, state.first_seq), lastSequence: state.last_seq };
}

/** Never by direct get, which any replica may answer from an older state. */
export async function lastMessage(
  connection: NatsConnection,
  stream: string,
  subject: string,
): Promise<StoredMessage | undefined> {
  const question = `STREAM.MSG.GET.${stream}`;
  const { error, message } = await askJetStream<{
    message: { subject: string; seq: number; data?: string; time: string };
  }>(connection, question, { last_by_subj: subject });
  if (error?.err_code === NO_MESSAGE_FOUND) return undefined;
  if (error !== undefined) throw unexpected(question, error);
  return {
    subject: message.subject,
    sequence: message.seq,
    appendedAt: Date.parse(message.time),
    payload: Buffer.from(message.data ?? '', 'base64'),
  };
}

/** Questions from one process to another: request and reply over NATS, with failures that keep their code. */
import { type Msg, type NatsConnection, NoRespondersError, RequestError } from '@nats-io/transport-node';
import { decodeJson, encodeJson } from './json.js';

/** A question that failed here (ATR-ASK-…) or where it was answered (any code). */
export class AskError extends Error {
  override readonly name = 'AskError';

  constructor(
    readonly code: string,
    message: string,
    readonly retryable: boolean,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

export const ASK_ERROR_CODES = {
  /** Nobody answers this subject now. Retryable. */
  nobody: 'ATR-ASK-001',
  /** No answer in time. Retryable. */
  timeout: 'ATR-ASK-002',
  /** The other side failed without a code. */
  failed: 'ATR-ASK-003',
} as const;

interface Reply {
  readonly answer?: unknown;
  readonly error?: { readonly code: string; readonly message: string; readonly retryable: boolean };
}

/** Answers questions of a subject until `stop`; of those that share a `queue` one answers each. What `handler` throws reaches the asker with its `code`, `message` and `retryable`. */
export function serveAsk(
  connection: NatsConnection,
  subject: string,
  handler: (question: unknown) => unknown | Promise<unknown>,
  options: { readonly queue?: string } = {},
): { stop(): void } {
  const subscription = connection.subscribe(subject, {
    ...options,
    callback: (_error, message) => {
      void answer(message, handler).then((reply) => {
        if (!connection.isClosed()) message.respond(reply);
      });
    },
  });
  return { stop: () => subscription.unsubscribe() };
}

async function answer(message: Msg, handler: (question: unknown) => unknown | Promise<unknown>): Promise<string> {
  try {
    return encodeJson({ answer: await handler(decodeJson(message.string())) } satisfies Reply);
  } catch (error) {
    const { code, retryable } = error as { code?: unknown; retryable?: unknown };
    return encodeJson({
      error: {
        code: typeof code === 'string' ? code : ASK_ERROR_CODES.failed,
        message: error instanceof Error ? error.message : String(error),
        retryable: retryable === true,
      },
    } satisfies Reply);
  }
}

/** Throws AskError. */
export async function ask(
  connection: NatsConnection,
  subject: string,
  question: unknown,
  timeoutMs: number,
): Promise<unknown> {
  let message: Msg;
  try {
    message = await connection.request(subject, encodeJson(question), { timeout: timeoutMs });
  } catch (cause) {
    const nobody = cause instanceof NoRespondersError || (cause instanceof RequestError && cause.isNoResponders());
    throw new AskError(
      nobody ? ASK_ERROR_CODES.nobody : ASK_ERROR_CODES.timeout,
      nobody ? `nobody answers ${subject}` : `${subject} did not answer within ${timeoutMs} ms`,
      true,
      { cause },
    );
  }
  const { answer: answered, error } = decodeJson(message.string()) as Reply;
  if (error !== undefined) throw new AskError(error.code, error.message, error.retryable);
  return answered;
}

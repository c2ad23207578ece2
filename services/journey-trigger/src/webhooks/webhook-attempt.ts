/** One attempt to deliver a firing to a webhook: signed by Standard Webhooks, without redirects, in bounded time. */
import type { Clock } from '@attrium/processor';
import { type Dispatcher, request } from 'undici';
import { REPLAY_HEADER } from '../deliveries/redelivery.js';
import { AddressRefusedError } from '../errors.js';
import { retryAfterMs } from './retry.js';

/** What made an attempt fail. */
export type FailureClass =
  | 'address'
  | 'connection'
  | 'timeout'
  | 'redirect'
  | 'throttled'
  | 'client-error'
  | 'server-error';

/** gone: the receiver wants no more (410). */
export type AttemptOutcome =
  | { readonly kind: 'delivered'; readonly status: number }
  | { readonly kind: 'gone' }
  | {
      readonly kind: 'failed';
      /** Of the answer; undefined without one. */
      readonly status?: number;
      readonly why: FailureClass;
      /** Never what the receiver answered, beyond its status. */
      readonly detail: string;
      readonly retryAfterMs?: number;
    };

/** Makes the header `webhook-signature`: one signature a secret, with spaces between them. */
export interface Signer {
  sign(id: string, at: Date, body: string): string;
}

export interface AttemptOptions {
  readonly url: string;
  readonly firingId: string;
  readonly body: string;
  readonly signer: Signer;
  /** Id of the replay that asks for it; undefined for the first delivery. */
  readonly replay?: string | undefined;
  readonly dispatcher: Dispatcher;
  readonly timeoutMs: number;
  readonly clock: Clock;
}

/** Read on, so that the connection can be used again; more than this ends the connection. */
const ANSWER_BYTES_MAX = 4_096;

export async function attemptWebhook(options: AttemptOptions): Promise<AttemptOutcome> {
  const { url, firingId, body, signer, replay, dispatcher, timeoutMs, clock } = options;
  const signedAt = new Date(clock.now());
  const impatience = AbortSignal.timeout(timeoutMs);
  try {
    const answer = await request(url, {
      method: 'POST',
      dispatcher,
      signal: impatience,
      headers: {
        'content-type': 'application/json',
        'user-agent': 'attrium-webhooks/1',
        'webhook-id': firingId,
        'webhook-timestamp': String(Math.floor(signedAt.getTime() / 1_000)),
        'webhook-signature': signer.sign(firingId, signedAt, body),
        ...(replay === undefined ? {} : { [REPLAY_HEADER]: replay }),
      },
      body,
    });
    // The status has said it all; whether the rest arrives changes nothing.
    await answer.body.dump({ limit: ANSWER_BYTES_MAX, signal: impatience }).catch(() => undefined);
    return outcomeOf(answer.statusCode, retryAfterMs(answer.headers['retry-after'], clock.now()));
  } catch (error) {
    if (impatience.aborted) return { kind: 'failed', why: 'timeout', detail: `no answer within ${timeoutMs} ms` };
    const { message } = error as Error;
    if (error instanceof AddressRefusedError) return { kind: 'failed', why: 'address', detail: message };
    return { kind: 'failed', why: 'connection', detail: message };
  }
}

function outcomeOf(status: number, wait: number | undefined): AttemptOutcome {
  if (status >= 200 && status < 300) return { kind: 'delivered', status };
  if (status === 410) return { kind: 'gone' };
  return {
    kind: 'failed',
    status,
    why: classOf(status),
    detail: `status ${status}`,
    ...(wait === undefined ? {} : { retryAfterMs: wait }),
  };
}

function classOf(status: number): FailureClass {
  if (status === 429) return 'throttled';
  if (status >= 500) return 'server-error';
  return status >= 400 ? 'client-error' : 'redirect';
}

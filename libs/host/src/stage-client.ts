/** Questions to the owners of partitions, with one retry: an owner that just moved answers the second time. */
import { askSubject, type StageName } from '@attrium/event';
import { AskError, ask, type NatsLink } from '@attrium/nats';
import type { Clock } from '@attrium/processor';
import { integerSetting, setting } from './config.js';
import { OperatingError } from './errors.js';
import { counter } from './metrics.js';

/** How long an owner may take: the same setting in every service that asks. */
export const askTimeoutSetting = setting(integerSetting({ min: 50, max: 60_000 }).default(2_000), {
  description: 'How long the owner of a profile may take to answer, ms, one retry included; then 503.',
});

/** The owner of a partition does not answer now. */
export class OwnerSilentError extends OperatingError {
  constructor(message: string, cause?: unknown) {
    super(message, { code: 'ATR-HOST-020', status: 'unavailable', retryable: true, retryAfterSeconds: 1, cause });
  }
}

/** Asks one question of the owner of a stage's partition. Throws OwnerSilentError, and what the owner fails with. */
export type AskStage = <T>(stage: StageName, partition: number, question: unknown) => Promise<T>;

export interface StageClientOptions {
  readonly link: Pick<NatsLink, 'read'>;
  readonly clock: Pick<Clock, 'after'>;
  /** For both tries together. */
  readonly timeoutMs: number;
}

const RETRY_PAUSE_MS = 100;

const retries = counter({
  name: 'attrium_ask_retries_total',
  help: 'Questions to the owner of a partition that were asked a second time, by stage.',
  labels: ['stage'],
});

export function stageClient({ link, clock, timeoutMs }: StageClientOptions): AskStage {
  const tryOnce = (subject: string, question: unknown): Promise<unknown> =>
    ask(link.read, subject, question, Math.ceil(timeoutMs / 2));
  return async <T>(stage: StageName, partition: number, question: unknown): Promise<T> => {
    const subject = askSubject(stage, partition);
    try {
      return (await tryOnce(subject, question)) as T;
    } catch (error) {
      if (!isRetryable(error)) throw error;
    }
    retries(1, { stage });
    await new Promise<void>((resolve) => clock.after(Math.min(RETRY_PAUSE_MS, timeoutMs / 4), resolve));
    try {
      return (await tryOnce(subject, question)) as T;
    } catch (cause) {
      if (!isRetryable(cause)) throw cause;
      throw new OwnerSilentError(`The owner of partition ${partition} of ${stage} does not answer now.`, cause);
    }
  };
}

function isRetryable(error: unknown): boolean {
  // A closed connection has an error of its own, and is out of reach all the same.
  return error instanceof AskError ? error.retryable : true;
}

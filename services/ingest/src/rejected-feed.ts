/** Makes rejected events visible: each goes to `attrium.rejected.<workspace>` as JSON. Best effort: what is lost is counted. */
import { rejectedSubject, stringifyExactJson } from '@attrium/event';
import type { Log } from '@attrium/processor';
import type { Rejection } from './domain/rejection.js';
import type { Telemetry } from './telemetry.js';

/** Longest part of a rejected event that is shown, characters. */
const SHOWN_CHARACTERS_MAX = 8_192;

export interface RejectedEvent {
  /** Place in the batch; 0 for a single event. */
  readonly index: number;
  readonly messageId?: string;
  readonly rejection: Rejection;
  /** What the client sent. */
  readonly given: unknown;
}

export interface RejectedFeed {
  /** Resolves when all have been tried; never rejects. */
  publish(
    origin: { workspace: string; source: string; receivedAt: number },
    rejected: readonly RejectedEvent[],
  ): Promise<void>;
}

export function rejectedFeed(
  log: Pick<Log, 'append'>,
  telemetry: Pick<Telemetry, 'eventRejected' | 'rejectionNotPublished'>,
): RejectedFeed {
  return {
    async publish({ workspace, source, receivedAt }, rejected) {
      const tries = rejected.map(async ({ index, messageId, rejection, given }) => {
        telemetry.eventRejected(rejection.code);
        const line = { workspace, source, receivedAt, index, messageId, ...rejection, event: shown(given) };
        const outcome = await log
          .append(rejectedSubject(workspace), Buffer.from(JSON.stringify(line)))
          .catch(() => undefined);
        if (outcome?.kind !== 'appended') telemetry.rejectionNotPublished();
      });
      await Promise.all(tries);
    },
  };
}

/** The JSON text of what was sent, cut where it is long. */
function shown(given: unknown): string {
  const text = stringifyExactJson(given) ?? '';
  return text.length > SHOWN_CHARACTERS_MAX ? `${text.slice(0, SHOWN_CHARACTERS_MAX)}…` : text;
}

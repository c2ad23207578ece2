/** The one way in, for HTTP and gRPC: normalise each event, append the good ones, tell of the bad ones. */

import type { Event, EventType } from '@attrium/event';
import type { KeyGrant } from '@attrium/host';
import { inspectJson } from './domain/inspect-json.js';
import { type Envelope, type Normalised, type Normaliser, normaliseEvent } from './domain/normalise.js';
import { IngestError } from './errors.js';
import type { EventAppender } from './event-appender.js';
import type { RejectedEvent, RejectedFeed } from './rejected-feed.js';
import type { Telemetry } from './telemetry.js';
import type { TokenBuckets } from './token-bucket.js';

export type WriteGrant = Extract<KeyGrant, { kind: 'write' }>;

export interface Submission {
  readonly grant: WriteGrant;
  readonly events: readonly unknown[];
  readonly sentAt?: unknown;
  readonly context?: unknown;
  readonly integrations?: unknown;
  readonly type?: EventType | undefined;
  readonly ip?: string | undefined;
  /** Where one event is refused, none is taken. */
  readonly whole?: boolean;
}

export interface Receipt {
  readonly accepted: number;
  /** Of the accepted events, in their order. */
  readonly messageIds: readonly string[];
  readonly rejected: readonly RejectedEvent[];
}

export interface EventIntakeOptions {
  readonly normaliser: Normaliser;
  readonly appender: Pick<EventAppender, 'append'>;
  readonly feed: RejectedFeed;
  readonly buckets: TokenBuckets;
  readonly batchEventsMax: number;
  /** Wall clock, ms. */
  readonly now: () => number;
  readonly telemetry: Pick<Telemetry, 'eventsAccepted' | 'identifierDropped'>;
}

export class EventIntake {
  constructor(private readonly options: EventIntakeOptions) {}

  /** Resolves when the log has every accepted event. Throws IngestError when the request as a whole is refused. */
  async take(submission: Submission): Promise<Receipt> {
    const { events, grant } = submission;
    const { batchEventsMax, buckets, appender, feed } = this.options;
    if (events.length > batchEventsMax) {
      throw new IngestError('tooManyEvents', {
        message: `The batch has ${events.length} events; ${batchEventsMax} are allowed.`,
      });
    }
    const waitSeconds = buckets.take(grant.hash, events.length);
    if (waitSeconds > 0) throw new IngestError('rateLimited', { retryAfterSeconds: waitSeconds });

    const receivedAt = this.options.now();
    const { accepted: good, rejected } = this.sort(submission, receivedAt);
    const accepted = submission.whole === true && rejected.length > 0 ? [] : good;
    const [outcome] = await Promise.all([
      appender.append(grant.workspace, accepted),
      rejected.length === 0
        ? undefined
        : feed.publish({ workspace: grant.workspace, source: grant.source, receivedAt }, rejected),
    ]);
    if (outcome === 'full') throw new IngestError('queueFull', { retryAfterSeconds: 1 });
    if (outcome === 'unavailable') throw new IngestError('logUnavailable', { retryAfterSeconds: 5 });
    this.count(accepted);
    return { accepted: accepted.length, messageIds: accepted.map((event) => event.id), rejected };
  }

  private sort(submission: Submission, receivedAt: number): { accepted: Event[]; rejected: RejectedEvent[] } {
    const { normaliser } = this.options;
    const { grant, events, sentAt, type, ip } = submission;
    const context = objectOf(submission.context);
    const integrations = objectOf(submission.integrations);
    const envelope: Envelope = {
      workspace: grant.workspace,
      source: grant.source,
      receivedAt,
      sentAt: sentAt ?? undefined,
      context,
      integrations,
      ip,
      type,
    };
    // What the whole batch shares must hold for each of its events.
    const shared = inspectJson([context, integrations], normaliser.limits.eventLevelsMax).rejection;
    const accepted: Event[] = [];
    const rejected: RejectedEvent[] = [];
    for (const [index, given] of events.entries()) {
      const result: Normalised =
        shared === undefined ? normaliseEvent(given, envelope, normaliser) : { kind: 'rejected', rejection: shared };
      if (result.kind === 'accepted') {
        accepted.push(result.event);
        for (const why of result.dropped) this.options.telemetry.identifierDropped(why);
      }
      if (result.kind === 'rejected') {
        const { messageId, rejection } = result;
        rejected.push({ index, rejection, given, ...(messageId === undefined ? {} : { messageId }) });
      }
    }
    return { accepted, rejected };
  }

  private count(accepted: readonly Event[]): void {
    const counts = new Map<string, number>();
    for (const { type } of accepted) counts.set(type, (counts.get(type) ?? 0) + 1);
    for (const [type, count] of counts) this.options.telemetry.eventsAccepted(type, count);
  }
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length > 0
    ? (value as Readonly<Record<string, unknown>>)
    : undefined;
}

/** Gives firings to one destination again: into its own subject of the deliveries log, behind what waits there. */
import { DELIVERIES_STREAM, deliveriesSubject, redeliveriesSubject } from '@attrium/event';
import { DeliverPolicy, type JetStreamClient, type JsMsg, type PubAck } from '@nats-io/jetstream';
import { headers } from '@nats-io/transport-node';
import type { Destination } from './destination.js';

/** NATS header of a firing that is given again, and HTTP header of its delivery: the id of the replay. */
export const REPLAY_HEADER = 'Attrium-Replay';

/** Firings that one request replays. */
export const REPLAY_FIRINGS_MAX = 10_000;

export interface Redelivery {
  readonly destination: Destination;
  readonly body: string | Uint8Array;
  readonly replayId: string;
  /** Of the firing in this replay: what has it already is not given twice within an hour. */
  readonly key: string;
}

/** Throws what JetStream fails with. */
export async function redeliver(js: JetStreamClient, redelivery: Redelivery): Promise<PubAck> {
  const { destination, body, replayId, key } = redelivery;
  const head = headers();
  head.set(REPLAY_HEADER, replayId);
  const subject = redeliveriesSubject(destination.workspace, destination.trigger, destination.name);
  return js.publish(subject, body, { msgID: `${destination.name}:${replayId}:${key}`, headers: head });
}

export interface RangeReplayed {
  readonly firings: number;
  /** Of the first firing that is left, ms; undefined when all are done. */
  readonly continueFrom: number | undefined;
}

/** Firings that may be on their way at once. */
const BATCH = 256;
const FETCH_WAIT_MS = 2_000;

/** Gives the firings that came into the deliveries log in [from, to) again, in their order. Throws what JetStream fails with. */
export async function redeliverRange(
  js: JetStreamClient,
  range: {
    readonly destination: Destination;
    readonly from: number;
    readonly to: number;
    readonly replayId: string;
    /** How many at most; by default `REPLAY_FIRINGS_MAX`. */
    readonly limit?: number;
  },
): Promise<RangeReplayed> {
  const { destination, from, to, replayId, limit = REPLAY_FIRINGS_MAX } = range;
  const consumer = await js.consumers.get(DELIVERIES_STREAM, {
    filter_subjects: [deliveriesSubject(destination.workspace, destination.trigger)],
    deliver_policy: DeliverPolicy.StartTime,
    opt_start_time: new Date(from).toISOString(),
  });
  let firings = 0;
  try {
    for (let pending = (await consumer.info()).num_pending; pending > 0; ) {
      const batch = await consumer.fetch({ max_messages: Math.min(pending, BATCH), expires: FETCH_WAIT_MS });
      const published: Promise<PubAck>[] = [];
      let continueFrom: number | undefined;
      let ended = true;
      for await (const message of batch) {
        ended = false;
        pending = message.info.pending;
        const at = storedAtOf(message);
        if (at >= to) pending = 0;
        else if (firings + published.length >= limit) continueFrom ??= at;
        else published.push(redeliver(js, { destination, body: message.data, replayId, key: String(message.seq) }));
      }
      const acknowledged = await Promise.all(published);
      firings += acknowledged.filter(({ duplicate }) => !duplicate).length;
      if (continueFrom !== undefined) return { firings, continueFrom };
      // The log no longer has what was pending.
      if (ended) break;
    }
    return { firings, continueFrom: undefined };
  } finally {
    await consumer.delete();
  }
}

function storedAtOf(message: JsMsg): number {
  return Number(message.timestampNanos / 1_000_000n);
}

/** A webhook as a destination of its own, and the durable consumer that is its queue in the deliveries log. */
import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { CompiledCatalogue } from '@attrium/catalogue';
import { DELIVERIES_STREAM, deliveriesSubject, redeliveriesSubject } from '@attrium/event';
import {
  AckPolicy,
  type ConsumerInfo,
  DeliverPolicy,
  JetStreamApiError,
  type JetStreamManager,
} from '@nats-io/jetstream';
import { nanos } from '@nats-io/transport-node';

/** The secret of a webhook that names none. */
export const SIGNING_SECRET = 'SIGNING';

export interface Destination {
  /** Of its consumer: stays the same while workspace, trigger and URL do. */
  readonly name: string;
  readonly workspace: string;
  readonly trigger: string;
  readonly url: string;
  readonly secret: string;
  /** Limits of its own, beside those of the instance. */
  readonly atOnce: number | undefined;
  readonly perSecond: number | undefined;
}

const NAME_PREFIX = 'webhook-';
const WORKSPACE_KEY = 'attrium-workspace';
const CONSUMER_NOT_FOUND = 10_014;

/** After so long without a sign of life a delivery is given out again. */
export const ACK_WAIT_MS = 10_000;
/** The same while a new owner gathers what the last one left open. */
export const GATHER_ACK_WAIT_MS = 1_000;

export function destinationsOf({ workspace, triggers }: CompiledCatalogue): Destination[] {
  return triggers.flatMap((trigger) =>
    trigger.webhooks.map(({ url, secret = SIGNING_SECRET, atOnce, perSecond }) => {
      const name = nameOf(workspace, trigger.name, url);
      return { name, workspace, trigger: trigger.name, url, secret, atOnce, perSecond };
    }),
  );
}

/** Names of consumers have no dots or slashes, and need not be read: the trigger's name is there for people. */
function nameOf(workspace: string, trigger: string, url: string): string {
  const hash = createHash('sha256')
    .update(JSON.stringify([workspace, trigger, url]))
    .digest('hex');
  return `${NAME_PREFIX}${trigger}-${hash.slice(0, 20)}`;
}

/** Makes the consumer where there is none, from the next delivery on; adapts its limits and what it filters. */
export async function ensureConsumer(
  manager: JetStreamManager,
  { name, workspace, trigger }: Destination,
  pendingMax: number,
): Promise<ConsumerInfo> {
  const found = await consumerInfo(manager, name);
  // Its trigger's firings, and those that it alone is to get again.
  const filters = [deliveriesSubject(workspace, trigger), redeliveriesSubject(workspace, trigger, name)];
  if (found === undefined) {
    return manager.consumers.add(DELIVERIES_STREAM, {
      durable_name: name,
      filter_subjects: filters,
      deliver_policy: DeliverPolicy.New,
      ack_policy: AckPolicy.Explicit,
      ack_wait: nanos(ACK_WAIT_MS),
      max_deliver: -1,
      max_ack_pending: pendingMax,
      metadata: { [WORKSPACE_KEY]: workspace },
    });
  }
  const wanted = { max_ack_pending: pendingMax, ack_wait: nanos(ACK_WAIT_MS), filter_subjects: filters };
  const { max_ack_pending, ack_wait, filter_subjects } = found.config;
  if (isDeepStrictEqual({ max_ack_pending, ack_wait, filter_subjects }, wanted)) return found;
  return manager.consumers.update(DELIVERIES_STREAM, name, wanted);
}

/** Changing it makes the server look at once which open deliveries have waited longer. */
export async function setAckWait(manager: JetStreamManager, name: string, ackWaitMs: number): Promise<void> {
  await manager.consumers.update(DELIVERIES_STREAM, name, { ack_wait: nanos(ackWaitMs) });
}

/** Removes the queues of destinations that a workspace no longer has, with what waits in them. */
export async function removeOtherConsumers(
  manager: JetStreamManager,
  workspace: string,
  kept: readonly Destination[],
): Promise<string[]> {
  const names = new Set(kept.map(({ name }) => name));
  const removed: string[] = [];
  for await (const { name, config } of manager.consumers.list(DELIVERIES_STREAM)) {
    if (!name.startsWith(NAME_PREFIX) || config.metadata?.[WORKSPACE_KEY] !== workspace || names.has(name)) continue;
    removed.push(name);
  }
  for (const name of removed) await manager.consumers.delete(DELIVERIES_STREAM, name);
  return removed;
}

export async function consumerInfo(manager: JetStreamManager, name: string): Promise<ConsumerInfo | undefined> {
  try {
    return await manager.consumers.info(DELIVERIES_STREAM, name);
  } catch (error) {
    if (error instanceof JetStreamApiError && error.code === CONSUMER_NOT_FOUND) return undefined;
    throw error;
  }
}

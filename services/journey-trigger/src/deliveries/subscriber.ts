/** A named subscriber of a trigger's firings: a durable consumer in the deliveries log, which keeps how far it has come. */
import { createHash } from 'node:crypto';
import { DELIVERIES_STREAM, deliveriesSubject } from '@attrium/event';
import {
  AckPolicy,
  type ConsumerConfig,
  type ConsumerInfo,
  DeliverPolicy,
  JetStreamApiError,
  type JetStreamManager,
} from '@nats-io/jetstream';
import { nanos } from '@nats-io/transport-node';
import { FiringStreamError } from '../errors.js';
import { consumerInfo } from './destination.js';

export interface SubscriberName {
  readonly workspace: string;
  readonly trigger: string;
  readonly subscriber: string;
}

export interface SubscriberTerms {
  readonly unacknowledgedMax: number;
  readonly acknowledgeWithinMs: number;
}

export interface SubscriberState extends SubscriberName {
  /** Everything up to here is handled; 0: nothing yet. */
  readonly position: number;
  readonly waiting: number;
  readonly unacknowledged: number;
  readonly createdAt: number;
}

const NAME = /^[a-z][a-z0-9_-]{0,63}$/;
const PREFIX = 'subscriber-';
const KEYS = { workspace: 'attrium-workspace', trigger: 'attrium-trigger', subscriber: 'attrium-subscriber' } as const;
/** What the deliveries log keeps is gone after 7 days: who was away for so long begins anew, and is told so. */
const FORGOTTEN_MS = 6 * 86_400_000;
const CONSUMER_NOT_FOUND = 10_014;
const UNACKNOWLEDGED_DEFAULT = 256;
const UNACKNOWLEDGED_MAX = 10_000;
const WITHIN_MS_DEFAULT = 30_000;
const WITHIN_MS_MIN = 1_000;
const WITHIN_MS_MAX = 3_600_000;

/** 0 stands for the default. Throws FiringStreamError. */
export function subscriberTerms(unacknowledgedMax: number, acknowledgeWithinMs: number): SubscriberTerms {
  const terms = {
    unacknowledgedMax: unacknowledgedMax || UNACKNOWLEDGED_DEFAULT,
    acknowledgeWithinMs: acknowledgeWithinMs || WITHIN_MS_DEFAULT,
  };
  if (terms.unacknowledgedMax > UNACKNOWLEDGED_MAX) {
    throw misshapen(`unacknowledged_max is at most ${UNACKNOWLEDGED_MAX}.`);
  }
  if (terms.acknowledgeWithinMs < WITHIN_MS_MIN || terms.acknowledgeWithinMs > WITHIN_MS_MAX) {
    throw misshapen(`acknowledge_within_ms is from ${WITHIN_MS_MIN} to ${WITHIN_MS_MAX}.`);
  }
  return terms;
}

/** Throws FiringStreamError for what cannot be a subscriber's name. */
export function checkSubscriber({ workspace, trigger, subscriber }: SubscriberName): void {
  if (workspace === '' || trigger === '') throw misshapen('A subscriber is of a workspace and a trigger.');
  if (!NAME.test(subscriber)) {
    throw misshapen('A subscriber has a name of 1 to 64 lower-case letters, digits, _ and -, a letter first.');
  }
}

function misshapen(told: string): FiringStreamError {
  return new FiringStreamError('misshapenSubscriber', { told });
}

export class Subscribers {
  constructor(
    private readonly options: {
      readonly manager: JetStreamManager;
      /** That one workspace may have. */
      readonly subscribersMax: number;
    },
  ) {}

  /**
   * The consumer of a subscriber, on these terms; made where there is none: from the position on, or from now on where that is undefined.
   * Throws FiringStreamError.
   */
  async open(
    name: SubscriberName,
    terms: SubscriberTerms,
    afterPosition: number | undefined,
  ): Promise<{ readonly consumer: string; readonly made: boolean; readonly state: SubscriberState }> {
    const { manager, subscribersMax } = this.options;
    const consumer = consumerName(name);
    const wanted = {
      max_ack_pending: terms.unacknowledgedMax,
      ack_wait: nanos(terms.acknowledgeWithinMs),
      inactive_threshold: nanos(FORGOTTEN_MS),
    };
    return answered(async () => {
      const known = await consumerInfo(manager, consumer);
      if (known !== undefined) {
        const info = await manager.consumers.update(DELIVERIES_STREAM, consumer, wanted);
        return { consumer, made: false, state: stateOf(name, info) };
      }
      if ((await this.all(name.workspace)).length >= subscribersMax) throw new FiringStreamError('tooManySubscribers');
      const info = await manager.consumers.add(DELIVERIES_STREAM, {
        durable_name: consumer,
        filter_subject: deliveriesSubject(name.workspace, name.trigger),
        ack_policy: AckPolicy.Explicit,
        max_deliver: -1,
        ...wanted,
        ...startOf(afterPosition),
        metadata: Object.fromEntries(Object.entries(KEYS).map(([of, key]) => [key, name[of as keyof SubscriberName]])),
      });
      return { consumer, made: true, state: stateOf(name, info) };
    });
  }

  /** By trigger and name. Throws FiringStreamError. */
  async list(workspace: string): Promise<SubscriberState[]> {
    return answered(async () => {
      const order = ({ trigger, subscriber }: SubscriberName): string => `${trigger} ${subscriber}`;
      return (await this.all(workspace)).sort((a, b) => (order(a) < order(b) ? -1 : 1));
    });
  }

  async isThere(name: SubscriberName): Promise<boolean> {
    return answered(async () => (await consumerInfo(this.options.manager, consumerName(name))) !== undefined);
  }

  /** Throws FiringStreamError. */
  async delete(name: SubscriberName): Promise<void> {
    checkSubscriber(name);
    await answered(async () => {
      try {
        await this.options.manager.consumers.delete(DELIVERIES_STREAM, consumerName(name));
      } catch (error) {
        if (!(error instanceof JetStreamApiError) || error.code !== CONSUMER_NOT_FOUND) throw error;
        throw new FiringStreamError('noSubscriber');
      }
    });
  }

  private async all(workspace: string): Promise<SubscriberState[]> {
    const states: SubscriberState[] = [];
    for await (const info of this.options.manager.consumers.list(DELIVERIES_STREAM)) {
      const { metadata = {} } = info.config;
      const trigger = metadata[KEYS.trigger];
      const subscriber = metadata[KEYS.subscriber];
      if (!info.name.startsWith(PREFIX) || metadata[KEYS.workspace] !== workspace) continue;
      if (trigger === undefined || subscriber === undefined) continue;
      states.push(stateOf({ workspace, trigger, subscriber }, info));
    }
    return states;
  }
}

/** Names of consumers have no dots or slashes, and need not be read: the subscriber's name is there for people. */
function consumerName({ workspace, trigger, subscriber }: SubscriberName): string {
  const hash = createHash('sha256')
    .update(JSON.stringify([workspace, trigger, subscriber]))
    .digest('hex');
  return `${PREFIX}${subscriber}-${hash.slice(0, 20)}`;
}

function startOf(after: number | undefined): Partial<ConsumerConfig> {
  if (after === undefined) return { deliver_policy: DeliverPolicy.New };
  if (after === 0) return { deliver_policy: DeliverPolicy.All };
  return { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: after + 1 };
}

function stateOf(name: SubscriberName, info: ConsumerInfo): SubscriberState {
  return {
    ...name,
    position: info.ack_floor.stream_seq,
    waiting: info.num_pending,
    unacknowledged: info.num_ack_pending,
    createdAt: Date.parse(info.created),
  };
}

async function answered<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (cause) {
    if (cause instanceof FiringStreamError) throw cause;
    throw new FiringStreamError('unavailable', { cause });
  }
}

/** Puts the delivery side together: firings into the deliveries log, from there to webhooks and gRPC streams, and the desk beside them. */
import { randomInt, randomUUID } from 'node:crypto';
import { type ClickHouse, openClickHouse } from '@attrium/clickhouse';
import { DELIVERY_DESK_SUBJECT, streamOf } from '@attrium/event';
import { type DrainStep, type Logger, ownedPartitionsOf } from '@attrium/host';
import { Bucket, DELIVERER_BUCKET, type JetStreamLog, type NatsLink, SECRETS_BUCKET, serveAsk } from '@attrium/nats';
import { systemClock } from '@attrium/processor';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { FiringStreams } from '../api/firing-streams.js';
import { SubscriberStreams } from '../api/subscriber-streams.js';
import { FiringHistory } from '../clients/firing-history.js';
import type { JourneyTriggerConfig } from '../config.js';
import { DeliveryDesk } from '../desk/delivery-desk.js';
import { answerDesk } from '../desk/desk-question.js';
import { telemetry } from '../telemetry.js';
import { AttemptLog } from '../webhooks/attempt-log.js';
import { SecretBook } from '../webhooks/secret-book.js';
import { WebhookFleet } from '../webhooks/webhook-fleet.js';
import { Deliverer } from './deliverer.js';
import { DelivererPositions } from './deliverer-positions.js';
import { DeliveryCatalogues } from './delivery-catalogues.js';
import { ErasedBook } from './erased-book.js';
import { Subscribers } from './subscriber.js';
import { UndeliveredStore } from './undelivered.js';

export interface DeliveriesOptions {
  readonly config: JourneyTriggerConfig;
  readonly link: NatsLink;
  readonly log: JetStreamLog;
  readonly logger: Logger;
  readonly fatal: (error: unknown) => void;
}

export interface Deliveries {
  readonly streams: FiringStreams;
  readonly consuming: SubscriberStreams;
  readonly subscribers: Subscribers;
  readonly desk: DeliveryDesk;
  /** To be run on the way down, in order, while NATS still answers. */
  readonly steps: readonly DrainStep[];
}

const CONNECT_TIMEOUT_MS = 10_000;
const RANDOM_STEPS = 2 ** 32;

/** Throws when NATS is out of reach. */
export async function startDeliveries(options: DeliveriesOptions): Promise<Deliveries> {
  const { config, link, log, logger, fatal } = options;
  const manager = await jetstreamManager(link.publish);
  const bucket = await Bucket.open(link.publish, DELIVERER_BUCKET);
  const catalogues = new DeliveryCatalogues({ bucket, manager, pendingMax: config.webhookPendingMax, logger });
  await catalogues.open();
  const undelivered = new UndeliveredStore(manager);
  const erased = new ErasedBook({ bucket, undelivered, clock: systemClock, logger, telemetry });
  await erased.open();
  const secrets = new SecretBook(logger, systemClock, () => fleet.proceed());
  const attempts = new AttemptLog({
    ...{ log, clock: systemClock, logger, telemetry, partitions: config.partitions },
    owner: `${config.instance ?? 'journey-trigger'}-${randomUUID()}`,
  });
  const fleet = new WebhookFleet({
    ...fleetSettings(config),
    ...{ log, logger, catalogues, secrets, erased, manager },
    js: jetstream(link.read),
    note: (attempt) => attempts.note(attempt),
  });
  await secrets.open(await Bucket.open(link.read, SECRETS_BUCKET));
  fleet.start();
  const streams = new FiringStreams({
    log,
    catalogueOf: (workspace) => catalogues.catalogueOf(workspace),
    isErased: (workspace, profileId) => erased.has(workspace, profileId),
    streamsMax: config.streamsMax,
    logger,
    telemetry,
  });
  const subscribers = new Subscribers({ manager, subscribersMax: config.subscribersMax });
  const consuming = new SubscriberStreams({
    ...{ subscribers, clock: systemClock, logger, telemetry },
    js: jetstream(link.read),
    catalogueOf: (workspace) => catalogues.catalogueOf(workspace),
    streamsMax: config.streamsMax,
    heartbeatMs: config.streamHeartbeatMs,
  });
  const owned = ownedPartitionsOf(config.ownedPartitions, config.partitions);
  const deliverer = new Deliverer({
    log,
    positions: new DelivererPositions(bucket, streamOf('firings'), owned),
    activate: (record) => catalogues.activate(record),
    erase: (record) => erased.add(record),
    partitions: owned,
    inFlightMax: config.deliveriesInFlightMax,
    clock: systemClock,
    logger,
    telemetry,
    fatal,
  });
  await deliverer.start();
  const clickhouse = openHistory(config);
  const desk = new DeliveryDesk({
    ...{ catalogues, manager, subscribers, undelivered, history: new FiringHistory(clickhouse) },
    js: jetstream(link.publish),
    newId: randomUUID,
    now: () => systemClock.now(),
  });
  const asks = serveAsk(link.read, DELIVERY_DESK_SUBJECT, (asked) => answerDesk(desk, asked), { queue: 'desk' });
  telemetry.watchDeliverer({ inFlight: () => deliverer.inFlight });
  telemetry.watchErased(() => erased.size);
  telemetry.watchStreams(() => streams.count + consuming.count);
  telemetry.watchWebhooks(() => fleet.counts);
  return {
    streams,
    consuming,
    subscribers,
    desk,
    steps: [
      { name: 'delivery desk', run: () => asks.stop() },
      { name: 'firing streams', run: () => streams.end() },
      { name: 'streams of subscribers', run: () => consuming.end() },
      { name: 'deliverer', run: () => deliverer.stop() },
      { name: 'webhooks', run: () => fleet.stop() },
      { name: 'attempts', run: () => attempts.stop() },
      { name: 'history', run: () => clickhouse?.close() },
      {
        name: 'watches',
        run: async () => {
          await erased.close();
          catalogues.close();
          secrets.close();
        },
      },
    ],
  };
}

/** Opens no socket before the first question. */
function openHistory({
  clickhouseUrl: url,
  clickhouseDatabase: database,
}: JourneyTriggerConfig): ClickHouse | undefined {
  return url === undefined ? undefined : openClickHouse({ url, database });
}

function fleetSettings(config: JourneyTriggerConfig) {
  return {
    clock: systemClock,
    random: () => randomInt(RANDOM_STEPS) / RANDOM_STEPS,
    telemetry,
    partitions: config.partitions,
    owned: ownedPartitionsOf(config.ownedPartitions, config.partitions),
    settings: {
      timeoutMs: config.webhookTimeoutMs,
      pendingMax: config.webhookPendingMax,
      delayMsMin: config.webhookRetryMsMin,
      delayMsMax: config.webhookRetryMsMax,
      ageMsMax: config.webhookAgeMsMax,
      attemptsMax: config.webhookAttemptsMax,
      breakerFailuresMax: config.webhookBreakerFailures,
      probeDelayMsMax: config.webhookProbeMsMax,
    },
    guard: {
      allowPrivate: config.webhookAllowPrivate,
      ports: new Set(config.webhookPorts.split(',').map(Number)),
      connectTimeoutMs: Math.min(CONNECT_TIMEOUT_MS, config.webhookTimeoutMs),
      connectionsMax: config.webhookAttemptsMax,
    },
  };
}

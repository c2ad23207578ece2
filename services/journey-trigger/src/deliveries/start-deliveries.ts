/** Puts the delivery side together: firings into the deliveries log, from there to webhooks and gRPC streams. */
import { randomInt } from 'node:crypto';
import { streamOf } from '@attrium/event';
import { type DrainStep, type Logger, ownedPartitionsOf } from '@attrium/host';
import { Bucket, DELIVERER_BUCKET, type JetStreamLog, type NatsLink, SECRETS_BUCKET } from '@attrium/nats';
import { systemClock } from '@attrium/processor';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { FiringStreams } from '../api/firing-streams.js';
import type { JourneyTriggerConfig } from '../config.js';
import { telemetry } from '../telemetry.js';
import { SecretBook } from '../webhooks/secret-book.js';
import { WebhookFleet } from '../webhooks/webhook-fleet.js';
import { Deliverer } from './deliverer.js';
import { DelivererPositions } from './deliverer-positions.js';
import { DeliveryCatalogues } from './delivery-catalogues.js';

export interface DeliveriesOptions {
  readonly config: JourneyTriggerConfig;
  readonly link: NatsLink;
  readonly log: JetStreamLog;
  readonly logger: Logger;
  readonly fatal: (error: unknown) => void;
}

export interface Deliveries {
  readonly streams: FiringStreams;
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
  const secrets = new SecretBook(logger, systemClock, () => fleet.proceed());
  const fleet = new WebhookFleet({
    ...fleetSettings(config),
    ...{ log, logger, catalogues, secrets, manager },
    js: jetstream(link.read),
  });
  await secrets.open(await Bucket.open(link.read, SECRETS_BUCKET));
  fleet.start();
  const streams = new FiringStreams({
    log,
    catalogueOf: (workspace) => catalogues.catalogueOf(workspace),
    streamsMax: config.streamsMax,
    logger,
    telemetry,
  });
  const owned = ownedPartitionsOf(config.ownedPartitions, config.partitions);
  const deliverer = new Deliverer({
    log,
    positions: new DelivererPositions(bucket, streamOf('firings'), owned),
    activate: (record) => catalogues.activate(record),
    partitions: owned,
    inFlightMax: config.deliveriesInFlightMax,
    clock: systemClock,
    logger,
    telemetry,
    fatal,
  });
  await deliverer.start();
  telemetry.watchDeliverer({ inFlight: () => deliverer.inFlight });
  telemetry.watchStreams(() => streams.count);
  telemetry.watchWebhooks(() => fleet.counts);
  return {
    streams,
    steps: [
      { name: 'firing streams', run: () => streams.end() },
      { name: 'deliverer', run: () => deliverer.stop() },
      { name: 'webhooks', run: () => fleet.stop() },
      {
        name: 'watches',
        run: () => {
          catalogues.close();
          secrets.close();
        },
      },
    ],
  };
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

/** Puts ingest together: NATS, keys, the way into the log, HTTP and gRPC. */
import { randomUUID } from 'node:crypto';
import { createLogger, natsOptions, openKeys, Readiness, type RunningHost, startHost } from '@attrium/host';
import { connectNats, JetStreamLog } from '@attrium/nats';
import { systemClock } from '@attrium/processor';
import { descriptorSet, packageDefinition } from '@attrium/proto';
import { registerEventRoutes } from './api/event-routes.js';
import type { IngestConfig } from './config.js';
import { shapeCheck } from './domain/event-shape.js';
import { DEFAULT_LIMITS, type IngestLimits } from './domain/limits.js';
import { EventAppender } from './event-appender.js';
import { EventIntake } from './event-intake.js';
import { ingestModule } from './ingest.module.js';
import { rejectedFeed } from './rejected-feed.js';
import { telemetry } from './telemetry.js';
import { TokenBuckets } from './token-bucket.js';

const SERVICE = 'ingest';
/** How long a pack may be without an answer before this instance should get no more traffic. */
const STALL_MS_MAX = 3_000;

/** Starts ingest. Rejects when NATS cannot be reached or a port is taken; it is ready once it knows the keys. */
export async function startIngest(config: IngestConfig, options: { ownsProcess?: boolean } = {}): Promise<RunningHost> {
  const instance = config.instance ?? `ingest-${randomUUID().slice(0, 8)}`;
  const logger = createLogger({ service: SERVICE, level: config.logLevel, instance });
  const readiness = new Readiness();
  const link = await connectNats(natsOptions(config.natsUrl, SERVICE));
  const log = new JetStreamLog(link);
  const opening = openKeys({ link, logger, readiness });
  const { keys } = opening;
  const appender = new EventAppender({
    log,
    clock: systemClock,
    shards: config.shards,
    instance,
    holdMs: config.appendHoldMs,
    queueBytesMax: config.queueBytesMax,
    newPackId: randomUUID,
    telemetry,
  });
  telemetry.watchQueue({ bytes: () => appender.queueBytes, stalledMs: () => appender.stalledMs });
  const limits: IngestLimits = { ...DEFAULT_LIMITS, eventBytesMax: config.eventBytesMax };
  const intake = new EventIntake({
    normaliser: {
      limits,
      checkShape: shapeCheck(limits),
      newMessageId: randomUUID,
      encodeUtf8: (text) => Buffer.from(text, 'utf8'),
    },
    appender,
    feed: rejectedFeed(log, telemetry),
    buckets: new TokenBuckets({ perSecond: config.keyEventsPerSecond, burst: config.keyEventsBurst }, () =>
      systemClock.monotonic(),
    ),
    batchEventsMax: config.batchEventsMax,
    now: () => systemClock.now(),
    telemetry,
  });

  readiness.register('nats', () => (link.connected ? undefined : 'NATS is out of reach'));
  readiness.register('log', () => (appender.stalledMs < STALL_MS_MAX ? undefined : 'the log does not take events'));

  const routes = { intake, keys, logger, telemetry, config, eventLevelsMax: limits.eventLevelsMax };
  return startHost({
    service: SERVICE,
    module: ingestModule({ intake, keys, eventLevelsMax: limits.eventLevelsMax }),
    config,
    logger,
    readiness,
    grpc: { packages: ['attrium.event.v1'], packageDefinition, descriptorSet },
    bodyBytesMax: config.batchBytesMax,
    configure: ({ fastify }) => registerEventRoutes(fastify, routes),
    onClose: [
      { name: 'packs', run: () => appender.drain() },
      { name: 'keys', run: () => opening.close() },
      { name: 'log', run: () => log.close() },
      { name: 'nats', run: () => link.close() },
    ],
    ...(options.ownsProcess === undefined ? {} : { ownsProcess: options.ownsProcess }),
  });
}

/** Runs one stage as a service: log, state store, stage loop, questions, projection, and the host around them. */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { Projection, RetainedTable } from '@attrium/clickhouse';
import { askSubject } from '@attrium/event';
import { connectNats, ensureStreams, JetStreamLog, type NatsLink, serveAsk } from '@attrium/nats';
import {
  DEFAULT_STAGE_SETTINGS,
  openLmdbStore,
  type StageBinding,
  StageProcessor,
  type StateStore,
  systemClock,
} from '@attrium/processor';
import type { DynamicModule, Type } from '@nestjs/common';
import { Access } from './access.js';
import type { DrainStep } from './drain.js';
import type { GrpcServices } from './grpc-endpoint.js';
import { createLogger, type Logger } from './logger.js';
import { natsOptions } from './nats-endpoint.js';
import { openKeys } from './open-keys.js';
import { ProfileLocator } from './profile-locator.js';
import { Readiness } from './readiness.js';
import { type AskStage, stageClient } from './stage-client.js';
import { ownedPartitionsOf, type StageConfig } from './stage-settings.js';
import { startTables } from './stage-tables.js';
import { exposeStage, observeStage, watchLag } from './stage-telemetry.js';
import type { RunningHost } from './start-host.js';

/** What the surface of a stage service works with. */
export interface StageHandle {
  readonly config: StageConfig;
  readonly logger: Logger;
  readonly link: NatsLink;
  readonly log: JetStreamLog;
  readonly stage: StageProcessor;
  readonly readiness: Readiness;
  readonly access: Access;
  /** Asks the owner of any partition of any stage, this instance included. */
  readonly askStage: AskStage;
  readonly locator: ProfileLocator;
}

/** What a stage service shows to others, and what runs beside the stage. */
export interface StageSurface {
  readonly module: Type | DynamicModule;
  readonly grpc?: GrpcServices;
  /** Run on the way down, before the stage stops. */
  readonly onDrain?: readonly DrainStep[];
}

export interface StageServiceOptions {
  readonly binding: StageBinding;
  readonly config: StageConfig;
  /** Called once the stage goes on; it loads the surface, which takes longer than the stage needs to be back. */
  readonly surface: (handle: StageHandle) => Promise<StageSurface>;
  /** False in tests: no signal handlers, no exit. */
  readonly ownsProcess?: boolean;
  readonly projections?: readonly Projection[];
  /** Tables filled from streams beside the output log. */
  readonly otherProjections?: readonly {
    readonly stream: string;
    readonly subjects: readonly string[];
    readonly projections: readonly Projection[];
  }[];
  /** Folder of the `.sql` files that make the tables of the projections. */
  readonly migrationsDirectory?: string;
  /** How long one of the tables keeps its rows: `period` as a setting says it. */
  readonly retention?: RetainedTable & { readonly period: string };
}

const CONNECT_TIMEOUT_MS = 60_000;
const START_RETRY_MS = 500;
/** How long the surface is held back for a stage that has something to catch up with. */
const CATCH_UP_MS_MAX = 1_000;
const CATCH_UP_LOOK_MS = 5;

export async function runStageService(options: StageServiceOptions): Promise<RunningHost> {
  const { binding, config } = options;
  const logger = createLogger({ service: binding.name, level: config.logLevel, instance: config.instance });
  const readiness = new Readiness();
  const link = await connectNats({
    ...natsOptions(config.natsUrl, binding.name),
    connectTimeoutMs: CONNECT_TIMEOUT_MS,
  });
  await ensureStreams(link.publish, {
    profile: config.logProfile,
    ...(config.logBytesMax > 0 ? { bytesMax: config.logBytesMax } : {}),
  });
  const log = new JetStreamLog(link);
  const opening = openKeys({ link, logger, readiness });
  const store = openLmdbStore({
    directory: join(config.dataDirectory, 'state', binding.name),
    ...(config.stateBytesMax > 0 ? { mapSizeBytesMax: config.stateBytesMax } : {}),
  });
  const owned = ownedPartitionsOf(
    config.ownedPartitions,
    binding.input === 'events' ? config.shards : config.partitions,
  );
  const stage = processorOf(binding, config, { log, store, owned, logger });
  readiness.register('nats', () => (link.connected ? undefined : 'NATS is out of reach'));
  readiness.register('stage', () => (stage.isCaughtUp ? undefined : 'the stage is catching up with its log'));
  exposeStage(() => stage.status());
  await startStage(stage, logger);
  const asks = owned.map((partition) =>
    serveAsk(link.read, askSubject(binding.name, partition), (question) => stage.ask(partition, question)),
  );
  const lag = watchLag({ log, input: binding.input, status: () => stage.status() });
  const tables = startTables(options, log, logger, link);
  const askStage = stageClient({ link, clock: systemClock, timeoutMs: config.askTimeoutMs });
  const handle: StageHandle = {
    ...{ config, logger, link, log, stage, readiness, askStage },
    access: new Access(opening.keys),
    locator: new ProfileLocator({ ask: askStage, partitions: config.partitions, shards: config.shards }),
  };
  // Loading takes the event loop for itself.
  await caughtUp(stage);
  const [{ startHost }, surface] = await Promise.all([import('./start-host.js'), options.surface(handle)]);
  const { module, grpc, onDrain = [] } = surface;
  return startHost({
    service: binding.name,
    module,
    config,
    logger,
    readiness,
    ...(grpc === undefined ? {} : { grpc }),
    ...(options.ownsProcess === undefined ? {} : { ownsProcess: options.ownsProcess }),
    onDrain: [...onDrain, { name: 'lag', run: () => lag.stop() }, { name: 'stage', run: () => stage.stop() }],
    onClose: [
      { name: 'questions', run: () => Promise.all(asks.map((served) => served.stop())) },
      { name: 'keys', run: () => opening.close() },
      { name: 'projector', run: () => tables?.stop() },
      { name: 'log', run: () => log.close() },
      { name: 'nats', run: () => link.close() },
      { name: 'state', run: () => store.close() },
    ],
  });
}

function processorOf(
  binding: StageBinding,
  config: StageConfig,
  parts: { log: JetStreamLog; store: StateStore; owned: readonly number[]; logger: Logger },
): StageProcessor {
  const { logger } = parts;
  return new StageProcessor({
    binding,
    log: parts.log,
    store: parts.store,
    clock: systemClock,
    partitions: config.partitions,
    shards: config.shards,
    owned: parts.owned,
    owner: `${config.instance ?? binding.name}-${randomUUID()}`,
    settings: {
      ...DEFAULT_STAGE_SETTINGS,
      lingerMs: config.lingerMs,
      checkpointIntervalMs: config.checkpointIntervalMs,
      cacheRowsMax: config.cacheRowsMax ?? binding.cacheRowsMax ?? DEFAULT_STAGE_SETTINGS.cacheRowsMax,
    },
    observe: observeStage(logger),
    fatal: (error) => {
      logger.fatal({ err: error }, 'the stage cannot go on');
      process.exit(1);
    },
  });
}

/** A log that is out of reach is waited for; anything else ends the process. */
async function startStage(stage: StageProcessor, logger: Logger): Promise<void> {
  for (;;) {
    try {
      await stage.start();
      return;
    } catch (error) {
      if ((error as { retryable?: boolean }).retryable !== true) throw error;
      logger.warn({ err: error }, 'the stage cannot start yet');
      await new Promise((resolve) => setTimeout(resolve, START_RETRY_MS));
    }
  }
}

/** Resolves when the stage has caught up with its log, at the latest after a second. */
async function caughtUp(stage: StageProcessor): Promise<void> {
  const until = performance.now() + CATCH_UP_MS_MAX;
  while (!stage.isCaughtUp && performance.now() < until) {
    await new Promise((resolve) => setTimeout(resolve, CATCH_UP_LOOK_MS));
  }
}

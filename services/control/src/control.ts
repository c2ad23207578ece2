/** Puts control together: NATS, the installation's streams and buckets, keys, and the parts behind REST and gRPC. */
import { randomUUID } from 'node:crypto';
import { type ClickHouse, openClickHouse } from '@attrium/clickhouse';
import {
  Access,
  type AskStage,
  createLogger,
  type HostContext,
  type Logger,
  natsOptions,
  openKeys,
  ProfileLocator,
  Readiness,
  type RunningHost,
  stageClient,
  startHost,
} from '@attrium/host';
import {
  Bucket,
  CATALOGUE_BUCKET,
  connectNats,
  ensureStreams,
  JetStreamLog,
  KEYS_BUCKET,
  LISTS_BUCKET,
  type NatsLink,
  SECRETS_BUCKET,
} from '@attrium/nats';
import { type Log, systemClock } from '@attrium/processor';
import { descriptorSet, packageDefinitionOf } from '@attrium/proto';
import { AccountReader } from './account-reader.js';
import { CatalogueKeeper } from './catalogue-keeper.js';
import { Backfills } from './clients/backfills.js';
import { CatalogueLog } from './clients/catalogue-log.js';
import { DeliveryDeskClient } from './clients/delivery-desk.js';
import { ErasureLog } from './clients/erasure-log.js';
import { ErasureTables } from './clients/erasure-tables.js';
import { activateLogic, storeBootstrapKey } from './clients/installation.js';
import { KeyStore } from './clients/key-store.js';
import { listMatcher, listSink } from './clients/list-log.js';
import { logSizes } from './clients/log-sizes.js';
import { MemberSweeps } from './clients/member-sweeps.js';
import { MembershipTables } from './clients/membership-tables.js';
import { OccasionTables } from './clients/occasion-tables.js';
import { QuarantineLog } from './clients/quarantine-log.js';
import { SecretStore } from './clients/secret-store.js';
import { SegmentTables } from './clients/segment-tables.js';
import { Tables } from './clients/tables.js';
import type { ControlConfig } from './config.js';
import { controlModule } from './control.module.js';
import { Erasures } from './erasures.js';
import { ListImporter } from './list-importer.js';
import { ProfileReader } from './profile-reader.js';
import { QuarantineDesk } from './quarantine-desk.js';
import { SegmentHistory } from './segment-history.js';
import { SegmentReader } from './segment-reader.js';
import { telemetry } from './telemetry.js';
import { TriggerDryRun } from './trigger-dry-run.js';

const SERVICE = 'control';
const CONNECT_TIMEOUT_MS = 60_000;
const INSTALL_RETRY_MS = 500;
/** Largest body; a catalogue of 512 KiB as YAML with comments. */
const BODY_BYTES_MAX = 1024 * 1024;

/** The services that it serves over gRPC. */
const GRPC = {
  packages: [
    'attrium.account.v1',
    'attrium.catalogue.v1',
    'attrium.identity.v1',
    'attrium.profile.v1',
    'attrium.segment.v1',
    'attrium.trigger.v1',
  ],
  packageDefinition: packageDefinitionOf([
    'attrium.account.v1.AccountService',
    'attrium.catalogue.v1.CatalogueService',
    'attrium.identity.v1.QuarantineService',
    'attrium.profile.v1.ErasureService',
    'attrium.profile.v1.ProfileService',
    'attrium.segment.v1.SegmentAnalyticsService',
    'attrium.segment.v1.SegmentTableService',
    'attrium.segment.v1.StaticListService',
    'attrium.trigger.v1.TriggerDryRunService',
  ]),
  descriptorSet,
};

/** Starts control. Rejects when NATS cannot be reached, its streams are set up in another way, or a port is taken. */
export async function startControl(
  config: ControlConfig,
  options: { ownsProcess?: boolean } = {},
): Promise<RunningHost> {
  const owner = `${config.instance ?? SERVICE}-${randomUUID()}`;
  const logger = createLogger({ service: SERVICE, level: config.logLevel, instance: config.instance });
  const readiness = new Readiness();
  const link = await connectNats({ ...natsOptions(config.natsUrl, SERVICE), connectTimeoutMs: CONNECT_TIMEOUT_MS });
  const log = new JetStreamLog(link);
  const buckets = await untilInReach(logger, () => install({ config, link, log, owner }));
  const opening = openKeys({ link, logger, readiness });
  await opening.opened;
  readiness.register('nats', () => (link.connected ? undefined : 'NATS is out of reach'));

  const { partitions, shards, askTimeoutMs: timeoutMs } = config;
  const catalogueLog = new CatalogueLog({ log, clock: systemClock, shards, owner });
  const quarantineLog = new QuarantineLog({ log, clock: systemClock, shards, owner });
  const ask = stageClient({ link, clock: systemClock, timeoutMs });
  const locator = new ProfileLocator({ ask, partitions, shards });
  const catalogues = new CatalogueKeeper({ log: catalogueLog, view: buckets.catalogues, telemetry });
  const clickhouse = clickhouseOf(config);
  const { queryTimeoutMs, queryRowsMax: rowsMax, queriesAtOnceMax: largeAtOnceMax } = config;
  const limits = { timeoutMs: queryTimeoutMs, rowsMax, largeAtOnceMax };
  const asked = new Tables({ clickhouse, limits });
  const tables = new SegmentTables(asked);
  const lists = new ListImporter({
    ...{ bucket: buckets.lists, catalogues, clock: systemClock, telemetry },
    match: listMatcher({ ask, shards }),
    sink: listSink({ log, shards, owner }),
    rowsPerSecond: config.importRowsPerSecond,
    atOnceMax: config.importsAtOnceMax,
  });
  return startHost({
    service: SERVICE,
    module: controlModule({
      access: new Access(opening.keys),
      readiness,
      catalogues,
      keys: new KeyStore(buckets.keys, opening.keys, systemClock),
      secrets: new SecretStore(buckets.secrets),
      locator,
      profiles: new ProfileReader({ locator, now: () => systemClock.monotonic(), telemetry }),
      erasures: erasuresOf({ log, shards, owner, ask, tables: asked }),
      accounts: new AccountReader({ locator, ask, shards }),
      desk: new DeliveryDeskClient(link),
      sweeps: new MemberSweeps(ask, partitions),
      dryRuns: new TriggerDryRun({ catalogues, tables: new OccasionTables(asked), clock: systemClock }),
      backfills: new Backfills({ ask, log, partitions, shards, owner }),
      quarantine: new QuarantineDesk({ ask, log: quarantineLog, clock: systemClock, shards }),
      segments: new SegmentReader({ catalogues, tables, clock: systemClock, telemetry }),
      segmentHistory: new SegmentHistory({ catalogues, memberships: new MembershipTables(asked), segments: tables }),
      lists,
      logSizes: () => logSizes(link),
    }),
    config,
    logger,
    readiness,
    grpc: GRPC,
    bodyBytesMax: BODY_BYTES_MAX,
    configure: takeBodiesAsBytes,
    onClose: [
      { name: 'keys', run: () => opening.close() },
      { name: 'clickhouse', run: () => clickhouse?.close() },
      { name: 'log', run: () => log.close() },
      { name: 'nats', run: () => link.close() },
    ],
    ...(options.ownsProcess === undefined ? {} : { ownsProcess: options.ownsProcess }),
  });
}

function erasuresOf(parts: { log: Log; shards: number; owner: string; ask: AskStage; tables: Tables }): Erasures {
  const { ask, shards } = parts;
  const common = { ask, shards, clock: systemClock, newId: randomUUID, telemetry };
  return new Erasures({ ...common, log: new ErasureLog(parts), tables: new ErasureTables(parts.tables) });
}

/** Opens no socket before the first question. */
function clickhouseOf({ clickhouseUrl: url, clickhouseDatabase: database }: ControlConfig): ClickHouse | undefined {
  return url === undefined ? undefined : openClickHouse({ url, database });
}

interface Buckets {
  readonly keys: Bucket;
  readonly catalogues: Bucket;
  readonly secrets: Bucket;
  readonly lists: Bucket;
}

/** Creates what is missing of the installation; what is there stays as it is. */
async function install(host: {
  config: ControlConfig;
  link: NatsLink;
  log: JetStreamLog;
  owner: string;
}): Promise<Buckets> {
  const { config, link, log, owner } = host;
  await ensureStreams(link.publish, {
    profile: config.logProfile,
    ...(config.logBytesMax > 0 ? { bytesMax: config.logBytesMax } : {}),
  });
  await activateLogic(log, { shards: config.shards, owner });
  const [keys, catalogues, secrets, lists] = await Promise.all([
    Bucket.open(link.read, KEYS_BUCKET),
    Bucket.open(link.read, CATALOGUE_BUCKET),
    Bucket.open(link.read, SECRETS_BUCKET),
    Bucket.open(link.read, LISTS_BUCKET),
  ]);
  if (config.bootstrapAdminKey !== undefined)
    await storeBootstrapKey(keys, config.bootstrapAdminKey, systemClock.now());
  return { keys, catalogues, secrets, lists };
}

/** A log that is out of reach is waited for; anything else ends the start. */
async function untilInReach<T>(logger: Logger, run: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await run();
    } catch (error) {
      if ((error as { retryable?: boolean }).retryable !== true) throw error;
      logger.warn({ err: error }, 'the log is out of reach; trying again');
      await new Promise((resolve) => setTimeout(resolve, INSTALL_RETRY_MS));
    }
  }
}

/** Each route reads its body itself: catalogues need exact numbers, and may be YAML. */
function takeBodiesAsBytes({ app, fastify }: HostContext): void {
  fastify.removeAllContentTypeParsers();
  app.useBodyParser('*', {}, (_request, body, done) => done(null, body));
  // Imports are read as they come, within limits of their own.
  fastify.addContentTypeParser('text/csv', (_request, body, done) => done(null, body));
}

/** The tables of a stage service in ClickHouse: projectors that fill them, and the eraser that removes the rows of erased profiles. */
import {
  applyRetention,
  type ClickHouse,
  Eraser,
  erasureProjection,
  openClickHouse,
  type Projection,
  Projector,
  parseRetention,
  type RetainedTable,
} from '@attrium/clickhouse';
import { partitionFilters, projectionSubject, streamOf } from '@attrium/event';
import { type NatsLink, serveAsk } from '@attrium/nats';
import { type Log, type StageBinding, systemClock } from '@attrium/processor';
import type { Logger } from './logger.js';
import type { StageConfig } from './stage-settings.js';
import { exposeEraser, exposeProjectors, exposeRetention } from './stage-telemetry.js';

export interface TablesOptions {
  readonly binding: StageBinding;
  readonly config: StageConfig;
  readonly projections?: readonly Projection[];
  readonly otherProjections?: readonly {
    readonly stream: string;
    readonly subjects: readonly string[];
    readonly projections: readonly Projection[];
  }[];
  readonly migrationsDirectory?: string;
  readonly retention?: RetainedTable & { readonly period: string };
}

/** What comes from another stream than the one that tells of erasures is all there by then. */
const OTHER_STREAM_MS = 300_000;

/** Undefined where nothing is to be projected. Each projector migrates all tables of the service before it begins: that is harmless at the same time. */
export function startTables(
  options: TablesOptions,
  log: Log,
  logger: Logger,
  link: NatsLink,
): { stop(): Promise<void> } | undefined {
  const { binding, config, projections, otherProjections = [], migrationsDirectory } = options;
  const { clickhouseUrl: url } = config;
  if (!config.projection || url === undefined || projections === undefined) return undefined;
  const stream = streamOf(binding.output);
  const partitions = Array.from({ length: config.partitions }, (_, partition) => partition);
  const subjects = partitions.flatMap((partition) => partitionFilters(binding.output, partition));
  const sources = [{ stream, subjects, projections: [...projections, erasureProjection(stream)] }, ...otherProjections];
  const clickhouse = openClickHouse({ url, database: config.clickhouseDatabase });
  const report = (level: 'info' | 'warn' | 'error', message: string): void => logger[level](message);
  const projectors = sources.map(
    (source) =>
      new Projector({
        ...source,
        log,
        clickhouse,
        ...(migrationsDirectory === undefined
          ? {}
          : { migrations: { service: binding.name, directory: migrationsDirectory } }),
        opened: async (ranges) => {
          await eraser.opened(source.projections, ranges);
          if (source.stream === stream) await retain(options, clickhouse, logger);
        },
        report,
      }),
  );
  const [main, ...others] = projectors as [Projector, ...Projector[]];
  const eraser: Eraser = new Eraser({
    ...{ clickhouse, log: stream, intervalMs: config.erasureIntervalMs, report },
    sources: [
      {
        projections,
        until: () => ({ sequence: main.status.lastProjectedSequence, erasedBefore: Number.POSITIVE_INFINITY }),
      },
      ...others.map((projector, index) => ({
        projections: otherProjections[index]!.projections,
        until: () => {
          const { state, lagMessages } = projector.status;
          const isFilled = state === 'running' && lagMessages === 0;
          return {
            sequence: isFilled ? main.status.lastProjectedSequence : 0,
            erasedBefore: systemClock.now() - OTHER_STREAM_MS,
          };
        },
      })),
    ],
  });
  for (const projector of projectors) projector.start();
  eraser.start();
  exposeProjectors(() => projectors.map(({ status }) => status));
  exposeEraser(() => eraser.status);
  // Whoever reads the tables of the output asks how far they are; it ends with the connection.
  serveAsk(link.read, projectionSubject(binding.output), () => ({ sequence: main.status.lastProjectedSequence }));
  return {
    async stop() {
      await Promise.all([eraser.stop(), ...projectors.map((projector) => projector.stop())]);
      await clickhouse.close();
    },
  };
}

/** The tables are there by now. */
async function retain({ retention }: TablesOptions, clickhouse: ClickHouse, logger: Logger): Promise<void> {
  const kept = retention && parseRetention(retention.period);
  if (retention === undefined || kept === undefined) return;
  exposeRetention(kept);
  const { table, period } = retention;
  if (await applyRetention(clickhouse, retention, kept)) {
    logger.info({ table, period }, 'how long a table keeps its rows has changed');
  }
}

/** What attribute-compute shows to others, and what runs beside the stage: its API, and the seeding of new definitions. */
import { randomUUID } from 'node:crypto';
import { openClickHouse } from '@attrium/clickhouse';
import { askSubject, partitionOf, projectionSubject } from '@attrium/event';
import { ownedPartitionsOf, type StageHandle, type StageSurface } from '@attrium/host';
import { ask } from '@attrium/nats';
import { systemClock } from '@attrium/processor';
import { descriptorSet, packageDefinition } from '@attrium/proto';
import { attributeComputeModule } from './attribute-compute.module.js';
import { ClickHouseHistory } from './backfill/clickhouse-history.js';
import { type History, Seeder } from './backfill/seeder.js';
import type { BackfillsAnswer } from './seeding.js';
import { exposeSeeder } from './telemetry.js';

const STAGE = 'attribute-compute';

export function surface(handle: StageHandle): StageSurface {
  const seeder = seederOf(handle);
  exposeSeeder(seeder);
  seeder.start();
  return {
    module: attributeComputeModule(handle),
    grpc: { packages: ['attrium.attribute.v1'], packageDefinition, descriptorSet },
    onDrain: [{ name: 'seeder', run: () => seeder.stop() }],
  };
}

function seederOf(handle: StageHandle): Seeder {
  const { config, log, link, logger } = handle;
  const { partitions, shards, askTimeoutMs } = config;
  return new Seeder({
    ...{ log, clock: systemClock, partitions, shards },
    owned: ownedPartitionsOf(config.ownedPartitions, partitions),
    owner: `${config.instance ?? STAGE}-${randomUUID()}`,
    history: historyOf(handle),
    ask: (partition, question) =>
      ask(link.read, askSubject(STAGE, partition), question, askTimeoutMs) as Promise<BackfillsAnswer>,
    failed: (error) => logger.warn({ err: error }, 'history is not read now; this is tried again'),
  });
}

function historyOf({ config, link, askStage }: StageHandle): History | undefined {
  const { clickhouseUrl: url, clickhouseDatabase: database, askTimeoutMs, shards } = config;
  if (url === undefined) return undefined;
  return new ClickHouseHistory({
    clickhouse: openClickHouse({ url, database }),
    projectedUpTo: async () => {
      const answer = await ask(link.read, projectionSubject('resolved'), {}, askTimeoutMs);
      return (answer as { sequence: number }).sequence;
    },
    ordinalOf: async (workspace, profileId) => {
      const question = { kind: 'ordinal', workspace, profileId };
      const shard = partitionOf(workspace, shards);
      const answer = await askStage<{ ordinal: number } | null>('identity', shard, question);
      if (answer === null) throw new Error(`identity does not know the profile ${profileId} of ${workspace}`);
      return answer.ordinal;
    },
    accountOf: async (workspace, groupId) => {
      const question = { kind: 'account', workspace, identifier: { type: 'group_id', value: groupId } };
      const shard = partitionOf(workspace, shards);
      const answer = await askStage<{ accountId: string; ordinal: number } | null>('identity', shard, question);
      if (answer === null) return undefined;
      return { workspace, kind: 'account', id: answer.accountId, ordinal: answer.ordinal };
    },
  });
}

/** The tables of one service in the real engine, filled from a log in memory. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ClickHouse, openClickHouse, type Projection, Projector } from '@attrium/clickhouse';
import { type EmbeddedClickHouse, startEmbeddedClickHouse } from '@attrium/clickhouse-embedded';
import { type LogName, type LogRecord, streamOf } from '@attrium/event';
import { encodePack, NO_POSITION } from '@attrium/processor';
import { SimulatedClock, SimulatedLog } from '@attrium/testing';
import { afterAll, beforeAll } from '@jest/globals';

const HEADER = {
  schemaVersion: 1,
  logicVersion: 1,
  stage: 'test',
  writer: 'test',
  owner: 'a',
  commit: 1,
  reached: NO_POSITION,
};
const START_MS_MAX = 60_000;

export interface TablesUnderTest {
  /** Appends one message to a partition and waits until its rows are in the tables. */
  append(partition: number, records: readonly LogRecord[]): Promise<void>;
  rows(query: string): Promise<unknown[]>;
}

/** Starts the engine and a projector before the tests of the calling file, and ends both after them. */
export function tablesUnderTest(options: {
  readonly service: string;
  readonly log: LogName;
  readonly projections: readonly Projection[];
  readonly migrationsDirectory: string;
}): TablesUnderTest {
  const clock = new SimulatedClock();
  const log = new SimulatedLog({ clock });
  let directory: string;
  let server: EmbeddedClickHouse;
  let clickhouse: ClickHouse;
  let projector: Projector;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'attrium-tables-'));
    server = await startEmbeddedClickHouse({ directory, port: 0 });
    clickhouse = openClickHouse({ url: server.url });
    projector = new Projector({
      log,
      stream: streamOf(options.log),
      subjects: [`attrium.${options.log}.>`],
      clickhouse,
      projections: options.projections,
      migrations: { service: options.service, directory: options.migrationsDirectory },
      settings: { blockMsMax: 10 },
    });
    projector.start();
  }, START_MS_MAX);

  afterAll(async () => {
    await projector?.stop();
    await clickhouse?.close();
    await server?.stop();
    await rm(directory, { recursive: true, force: true });
  });

  return {
    async append(partition, records) {
      void log.append(`attrium.${options.log}.${partition}.test`, encodePack(HEADER, records));
      const before = projector.status.lastProjectedSequence;
      while (projector.status.lastProjectedSequence === before) {
        clock.advanceTo(clock.now() + 10);
        await sleep(5);
      }
    },
    async rows(query) {
      return (await clickhouse.client.query({ query, format: 'JSONEachRow' })).json();
    },
  };
}

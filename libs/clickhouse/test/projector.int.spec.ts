/** The projector against the real engine: each row once, whatever is killed and whenever. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type ClickHouse,
  openClickHouse,
  type Projection,
  Projector,
  type ProjectorOptions,
} from '@attrium/clickhouse';
import { type EmbeddedClickHouse, startEmbeddedClickHouse } from '@attrium/clickhouse-embedded';
import type { LogRecord } from '@attrium/event';
import { decodePack, encodePack, NO_POSITION } from '@attrium/processor';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { MemoryLog } from './memory-log.js';

const HEADER = {
  schemaVersion: 1,
  logicVersion: 1,
  stage: 'test',
  writer: 'test-0',
  owner: 'a',
  commit: 1,
  reached: NO_POSITION,
};

/** Two tables, so that a crash may leave one filled and the other not; the second has rows for every third tick only. */
const projections: readonly Projection[] = [
  {
    table: 'ticks',
    columns: [{ name: 'due_at', type: 'time' }],
    project: (record) => (record.kind === 'tick' ? [[record.dueAt]] : undefined),
  },
  {
    table: 'thirds',
    columns: [{ name: 'id', type: 'text' }],
    project: (record) => (record.kind === 'tick' && record.dueAt % 3 === 0 ? [[`${record.id}\t'`]] : undefined),
  },
];
const MIGRATION = ['ticks', 'thirds']
  .map(
    (table, index) => `CREATE TABLE IF NOT EXISTS {{local:${table}}} {{on_cluster}}
(${index === 0 ? "due_at DateTime64(3, 'UTC')" : 'id String'}, partition UInt16, sequence UInt64, row_index UInt32)
ENGINE = {{engine:MergeTree}} ORDER BY (sequence, row_index) SETTINGS {{deduplication}};`,
  )
  .join('\n');

let directory: string;
let server: EmbeddedClickHouse;
let clickhouse: ClickHouse;
let counter = 0;
const started: Projector[] = [];

/** Waits for a condition; gives up, with what the projectors say, long after it should hold. */
async function until(condition: () => Promise<boolean> | boolean): Promise<void> {
  for (let turn = 0; !(await condition()); turn++) {
    if (turn > 2_000) throw new Error(`never came: ${JSON.stringify(started.map((projector) => projector.status))}`);
    await sleep(10);
  }
}

async function rows<T>(query: string): Promise<T[]> {
  return (await clickhouse.client.query({ query, format: 'JSONEachRow' })).json<T>();
}

/** The log gets messages of one to three records; returns the places of all ticks. */
async function fill(log: MemoryLog, messages: number): Promise<void> {
  for (let index = 0; index < messages; index++) {
    const records: LogRecord[] = Array.from({ length: 1 + (index % 3) }, () => ({
      kind: 'tick',
      id: `t${counter}`,
      dueAt: counter++,
    }));
    await log.append(`attrium.attributes.${index % 4}.test`, encodePack(HEADER, records));
  }
}

/** A ClickHouse whose inserts never come back once `dies` says so: before they are sent, or after they were done. */
function mortal(dies: (table: string) => 'before' | 'after' | undefined): {
  clickhouse: ClickHouse;
  dead: () => boolean;
} {
  let dead = false;
  const client = new Proxy(clickhouse.client, {
    get(target, key) {
      const value = Reflect.get(target, key) as unknown;
      if (key !== 'insert' && key !== 'exec') return typeof value === 'function' ? value.bind(target) : value;
      return async (parameters: { readonly table?: string; readonly query?: string }) => {
        const table = parameters.table ?? /^INSERT INTO `(\w+)`/.exec(parameters.query!)![1]!;
        const fate = dead ? 'before' : dies(table);
        dead ||= fate !== undefined;
        const answer =
          fate === 'before' ? undefined : await (value as typeof target.exec).call(target, parameters as never);
        if (fate !== undefined) await new Promise(() => undefined);
        return answer;
      };
    },
  });
  return { clickhouse: { ...clickhouse, client }, dead: () => dead };
}

function project(log: MemoryLog, options?: Partial<ProjectorOptions>): Projector {
  const projector = new Projector({
    log,
    stream: 'attrium-attributes',
    subjects: ['attrium.attributes.>'],
    clickhouse,
    projections,
    migrations: { service: 'test', directory: join(directory, 'migrations') },
    settings: { blockMsMax: 30 },
    ...options,
  });
  projector.start();
  started.push(projector);
  return projector;
}

/** Both tables hold exactly what the log holds, each row once and under its place. */
async function expectEachOnce(log: MemoryLog): Promise<void> {
  const found = await rows<{ place: string }>(
    "SELECT concat(toString(partition), ':', toString(sequence), ':', toString(row_index), '=', toString(toUnixTimestamp64Milli(due_at))) AS place FROM ticks ORDER BY sequence, row_index",
  );
  const expected: string[] = [];
  const thirds: string[] = [];
  for (const { payload, subject, sequence } of log.messages) {
    for (const [index, record] of decodePack(payload).records.entries()) {
      if (record.kind !== 'tick') throw new Error('the log holds ticks only');
      expected.push(`${subject.split('.')[2]}:${sequence}:${index}=${record.dueAt}`);
      if (record.dueAt % 3 === 0) thirds.push(`${record.id}\t'`);
    }
  }
  expect(found.map((row) => row.place)).toEqual(expected);
  const second = await rows<{ id: string }>('SELECT id FROM thirds ORDER BY sequence, row_index');
  expect(second.map((row) => row.id)).toEqual(thirds);
}

const caughtUp = (log: MemoryLog, projector: Projector): Promise<void> =>
  until(() => projector.status.lastProjectedSequence === log.messages.length);

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'attrium-projector-'));
  await mkdir(join(directory, 'migrations'));
  await writeFile(join(directory, 'migrations', '0001_ticks.sql'), MIGRATION);
  server = await startEmbeddedClickHouse({ directory: join(directory, 'engine'), port: 0 });
  clickhouse = openClickHouse({ url: server.url });
}, 60_000);

afterEach(async () => {
  await Promise.all(started.splice(0).map((projector) => projector.stop()));
  for (const table of ['ticks', 'thirds', 'projection_ranges', 'schema_migrations']) {
    await clickhouse.client.command({ query: `DROP TABLE IF EXISTS ${table} SYNC` });
  }
}, 30_000);

afterAll(async () => {
  await clickhouse?.close();
  await server?.stop();
  await rm(directory, { recursive: true, force: true });
});

describe('projector', () => {
  it('makes its tables and gives each row once, while the log grows and over clean restarts', async () => {
    const log = new MemoryLog();
    await fill(log, 100);
    for (let round = 0; round < 3; round++) {
      const projector = project(log);
      await fill(log, 50);
      await caughtUp(log, projector);
      await fill(log, 7);
      await projector.stop();
      expect(projector.status).toMatchObject({ state: 'stopped', failures: 0, poisoned: 0 });
    }
    const last = project(log);
    await caughtUp(log, last);
    expect(last.status.lagMessages).toBe(0);
    await expectEachOnce(log);
  }, 30_000);

  const deaths = [
    ['before its range is recorded', 'projection_ranges', 'before'],
    ['between recording a range and inserting it', 'projection_ranges', 'after'],
    ['before the first of two tables is inserted', 'ticks', 'before'],
    ['after the first of two tables is inserted', 'ticks', 'after'],
    ['before the second of two tables is inserted', 'thirds', 'before'],
    ['between inserting a range and the next one', 'thirds', 'after'],
  ] as const;
  for (const [words, table, fate] of deaths) {
    it(`gives each row once when it is killed ${words}, though blocks are cut differently afterwards`, async () => {
      const log = new MemoryLog();
      await fill(log, 60);
      for (const [round, blockBytesMax] of [300, 90, 1_000].entries()) {
        let calls = 0;
        const body = mortal((name) => (name === table && ++calls === 2 + round ? fate : undefined));
        project(log, { clickhouse: body.clickhouse, settings: { blockBytesMax, blockMsMax: 20 } });
        await until(body.dead);
        await sleep(20);
        started.pop();
        await fill(log, 20);
      }
      await caughtUp(log, project(log));
      await expectEachOnce(log);
    }, 30_000);
  }

  it('gives each row once when ClickHouse is killed again and again under it', async () => {
    const log = new MemoryLog();
    const projector = project(log, { settings: { blockBytesMax: 2_000, blockMsMax: 10 } });
    for (let kill = 1; kill <= 5; kill++) {
      await fill(log, 200);
      await until(() => projector.status.lastProjectedSequence > 200 * (kill - 1));
      process.kill(server.pid as number, 'SIGKILL');
      await until(() => server.restarts >= kill && server.pid !== undefined);
    }
    await caughtUp(log, projector);
    await expectEachOnce(log);
    expect(projector.status).toMatchObject({ state: 'running', poisoned: 0 });
  }, 60_000);

  it('stops reading while ClickHouse is away, shows it, and catches up', async () => {
    const log = new MemoryLog();
    const projector = project(log, { settings: { blockBytesMax: 1_000, blockMsMax: 10 } });
    await fill(log, 10);
    await caughtUp(log, projector);
    const { port } = server;
    await server.stop();
    await fill(log, 2_000);
    await until(() => projector.status.failures > 1);
    const taken = log.taken;
    await sleep(100);
    expect(log.taken).toBe(taken);
    expect(taken).toBeLessThan(500);
    expect(projector.status).toMatchObject({ state: 'retrying', lastProjectedSequence: 10 });
    await until(() => projector.status.lagMessages === 2_000);
    server = await startEmbeddedClickHouse({ directory: join(directory, 'engine'), port });
    await caughtUp(log, projector);
    expect(projector.status).toMatchObject({ state: 'running', rowsInserted: expect.any(Number) });
    await expectEachOnce(log);
  }, 60_000);

  it('goes on where it was when its reader fails', async () => {
    const log = new MemoryLog();
    await fill(log, 30);
    const projector = project(log);
    await caughtUp(log, projector);
    log.failReaders();
    await fill(log, 30);
    await caughtUp(log, projector);
    await expectEachOnce(log);
  }, 30_000);

  it('fills a new table from the start of the log beside the others', async () => {
    const log = new MemoryLog();
    await fill(log, 40);
    const first = project(log, { projections: projections.slice(0, 1) });
    await caughtUp(log, first);
    await first.stop();
    await fill(log, 20);
    await caughtUp(log, project(log));
    await expectEachOnce(log);
  }, 30_000);

  it('leaves out what cannot be decoded, and counts it', async () => {
    const log = new MemoryLog();
    await log.append('attrium.attributes.0.test', Buffer.from([255, 255, 255]));
    await fill(log, 3);
    const projector = project(log);
    await caughtUp(log, projector);
    expect(projector.status.poisoned).toBe(1);
    expect(await rows<{ n: number }>('SELECT count() AS n FROM ticks')).toEqual([{ n: 6 }]);
  }, 30_000);

  it('refuses to go on over messages that the log no longer has, and after a log that lost its tail', async () => {
    const log = new MemoryLog();
    await fill(log, 20);
    const projector = project(log);
    await caughtUp(log, projector);
    await projector.stop();
    await fill(log, 20);
    log.purgeBelow(30);
    const late = project(log);
    await until(() => late.status.state === 'failed');
    expect(late.status.lastError).toMatch(/^ATR-CLICKHOUSE-004: /);
    const shortened = new MemoryLog();
    await fill(shortened, 3);
    const ahead = project(shortened);
    await until(() => ahead.status.state === 'failed');
    expect(ahead.status.lastError).toMatch(/^ATR-CLICKHOUSE-005: /);
  }, 30_000);

  it('fails, and says why, when an applied migration was changed', async () => {
    const log = new MemoryLog();
    // With something to project, being caught up means that the tables have been made.
    await fill(log, 1);
    await caughtUp(log, project(log));
    await mkdir(join(directory, 'changed'), { recursive: true });
    await writeFile(join(directory, 'changed', '0001_ticks.sql'), `${MIGRATION}-- changed\n`);
    const projector = project(log, { migrations: { service: 'test', directory: join(directory, 'changed') } });
    await until(() => projector.status.state === 'failed');
    expect(projector.status.lastError).toMatch(/^ATR-CLICKHOUSE-001: /);
  }, 30_000);
});

/** The eraser against the real engine: no row of an erased profile is left, whatever is restarted or filled anew, and no other row goes. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type ClickHouse,
  Eraser,
  erasureProjection,
  openClickHouse,
  type Projection,
  Projector,
} from '@attrium/clickhouse';
import { type EmbeddedClickHouse, startEmbeddedClickHouse } from '@attrium/clickhouse-embedded';
import type { Entity, LogRecord } from '@attrium/event';
import { encodePack, NO_POSITION } from '@attrium/processor';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { MemoryLog } from './memory-log.js';

const HEADER = {
  ...{ schemaVersion: 1, logicVersion: 1, stage: 'test', writer: 'test-0', owner: 'a', commit: 1 },
  reached: NO_POSITION,
};
const STREAM = 'attrium-attributes';
/** Profiles with a row each, and merges with two profiles each. */
const projections: readonly Projection[] = [
  {
    table: 'people',
    profileColumns: ['profile_id'],
    columns: [
      { name: 'workspace_id', type: 'name' },
      { name: 'profile_id', type: 'text' },
    ],
    project: (record) =>
      record.kind === 'profile-created' ? [[record.entity.workspace, record.entity.id]] : undefined,
  },
  {
    table: 'unions',
    profileColumns: ['one_id', 'other_id'],
    columns: [
      { name: 'workspace_id', type: 'name' },
      { name: 'one_id', type: 'text' },
      { name: 'other_id', type: 'text' },
    ],
    project: (record) =>
      record.kind === 'profiles-merged'
        ? [[record.survivor.workspace, record.survivor.id, record.loser.id]]
        : undefined,
  },
];
const MIGRATION = [
  ['people', 'profile_id String'],
  ['unions', 'one_id String, other_id String'],
]
  .map(
    ([table, columns]) => `CREATE TABLE IF NOT EXISTS {{local:${table}}} {{on_cluster}}
(workspace_id LowCardinality(String), ${columns}, partition UInt16, sequence UInt64, row_index UInt32)
ENGINE = {{engine:MergeTree}} ORDER BY (workspace_id, sequence, row_index) SETTINGS {{deduplication}};`,
  )
  .join('\n');

let directory: string;
let server: EmbeddedClickHouse;
let clickhouse: ClickHouse;
const running: { readonly status: object; stop(): Promise<void> }[] = [];

const entityOf = (id: string, workspace = 'shop'): Entity => ({ workspace, kind: 'profile', id, ordinal: 1 });
const created = (id: string, workspace = 'shop'): LogRecord => ({
  ...{ kind: 'profile-created', id: `c-${id}`, entity: entityOf(id, workspace), cause: 'e', occurredAt: 1 },
});
const merged = (survivor: string, loser: string): LogRecord => ({
  ...{
    kind: 'profiles-merged',
    id: `m-${loser}`,
    mergeId: loser,
    survivor: entityOf(survivor),
    loser: entityOf(loser),
  },
  ...{ identifiers: [], cause: 'e', occurredAt: 1 },
});
const erased = (id: string, former: readonly string[] = [], erasedAt = 5): LogRecord => ({
  ...{ kind: 'profile-erased', id: `x-${id}`, entity: entityOf(id), former: former.map((each) => entityOf(each)) },
  ...{ requestId: `r-${id}`, erasedAt },
});

async function append(log: MemoryLog, ...records: LogRecord[]): Promise<void> {
  await log.append('attrium.attributes.0.test', encodePack(HEADER, records));
}

async function rows(query: string): Promise<string[]> {
  const result = await clickhouse.client.query({ query, format: 'JSONCompactEachRow' });
  return (await result.json<readonly unknown[]>()).map((row) => row.join());
}

async function until(condition: () => Promise<boolean> | boolean): Promise<void> {
  for (let turn = 0; !(await condition()); turn++) {
    if (turn > 200) throw new Error(`never came: ${JSON.stringify(running.map(({ status }) => status))}`);
    await sleep(20);
  }
}

/** A projector and an eraser beside it, as a service has them. */
function start(log: MemoryLog, more: { erasedBefore?: () => number } = {}): { projector: Projector; eraser: Eraser } {
  const projector: Projector = new Projector({
    ...{ log, stream: STREAM, subjects: ['attrium.attributes.>'], clickhouse },
    projections: [...projections, erasureProjection(STREAM)],
    migrations: { service: 'test', directory },
    settings: { blockMsMax: 10 },
    opened: (ranges) => eraser.opened(projections, ranges),
  });
  const eraser: Eraser = new Eraser({
    ...{ clickhouse, log: STREAM, intervalMs: 20 },
    sources: [
      {
        projections,
        until: () => ({
          sequence: projector.status.lastProjectedSequence,
          erasedBefore: more.erasedBefore?.() ?? Number.POSITIVE_INFINITY,
        }),
      },
    ],
  });
  projector.start();
  eraser.start();
  running.push(eraser, projector);
  return { projector, eraser };
}

const caughtUp = (log: MemoryLog, { projector }: { projector: Projector }): Promise<void> =>
  until(async () => projector.status.lastProjectedSequence === (await log.bounds()).lastSequence);
const cleared = (sequence: number): Promise<void> =>
  until(async () => {
    const reached = await rows(
      `SELECT argMax(sequence, removed_at) FROM erasure_removals GROUP BY table_name ORDER BY table_name`,
    ).catch(() => []);
    return reached.length === 2 && reached.every((each) => Number(each) >= sequence);
  });
async function stopAll(): Promise<void> {
  for (const each of running.splice(0)) await each.stop();
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'attrium-eraser-'));
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, '0001_tables.sql'), MIGRATION);
  server = await startEmbeddedClickHouse({ directory: join(directory, 'engine'), port: 0 });
}, 60_000);

afterAll(async () => {
  await server?.stop();
  await rm(directory, { recursive: true, force: true });
});

/** With no tables yet. */
async function freshLog(): Promise<MemoryLog> {
  clickhouse = openClickHouse({ url: server.url });
  await clickhouse.administer('CREATE DATABASE IF NOT EXISTS attrium');
  for (const table of await rows(`SELECT name FROM system.tables WHERE database = 'attrium'`)) {
    await clickhouse.client.command({ query: `DROP TABLE ${table} SYNC` });
  }
  return new MemoryLog();
}

afterEach(async () => {
  await stopAll();
  await clickhouse.close();
});

describe('the rows of erased profiles', () => {
  it('go from every table and column, with those of the profiles that were merged, and nobody else goes', async () => {
    const log = await freshLog();
    await append(log, created('a'), created('b'), created('c'), created("d'\\"), created('a', 'bank'));
    await append(log, merged('a', 'b'), merged('c', 'x'), merged('y', 'z'));
    const service = start(log);
    await caughtUp(log, service);
    expect(await rows('SELECT workspace_id, profile_id FROM people ORDER BY 1, 2')).toHaveLength(5);
    await append(log, erased('a', ['b']), erased("d'\\"));
    await append(log, created('e'), erased('z'));
    await cleared(4);
    expect(await rows('SELECT workspace_id, profile_id FROM people ORDER BY 1, 2')).toEqual([
      'bank,a',
      'shop,c',
      'shop,e',
    ]);
    expect(await rows('SELECT one_id, other_id FROM unions')).toEqual(['c,x']);
    expect(await rows('SELECT profile_id, request_id FROM erasures FINAL ORDER BY 1')).toEqual([
      'a,r-a',
      'b,r-a',
      "d'\\,r-d'\\",
      'z,r-z',
    ]);
    expect(service.eraser.status).toMatchObject({ waiting: 0, failures: 0 });
    // Gone from the disk too, not only hidden.
    const parts = `system.parts WHERE database = currentDatabase() AND table = 'people' AND active`;
    expect(await rows(`SELECT sum(rows) FROM ${parts}`)).toEqual(['3']);
  }, 60_000);

  it('go in one mutation for many profiles', async () => {
    const log = await freshLog();
    const ids = Array.from({ length: 400 }, (_, index) => `p${index}`);
    for (const id of ids) await append(log, created(id));
    for (const id of ids.slice(1)) await append(log, erased(id));
    const service = start(log, { erasedBefore: () => (ready ? Number.POSITIVE_INFINITY : 0) });
    let ready = false;
    await caughtUp(log, service);
    await until(() => service.eraser.status.waiting === 399);
    ready = true;
    await cleared(799);
    expect(await rows('SELECT profile_id FROM people')).toEqual(['p0']);
    const mutations = `system.mutations WHERE database = currentDatabase() AND table = 'people'`;
    expect(await rows(`SELECT count() FROM ${mutations}`)).toEqual(['1']);
  }, 60_000);

  it('go after a restart, when nobody removed them before it', async () => {
    const log = await freshLog();
    await append(log, created('a'), created('b'));
    let service = start(log, { erasedBefore: () => 0 });
    await append(log, erased('a'));
    await caughtUp(log, service);
    await stopAll();
    expect(await rows('SELECT profile_id FROM people ORDER BY 1')).toEqual(['a', 'b']);
    service = start(log);
    await cleared(2);
    expect(await rows('SELECT profile_id FROM people ORDER BY 1')).toEqual(['b']);
    // The last range is repeated at a start: its rows are known by its token, though they are not in the table any more.
    await stopAll();
    service = start(log);
    await caughtUp(log, service);
    expect(await rows('SELECT profile_id FROM people ORDER BY 1')).toEqual(['b']);
  }, 60_000);

  it('do not come back when tables are filled anew from the start of the log: all of them, or one', async () => {
    const log = await freshLog();
    await append(log, created('a'), created('b'), merged('a', 'b'), merged('c', 'd'));
    await append(log, erased('a', ['b']));
    await append(log, created('e'));
    for (const tables of [['people', 'unions', 'erasures'], ['people'], ['unions']]) {
      const service = start(log);
      await caughtUp(log, service);
      await cleared(2);
      expect(await rows('SELECT profile_id FROM people')).toEqual(['e']);
      expect(await rows('SELECT one_id FROM unions')).toEqual(['c']);
      await stopAll();
      for (const table of tables) {
        await clickhouse.client.command({ query: `TRUNCATE TABLE ${table}` });
        const forgotten = `ALTER TABLE projection_ranges DELETE WHERE table_name = '${table}'`;
        await clickhouse.client.command({ query: forgotten, clickhouse_settings: { mutations_sync: '2' } });
        // A table that is made anew knows no tokens of before.
        await clickhouse.client.command({ query: `DROP TABLE ${table} SYNC` });
      }
      await clickhouse.client.command({ query: `TRUNCATE TABLE schema_migrations` });
    }
    const service = start(log);
    await caughtUp(log, service);
    await cleared(2);
    expect(await rows('SELECT profile_id FROM people')).toEqual(['e']);
    expect(await rows('SELECT one_id FROM unions')).toEqual(['c']);
  }, 120_000);
});

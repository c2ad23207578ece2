/** Whether the rows of an erased profile are gone, asked of the real engine. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ClickHouse, migrate, openClickHouse } from '@attrium/clickhouse';
import { type EmbeddedClickHouse, startEmbeddedClickHouse } from '@attrium/clickhouse-embedded';
import { LOG_NAMES, streamOf } from '@attrium/event';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ErasureTables } from '../src/clients/erasure-tables.js';
import { Tables } from '../src/clients/tables.js';

const LOGS = LOG_NAMES.filter((log) => log !== 'events').map(streamOf);
const limits = { timeoutMs: 5_000, rowsMax: 1_000_000, largeAtOnceMax: 1 };
let directory: string;
let server: EmbeddedClickHouse;
let clickhouse: ClickHouse;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'attrium-erasure-tables-'));
  await mkdir(join(directory, 'migrations'));
  server = await startEmbeddedClickHouse({ directory: join(directory, 'engine'), port: 0 });
  clickhouse = openClickHouse({ url: server.url });
}, 60_000);
afterAll(async () => {
  await clickhouse?.close();
  await server?.stop();
  await rm(directory, { recursive: true, force: true });
});

const run = (query: string) => clickhouse.client.command({ query });
/** As the projector of one log tells of it. */
const told = (log: string, sequence: number) =>
  run(`INSERT INTO erasures VALUES ('${log}', 'shop', 'p1', 'r', now64(3), 0, ${sequence}, 0)`);
/** As the eraser notes it. */
const noted = (log: string, table: string, sequence: number) =>
  run(
    `INSERT INTO erasure_removals (log, table_name, sequence, profiles) VALUES ('${log}', '${table}', ${sequence}, 1)`,
  );

describe('the rows of an erased profile', () => {
  it('are gone once every table of every log is cleared up to the last record of the erasure', async () => {
    const tables = new ErasureTables(new Tables({ clickhouse, limits }));
    const areCleared = () => tables.areCleared('shop', 'p1');
    // There are no tables yet: that may change.
    expect(await areCleared()).toBe(false);
    await migrate(clickhouse, { service: 'test', directory: join(directory, 'migrations') });
    expect(await areCleared()).toBe(false);
    for (const log of LOGS) {
      for (const table of ['a', 'b']) await noted(log, `${log}-${table}`, 0);
    }
    for (const log of LOGS) {
      expect(await areCleared()).toBe(false);
      await told(log, 5);
      await told(log, 7);
      await noted(log, `${log}-a`, 7);
      await noted(log, `${log}-b`, 5);
      expect(await areCleared()).toBe(false);
      await noted(log, `${log}-b`, 9);
    }
    expect(await areCleared()).toBe(true);
    expect(await tables.areCleared('shop', 'p2')).toBe(false);
    expect(await tables.areCleared('bank', 'p1')).toBe(false);
    // One is filled anew.
    await noted(LOGS[1]!, `${LOGS[1]}-a`, 0);
    expect(await areCleared()).toBe(false);
  }, 60_000);

  it('are none where there is no ClickHouse', async () => {
    const tables = new ErasureTables(new Tables({ clickhouse: undefined, limits }));
    expect(await tables.areCleared('shop', 'p1')).toBe(true);
  });
});

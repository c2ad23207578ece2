/** Retention against the real engine: which rows stay after it was set, changed and taken back. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { applyRetention, type ClickHouse, openClickHouse, parseRetention } from '@attrium/clickhouse';
import { type EmbeddedClickHouse, startEmbeddedClickHouse } from '@attrium/clickhouse-embedded';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

let directory: string;
let server: EmbeddedClickHouse;
let clickhouse: ClickHouse;
const run = (query: string) => clickhouse.client.command({ query });
const apply = (text: string) =>
  applyRetention(clickhouse, { table: 'kept', column: 'received_at' }, parseRetention(text)!);

/** Workspace and age of what is left once merges have done what they will do in time. */
async function left(): Promise<string[]> {
  await clickhouse.client
    .command({
      query: 'ALTER TABLE kept MATERIALIZE TTL',
      clickhouse_settings: { mutations_sync: '2' },
    })
    .catch((error: Error) => {
      if (!error.message.includes('TTL')) throw error;
    });
  await run('OPTIMIZE TABLE kept FINAL');
  const query = `SELECT workspace_id, days FROM kept ORDER BY 1, 2`;
  const result = await clickhouse.client.query({ query, format: 'JSONCompactEachRow' });
  return (await result.json<readonly unknown[]>()).map((row) => row.join(' '));
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'attrium-retention-'));
  server = await startEmbeddedClickHouse({ directory, port: 0 });
  clickhouse = openClickHouse({ url: server.url });
  await clickhouse.administer('CREATE DATABASE IF NOT EXISTS attrium');
  await run(
    "CREATE TABLE kept (workspace_id LowCardinality(String), days UInt32, received_at DateTime64(3, 'UTC')) ENGINE = MergeTree ORDER BY workspace_id",
  );
  await run(
    "INSERT INTO kept SELECT w, d, now64(3) - toIntervalDay(d) FROM (SELECT arrayJoin(['a', 'b', 'c']) AS w) AS workspaces, (SELECT arrayJoin([1, 10, 100]) AS d) AS ages",
  );
}, 60_000);

afterAll(async () => {
  await clickhouse?.close();
  await server?.stop();
  await rm(directory, { recursive: true, force: true });
});

describe('the retention of a table', () => {
  it('is applied once, says itself, removes what is too old in each workspace, and can be changed and taken back', async () => {
    expect(await apply('forever')).toBe(false);
    expect(await left()).toHaveLength(9);
    expect(await apply('50d,b=5d,c=forever')).toBe(true);
    expect(await apply('50d,b=5d,c=forever')).toBe(false);
    expect(await left()).toEqual(['a 1', 'a 10', 'b 1', 'c 1', 'c 10', 'c 100']);
    const query = "SELECT comment FROM system.tables WHERE name = 'kept'";
    const [{ comment } = { comment: '' }] = await (
      await clickhouse.client.query({ query, format: 'JSONEachRow' })
    ).json<{ comment: string }>();
    expect(comment).toContain("workspace_id = 'b'");
    expect(await apply('5d')).toBe(true);
    expect(await left()).toEqual(['a 1', 'b 1', 'c 1']);
    expect(await apply('forever')).toBe(true);
    expect(await apply('forever')).toBe(false);
    await run("INSERT INTO kept VALUES ('a', 999, now64(3) - toIntervalDay(999))");
    expect(await left()).toEqual(['a 1', 'a 999', 'b 1', 'c 1']);
  }, 60_000);
});

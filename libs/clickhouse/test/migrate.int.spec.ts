/** Migrations against the real engine. */
import { appendFile, cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ClickHouse, migrate, openClickHouse } from '@attrium/clickhouse';
import { type EmbeddedClickHouse, startEmbeddedClickHouse } from '@attrium/clickhouse-embedded';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const directoryOf = (service: string): string => join(ROOT, 'services', service, 'migrations');

let directory: string;
let server: EmbeddedClickHouse;
let clickhouse: ClickHouse;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'attrium-migrate-'));
  server = await startEmbeddedClickHouse({ directory: join(directory, 'engine'), port: 0 });
  clickhouse = openClickHouse({ url: server.url });
}, 60_000);

afterAll(async () => {
  await clickhouse?.close();
  await server?.stop();
  await rm(directory, { recursive: true, force: true });
});

describe('migrate', () => {
  it('makes the tables of all services at once, also when several instances do it together', async () => {
    const services = ['identity', 'attribute-compute', 'segment', 'journey-trigger'];
    await Promise.all(
      [...services, ...services].map((service) => migrate(clickhouse, { service, directory: directoryOf(service) })),
    );
    const tables = await clickhouse.client.query({ query: 'SHOW TABLES', format: 'JSONEachRow' });
    const names = (await tables.json<{ name: string }>()).map((row) => row.name);
    expect(names.sort()).toEqual([
      'account_members',
      'accounts',
      'attribute_changes',
      'attributes',
      'current_accounts',
      'deliveries',
      'erasure_removals',
      'erasures',
      'events',
      'firings',
      'identifiers',
      'membership_changes',
      'memberships',
      'merges',
      'profiles',
      'projection_ranges',
      'schema_migrations',
    ]);
  }, 30_000);

  it('applies a file once', async () => {
    expect(await migrate(clickhouse, { service: 'identity', directory: directoryOf('identity') })).toEqual([]);
    expect(await migrate(clickhouse, { service: 'other', directory: directoryOf('segment') })).toEqual([
      '0001_membership_changes',
      '0002_memberships',
    ]);
  });

  it('refuses an applied file that was changed, naming it', async () => {
    const changed = join(directory, 'changed');
    await cp(directoryOf('segment'), changed, { recursive: true });
    await appendFile(join(changed, '0002_memberships.sql'), '-- changed\n');
    await expect(migrate(clickhouse, { service: 'segment', directory: changed })).rejects.toMatchObject({
      code: 'ATR-CLICKHOUSE-001',
      retryable: false,
      message: expect.stringContaining('segment/0002_memberships'),
    });
  });

  it('tells an unreachable server as a failure that may pass', async () => {
    const nowhere = openClickHouse({ url: 'http://attrium:x@127.0.0.1:1' });
    await expect(migrate(nowhere, { service: 'segment', directory: directoryOf('segment') })).rejects.toMatchObject({
      code: 'ATR-CLICKHOUSE-003',
      retryable: true,
    });
    await nowhere.close();
  });
});

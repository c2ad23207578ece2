/**
 * Brings the tables that one service owns up to date: numbered, forward-only files with a ledger.
 *
 * There is no lock. A service applies only its own files, in order, and every statement is harmless when it runs twice, so instances
 * that start at once come to the same tables.
 */
import { fileURLToPath } from 'node:url';
import { type ClickHouse, quoteName } from './connection.js';
import { ClickHouseAdapterError } from './errors.js';
import { type MigrationFile, readMigrations, statementsOf } from './migration-file.js';

export interface MigrateOptions {
  /** Whose files these are; numbers count per service. */
  readonly service: string;
  readonly directory: string;
}

interface LedgerRow {
  readonly number: number;
  readonly name: string;
  readonly checksum: string;
}

/**
 * Makes the database, the ledger and all tables of the service; returns the names of the files that were applied now.
 * Throws ClickHouseAdapterError: 'bad-migration', 'checksum-mismatch', or 'migration-failed' (retryable) with the server's error as cause.
 */
export async function migrate(clickhouse: ClickHouse, options: MigrateOptions): Promise<string[]> {
  const { service } = options;
  const files = await readMigrations(options.directory);
  const planned = files.map((file) => ({ file, statements: statementsOf(file, clickhouse) }));
  await prepare(clickhouse);
  const ledger = await readLedger(clickhouse, service);
  for (const file of files) verify(service, file, ledger.get(file.number));
  const applied: string[] = [];
  for (const { file, statements } of planned) {
    if (ledger.has(file.number)) continue;
    for (const statement of statements) await run(clickhouse, file.name, statement);
    await clickhouse.client.insert({
      table: 'schema_migrations',
      values: [{ service, number: file.number, name: file.name, checksum: file.checksum }],
      format: 'JSONEachRow',
      columns: ['service', 'number', 'name', 'checksum'],
      clickhouse_settings: bookkeepingSettings(clickhouse),
    });
    applied.push(file.name);
  }
  return applied;
}

/** Inserts and reads of bookkeeping see each other on every replica. */
export function bookkeepingSettings(clickhouse: ClickHouse): Record<string, string | number> {
  if (clickhouse.cluster === undefined) return {};
  return { insert_quorum: 'auto', insert_quorum_parallel: 0, select_sequential_consistency: 1 };
}

/** The database and the tables of this library itself, which are not in the ledger they make. */
async function prepare(clickhouse: ClickHouse): Promise<void> {
  const { database, cluster } = clickhouse;
  const everywhere = cluster === undefined ? '' : ` ON CLUSTER ${quoteName(cluster)}`;
  try {
    await clickhouse.administer(`CREATE DATABASE IF NOT EXISTS ${quoteName(database)}${everywhere}`);
  } catch (cause) {
    throw failed(`creating database ${database}`, cause);
  }
  const directory = fileURLToPath(new URL('../migrations/', import.meta.url));
  for (const file of await readMigrations(directory)) {
    for (const statement of statementsOf(file, clickhouse)) await run(clickhouse, file.name, statement);
  }
}

async function readLedger(clickhouse: ClickHouse, service: string): Promise<Map<number, LedgerRow>> {
  const result = await clickhouse.client.query({
    query: 'SELECT number, name, checksum FROM schema_migrations FINAL WHERE service = {service:String}',
    query_params: { service },
    format: 'JSONEachRow',
    clickhouse_settings: bookkeepingSettings(clickhouse),
  });
  const rows = await result.json<LedgerRow>();
  return new Map(rows.map((row) => [Number(row.number), row]));
}

function verify(service: string, file: MigrationFile, row: LedgerRow | undefined): void {
  if (row === undefined || row.checksum === file.checksum) return;
  throw new ClickHouseAdapterError(
    'checksum-mismatch',
    `${service}/${file.name}.sql is not the text that was applied as ${row.name}. ` +
      'An applied file must never change: restore it and put the change into a new file.',
  );
}

async function run(clickhouse: ClickHouse, name: string, statement: string): Promise<void> {
  try {
    await clickhouse.client.command({ query: statement });
  } catch (cause) {
    throw failed(name, cause);
  }
}

function failed(what: string, cause: unknown): ClickHouseAdapterError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new ClickHouseAdapterError('migration-failed', `${what}: ${reason}`, { cause });
}

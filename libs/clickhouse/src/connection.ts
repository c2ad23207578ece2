/** Opens a connection to ClickHouse: the embedded one, a server, or a cluster. */
import { type ClickHouseClient, ClickHouseLogLevel, createClient } from '@clickhouse/client';

const REQUEST_LIMIT_MS = 60_000;

export interface ClickHouseOptions {
  /** `http(s)://user:password@host:port`; a path names the database. */
  readonly url: string;
  /** Database of all tables; by default that of the URL, else `attrium`. */
  readonly database?: string | undefined;
  /** Name of a cluster: the tables are then made ON CLUSTER, replicated and distributed. */
  readonly cluster?: string | undefined;
}

export interface ClickHouse {
  /** Speaks to `database`, which must exist (see `migrate`). */
  readonly client: ClickHouseClient;
  readonly database: string;
  readonly cluster: string | undefined;
  /** Runs one statement outside of the database, which may not exist yet. */
  administer(statement: string): Promise<void>;
  close(): Promise<void>;
}

/** Opens no socket yet; the first query does. */
export function openClickHouse(options: ClickHouseOptions): ClickHouse {
  const url = new URL(options.url);
  const inUrl = decodeURIComponent(url.pathname.slice(1));
  const database = options.database ?? (inUrl === '' ? 'attrium' : inUrl);
  const open = (name: string | undefined): ClickHouseClient =>
    createClient({
      url: url.origin,
      username: decodeURIComponent(url.username) || 'default',
      password: decodeURIComponent(url.password),
      ...(name === undefined ? {} : { database: name }),
      application: 'attrium',
      // Failures are reported by those who know what they mean; a long outage must not fill the output.
      log: { level: ClickHouseLogLevel.OFF },
      request_timeout: REQUEST_LIMIT_MS,
      // The projector makes its own blocks, and they must be in the table when the answer comes.
      clickhouse_settings: { async_insert: 0 },
    });
  const client = open(database);
  return {
    client,
    database,
    cluster: options.cluster,
    async administer(statement) {
      const outside = open(undefined);
      try {
        await outside.command({ query: statement });
      } finally {
        await outside.close();
      }
    },
    close: () => client.close(),
  };
}

/** An identifier in SQL. */
export function quoteName(name: string): string {
  return `\`${name.replace(/[\\`]/g, '\\$&')}\``;
}

/**
 * Turns the SQL of a migration into the form of one server or of a cluster. Its placeholders, and what they become:
 *
 * | placeholder | one server | cluster `c` |
 * |---|---|---|
 * | `{{on_cluster}}` | nothing | ``ON CLUSTER `c` `` |
 * | `{{local:events}}` | `events` | `events_local` |
 * | `{{engine:ReplacingMergeTree(version)}}` | the engine | `ReplicatedReplacingMergeTree(version)`: one copy a replica, spread over shards |
 * | `{{engine_everywhere:MergeTree}}` | the engine | replicated to every node of every shard (small tables of bookkeeping) |
 * | `{{deduplication}}` | the table settings that make repeated inserts harmless | the same, replicated |
 * | `{{distributed:events by cityHash64(a)}}` | nothing | the Distributed table `events` over `events_local` |
 */
import { quoteName } from './connection.js';
import { ClickHouseAdapterError } from './errors.js';

export interface SchemaForm {
  readonly database: string;
  readonly cluster: string | undefined;
}

const PLACEHOLDER = /\{\{\s*([a-z_]+)(?::([\s\S]*?))?\s*\}\}/g;
/** How many blocks' tokens a table remembers. Only the last recorded range is ever repeated, so this is ample. */
const WINDOW_BLOCKS = 10_000;
/** A projector that was down for a month still repeats its last range safely. */
const WINDOW_S = 31 * 86_400;

/** Throws ClickHouseAdapterError 'bad-migration' for an unknown placeholder. */
export function fillTemplate(sql: string, form: SchemaForm): string {
  return sql.replace(PLACEHOLDER, (whole, name: string, argument: string | undefined) => {
    const filled = fill(name, argument?.trim() ?? '', form);
    if (filled === undefined) throw new ClickHouseAdapterError('bad-migration', `unknown placeholder ${whole}`);
    return filled;
  });
}

function fill(name: string, argument: string, { database, cluster }: SchemaForm): string | undefined {
  switch (name) {
    case 'on_cluster':
      return cluster === undefined ? '' : `ON CLUSTER ${quoteName(cluster)}`;
    case 'local':
      return cluster === undefined ? argument : `${argument}_local`;
    case 'engine':
      return cluster === undefined ? argument : `Replicated${argument}`;
    case 'engine_everywhere': {
      if (cluster === undefined) return argument;
      const [, engine, rest] = /^(\w+)(?:\(([\s\S]*)\))?$/.exec(argument) ?? [];
      const path = `'/clickhouse/tables/{database}/{table}', '{shard}-{replica}'`;
      return `Replicated${engine}(${path}${rest === undefined || rest === '' ? '' : `, ${rest}`})`;
    }
    case 'deduplication':
      return cluster === undefined
        ? `non_replicated_deduplication_window = ${WINDOW_BLOCKS}`
        : `replicated_deduplication_window = ${WINDOW_BLOCKS}, replicated_deduplication_window_seconds = ${WINDOW_S}`;
    case 'distributed': {
      const [, table, key] = /^(\w+)\s+by\s+([\s\S]+)$/.exec(argument) ?? [];
      if (table === undefined || key === undefined) return undefined;
      if (cluster === undefined) return '';
      const local = `${table}_local`;
      return (
        `CREATE TABLE IF NOT EXISTS ${table} ON CLUSTER ${quoteName(cluster)} AS ${local} ` +
        `ENGINE = Distributed(${quoteName(cluster)}, ${quoteName(database)}, ${local}, ${key})`
      );
    }
    default:
      return undefined;
  }
}

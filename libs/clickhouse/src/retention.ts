/** How long a table keeps its rows: as a whole, and otherwise in single workspaces. It is a TTL of the table, and the table's comment says it. */
import { durationMs } from '@attrium/event';
import type { ClickHouse } from './connection.js';
import { quoteName } from './connection.js';
import { fillTemplate } from './schema-template.js';

export interface Retention {
  /** ms; undefined: for ever. */
  readonly everywhere: number | undefined;
  /** By workspace, for those that differ. */
  readonly workspaces: ReadonlyMap<string, number | undefined>;
}

/** Whose rows, and by which of its columns their age counts. */
export interface RetainedTable {
  readonly table: string;
  /** Of type DateTime64. */
  readonly column: string;
}

const FOR_EVER = 'forever';
const WORKSPACE = /^[a-z0-9][a-z0-9-]{0,62}$/;
const DAY_MS = 86_400_000;
const WORKSPACES_MAX = 100;

/** `400d`, or with workspaces that differ `400d,shop=30d,archive=forever`; undefined for a text that is none. The least is a day. */
export function parseRetention(text: string): Retention | undefined {
  const [first = '', ...others] = text.split(',').map((part) => part.trim());
  const everywhere = periodOf(first);
  if (everywhere === undefined || others.length > WORKSPACES_MAX) return undefined;
  const workspaces = new Map<string, number | undefined>();
  for (const other of others) {
    const [, workspace = '', period = ''] = /^([^=]*)=([^=]*)$/.exec(other) ?? [];
    const kept = periodOf(period);
    if (kept === undefined || !WORKSPACE.test(workspace) || workspaces.has(workspace)) return undefined;
    workspaces.set(workspace, kept.ms);
  }
  return { everywhere: everywhere.ms, workspaces };
}

function periodOf(text: string): { readonly ms: number | undefined } | undefined {
  if (text === FOR_EVER) return { ms: undefined };
  const ms = durationMs(text);
  return ms === undefined || ms < DAY_MS ? undefined : { ms };
}

/** The rules of a TTL, without the word; undefined: nothing ends. */
export function retentionRules(column: string, { everywhere, workspaces }: Retention): string | undefined {
  const rule = (ms: number, where: string): string =>
    `toDateTime(${quoteName(column)}) + toIntervalSecond(${Math.round(ms / 1_000)}) DELETE${where}`;
  // Names of workspaces have no character that would have to be quoted.
  const others = [...workspaces.keys()].sort();
  const rules: string[] = [];
  if (everywhere !== undefined) {
    const rest = others.map((name) => `'${name}'`).join(', ');
    rules.push(rule(everywhere, others.length === 0 ? '' : ` WHERE workspace_id NOT IN (${rest})`));
  }
  for (const name of others) {
    const ms = workspaces.get(name);
    if (ms !== undefined) rules.push(rule(ms, ` WHERE workspace_id = '${name}'`));
  }
  return rules.length === 0 ? undefined : rules.join(', ');
}

/**
 * Sets the TTL of a table that has another one. Rows that are older by then go at once, which is a mutation of the whole table. Returns
 * whether anything was changed. Throws what ClickHouse fails with.
 */
export async function applyRetention(
  clickhouse: ClickHouse,
  { table, column }: RetainedTable,
  retention: Retention,
): Promise<boolean> {
  const local = fillTemplate(`{{local:${table}}}`, clickhouse);
  const rules = retentionRules(column, retention);
  const comment = rules === undefined ? '' : `Rows are kept by this TTL: ${rules}`;
  const found = await commentOf(clickhouse, local);
  if (found === comment) return false;
  const alter = (change: string): Promise<unknown> =>
    clickhouse.client.command({
      query: fillTemplate(`ALTER TABLE ${quoteName(local)} {{on_cluster}} ${change}`, clickhouse),
      clickhouse_settings: { mutations_sync: '0' },
    });
  await alter(rules === undefined ? 'REMOVE TTL' : `MODIFY TTL ${rules}`);
  // Last, so that what breaks off is done again.
  await alter(`MODIFY COMMENT '${comment.replaceAll("'", "\\'")}'`);
  return true;
}

async function commentOf({ client, database }: ClickHouse, table: string): Promise<string> {
  const result = await client.query({
    query: 'SELECT comment FROM system.tables WHERE database = {database:String} AND name = {table:String}',
    query_params: { database, table },
    format: 'JSONEachRow',
  });
  const [row] = await result.json<{ comment: string }>();
  return row?.comment ?? '';
}

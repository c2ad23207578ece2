/** What the eraser reads and notes: which profiles are erased, and how far each table is cleared of them. */
import type { ClickHouse } from './connection.js';
import { bookkeepingSettings } from './migrate.js';

export interface ErasedId {
  readonly workspace: string;
  readonly profileId: string;
  /** Of the record in the log that says so. */
  readonly sequence: number;
  /** ms. */
  readonly erasedAt: number;
}

interface IdRow {
  readonly workspace_id: string;
  readonly profile_id: string;
  readonly sequence_text: string;
  readonly erased_ms: string;
}

export class EraserLedger {
  constructor(
    private readonly clickhouse: ClickHouse,
    private readonly log: string,
  ) {}

  /** By table: the sequence up to which it is cleared. */
  async reached(): Promise<Map<string, number>> {
    const rows = await this.query<{ table_name: string; reached: string }>(
      `SELECT table_name, toString(argMax(sequence, removed_at)) AS reached
       FROM erasure_removals WHERE log = {log:String} GROUP BY table_name`,
    );
    return new Map(rows.map(({ table_name, reached }) => [table_name, Number(reached)]));
  }

  /** About `limit` ids at most, in the order of the log, behind a sequence; those of one message are not parted. */
  async erased(after: number, limit: number): Promise<ErasedId[]> {
    const rows = await this.query<IdRow>(
      `SELECT workspace_id, profile_id, toString(sequence) AS sequence_text,
              toString(toUnixTimestamp64Milli(erased_at)) AS erased_ms
       FROM erasures WHERE log = {log:String} AND sequence > {after:UInt64}
       ORDER BY sequence LIMIT {limit:UInt32} WITH TIES`,
      { after, limit },
    );
    return rows.map((row) => ({
      workspace: row.workspace_id,
      profileId: row.profile_id,
      sequence: Number(row.sequence_text),
      erasedAt: Number(row.erased_ms),
    }));
  }

  /** Ids of erased profiles behind a sequence. */
  async waiting(after: number): Promise<number> {
    const [row] = await this.query<{ ids: number }>(
      'SELECT toUInt32(count()) AS ids FROM erasures WHERE log = {log:String} AND sequence > {after:UInt64}',
      { after },
    );
    return row?.ids ?? 0;
  }

  async note(tables: readonly string[], sequence: number, profiles: number): Promise<void> {
    await this.clickhouse.client.insert({
      table: 'erasure_removals',
      columns: ['log', 'table_name', 'sequence', 'profiles'],
      values: tables.map((table) => ({ log: this.log, table_name: table, sequence, profiles })),
      format: 'JSONEachRow',
      clickhouse_settings: bookkeepingSettings(this.clickhouse),
    });
  }

  /** Mutations of a table that are under way, and why the last attempt of one failed. */
  async mutations(table: string): Promise<{ readonly left: number; readonly failure: string }> {
    const [row] = await this.query<{ left: number; failure: string }>(
      `SELECT toUInt32(count()) AS left, max(latest_fail_reason) AS failure FROM system.mutations
       WHERE database = {database:String} AND table = {table:String} AND NOT is_done`,
      { database: this.clickhouse.database, table },
    );
    return row ?? { left: 0, failure: '' };
  }

  private async query<T>(query: string, parameters: Readonly<Record<string, unknown>> = {}): Promise<T[]> {
    const result = await this.clickhouse.client.query({
      query,
      query_params: { log: this.log, ...parameters },
      format: 'JSONEachRow',
      clickhouse_settings: bookkeepingSettings(this.clickhouse),
    });
    return result.json<T>();
  }
}

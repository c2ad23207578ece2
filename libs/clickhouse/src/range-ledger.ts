/** The ranges that projectors record before they insert rows. */
import type { ClickHouse } from './connection.js';
import { bookkeepingSettings } from './migrate.js';

/** Sequences of a log, both ends included; the ranges of a table follow each other without a gap. */
export interface Range {
  readonly first: number;
  readonly last: number;
}

interface RangeRow {
  readonly table_name: string;
  readonly first_text: string;
  readonly last_text: string;
}

export class RangeLedger {
  /** `log` names the stream, or the part of it that one projector reads. */
  constructor(
    private readonly clickhouse: ClickHouse,
    private readonly log: string,
  ) {}

  /** The last recorded range of each table; tables without one are missing. */
  async read(): Promise<Map<string, Range>> {
    const result = await this.clickhouse.client.query({
      query: `SELECT table_name, toString(argMax(first, last)) AS first_text, toString(max(last)) AS last_text
              FROM projection_ranges WHERE log = {log:String} GROUP BY table_name`,
      query_params: { log: this.log },
      format: 'JSONEachRow',
      clickhouse_settings: bookkeepingSettings(this.clickhouse),
    });
    const rows = await result.json<RangeRow>();
    return new Map(rows.map((row) => [row.table_name, { first: Number(row.first_text), last: Number(row.last_text) }]));
  }

  /** One insert, so that all tables have the range or none. May be repeated. */
  async record(tables: readonly string[], range: Range): Promise<void> {
    await this.clickhouse.client.insert({
      table: 'projection_ranges',
      columns: ['log', 'table_name', 'first', 'last'],
      values: tables.map((table) => ({ log: this.log, table_name: table, first: range.first, last: range.last })),
      format: 'JSONEachRow',
      clickhouse_settings: bookkeepingSettings(this.clickhouse),
    });
  }
}

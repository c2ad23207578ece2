/** The rows of one range of a log, table by table, as text that waits to be inserted. */
import { Readable } from 'node:stream';
import type { LogRecord } from '@attrium/event';
import type { ClickHouse } from './connection.js';
import { quoteName } from './connection.js';
import type { Projection } from './projection.js';
import { type Row, rowEncoder } from './tsv.js';

/** Text is turned into bytes in pieces of this size, so that closing a block takes no long slice of time. */
const PIECE_CHARS = 64 * 1024;
const POSITION_COLUMNS = ['partition', 'sequence', 'row_index'];

/** Appends the rows of a table; made once a table. */
export interface TableWriter {
  readonly projection: Projection;
  readonly encode: (row: Row) => string;
  readonly columns: readonly [string, ...string[]];
}

export function tableWriter(projection: Projection): TableWriter {
  const [first, ...rest] = [...projection.columns.map((column) => column.name), ...POSITION_COLUMNS];
  return {
    projection,
    encode: rowEncoder(projection.columns),
    columns: [quoteName(first as string), ...rest.map(quoteName)],
  };
}

interface TableRows {
  readonly writer: TableWriter;
  readonly pieces: Buffer[];
  text: string;
  rows: number;
}

export class Block {
  /** Rows of all tables. */
  rows = 0;
  /** Characters of all rows: bytes, for text without wide characters. */
  size = 0;
  private readonly tables: readonly TableRows[];

  constructor(writers: readonly TableWriter[]) {
    this.tables = writers.map((writer) => ({ writer, pieces: [], text: '', rows: 0 }));
  }

  /** Adds what all tables make of a record. Adds nothing at all when a projection throws. */
  add(record: LogRecord, place: { partition: number; sequence: number; index: number }): void {
    const tail = `\t${place.partition}\t${place.sequence}\t${place.index}\n`;
    const lines: { table: TableRows; text: string; rows: number }[] = [];
    for (const table of this.tables) {
      const { projection, encode } = table.writer;
      const rows = projection.project(record, place);
      if (rows === undefined || rows.length === 0) continue;
      let text = '';
      for (const row of rows) text += encode(row) + tail;
      lines.push({ table, text, rows: rows.length });
    }
    for (const { table, text, rows } of lines) {
      table.text += text;
      table.rows += rows;
      this.rows += rows;
      this.size += text.length;
      if (table.text.length >= PIECE_CHARS) cut(table);
    }
  }

  /** The tables that have rows, each with a function that inserts them; it may be called again after a failure. */
  inserts(clickhouse: ClickHouse): { table: string; rows: number; insert: (token: string) => Promise<void> }[] {
    return this.tables
      .filter((table) => table.rows > 0)
      .map((table) => {
        if (table.text !== '') cut(table);
        const { projection } = table.writer;
        return { table: projection.table, rows: table.rows, insert: (token) => insert(clickhouse, table, token) };
      });
  }
}

function cut(table: TableRows): void {
  table.pieces.push(Buffer.from(table.text));
  table.text = '';
}

async function insert(clickhouse: ClickHouse, table: TableRows, token: string): Promise<void> {
  await clickhouse.client.insert({
    table: quoteName(table.writer.projection.table),
    columns: [...table.writer.columns] as [string, ...string[]],
    values: Readable.from(table.pieces, { objectMode: false }),
    format: 'TabSeparated',
    clickhouse_settings: {
      insert_deduplication_token: token,
      insert_deduplicate: 1,
      // One INSERT is one block whatever it holds: a history may spread over any number of months.
      max_partitions_per_insert_block: '0',
      input_format_parallel_parsing: 0,
      // On a cluster the answer comes when the rows are on their shards, under the same token.
      distributed_foreground_insert: 1,
    },
  });
}

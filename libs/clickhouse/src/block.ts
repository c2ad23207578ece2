/** The rows of one range of a log, table by table, as bytes that wait to be inserted. */
import { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import type { LogRecord } from '@attrium/event';
import { BinaryWriter } from './binary-writer.js';
import type { ClickHouse } from './connection.js';
import { quoteName } from './connection.js';
import type { Projection, RecordPosition } from './projection.js';
import { POSITION_COLUMNS, rowsHeader, rowWriter } from './row-binary.js';

/** Rows are kept in pieces of about this size: none has to be moved when more come. */
const PIECE_BYTES = 240 << 10;

/** Appends the rows of a table; made once a table. */
export interface TableWriter {
  readonly projection: Projection;
  readonly write: ReturnType<typeof rowWriter>;
  readonly header: Buffer;
  readonly statement: string;
}

export function tableWriter(projection: Projection): TableWriter {
  const { table, columns } = projection;
  const names = [...columns, ...POSITION_COLUMNS].map((column) => quoteName(column.name)).join(', ');
  return {
    projection,
    write: rowWriter(columns),
    header: rowsHeader(columns),
    statement: `INSERT INTO ${quoteName(table)} (${names}) FORMAT RowBinaryWithNamesAndTypes`,
  };
}

interface TableRows {
  readonly table: TableWriter;
  readonly writer: BinaryWriter;
  readonly pieces: Buffer[];
  rows: number;
  /** Where the record begins that is being added, and its rows. */
  mark: number;
  added: number;
}

export class Block {
  /** Rows of all tables. */
  rows = 0;
  /** Bytes of all rows. */
  size = 0;
  private readonly tables: readonly TableRows[];

  constructor(writers: readonly TableWriter[]) {
    this.tables = writers.map((table) => ({
      table,
      writer: new BinaryWriter(),
      pieces: [],
      rows: 0,
      mark: 0,
      added: 0,
    }));
  }

  /** Adds what all tables make of a record. Adds nothing at all when a projection throws. */
  add(record: LogRecord, place: RecordPosition): void {
    for (const table of this.tables) {
      table.mark = table.writer.position;
      table.added = 0;
    }
    try {
      for (const table of this.tables) write(table, record, place);
    } catch (error) {
      for (const table of this.tables) table.writer.position = table.mark;
      throw error;
    }
    for (const table of this.tables) {
      if (table.added === 0) continue;
      table.rows += table.added;
      this.rows += table.added;
      this.size += table.writer.position - table.mark;
      if (table.writer.position >= PIECE_BYTES) table.pieces.push(table.writer.take());
    }
  }

  /** The tables that have rows, each with a function that inserts them; it may be called again after a failure. */
  inserts(clickhouse: ClickHouse): { table: string; rows: number; insert: (token: string) => Promise<void> }[] {
    return this.tables
      .filter(({ rows }) => rows > 0)
      .map(({ table, rows, pieces, writer }) => {
        if (writer.position > 0) pieces.push(writer.take());
        return { table: table.projection.table, rows, insert: (token) => insert(clickhouse, table, pieces, token) };
      });
  }
}

function write(into: TableRows, record: LogRecord, place: RecordPosition): void {
  const { table, writer } = into;
  const rows = table.projection.project(record, place);
  if (rows === undefined) return;
  for (const row of rows) table.write(writer, row, place);
  into.added = rows.length;
}

async function insert(
  clickhouse: ClickHouse,
  table: TableWriter,
  pieces: readonly Buffer[],
  token: string,
): Promise<void> {
  const { stream } = await clickhouse.client.exec({
    query: table.statement,
    values: Readable.from([table.header, ...pieces], { objectMode: false }),
    clickhouse_settings: {
      insert_deduplication_token: token,
      insert_deduplicate: 1,
      // Rows of one key are replaced by merges and by FINAL; doing it here too is work twice.
      optimize_on_insert: 0,
      // One INSERT is one block whatever it holds: a history may spread over any number of months.
      max_partitions_per_insert_block: '0',
      input_format_parallel_parsing: 0,
      // On a cluster the answer comes when the rows are on their shards, under the same token.
      distributed_foreground_insert: 1,
    },
  });
  // The answer is empty; reading it to its end gives the connection back.
  stream.resume();
  await finished(stream);
}

/** What a service gives to a projector: for each of its tables a pure function from records to rows. */
import { type LogRecord, stringifyExactJson, Timestamp, type Value } from '@attrium/event';
import type { Column, Row } from './tsv.js';

/** Where a record stands in the log. */
export interface RecordPosition {
  readonly partition: number;
  /** Of the message in the stream. */
  readonly sequence: number;
  /** Of the record in its message. */
  readonly index: number;
}

/**
 * One table as a projection of a log. The projector adds the columns `partition`, `sequence` and `row_index` (from the position) to each
 * row, so they are not among `columns`. `project` must depend on its arguments only: a repeated range must give the same rows.
 */
export interface Projection {
  readonly table: string;
  readonly columns: readonly Column[];
  /** The rows of a record, undefined for none. */
  readonly project: (record: LogRecord, position: RecordPosition) => readonly Row[] | undefined;
}

/** A value as JSON text: exact numbers, times as ISO 8601 strings. */
export function jsonText(value: Value): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (value instanceof Timestamp) return `"${value.toJSON()}"`;
  return stringifyExactJson(value);
}

/** What a service gives to a projector: for each of its tables a pure function from records to rows. */
import { type LogRecord, stringifyExactJson, Timestamp, type Value } from '@attrium/event';
import type { Column, Row } from './row-binary.js';

const DAY_MS = 86_400_000;
const YEAR_10000_MS = Date.UTC(10_000, 0, 1);

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
  /** The columns that hold ids of profiles: rows with the id of an erased one are removed. Undefined: the table has nothing of profiles. */
  readonly profileColumns?: readonly string[];
  /** The rows of a record, undefined for none. */
  readonly project: (record: LogRecord, position: RecordPosition) => readonly Row[] | undefined;
}

/** A value as JSON text: exact numbers, times as ISO 8601 strings. */
export function jsonText(value: Value): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (value instanceof Timestamp) return `"${isoText(value)}"`;
  return stringifyExactJson(value);
}

let knownDay = Number.NaN;
let knownDate = '';

/** What `toJSON` gives; the date is made once for the times of a day that follow each other. */
function isoText(time: Timestamp): string {
  const { ms } = time;
  // Other years are written with a sign, or not at all.
  if (!(ms >= 0 && ms < YEAR_10000_MS)) return time.toJSON();
  const whole = Math.trunc(ms);
  const day = Math.floor(whole / DAY_MS);
  if (day !== knownDay) {
    knownDate = new Date(day * DAY_MS).toISOString().slice(0, 11);
    knownDay = day;
  }
  const inDay = whole - day * DAY_MS;
  const seconds = Math.floor(inDay / 1_000);
  const minutes = Math.floor(seconds / 60);
  const thousandths = String((inDay % 1_000) + 1_000).slice(1);
  return `${knownDate}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}:${two(seconds % 60)}.${thousandths}Z`;
}

function two(number: number): string {
  return number < 10 ? `0${number}` : String(number);
}

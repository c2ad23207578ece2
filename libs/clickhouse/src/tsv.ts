/** Writes rows as ClickHouse's TabSeparated text, column by column type. */
import { Decimal, type ExactNumber, unitsOf, unitsToText } from '@attrium/event';

/**
 * text: String; bytes: String from UTF-8; number: any integer or float column; time: DateTime64(3), given in ms since 1970 UTC;
 * decimal: Decimal(38, 18), null for a number that does not fit; texts, times, decimals: arrays of these.
 */
export type ColumnType = 'text' | 'bytes' | 'number' | 'boolean' | 'time' | 'decimal' | 'texts' | 'times' | 'decimals';

export interface Column {
  readonly name: string;
  readonly type: ColumnType;
}

/** A value of a row; undefined is null, or the column's default where it cannot be null. */
export type Cell =
  | string
  | number
  | boolean
  | Decimal
  | Uint8Array
  | undefined
  | readonly (string | number | Decimal | undefined)[];

export type Row = readonly Cell[];

const SPECIAL = /[\t\n\r\\\0\b\f]/;
const SPECIAL_ALL = /[\t\n\r\\\0\b\f]/g;
const SPECIAL_QUOTED = /[\t\n\r\\\0\b\f']/;
const SPECIAL_QUOTED_ALL = /[\t\n\r\\\0\b\f']/g;
const ESCAPES: Readonly<Record<string, string>> = {
  '\t': '\\t',
  '\n': '\\n',
  '\r': '\\r',
  '\\': '\\\\',
  '\0': '\\0',
  '\b': '\\b',
  '\f': '\\f',
  "'": "\\'",
};
const escapeOne = (character: string): string => ESCAPES[character] as string;

function escapeText(text: string): string {
  return SPECIAL.test(text) ? text.replace(SPECIAL_ALL, escapeOne) : text;
}

function quoteText(text: string): string {
  return `'${SPECIAL_QUOTED.test(text) ? text.replace(SPECIAL_QUOTED_ALL, escapeOne) : text}'`;
}

/** What DateTime64(3) can hold. */
const TIME_MIN = Date.UTC(1900, 0, 1);
const TIME_MAX = Date.UTC(2299, 11, 31, 23, 59, 59, 999);
const DAY_MS = 86_400_000;
let cachedDay = Number.NaN;
let cachedDate = '';

/** `2024-05-01 12:00:00.000`; times outside of 1900 to 2299 become the nearest of them. */
export function timeText(ms: number): string {
  const clamped = Math.trunc(Math.min(Math.max(ms, TIME_MIN), TIME_MAX));
  const day = Math.floor(clamped / DAY_MS);
  if (day !== cachedDay) {
    cachedDate = new Date(day * DAY_MS).toISOString().slice(0, 10);
    cachedDay = day;
  }
  const inDay = clamped - day * DAY_MS;
  const seconds = Math.floor(inDay / 1_000);
  const minutes = Math.floor(seconds / 60);
  return `${cachedDate} ${two(Math.floor(minutes / 60))}:${two(minutes % 60)}:${two(seconds % 60)}.${String(inDay % 1_000).padStart(3, '0')}`;
}

function two(number: number): string {
  return number < 10 ? `0${number}` : String(number);
}

/** Decimal text; undefined when the number does not fit Decimal(38, 18). */
export function decimalText(value: ExactNumber): string | undefined {
  if (Number.isSafeInteger(value)) return String(value);
  // From a hundredth on, the 17 digits that a double has at most are no more than 18 after the point, and no exponent is written.
  if (typeof value === 'number' && Math.abs(value) >= 0.01 && Math.abs(value) < 1e15) return String(value);
  const units = unitsOf(value);
  return units === undefined ? undefined : unitsToText(units);
}

function arrayText<T>(cell: Cell, encode: (entry: T) => string | undefined): string {
  let text = '[';
  const entries = cell as readonly (T | undefined)[];
  for (let index = 0; index < entries.length; index++) {
    const entry = entries[index];
    if (index > 0) text += ',';
    text += (entry === undefined ? undefined : encode(entry)) ?? 'NULL';
  }
  return `${text}]`;
}

const decoder = new TextDecoder();

/** The text of a cell that is not undefined; undefined for null. */
const ENCODERS: Readonly<Record<ColumnType, (cell: Cell) => string | undefined>> = {
  text: (cell) => escapeText(cell as string),
  bytes: (cell) => escapeText(decoder.decode(cell as Uint8Array)),
  number: (cell) => String(cell),
  boolean: (cell) => (cell === true ? '1' : '0'),
  time: (cell) => timeText(cell as number),
  decimal: (cell) => decimalText(cell as ExactNumber),
  texts: (cell) => arrayText<string>(cell, quoteText),
  times: (cell) => arrayText<number>(cell, (ms) => `'${timeText(ms)}'`),
  decimals: (cell) => arrayText<ExactNumber>(cell, decimalText),
};

/** A function that writes one row of these columns, without the line's end. */
export function rowEncoder(columns: readonly Column[]): (row: Row) => string {
  const encoders = columns.map((column) => ENCODERS[column.type]);
  return (row) => {
    let line = '';
    for (let index = 0; index < encoders.length; index++) {
      const cell = row[index];
      const text = cell === undefined ? '\\N' : (encoders[index]!(cell) ?? '\\N');
      line += index === 0 ? text : `\t${text}`;
    }
    return line;
  };
}

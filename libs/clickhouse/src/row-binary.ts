/** Writes rows as ClickHouse's RowBinary, column by column type, straight into bytes. */
import type { Decimal, ExactNumber } from '@attrium/event';
import { BinaryWriter } from './binary-writer.js';

/** A value of a row; undefined is null, or the default (0, the empty text) of a type that knows no null. */
export type Cell =
  | string
  | number
  | boolean
  | Decimal
  | Uint8Array
  | undefined
  | readonly (string | number | Decimal | undefined)[];

export type Row = readonly Cell[];

interface Wire {
  /** The column's type in the table, to the letter: ClickHouse compares it and refuses rows of another shape. */
  readonly type: string;
  readonly write: (writer: BinaryWriter, cell: Cell) => void;
}

const string: Wire = { type: 'String', write: (writer, cell) => writer.text((cell as string | undefined) ?? '') };
const name: Wire = { type: 'LowCardinality(String)', write: string.write };
const time: Wire = {
  type: "DateTime64(3, 'UTC')",
  write: (writer, cell) => writer.time((cell as number | undefined) ?? 0),
};
const number = (bits: 16 | 32): Wire => ({
  type: `UInt${bits}`,
  write: (writer, cell) => writer.uint((cell as number | undefined) ?? 0, bits),
});

/** One byte says whether null or a value follows. */
function nullable(inner: Wire): Wire {
  return {
    type: `Nullable(${inner.type})`,
    write: (writer, cell) => {
      writer.byte(cell === undefined ? 1 : 0);
      if (cell !== undefined) inner.write(writer, cell);
    },
  };
}

function array(inner: Wire): Wire {
  return {
    type: `Array(${inner.type})`,
    write: (writer, cell) => {
      const entries = (cell ?? []) as readonly Cell[];
      writer.varint(entries.length);
      for (let index = 0; index < entries.length; index++) inner.write(writer, entries[index]);
    },
  };
}

/** Null for a number that does not fit. */
const decimal: Wire = {
  type: 'Nullable(Decimal(38, 18))',
  write: (writer, cell) => {
    if (cell === undefined) writer.byte(1);
    else writer.decimal(cell as ExactNumber);
  },
};

/** The types of columns. */
const WIRES = {
  /** Any text. */
  text: string,
  /** Text that comes again and again. */
  name,
  'text?': nullable(string),
  /** UTF-8. */
  bytes: {
    type: 'String',
    write: (writer, cell) => writer.bytes((cell as Uint8Array | undefined) ?? NO_BYTES),
  },
  /** A whole number. */
  number: number(32),
  /** A whole number below 2^64, given as decimal text. */
  version: { type: 'UInt64', write: (writer, cell) => writer.version((cell as string | undefined) ?? '0') },
  boolean: { type: 'UInt8', write: (writer, cell) => writer.byte(cell === true ? 1 : 0) },
  /** Given in ms since 1970 UTC. */
  time,
  'time?': nullable(time),
  decimal,
  texts: array(string),
  'texts?': array(nullable(string)),
  names: array(name),
  'times?': array(nullable(time)),
  decimals: array(decimal),
} as const satisfies Readonly<Record<string, Wire>>;

const NO_BYTES = new Uint8Array(0);

export type ColumnType = keyof typeof WIRES;

export interface Column {
  readonly name: string;
  readonly type: ColumnType;
}

/** The place of a row's record in the log: the last columns of every table. */
export const POSITION_COLUMNS: readonly { readonly name: string; readonly type: string }[] = [
  { name: 'partition', type: 'UInt16' },
  { name: 'sequence', type: 'UInt64' },
  { name: 'row_index', type: 'UInt32' },
];

export interface RowPlace {
  readonly partition: number;
  readonly sequence: number;
  readonly index: number;
}

/** A function that writes one row of these columns and its place. */
export function rowWriter(columns: readonly Column[]): (writer: BinaryWriter, row: Row, place: RowPlace) => void {
  const writes = columns.map((column) => WIRES[column.type].write);
  return (writer, row, place) => {
    for (let index = 0; index < writes.length; index++) writes[index]!(writer, row[index]);
    writer.uint(place.partition, 16);
    writer.int64(place.sequence);
    writer.uint(place.index, 32);
  };
}

/** What RowBinaryWithNamesAndTypes begins with. */
export function rowsHeader(columns: readonly Column[]): Buffer {
  const all = [...columns.map((column) => ({ name: column.name, type: WIRES[column.type].type })), ...POSITION_COLUMNS];
  const writer = new BinaryWriter();
  writer.varint(all.length);
  for (const column of all) writer.text(column.name);
  for (const column of all) writer.text(column.type);
  return writer.take();
}

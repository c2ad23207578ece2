/** How values are stored in rows. */
import { Decimal, Timestamp, type Value } from '@attrium/event';
import type { RowReader, RowWriter } from './row-bytes.js';

const TEXT = 0;
const DOUBLE = 1;
const DECIMAL = 2;
const FALSE = 3;
const TRUE = 4;
const TIMESTAMP = 5;
const LIST = 6;
const WHOLE = 7;

export function writeValue(writer: RowWriter, value: Value): void {
  if (typeof value === 'string') {
    writer.byte(TEXT);
    writer.text(value);
  } else if (typeof value === 'number') {
    const whole = Number.isSafeInteger(value) && value >= 0 && !Object.is(value, -0);
    writer.byte(whole ? WHOLE : DOUBLE);
    if (whole) writer.whole(value);
    else writer.double(value);
  } else if (typeof value === 'boolean') {
    writer.byte(value ? TRUE : FALSE);
  } else if (value instanceof Decimal) {
    writer.byte(DECIMAL);
    writer.big(value.units);
  } else if (value instanceof Timestamp) {
    writer.byte(TIMESTAMP);
    writer.double(value.ms);
  } else {
    writer.byte(LIST);
    writer.whole(value.length);
    for (const entry of value) writer.text(entry);
  }
}

export function readValue(reader: RowReader): Value {
  const tag = reader.byte();
  switch (tag) {
    case TEXT:
      return reader.text();
    case DOUBLE:
      return reader.double();
    case DECIMAL:
      return new Decimal(reader.big());
    case FALSE:
      return false;
    case TRUE:
      return true;
    case TIMESTAMP:
      return new Timestamp(reader.double());
    case LIST: {
      const list: string[] = [];
      for (let left = reader.whole(); left > 0; left--) list.push(reader.text());
      return list;
    }
    case WHOLE:
      return reader.whole();
    default:
      throw new Error(`a row holds a value of the unknown type ${tag}`);
  }
}

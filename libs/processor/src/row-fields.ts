/** The parts that rows of several stages have: entities, identifiers, values, merges. Equal parts give equal bytes. */
import { Decimal, type Entity, type Identifier, type MergeState, Timestamp, type Value } from '@attrium/event';
import type { RowReader, RowWriter } from './row-bytes.js';

export function writeEntity(writer: RowWriter, { workspace, kind, id, ordinal }: Entity): void {
  writer.text(workspace);
  writer.byte(kind === 'profile' ? 0 : 1);
  writer.text(id);
  writer.whole(ordinal);
}

export function readEntity(reader: RowReader): Entity {
  return {
    workspace: reader.name(),
    kind: reader.byte() === 0 ? 'profile' : 'account',
    id: reader.text(),
    ordinal: reader.whole(),
  };
}

export function writeIdentifiers(writer: RowWriter, identifiers: readonly Identifier[]): void {
  writer.whole(identifiers.length);
  for (let index = 0; index < identifiers.length; index++) {
    const { type, value } = identifiers[index]!;
    writer.text(type);
    writer.text(value);
  }
}

export function readIdentifiers(reader: RowReader): Identifier[] {
  const identifiers: Identifier[] = [];
  for (let left = reader.whole(); left > 0; left--) identifiers.push({ type: reader.name(), value: reader.text() });
  return identifiers;
}

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
    writeTexts(writer, value);
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
    case LIST:
      return readTexts(reader);
    case WHOLE:
      return reader.whole();
    default:
      throw new Error(`a row holds a value of the unknown type ${tag}`);
  }
}

export function writeMerges(writer: RowWriter, { open, folded, early, completed }: MergeState): void {
  const opened = Object.entries(open);
  writer.whole(opened.length);
  for (const [id, { own, upstream, occurredAt }] of opened) {
    writer.text(id);
    writer.byte((own ? 1 : 0) + (upstream ? 2 : 0));
    writer.double(occurredAt);
  }
  writeTexts(writer, folded);
  const waiting = Object.entries(early);
  writer.whole(waiting.length);
  for (const [id, state] of waiting) {
    writer.text(id);
    writer.bytes(state);
  }
  writeTexts(writer, completed);
}

export function readMerges(reader: RowReader): MergeState {
  const merges: MergeState = { open: {}, folded: [], early: {}, completed: [] };
  for (let left = reader.whole(); left > 0; left--) {
    const id = reader.text();
    const flags = reader.byte();
    merges.open[id] = { own: (flags & 1) === 1, upstream: (flags & 2) === 2, occurredAt: reader.double() };
  }
  merges.folded = readTexts(reader);
  for (let left = reader.whole(); left > 0; left--) {
    const id = reader.text();
    merges.early[id] = reader.bytes();
  }
  merges.completed = readTexts(reader);
  return merges;
}

function writeTexts(writer: RowWriter, texts: readonly string[]): void {
  writer.whole(texts.length);
  for (const text of texts) writer.text(text);
}

function readTexts(reader: RowReader): string[] {
  const texts: string[] = [];
  for (let left = reader.whole(); left > 0; left--) texts.push(reader.text());
  return texts;
}

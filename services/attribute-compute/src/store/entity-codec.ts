/** How rows of entities are stored, and how a loser's state travels. The bytes are part of the log: equal rows give equal bytes. */
import { assertNever, Decimal, type Entity, type MergeState, Timestamp, type Value } from '@attrium/event';
import type { EntityRow, Published, Row, Slot } from '../domain/entity.js';
import type { State, WindowState } from '../domain/state.js';
import { RowReader, RowWriter } from './row-bytes.js';

/** Rises when the encoding changes; a cache in another one is rebuilt from the log. */
export const ENTITY_STATE_VERSION = 2;

const ENTITY = 1;
const POINTER = 2;
const HAS_STATE = 1;
const HAS_VALUE = 2;
const TAG_LENGTH = 8;
const STATE_KINDS = ['pick', 'count', 'sum', 'time', 'window'] as const satisfies readonly State['kind'][];

const writer = new RowWriter();

export function encodeRow(row: Row): Uint8Array {
  writer.reset();
  writer.byte(ENTITY_STATE_VERSION);
  if (row.kind === 'pointer') {
    writer.byte(POINTER);
    writeEntity(row.mergedInto);
    return writer.take();
  }
  writer.byte(ENTITY);
  writeEntity(row.entity);
  writer.whole(row.revision);
  writeOptional(row.due);
  writeSlots(row);
  writer.byte(row.merges === undefined ? 0 : 1);
  if (row.merges !== undefined) writeMerges(row.merges);
  return writer.take();
}

/** Throws for bytes of another version. */
export function decodeRow(bytes: Uint8Array): Row {
  const reader = new RowReader(bytes);
  const version = reader.byte();
  if (version !== ENTITY_STATE_VERSION) throw new Error(`a row of version ${version} cannot be read`);
  if (reader.byte() === POINTER) return { kind: 'pointer', mergedInto: readEntity(reader) };
  const row: EntityRow = {
    kind: 'entity',
    entity: readEntity(reader),
    revision: reader.whole(),
    due: readOptional(reader),
    ...readSlots(reader),
    merges: undefined,
  };
  if (reader.byte() === 1) row.merges = readMerges(reader);
  return row;
}

/** Slots that hold something: their tags, then the state and the published value, each where there is one. */
function writeSlots({ slots, states, published }: EntityRow): void {
  let count = 0;
  for (let index = 0; index < slots.length; index++) {
    if (states[index] !== undefined || published[index] !== undefined) count++;
  }
  writer.whole(count);
  for (let index = 0; index < slots.length; index++) {
    const state = states[index];
    const value = published[index];
    if (state === undefined && value === undefined) continue;
    const { nameTag, keyTag } = slots[index]!;
    writer.byte((state === undefined ? 0 : HAS_STATE) + (value === undefined ? 0 : HAS_VALUE));
    writer.latin(nameTag);
    writer.latin(keyTag);
    if (state !== undefined) writeState(state);
    if (value === undefined) continue;
    writer.double(value.effectiveAt);
    writeValue(value.value);
  }
}

function readSlots(reader: RowReader): Pick<EntityRow, 'slots' | 'states' | 'published'> {
  const slots: Slot[] = [];
  const states: (State | undefined)[] = [];
  const published: (Published | undefined)[] = [];
  for (let left = reader.whole(); left > 0; left--) {
    const holds = reader.byte();
    slots.push({ nameTag: reader.latin(TAG_LENGTH), keyTag: reader.latin(TAG_LENGTH) });
    states.push((holds & HAS_STATE) === 0 ? undefined : readState(reader));
    published.push((holds & HAS_VALUE) === 0 ? undefined : readPublished(reader));
  }
  return { slots, states, published };
}

function readPublished(reader: RowReader): Published {
  const effectiveAt = reader.double();
  return { value: readValue(reader), effectiveAt };
}

function writeEntity({ workspace, kind, id, ordinal }: Entity): void {
  writer.text(workspace);
  writer.byte(kind === 'profile' ? 0 : 1);
  writer.text(id);
  writer.whole(ordinal);
}

function readEntity(reader: RowReader): Entity {
  return {
    workspace: reader.text(),
    kind: reader.byte() === 0 ? 'profile' : 'account',
    id: reader.text(),
    ordinal: reader.whole(),
  };
}

function writeOptional(time: number | undefined): void {
  writer.byte(time === undefined ? 0 : 1);
  if (time !== undefined) writer.double(time);
}

function readOptional(reader: RowReader): number | undefined {
  return reader.byte() === 0 ? undefined : reader.double();
}

function writeState(state: State): void {
  writer.byte(STATE_KINDS.indexOf(state.kind));
  switch (state.kind) {
    case 'pick':
      writer.double(state.at);
      writer.text(state.id);
      writer.byte(state.value === undefined ? 0 : 1);
      if (state.value !== undefined) writeValue(state.value);
      return;
    case 'count':
      writer.whole(state.count);
      return;
    case 'sum':
      writer.big(state.units);
      return;
    case 'time':
      writeOptional(state.at);
      return;
    case 'window':
      writeWindow(state);
      return;
    default:
      assertNever(state);
  }
}

function readState(reader: RowReader): State {
  const kind = STATE_KINDS[reader.byte()];
  switch (kind) {
    case 'pick':
      return {
        kind,
        at: reader.double(),
        id: reader.text(),
        value: reader.byte() === 0 ? undefined : readValue(reader),
      };
    case 'count':
      return { kind, count: reader.whole() };
    case 'sum':
      return { kind, units: reader.big() };
    case 'time':
      return { kind, at: readOptional(reader) };
    case 'window':
      return readWindow(reader);
    case undefined:
      throw new Error('a row holds a state of an unknown kind');
    default:
      return assertNever(kind);
  }
}

/** Times as distances from the one before. */
function writeWindow({ grainMs, at, count, units }: WindowState): void {
  writer.whole(grainMs);
  writer.whole(at.length * 2 + (units.length > 0 ? 1 : 0));
  for (let index = 0; index < at.length; index++) {
    if (index === 0) writer.double(at[0]!);
    else writer.whole(at[index]! - at[index - 1]!);
    writer.whole(count[index]!);
    if (units.length > 0) writer.big(units[index]!);
  }
}

function readWindow(reader: RowReader): WindowState {
  const state: WindowState = {
    kind: 'window',
    grainMs: reader.whole(),
    at: [],
    count: [],
    units: [],
    totalCount: 0,
    totalUnits: 0n,
  };
  const head = reader.whole();
  const length = Math.floor(head / 2);
  for (let index = 0; index < length; index++) {
    state.at.push(index === 0 ? reader.double() : state.at[index - 1]! + reader.whole());
    const count = reader.whole();
    state.count.push(count);
    state.totalCount += count;
    if (head % 2 === 0) continue;
    const units = reader.big();
    state.units.push(units);
    state.totalUnits += units;
  }
  return state;
}

const TEXT = 0;
const DOUBLE = 1;
const DECIMAL = 2;
const FALSE = 3;
const TRUE = 4;
const TIMESTAMP = 5;
const LIST = 6;
const WHOLE = 7;

function writeValue(value: Value): void {
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

function readValue(reader: RowReader): Value {
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

function writeMerges({ open, folded, early, completed }: MergeState): void {
  const opened = Object.entries(open);
  writer.whole(opened.length);
  for (const [id, { own, upstream, occurredAt }] of opened) {
    writer.text(id);
    writer.byte((own ? 1 : 0) + (upstream ? 2 : 0));
    writer.double(occurredAt);
  }
  writeTexts(folded);
  const waiting = Object.entries(early);
  writer.whole(waiting.length);
  for (const [id, state] of waiting) {
    writer.text(id);
    writer.bytes(state);
  }
  writeTexts(completed);
}

function readMerges(reader: RowReader): MergeState {
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

function writeTexts(texts: readonly string[]): void {
  writer.whole(texts.length);
  for (const text of texts) writer.text(text);
}

function readTexts(reader: RowReader): string[] {
  const texts: string[] = [];
  for (let left = reader.whole(); left > 0; left--) texts.push(reader.text());
  return texts;
}

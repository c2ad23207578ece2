/** How rows of entities are stored, and how a loser's state travels. The bytes are part of the log: equal rows give equal bytes. */
import {
  RowReader,
  RowWriter,
  readEntity,
  readMerges,
  readValue,
  writeEntity,
  writeMerges,
  writeValue,
} from '@attrium/processor';
import type { EntityRow, Published, Row, Slot } from '../domain/entity.js';
import type { State } from '../domain/state.js';
import { readState, writeState } from './state-codec.js';

/** Rises when the encoding changes; a cache in another one is rebuilt from the log. */
export const ENTITY_STATE_VERSION = 4;
/** The oldest encoding that is still read, because transfers in old logs have it: versions 3 and 4 have more kinds of states than version 2. */
export const ENTITY_STATE_VERSION_OLDEST = 2;

const ENTITY = 1;
const POINTER = 2;
const HAS_STATE = 1;
const HAS_VALUE = 2;
const TAG_LENGTH = 8;

const writer = new RowWriter();

export function encodeRow(row: Row): Uint8Array {
  writer.reset();
  writer.byte(ENTITY_STATE_VERSION);
  if (row.kind === 'pointer') {
    writer.byte(POINTER);
    writeEntity(writer, row.mergedInto);
    return writer.take();
  }
  writer.byte(ENTITY);
  writeEntity(writer, row.entity);
  writer.whole(row.revision);
  writeOptional(row.due);
  writeSlots(row);
  writer.byte(row.merges === undefined ? 0 : 1);
  if (row.merges !== undefined) writeMerges(writer, row.merges);
  return writer.take();
}

/** Throws for bytes of a version that is not read. */
export function decodeRow(bytes: Uint8Array): Row {
  const reader = new RowReader(bytes);
  const version = reader.byte();
  if (version < ENTITY_STATE_VERSION_OLDEST || version > ENTITY_STATE_VERSION)
    throw new Error(`a row of version ${version} cannot be read`);
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
    if (state !== undefined) writeState(writer, state);
    if (value === undefined) continue;
    writer.double(value.effectiveAt);
    writeValue(writer, value.value);
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

function writeOptional(time: number | undefined): void {
  writer.byte(time === undefined ? 0 : 1);
  if (time !== undefined) writer.double(time);
}

function readOptional(reader: RowReader): number | undefined {
  return reader.byte() === 0 ? undefined : reader.double();
}

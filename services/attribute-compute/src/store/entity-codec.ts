/** How rows of entities are stored, and how a loser's state travels. The bytes are part of the log: equal rows give equal bytes. */
import type { Entity, MergeState } from '@attrium/event';
import type { EntityRow, Row } from '../domain/entity.js';
import { RowReader, RowWriter } from './row-bytes.js';
import { readState, writeState } from './state-codec.js';
import { readValue, writeValue } from './value-codec.js';

/** Rises when the encoding changes; a cache in another one is rebuilt from the log. */
export const ENTITY_STATE_VERSION = 2;
/** The oldest encoding that is still read, because transfers in old logs have it: version 2 has more kinds of states than version 1. */
export const ENTITY_STATE_VERSION_OLDEST = 1;

const ENTITY = 1;
const POINTER = 2;

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
  writer.whole(row.states.size);
  for (const [key, state] of row.states) {
    writer.text(key);
    writeState(writer, state);
  }
  writer.whole(row.published.size);
  for (const [name, { value, effectiveAt }] of row.published) {
    writer.text(name);
    writer.double(effectiveAt);
    writeValue(writer, value);
  }
  writer.byte(row.merges === undefined ? 0 : 1);
  if (row.merges !== undefined) writeMerges(row.merges);
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
    states: new Map(),
    published: new Map(),
    merges: undefined,
  };
  for (let left = reader.whole(); left > 0; left--) {
    const key = reader.text();
    row.states.set(key, readState(reader));
  }
  for (let left = reader.whole(); left > 0; left--) {
    const name = reader.text();
    const effectiveAt = reader.double();
    row.published.set(name, { value: readValue(reader), effectiveAt });
  }
  if (reader.byte() === 1) row.merges = readMerges(reader);
  return row;
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

/** EventMatched by hand, as the other hot records. Tags: log.proto. */
import type { Entity, EventMatched, Identifier, NamedValue } from '@attrium/event';
import { need, readEntity, readIdentifier, readNamedValue } from './hot-reader.js';
import { writeEntity, writeIdentifiers, writeNamedValues } from './hot-writer.js';
import type { WireReader } from './wire-reader.js';
import type { WireWriter } from './wire-writer.js';

/** The member of an `Entry` that holds one. */
export const EVENT_MATCHED_TAG = 0x2a;

export function writeEventMatched(writer: WireWriter, record: Omit<EventMatched, 'id'>): void {
  const mark = writer.open(EVENT_MATCHED_TAG, 2);
  writeEntity(writer, 0x0a, record.entity);
  writer.string(0x12, record.definition);
  writer.string(0x1a, record.eventId);
  writer.string(0x22, record.name);
  writer.int64(0x28, record.occurredAt);
  writer.int64(0x30, record.recordedAt);
  writeNamedValues(writer, 0x42, record.propertyValues);
  writeNamedValues(writer, 0x4a, record.values);
  for (const segment of record.memberships) writer.element(0x52, segment);
  writeIdentifiers(writer, 0x5a, record.identifiers);
  writer.uint64(0x60, record.revision);
  writer.close(mark, 2);
}

export function readEventMatched(reader: WireReader, id: string): EventMatched {
  const outer = reader.enter();
  let entity: Entity | undefined;
  let definition = '';
  let eventId = '';
  let name = '';
  let occurredAt = 0;
  let recordedAt = 0;
  let revision = 0;
  const propertyValues: NamedValue[] = [];
  const values: NamedValue[] = [];
  const memberships: string[] = [];
  const identifiers: Identifier[] = [];
  while (reader.position < reader.end) {
    const tag = reader.tag();
    if (tag === 0x0a) entity = readEntity(reader);
    else if (tag === 0x12) definition = reader.name();
    else if (tag === 0x1a) eventId = reader.string();
    else if (tag === 0x22) name = reader.name();
    else if (tag === 0x28) occurredAt = reader.int64();
    else if (tag === 0x30) recordedAt = reader.int64();
    else if (tag === 0x42) propertyValues.push(readNamedValue(reader));
    else if (tag === 0x4a) values.push(readNamedValue(reader));
    else if (tag === 0x52) memberships.push(reader.name());
    else if (tag === 0x5a) identifiers.push(readIdentifier(reader));
    else if (tag === 0x60) revision = reader.uint64();
    else reader.skip(tag);
  }
  reader.end = outer;
  return {
    kind: 'event-matched',
    id,
    entity: need(entity, 'its entity'),
    definition,
    eventId,
    name,
    occurredAt,
    recordedAt,
    propertyValues,
    values,
    memberships,
    identifiers,
    revision,
  };
}

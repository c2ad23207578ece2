/** Reads the hot records by hand from what the hot writer or the generated code wrote. Unknown fields are passed over. Tags: log.proto. */
import {
  type AttributeChange,
  type AttributesChanged,
  type ChangeReason,
  Decimal,
  type Entity,
  type Event,
  type EventResolved,
  type EventType,
  type Identifier,
  type IdentifierLinked,
  type Membership,
  type MembershipCorrection,
  type NamedValue,
  type ProfileCreated,
  type SegmentChanged,
  Timestamp,
  unitsFromText,
  type Value,
} from '@attrium/event';
import { CodecError } from './codec-error.js';
import { changeReasonOf, entityKindOf, eventTypeOf } from './wire-names.js';
import type { WireReader } from './wire-reader.js';

const NO_BYTES = new Uint8Array(0);

/** The value of a field that a record cannot be without. */
export function need<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new CodecError(`a record without ${what}`);
  return value;
}

/** Reads an event; its payload and `bytes` are views of the pack. */
export function readEvent(reader: WireReader): Event {
  const outer = reader.enter();
  const bytes = reader.buffer.subarray(reader.position, reader.end);
  let id = '';
  let workspace = '';
  let source = '';
  let type: EventType | undefined;
  let name = '';
  let occurredAt = 0;
  let receivedAt = 0;
  let statedAt: number | undefined;
  const identifiers: Identifier[] = [];
  let previous: Identifier | undefined;
  let groupId: string | undefined;
  let payload: Uint8Array = NO_BYTES;
  while (reader.position < reader.end) {
    const tag = reader.tag();
    if (tag === 0x0a) id = reader.string();
    else if (tag === 0x12) workspace = reader.name();
    else if (tag === 0x1a) source = reader.name();
    else if (tag === 0x20) type = eventTypeOf(reader.int64());
    else if (tag === 0x2a) name = reader.name();
    else if (tag === 0x30) occurredAt = reader.int64();
    else if (tag === 0x38) receivedAt = reader.int64();
    else if (tag === 0x40) statedAt = reader.int64();
    else if (tag === 0x4a) identifiers.push(readIdentifier(reader));
    else if (tag === 0x52) previous = readIdentifier(reader);
    else if (tag === 0x5a) groupId = reader.string();
    else if (tag === 0x62) payload = reader.bytes();
    else reader.skip(tag);
  }
  reader.end = outer;
  return {
    kind: 'event',
    id,
    workspace,
    source,
    type: need(type, 'its event type'),
    name,
    occurredAt,
    receivedAt,
    statedAt,
    identifiers,
    previous,
    groupId,
    payload,
    bytes,
  };
}

export function readEventResolved(reader: WireReader, id: string): EventResolved {
  const outer = reader.enter();
  let entity: Entity | undefined;
  let origin = '';
  let event: Event | undefined;
  while (reader.position < reader.end) {
    const tag = reader.tag();
    if (tag === 0x0a) entity = readEntity(reader);
    // Without a merge the origin is the entity itself.
    else if (tag === 0x12) origin = entity === undefined ? reader.string() : reader.stringLike(entity.id);
    else if (tag === 0x1a) event = readEvent(reader);
    else reader.skip(tag);
  }
  reader.end = outer;
  return { kind: 'event-resolved', id, entity: need(entity, 'its entity'), origin, event: need(event, 'its event') };
}

export function readAttributesChanged(reader: WireReader, id: string): AttributesChanged {
  const outer = reader.enter();
  let entity: Entity | undefined;
  let effectiveAt = 0;
  let recordedAt = 0;
  let reason: ChangeReason | undefined;
  let cause = '';
  let revision = 0;
  const changes: AttributeChange[] = [];
  while (reader.position < reader.end) {
    const tag = reader.tag();
    if (tag === 0x0a) entity = readEntity(reader);
    else if (tag === 0x10) effectiveAt = reader.int64();
    else if (tag === 0x18) recordedAt = reader.int64();
    else if (tag === 0x20) reason = changeReasonOf(reader.int64());
    else if (tag === 0x2a) cause = reader.string();
    else if (tag === 0x30) revision = reader.uint64();
    else if (tag === 0x3a) changes.push(readChange(reader));
    else reader.skip(tag);
  }
  reader.end = outer;
  return {
    kind: 'attributes-changed',
    id,
    entity: need(entity, 'its entity'),
    effectiveAt,
    recordedAt,
    reason: need(reason, 'its reason'),
    cause,
    revision,
    changes,
  };
}

export function readSegmentChanged(reader: WireReader, id: string): SegmentChanged {
  const outer = reader.enter();
  let entity: Entity | undefined;
  let effectiveAt = 0;
  let recordedAt = 0;
  let reason: ChangeReason | undefined;
  let cause = '';
  let revision = 0;
  const entered: Membership[] = [];
  const exited: Membership[] = [];
  const corrected: MembershipCorrection[] = [];
  const changes: AttributeChange[] = [];
  const values: NamedValue[] = [];
  const memberships: string[] = [];
  const identifiers: Identifier[] = [];
  while (reader.position < reader.end) {
    const tag = reader.tag();
    if (tag === 0x0a) entity = readEntity(reader);
    else if (tag === 0x10) effectiveAt = reader.int64();
    else if (tag === 0x18) recordedAt = reader.int64();
    else if (tag === 0x20) reason = changeReasonOf(reader.int64());
    else if (tag === 0x2a) cause = reader.string();
    else if (tag === 0x30) revision = reader.uint64();
    else if (tag === 0x3a) entered.push(readMembership(reader));
    else if (tag === 0x42) exited.push(readMembership(reader));
    else if (tag === 0x4a) corrected.push(readCorrection(reader));
    else if (tag === 0x52) changes.push(readChange(reader));
    else if (tag === 0x5a) values.push(readNamedValue(reader));
    else if (tag === 0x62) memberships.push(reader.name());
    else if (tag === 0x6a) identifiers.push(readIdentifier(reader));
    else reader.skip(tag);
  }
  reader.end = outer;
  return {
    kind: 'segment-changed',
    id,
    entity: need(entity, 'its entity'),
    effectiveAt,
    recordedAt,
    reason: need(reason, 'its reason'),
    cause,
    revision,
    entered,
    exited,
    corrected,
    changes,
    values,
    memberships,
    identifiers,
  };
}

export function readProfileCreated(reader: WireReader, id: string): ProfileCreated {
  const outer = reader.enter();
  let entity: Entity | undefined;
  let cause = '';
  let occurredAt = 0;
  while (reader.position < reader.end) {
    const tag = reader.tag();
    if (tag === 0x0a) entity = readEntity(reader);
    else if (tag === 0x12) cause = reader.string();
    else if (tag === 0x18) occurredAt = reader.int64();
    else reader.skip(tag);
  }
  reader.end = outer;
  return { kind: 'profile-created', id, entity: need(entity, 'its entity'), cause, occurredAt };
}

export function readIdentifierLinked(reader: WireReader, id: string): IdentifierLinked {
  const outer = reader.enter();
  let entity: Entity | undefined;
  let identifier: Identifier | undefined;
  let cause = '';
  let occurredAt = 0;
  while (reader.position < reader.end) {
    const tag = reader.tag();
    if (tag === 0x0a) entity = readEntity(reader);
    else if (tag === 0x12) identifier = readIdentifier(reader);
    else if (tag === 0x1a) cause = reader.string();
    else if (tag === 0x20) occurredAt = reader.int64();
    else reader.skip(tag);
  }
  reader.end = outer;
  return {
    kind: 'identifier-linked',
    id,
    entity: need(entity, 'its entity'),
    identifier: need(identifier, 'its identifier'),
    cause,
    occurredAt,
  };
}

export function readEntity(reader: WireReader): Entity {
  const outer = reader.enter();
  let workspace = '';
  let kind: Entity['kind'] | undefined;
  let id = '';
  let ordinal = 0;
  while (reader.position < reader.end) {
    const tag = reader.tag();
    if (tag === 0x0a) workspace = reader.name();
    else if (tag === 0x10) kind = entityKindOf(reader.int64());
    else if (tag === 0x1a) id = reader.string();
    else if (tag === 0x20) ordinal = reader.uint64();
    else reader.skip(tag);
  }
  reader.end = outer;
  return { workspace, kind: need(kind, "its entity's kind"), id, ordinal };
}

export function readIdentifier(reader: WireReader): Identifier {
  const outer = reader.enter();
  let type = '';
  let value = '';
  while (reader.position < reader.end) {
    const tag = reader.tag();
    if (tag === 0x0a) type = reader.name();
    else if (tag === 0x12) value = reader.string();
    else reader.skip(tag);
  }
  reader.end = outer;
  return { type, value };
}

export function readMembership(reader: WireReader): Membership {
  const outer = reader.enter();
  let segment = '';
  let at = 0;
  while (reader.position < reader.end) {
    const tag = reader.tag();
    if (tag === 0x0a) segment = reader.name();
    else if (tag === 0x10) at = reader.int64();
    else reader.skip(tag);
  }
  reader.end = outer;
  return { segment, at };
}

function readCorrection(reader: WireReader): MembershipCorrection {
  const outer = reader.enter();
  let segment = '';
  let before: number | undefined;
  let after: number | undefined;
  while (reader.position < reader.end) {
    const tag = reader.tag();
    if (tag === 0x0a) segment = reader.name();
    else if (tag === 0x10) before = reader.int64();
    else if (tag === 0x18) after = reader.int64();
    else reader.skip(tag);
  }
  reader.end = outer;
  return { segment, before, after };
}

export function readChange(reader: WireReader): AttributeChange {
  const outer = reader.enter();
  let name = '';
  let before: Value | undefined;
  let after: Value | undefined;
  while (reader.position < reader.end) {
    const tag = reader.tag();
    if (tag === 0x0a) name = reader.name();
    else if (tag === 0x12) before = readValue(reader);
    else if (tag === 0x1a) after = readValue(reader);
    else reader.skip(tag);
  }
  reader.end = outer;
  return { name, before, after };
}

export function readNamedValue(reader: WireReader): NamedValue {
  const outer = reader.enter();
  let name = '';
  let value: Value | undefined;
  while (reader.position < reader.end) {
    const tag = reader.tag();
    if (tag === 0x0a) name = reader.name();
    else if (tag === 0x12) value = readValue(reader);
    else reader.skip(tag);
  }
  reader.end = outer;
  return { name, value: need(value, 'a named value') };
}

function readValue(reader: WireReader): Value {
  const outer = reader.enter();
  let value: Value | undefined;
  while (reader.position < reader.end) {
    const tag = reader.tag();
    if (tag === 0x11) value = reader.double();
    else if (tag === 0x22) value = reader.string();
    else if (tag === 0x08) value = reader.int64() !== 0;
    else if (tag === 0x28) value = new Timestamp(reader.int64());
    else if (tag === 0x1a) value = decimalOf(reader.string());
    else if (tag === 0x32) value = readStringList(reader);
    else reader.skip(tag);
  }
  reader.end = outer;
  return need(value, 'a value of a known type');
}

function readStringList(reader: WireReader): string[] {
  const outer = reader.enter();
  const texts: string[] = [];
  while (reader.position < reader.end) {
    const tag = reader.tag();
    if (tag === 0x0a) texts.push(reader.string());
    else reader.skip(tag);
  }
  reader.end = outer;
  return texts;
}

/** The decimal of its text on the wire. */
export function decimalOf(text: string): Decimal {
  const units = unitsFromText(text);
  if (units === undefined) throw new CodecError(`${JSON.stringify(text.slice(0, 64))} is no decimal`);
  return new Decimal(units);
}

/** Firings by hand, as the other hot records: each is written once and read by the deliverer and the projector. Tags: log.proto. */
import {
  type AttributeChange,
  assertNever,
  type ChangeReason,
  type Entity,
  type EventOccurrence,
  type FiringCause,
  type Identifier,
  type NamedValue,
  type ScheduleOccurrence,
  type TriggerFired,
  type WaitOutcome,
} from '@attrium/event';
import { need, readChange, readEntity, readIdentifier, readMembership, readNamedValue } from './hot-reader.js';
import { writeChanges, writeEntity, writeIdentifiers, writeMembership, writeNamedValues } from './hot-writer.js';
import { CHANGE_REASON_NUMBER, changeReasonOf, WAIT_OUTCOME_NUMBER, waitOutcomeOf } from './wire-names.js';
import type { WireReader } from './wire-reader.js';
import type { WireWriter } from './wire-writer.js';

/** The member of an `Entry` that holds a firing. */
export const TRIGGER_FIRED_TAG = 0x62;
/** Member 30 of a `FiringCause`: two bytes on the wire. */
const PRESENT_TAG = 242;
const PRESENT_TAG_BYTES = [0xf2, 0x01] as const;
/** Member 20 of a `FiringCause`: two bytes on the wire. */
const SCHEDULE_TAG = 162;
const SCHEDULE_TAG_BYTES = [0xa2, 0x01] as const;

export function writeTriggerFired(writer: WireWriter, record: Omit<TriggerFired, 'id'>): void {
  const mark = writer.open(TRIGGER_FIRED_TAG, 2);
  writeEntity(writer, 0x0a, record.entity);
  writer.string(0x12, record.trigger);
  writer.uint64(0x18, record.revision);
  writer.int64(0x20, record.effectiveAt);
  writer.int64(0x28, record.recordedAt);
  writer.small(0x30, CHANGE_REASON_NUMBER[record.reason]);
  writer.string(0x3a, record.cause);
  writeCause(writer, 0x42, record.on);
  writeNamedValues(writer, 0x4a, record.values);
  writeIdentifiers(writer, 0x52, record.identifiers);
  if (record.outcome !== undefined) writer.small(0x58, WAIT_OUTCOME_NUMBER[record.outcome]);
  writer.close(mark, 2);
}

export function readTriggerFired(reader: WireReader, id: string): TriggerFired {
  const outer = reader.enter();
  let entity: Entity | undefined;
  let trigger = '';
  let revision = 0;
  let effectiveAt = 0;
  let recordedAt = 0;
  let reason: ChangeReason | undefined;
  let cause = '';
  let on: FiringCause | undefined;
  const values: NamedValue[] = [];
  const identifiers: Identifier[] = [];
  let outcome: WaitOutcome | undefined;
  while (reader.position < reader.end) {
    const tag = reader.tag();
    if (tag === 0x0a) entity = readEntity(reader);
    else if (tag === 0x12) trigger = reader.name();
    else if (tag === 0x18) revision = reader.uint64();
    else if (tag === 0x20) effectiveAt = reader.int64();
    else if (tag === 0x28) recordedAt = reader.int64();
    else if (tag === 0x30) reason = changeReasonOf(reader.int64());
    else if (tag === 0x3a) cause = reader.string();
    else if (tag === 0x42) on = readCause(reader);
    else if (tag === 0x4a) values.push(readNamedValue(reader));
    else if (tag === 0x52) identifiers.push(readIdentifier(reader));
    else if (tag === 0x58) outcome = waitOutcomeOf(reader.int64());
    else reader.skip(tag);
  }
  reader.end = outer;
  return {
    kind: 'trigger-fired',
    id,
    entity: need(entity, 'its entity'),
    trigger,
    revision,
    effectiveAt,
    recordedAt,
    reason: need(reason, 'its reason'),
    cause,
    on: need(on, 'its cause'),
    values,
    identifiers,
    outcome,
  };
}

function writeCause(writer: WireWriter, tag: number, cause: FiringCause): void {
  const mark = writer.open(tag, 1);
  switch (cause.kind) {
    case 'segment-entered':
      writeMembership(writer, 0x0a, cause);
      break;
    case 'segment-exited':
      writeMembership(writer, 0x12, cause);
      break;
    case 'segment-present':
      writer.reserve(1);
      writer.buffer[writer.position++] = PRESENT_TAG_BYTES[0];
      writeMembership(writer, PRESENT_TAG_BYTES[1], cause);
      break;
    case 'attribute-changed':
      writeChanges(writer, 0x1a, [cause.change]);
      break;
    case 'event-occurred':
      writeOccurrence(writer, 0x22, cause.event);
      break;
    case 'schedule-reached':
      writeSchedule(writer, cause.occurrence);
      break;
    default:
      assertNever(cause);
  }
  writer.close(mark, 1);
}

function writeOccurrence(writer: WireWriter, tag: number, { id, name, occurredAt, properties }: EventOccurrence): void {
  const mark = writer.open(tag, 2);
  writer.string(0x0a, id);
  writer.string(0x12, name);
  writer.int64(0x18, occurredAt);
  writeNamedValues(writer, 0x22, properties);
  writer.close(mark, 2);
}

function readOccurrence(reader: WireReader): EventOccurrence {
  const outer = reader.enter();
  let id = '';
  let name = '';
  let occurredAt = 0;
  const properties: NamedValue[] = [];
  while (reader.position < reader.end) {
    const tag = reader.tag();
    if (tag === 0x0a) id = reader.string();
    else if (tag === 0x12) name = reader.name();
    else if (tag === 0x18) occurredAt = reader.int64();
    else if (tag === 0x22) properties.push(readNamedValue(reader));
    else reader.skip(tag);
  }
  reader.end = outer;
  return { id, name, occurredAt, properties };
}

function writeSchedule(writer: WireWriter, { segment, at, day, timeZone }: ScheduleOccurrence): void {
  writer.reserve(1);
  writer.buffer[writer.position++] = SCHEDULE_TAG_BYTES[0];
  const mark = writer.open(SCHEDULE_TAG_BYTES[1], 1);
  writer.string(0x0a, segment);
  writer.int64(0x10, at);
  writer.string(0x1a, day);
  writer.string(0x22, timeZone);
  writer.close(mark, 1);
}

function readSchedule(reader: WireReader): ScheduleOccurrence {
  const outer = reader.enter();
  let segment = '';
  let at = 0;
  let day = '';
  let timeZone = '';
  while (reader.position < reader.end) {
    const tag = reader.tag();
    if (tag === 0x0a) segment = reader.name();
    else if (tag === 0x10) at = reader.int64();
    else if (tag === 0x1a) day = reader.string();
    else if (tag === 0x22) timeZone = reader.name();
    else reader.skip(tag);
  }
  reader.end = outer;
  return { segment, at, day, timeZone };
}

/** The last member that is set, as in generated code. */
function readCause(reader: WireReader): FiringCause {
  const outer = reader.enter();
  let cause: FiringCause | undefined;
  while (reader.position < reader.end) {
    const tag = reader.tag();
    if (tag === 0x0a) cause = { kind: 'segment-entered', ...readMembership(reader) };
    else if (tag === 0x12) cause = { kind: 'segment-exited', ...readMembership(reader) };
    else if (tag === PRESENT_TAG) cause = { kind: 'segment-present', ...readMembership(reader) };
    else if (tag === 0x1a) cause = changed(readChange(reader));
    else if (tag === 0x22) cause = { kind: 'event-occurred', event: readOccurrence(reader) };
    else if (tag === SCHEDULE_TAG) cause = { kind: 'schedule-reached', occurrence: readSchedule(reader) };
    else reader.skip(tag);
  }
  reader.end = outer;
  return need(cause, 'a cause of a known kind');
}

function changed(change: AttributeChange): FiringCause {
  return { kind: 'attribute-changed', change };
}

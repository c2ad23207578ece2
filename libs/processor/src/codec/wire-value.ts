/** Values, changes and firing causes as the generated messages of `attrium.value.v1` hold them: for cold records and for gRPC. */
import {
  type AttributeChange,
  Decimal,
  type FiringCause,
  type NamedValue,
  type ScheduleOccurrence,
  Timestamp,
  type Value,
} from '@attrium/event';
import { valueV1 } from '@attrium/proto/log';
import { CodecError } from './codec-error.js';
import { decimalOf } from './hot-reader.js';

export function valueToProto(value: Value): valueV1.Value {
  if (typeof value === 'number') return { kind: { $case: 'double', value } };
  if (typeof value === 'string') return { kind: { $case: 'string', value } };
  if (typeof value === 'boolean') return { kind: { $case: 'bool', value } };
  if (value instanceof Timestamp) return { kind: { $case: 'timestampMs', value: value.ms } };
  if (value instanceof Decimal) return { kind: { $case: 'decimal', value: value.toString() } };
  return { kind: { $case: 'stringList', value: { values: [...value] } } };
}

/** Throws CodecError for a value of no known type. */
export function valueFromProto(value: valueV1.Value | undefined): Value {
  const kind = value?.kind;
  switch (kind?.$case) {
    case 'double':
    case 'string':
    case 'bool':
      return kind.value;
    case 'timestampMs':
      return new Timestamp(kind.value);
    case 'decimal':
      return decimalOf(kind.value);
    case 'stringList':
      return kind.value.values;
    case undefined:
      throw new CodecError('a record without a value of a known type');
  }
}

export function changeToProto({ name, before, after }: AttributeChange): valueV1.AttributeChange {
  return {
    name,
    before: before === undefined ? undefined : valueToProto(before),
    after: after === undefined ? undefined : valueToProto(after),
  };
}

export function changeFromProto({ name, before, after }: valueV1.AttributeChange): AttributeChange {
  return {
    name,
    before: before === undefined ? undefined : valueFromProto(before),
    after: after === undefined ? undefined : valueFromProto(after),
  };
}

export function namedValueToProto({ name, value }: NamedValue): valueV1.NamedValue {
  return { name, value: valueToProto(value) };
}

export function namedValueFromProto({ name, value }: valueV1.NamedValue): NamedValue {
  return { name, value: valueFromProto(value) };
}

export function firingCauseToProto(cause: FiringCause): valueV1.FiringCause {
  switch (cause.kind) {
    case 'segment-entered':
      return { kind: { $case: 'segmentEntered', value: { segment: cause.segment, at: cause.at } } };
    case 'segment-exited':
      return { kind: { $case: 'segmentExited', value: { segment: cause.segment, at: cause.at } } };
    case 'segment-present':
      return { kind: { $case: 'segmentPresent', value: { segment: cause.segment, at: cause.at } } };
    case 'attribute-changed':
      return { kind: { $case: 'attributeChanged', value: changeToProto(cause.change) } };
    case 'event-occurred': {
      const { id, name, occurredAt, properties } = cause.event;
      const value = { id, name, occurredAt, properties: properties.map(namedValueToProto) };
      return { kind: { $case: 'eventOccurred', value } };
    }
    case 'schedule-reached':
      return { kind: { $case: 'scheduleReached', value: { ...cause.occurrence } } };
  }
}

/** Throws CodecError for a cause of no known kind. */
export function firingCauseFromProto(cause: valueV1.FiringCause | undefined): FiringCause {
  const kind = cause?.kind;
  switch (kind?.$case) {
    case 'segmentEntered':
      return { kind: 'segment-entered', segment: kind.value.segment, at: kind.value.at };
    case 'segmentExited':
      return { kind: 'segment-exited', segment: kind.value.segment, at: kind.value.at };
    case 'segmentPresent':
      return { kind: 'segment-present', segment: kind.value.segment, at: kind.value.at };
    case 'attributeChanged':
      return { kind: 'attribute-changed', change: changeFromProto(kind.value) };
    case 'eventOccurred': {
      const { id, name, occurredAt, properties } = kind.value;
      return {
        kind: 'event-occurred',
        event: { id, name, occurredAt, properties: properties.map(namedValueFromProto) },
      };
    }
    case 'scheduleReached':
      return { kind: 'schedule-reached', occurrence: occurrenceFromProto(kind.value) };
    case undefined:
      throw new CodecError('a firing without a cause of a known kind');
  }
}

/** Throws CodecError where there is none. */
export function occurrenceFromProto(occurrence: valueV1.ScheduleOccurrence | undefined): ScheduleOccurrence {
  if (occurrence === undefined) throw new CodecError('a schedule without its occurrence');
  const { segment, at, day, timeZone } = occurrence;
  return { segment, at, day, timeZone };
}

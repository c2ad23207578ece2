/** `ScheduleReached` between the type of libs/event and the generated message. */
import type { ScheduleReached } from '@attrium/event';
import type { logV1 } from '@attrium/proto/log';
import { entityFromProto, entityToProto } from './wire-entity.js';
import { namedValueFromProto, namedValueToProto, occurrenceFromProto } from './wire-value.js';

type ScheduleEntry = Extract<NonNullable<logV1.Entry['record']>, { $case: 'scheduleReached' }>;

export function scheduleToProto(record: Omit<ScheduleReached, 'id'>): ScheduleEntry {
  const { definition, occurrence, recordedAt, revision } = record;
  return {
    $case: 'scheduleReached',
    value: {
      ...{ definition, occurrence: { ...occurrence }, recordedAt, revision },
      entity: entityToProto(record.entity),
      values: record.values.map(namedValueToProto),
      memberships: [...record.memberships],
      identifiers: [...record.identifiers],
    },
  };
}

/** Throws CodecError for a message without its entity or its occurrence. */
export function scheduleFromProto(id: string, { value }: ScheduleEntry): ScheduleReached {
  const { definition, occurrence, recordedAt, revision, memberships, identifiers } = value;
  return {
    kind: 'schedule-reached',
    id,
    entity: entityFromProto(value.entity),
    definition,
    occurrence: occurrenceFromProto(occurrence),
    recordedAt,
    revision,
    values: value.values.map(namedValueFromProto),
    memberships,
    identifiers,
  };
}

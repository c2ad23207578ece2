/** Records through the generated code only: the other opinion about the wire format that the codec is held to. */
import { type Entity, EVENT_TYPES, type Event, type LogRecord, WAIT_OUTCOMES } from '@attrium/event';
import { logV1, valueV1 } from '@attrium/proto';
import { coldFromProto, coldToProto } from '../src/codec/cold-records.js';
import type { PackHeader } from '../src/codec/pack.js';
import {
  changeFromProto,
  changeToProto,
  firingCauseFromProto,
  firingCauseToProto,
  namedValueFromProto,
  namedValueToProto,
} from '../src/codec/wire-value.js';

const { ChangeReason } = valueV1;
const REASONS = {
  event: ChangeReason.CHANGE_REASON_EVENT,
  merge: ChangeReason.CHANGE_REASON_MERGE,
  split: ChangeReason.CHANGE_REASON_SPLIT,
  window: ChangeReason.CHANGE_REASON_WINDOW,
  backfill: ChangeReason.CHANGE_REASON_BACKFILL,
  correction: ChangeReason.CHANGE_REASON_CORRECTION,
} as const;

export function generatedPack(header: PackHeader, records: readonly LogRecord[]): Uint8Array {
  return logV1.Pack.encode({ header, entries: records.map(entryOf) }).finish();
}

export function recordsOfGenerated(bytes: Uint8Array): LogRecord[] {
  return logV1.Pack.decode(bytes).entries.map(recordOf);
}

type EntryRecord = NonNullable<logV1.Entry['record']>;

function entryOf(record: LogRecord): logV1.Entry {
  return { id: record.kind === 'event' ? '' : record.id, record: memberOf(record) };
}

function memberOf(record: LogRecord): EntryRecord {
  switch (record.kind) {
    case 'event':
      return { $case: 'event', value: eventTo(record) };
    case 'event-resolved': {
      const { origin } = record;
      return {
        $case: 'eventResolved',
        value: { entity: entityTo(record.entity), origin, event: eventTo(record.event) },
      };
    }
    case 'attributes-changed':
      return {
        $case: 'attributesChanged',
        value: {
          ...record,
          entity: entityTo(record.entity),
          reason: REASONS[record.reason],
          changes: record.changes.map(changeToProto),
        },
      };
    case 'event-matched':
      return {
        $case: 'eventMatched',
        value: {
          ...record,
          entity: entityTo(record.entity),
          propertyValues: record.propertyValues.map(namedValueToProto),
          values: record.values.map(namedValueToProto),
          memberships: [...record.memberships],
          identifiers: [...record.identifiers],
        },
      };
    case 'segment-changed':
      return {
        $case: 'segmentChanged',
        value: {
          ...record,
          entity: entityTo(record.entity),
          reason: REASONS[record.reason],
          entered: [...record.entered],
          exited: [...record.exited],
          corrected: [...record.corrected],
          changes: record.changes.map(changeToProto),
          values: record.values.map(namedValueToProto),
          memberships: [...record.memberships],
          identifiers: [...record.identifiers],
        },
      };
    case 'profile-created':
      return { $case: 'profileCreated', value: { ...record, entity: entityTo(record.entity) } };
    case 'identifier-linked':
      return { $case: 'identifierLinked', value: { ...record, entity: entityTo(record.entity) } };
    case 'trigger-fired':
      return {
        $case: 'triggerFired',
        value: {
          ...record,
          entity: entityTo(record.entity),
          reason: REASONS[record.reason],
          on: firingCauseToProto(record.on),
          values: record.values.map(namedValueToProto),
          identifiers: [...record.identifiers],
          outcome: record.outcome === undefined ? 0 : WAIT_OUTCOMES.indexOf(record.outcome) + 1,
        },
      };
    default:
      return coldToProto(record);
  }
}

function recordOf({ id, record }: logV1.Entry): LogRecord {
  if (record === undefined) throw new Error('an entry without a record');
  switch (record.$case) {
    case 'event':
      return eventFrom(record.value);
    case 'eventResolved': {
      const { entity, origin, event } = record.value;
      return { kind: 'event-resolved', id, entity: entityFrom(entity), origin, event: eventFrom(event!) };
    }
    case 'attributesChanged': {
      const { value } = record;
      return {
        ...value,
        kind: 'attributes-changed',
        id,
        entity: entityFrom(value.entity),
        reason: reasonFrom(value.reason),
        changes: value.changes.map(changeFromProto),
      };
    }
    case 'eventMatched': {
      const { value } = record;
      return {
        ...value,
        kind: 'event-matched',
        id,
        entity: entityFrom(value.entity),
        propertyValues: value.propertyValues.map(namedValueFromProto),
        values: value.values.map(namedValueFromProto),
      };
    }
    case 'segmentChanged': {
      const { value } = record;
      return {
        ...value,
        kind: 'segment-changed',
        id,
        entity: entityFrom(value.entity),
        reason: reasonFrom(value.reason),
        changes: value.changes.map(changeFromProto),
        values: value.values.map(namedValueFromProto),
      };
    }
    case 'profileCreated':
      return { ...record.value, kind: 'profile-created', id, entity: entityFrom(record.value.entity) };
    case 'identifierLinked': {
      const { entity, identifier } = record.value;
      return { ...record.value, kind: 'identifier-linked', id, entity: entityFrom(entity), identifier: identifier! };
    }
    case 'triggerFired': {
      const { value } = record;
      return {
        ...value,
        kind: 'trigger-fired',
        id,
        entity: entityFrom(value.entity),
        reason: reasonFrom(value.reason),
        on: firingCauseFromProto(value.on),
        values: value.values.map(namedValueFromProto),
        outcome: WAIT_OUTCOMES[value.outcome - 1],
      };
    }
    default:
      return coldFromProto(id, record);
  }
}

function eventTo(event: Event): logV1.Event {
  const type = EVENT_TYPES.indexOf(event.type) + logV1.EventType.EVENT_TYPE_IDENTIFY;
  const payload = event.payload as Uint8Array<ArrayBuffer>;
  return { ...event, type, identifiers: [...event.identifiers], previous: event.previous, payload };
}

function eventFrom(event: logV1.Event): Event {
  return { ...event, kind: 'event', type: EVENT_TYPES[event.type - logV1.EventType.EVENT_TYPE_IDENTIFY]! };
}

function entityTo({ workspace, kind, id, ordinal }: Entity): logV1.Entity {
  const { ENTITY_KIND_ACCOUNT, ENTITY_KIND_PROFILE } = logV1.EntityKind;
  return { workspace, kind: kind === 'account' ? ENTITY_KIND_ACCOUNT : ENTITY_KIND_PROFILE, id, ordinal };
}

function entityFrom(entity: logV1.Entity | undefined): Entity {
  const { workspace, kind, id, ordinal } = entity!;
  return { workspace, kind: kind === logV1.EntityKind.ENTITY_KIND_ACCOUNT ? 'account' : 'profile', id, ordinal };
}

function reasonFrom(reason: valueV1.ChangeReason) {
  return (Object.keys(REASONS) as (keyof typeof REASONS)[]).find((name) => REASONS[name] === reason)!;
}

/** The records of a backfill, between the types of libs/event and the generated messages. */
import {
  BACKFILL_ORDERS,
  type BackfillOrdered,
  type DefinitionsSwitched,
  type Event,
  type FactBody,
  type SeedCompleted,
  type Seeded,
} from '@attrium/event';
import type { logV1 } from '@attrium/proto/log';
import { CodecError } from './codec-error.js';
import { entityFromProto, entityToProto } from './wire-entity.js';
import { EVENT_TYPE_NUMBER, eventTypeOf } from './wire-names.js';

export type SeedRecord = Seeded | SeedCompleted | DefinitionsSwitched | BackfillOrdered;
type SeedFact = Extract<FactBody, { kind: SeedRecord['kind'] }>;
type EntryRecord = NonNullable<logV1.Entry['record']>;
type SeedEntry = Extract<
  EntryRecord,
  { $case: 'seeded' | 'seedCompleted' | 'definitionsSwitched' | 'backfillOrdered' }
>;

export function seedToProto(record: SeedFact): SeedEntry {
  switch (record.kind) {
    case 'seeded': {
      const { workspace, revision, after, upTo, isLast, step } = record;
      const events = record.events.map(({ entity, event }) => ({
        entity: entityToProto(entity),
        event: eventToProto(event),
      }));
      const keys = [...record.keys];
      return { $case: 'seeded', value: { workspace, revision, after, upTo, isLast, events, keys, step } };
    }
    case 'seed-completed': {
      const { workspace, revision, partition } = record;
      return { $case: 'seedCompleted', value: { workspace, revision, partition } };
    }
    case 'definitions-switched': {
      const { workspace, revision, page } = record;
      return { $case: 'definitionsSwitched', value: { workspace, revision, page } };
    }
    case 'backfill-ordered': {
      const { workspace, revision, order, author } = record;
      const number = BACKFILL_ORDERS.indexOf(order) + 1;
      return { $case: 'backfillOrdered', value: { workspace, revision, order: number, author } };
    }
  }
}

/** Throws CodecError for a message without what its record cannot be without. */
export function seedFromProto(id: string, record: SeedEntry): SeedRecord {
  switch (record.$case) {
    case 'seeded': {
      const events = record.value.events.map(({ entity, event }) => ({
        entity: entityFromProto(entity),
        event: eventFromProto(event),
      }));
      return { ...record.value, kind: 'seeded', id, events };
    }
    case 'seedCompleted':
      return { ...record.value, kind: 'seed-completed', id };
    case 'definitionsSwitched':
      return { ...record.value, kind: 'definitions-switched', id };
    case 'backfillOrdered': {
      const order = BACKFILL_ORDERS[record.value.order - 1];
      if (order === undefined) throw new CodecError(`${record.value.order} is no order to a backfill`);
      return { ...record.value, kind: 'backfill-ordered', id, order };
    }
  }
}

function eventToProto(event: Event): logV1.Event {
  const { id, workspace, source, type, name, occurredAt, groupId, identifiers } = event;
  return {
    ...{ id, workspace, source, type: EVENT_TYPE_NUMBER[type], name, occurredAt, groupId },
    ...{ receivedAt: 0, statedAt: undefined, identifiers: [...identifiers], previous: undefined },
    payload: event.payload as Uint8Array<ArrayBuffer>,
  };
}

function eventFromProto(event: logV1.Event | undefined): Event {
  if (event === undefined) throw new CodecError('a seed without its event');
  const { id, workspace, source, type, name, occurredAt, receivedAt, identifiers, groupId, payload } = event;
  return {
    ...{ kind: 'event', id, workspace, source, type: eventTypeOf(type), name, occurredAt, receivedAt },
    ...{ identifiers, groupId, payload },
  };
}

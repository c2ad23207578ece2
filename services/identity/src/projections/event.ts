/** Table `events`: one row a resolved event. */
import type { Projection } from '@attrium/clickhouse';

export const events: Projection = {
  table: 'events',
  profileColumns: ['profile_id'],
  columns: [
    { name: 'workspace_id', type: 'name' },
    { name: 'profile_id', type: 'text' },
    { name: 'origin_id', type: 'text' },
    { name: 'message_id', type: 'text' },
    { name: 'type', type: 'name' },
    { name: 'name', type: 'name' },
    { name: 'occurred_at', type: 'time' },
    { name: 'received_at', type: 'time' },
    { name: 'stated_at', type: 'time?' },
    { name: 'source', type: 'name' },
    { name: 'identifiers.type', type: 'names' },
    { name: 'identifiers.value', type: 'texts' },
    { name: 'previous_type', type: 'name' },
    { name: 'previous_value', type: 'text' },
    { name: 'group_id', type: 'text' },
    { name: 'payload', type: 'bytes' },
    { name: 'ordinal', type: 'version' },
  ],
  project: (record) => {
    // What an account has of an event is in the row of its profile.
    if (record.kind !== 'event-resolved' || record.entity.kind !== 'profile') return undefined;
    const { entity, origin, event } = record;
    return [
      [
        entity.workspace,
        entity.id,
        origin,
        event.id,
        event.type,
        event.name,
        event.occurredAt,
        event.receivedAt,
        event.statedAt,
        event.source,
        event.identifiers.map((identifier) => identifier.type),
        event.identifiers.map((identifier) => identifier.value),
        event.previous?.type ?? '',
        event.previous?.value ?? '',
        event.groupId ?? '',
        event.payload,
        String(entity.ordinal),
      ],
    ];
  },
};

/** Table `events`: one row a resolved event. */
import type { Projection } from '@attrium/clickhouse';

export const events: Projection = {
  table: 'events',
  columns: [
    { name: 'workspace_id', type: 'text' },
    { name: 'profile_id', type: 'text' },
    { name: 'origin_id', type: 'text' },
    { name: 'message_id', type: 'text' },
    { name: 'type', type: 'text' },
    { name: 'name', type: 'text' },
    { name: 'occurred_at', type: 'time' },
    { name: 'received_at', type: 'time' },
    { name: 'stated_at', type: 'time' },
    { name: 'source', type: 'text' },
    { name: 'identifiers.type', type: 'texts' },
    { name: 'identifiers.value', type: 'texts' },
    { name: 'previous_type', type: 'text' },
    { name: 'previous_value', type: 'text' },
    { name: 'group_id', type: 'text' },
    { name: 'payload', type: 'bytes' },
  ],
  project: (record) => {
    if (record.kind !== 'event-resolved') return undefined;
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
      ],
    ];
  },
};

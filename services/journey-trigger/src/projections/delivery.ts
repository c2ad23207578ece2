/** Table `deliveries`: one row an attempt to deliver a firing to a webhook. */
import type { Projection } from '@attrium/clickhouse';

export const deliveries: Projection = {
  table: 'deliveries',
  profileColumns: ['profile_id'],
  columns: [
    { name: 'workspace_id', type: 'name' },
    { name: 'trigger', type: 'name' },
    { name: 'destination', type: 'name' },
    { name: 'firing_id', type: 'text' },
    { name: 'profile_id', type: 'text' },
    { name: 'at', type: 'time' },
    { name: 'latency_ms', type: 'number' },
    { name: 'attempt', type: 'number' },
    { name: 'outcome', type: 'name' },
    { name: 'why', type: 'name' },
    { name: 'status', type: 'number' },
    { name: 'replay', type: 'text' },
  ],
  project: (record) => {
    if (record.kind !== 'delivery-attempted') return undefined;
    const { workspace, trigger, destination, firingId, profileId, at, latencyMs, attempt } = record;
    const { outcome, why, status, replay } = record;
    return [
      [
        ...[workspace, trigger, destination, firingId, profileId],
        ...[at, latencyMs, attempt],
        ...[outcome, why, status, replay],
      ],
    ];
  },
};

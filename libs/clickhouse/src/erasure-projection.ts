/** Table `erasures`: the ids of erased profiles, as one log tells of them. Every service fills it from its own log. */
import type { Projection } from './projection.js';

export function erasureProjection(log: string): Projection {
  return {
    table: 'erasures',
    columns: [
      { name: 'log', type: 'name' },
      { name: 'workspace_id', type: 'name' },
      { name: 'profile_id', type: 'text' },
      { name: 'request_id', type: 'text' },
      { name: 'erased_at', type: 'time' },
    ],
    project: (record) => {
      if (record.kind !== 'profile-erased') return undefined;
      const { requestId, erasedAt } = record;
      return [record.entity, ...record.former].map(({ workspace, id }) => [log, workspace, id, requestId, erasedAt]);
    },
  };
}

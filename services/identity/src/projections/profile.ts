/** Table `profiles`: every profile, and where those went that were merged. */
import type { Projection } from '@attrium/clickhouse';
import { decisionVersion } from './decision-version.js';

export const profiles: Projection = {
  table: 'profiles',
  profileColumns: ['profile_id'],
  columns: [
    { name: 'workspace_id', type: 'name' },
    { name: 'profile_id', type: 'text' },
    { name: 'kind', type: 'name' },
    { name: 'merged_into', type: 'text' },
    { name: 'merge_id', type: 'text' },
    { name: 'occurred_at', type: 'time' },
    { name: 'cause', type: 'text' },
    { name: 'version', type: 'version' },
  ],
  project: (record, position) => {
    if (record.kind === 'profile-created') {
      const { entity, occurredAt, cause } = record;
      const version = decisionVersion(record.id, position);
      return [[entity.workspace, entity.id, entity.kind, '', '', occurredAt, cause, version]];
    }
    if (record.kind === 'profiles-merged') {
      const { loser, survivor, mergeId, occurredAt, cause } = record;
      const version = decisionVersion(record.id, position);
      return [[loser.workspace, loser.id, loser.kind, survivor.id, mergeId, occurredAt, cause, version]];
    }
    return undefined;
  },
};

/** Table `merges`: one row a merge, under the profile that stayed. */
import type { Projection } from '@attrium/clickhouse';
import { decisionVersion } from './decision-version.js';

export const merges: Projection = {
  table: 'merges',
  profileColumns: ['survivor_id', 'loser_id'],
  columns: [
    { name: 'workspace_id', type: 'name' },
    { name: 'merge_id', type: 'text' },
    { name: 'survivor_id', type: 'text' },
    { name: 'loser_id', type: 'text' },
    { name: 'identifiers.type', type: 'names' },
    { name: 'identifiers.value', type: 'texts' },
    { name: 'occurred_at', type: 'time' },
    { name: 'cause', type: 'text' },
    { name: 'version', type: 'version' },
  ],
  project: (record, position) => {
    if (record.kind !== 'profiles-merged') return undefined;
    const { mergeId, survivor, loser, identifiers, occurredAt, cause } = record;
    return [
      [
        survivor.workspace,
        mergeId,
        survivor.id,
        loser.id,
        identifiers.map(({ type }) => type),
        identifiers.map(({ value }) => value),
        occurredAt,
        cause,
        decisionVersion(record.id, position),
      ],
    ];
  },
};

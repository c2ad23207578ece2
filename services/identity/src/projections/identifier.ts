/** Table `identifiers`: the profile of each identifier. */
import type { Projection, Row } from '@attrium/clickhouse';
import type { Entity, Identifier } from '@attrium/event';
import { decisionVersion } from './decision-version.js';

interface Link {
  readonly entity: Entity;
  readonly identifier: Identifier;
  readonly linkedAt: number;
  readonly cause: string;
  readonly version: string;
}

function row({ entity, identifier, linkedAt, cause, version }: Link): Row {
  return [entity.workspace, identifier.type, identifier.value, entity.id, linkedAt, cause, version];
}

export const identifiers: Projection = {
  table: 'identifiers',
  profileColumns: ['profile_id'],
  columns: [
    { name: 'workspace_id', type: 'name' },
    { name: 'type', type: 'name' },
    { name: 'value', type: 'text' },
    { name: 'profile_id', type: 'text' },
    { name: 'linked_at', type: 'time' },
    { name: 'cause', type: 'text' },
    { name: 'version', type: 'version' },
  ],
  project: (record, position) => {
    if (record.kind === 'identifier-linked') {
      const { entity, identifier, cause, occurredAt } = record;
      return [row({ entity, identifier, linkedAt: occurredAt, cause, version: decisionVersion(record.id, position) })];
    }
    if (record.kind === 'profiles-merged') {
      // The record comes twice, in the partitions of both profiles, with the same rows.
      const version = decisionVersion(record.id, position);
      return record.identifiers.map((identifier) =>
        row({ entity: record.survivor, identifier, linkedAt: record.occurredAt, cause: record.cause, version }),
      );
    }
    return undefined;
  },
};

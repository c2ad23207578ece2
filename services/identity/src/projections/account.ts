/** Tables `accounts`, `account_members` and `current_accounts`. */
import type { Projection } from '@attrium/clickhouse';
import { decisionVersion } from './decision-version.js';

const CAUSE = [
  { name: 'cause', type: 'text' },
  { name: 'version', type: 'version' },
] as const;

export const accounts: Projection = {
  table: 'accounts',
  columns: [
    { name: 'workspace_id', type: 'name' },
    { name: 'account_id', type: 'text' },
    { name: 'group_id', type: 'text' },
    { name: 'occurred_at', type: 'time' },
    ...CAUSE,
  ],
  project: (record, position) => {
    if (record.kind !== 'account-created') return undefined;
    const { entity, groupId, occurredAt, cause } = record;
    return [[entity.workspace, entity.id, groupId, occurredAt, cause, decisionVersion(record.id, position)]];
  },
};

export const accountMembers: Projection = {
  table: 'account_members',
  profileColumns: ['profile_id'],
  columns: [
    { name: 'workspace_id', type: 'name' },
    { name: 'account_id', type: 'text' },
    { name: 'profile_id', type: 'text' },
    { name: 'linked_at', type: 'time' },
    ...CAUSE,
    { name: 'is_deleted', type: 'boolean' },
  ],
  project: (record, position) => {
    if (record.kind !== 'account-linked' && record.kind !== 'account-unlinked') return undefined;
    const { entity, account, occurredAt, cause } = record;
    const version = decisionVersion(record.id, position);
    return [[entity.workspace, account.id, entity.id, occurredAt, cause, version, record.kind === 'account-unlinked']];
  },
};

export const currentAccounts: Projection = {
  table: 'current_accounts',
  profileColumns: ['profile_id'],
  columns: [
    { name: 'workspace_id', type: 'name' },
    { name: 'profile_id', type: 'text' },
    { name: 'account_id', type: 'text' },
    { name: 'occurred_at', type: 'time' },
    ...CAUSE,
    { name: 'is_deleted', type: 'boolean' },
  ],
  project: (record, position) => {
    if (record.kind !== 'current-account-changed') return undefined;
    const { entity, account, occurredAt, cause } = record;
    const version = decisionVersion(record.id, position);
    return [[entity.workspace, entity.id, account?.id ?? '', occurredAt, cause, version, account === undefined]];
  },
};

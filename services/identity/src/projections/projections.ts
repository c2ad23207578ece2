/** The tables that identity keeps in ClickHouse, as projections of log `resolved`. */
import type { Projection } from '@attrium/clickhouse';
import { accountMembers, accounts, currentAccounts } from './account.js';
import { events } from './event.js';
import { identifiers } from './identifier.js';
import { merges } from './merge.js';
import { profiles } from './profile.js';

export const projections: readonly Projection[] = [
  events,
  identifiers,
  profiles,
  merges,
  accounts,
  accountMembers,
  currentAccounts,
];

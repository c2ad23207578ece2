/** The tables that segment keeps in ClickHouse, as projections of log `memberships`. */
import type { Projection } from '@attrium/clickhouse';
import { membershipChanges, memberships } from './membership.js';

export const projections: readonly Projection[] = [membershipChanges, memberships];

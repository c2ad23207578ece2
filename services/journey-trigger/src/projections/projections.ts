/** The tables that journey-trigger keeps in ClickHouse, as projections of log `firings`. */
import type { Projection } from '@attrium/clickhouse';
import { firings } from './firing.js';

export const projections: readonly Projection[] = [firings];

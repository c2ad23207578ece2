/** The tables that journey-trigger keeps in ClickHouse: of log `firings`, and of the attempts to deliver them. */
import type { Projection } from '@attrium/clickhouse';
import { deliveries } from './delivery.js';
import { firings } from './firing.js';

export const projections: readonly Projection[] = [firings];
export const attemptProjections: readonly Projection[] = [deliveries];

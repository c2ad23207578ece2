/** The tables that attribute-compute keeps in ClickHouse, as projections of log `attributes`. */
import type { Projection } from '@attrium/clickhouse';
import { attributeChanges, attributes } from './attribute.js';

export const projections: readonly Projection[] = [attributeChanges, attributes];

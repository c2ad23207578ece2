export { type ClickHouse, type ClickHouseOptions, openClickHouse } from './connection.js';
export { type ErasableTables, Eraser, type EraserOptions, type EraserStatus } from './eraser.js';
export { erasureProjection } from './erasure-projection.js';
export { ClickHouseAdapterError, type ClickHouseFailure } from './errors.js';
export { type MigrateOptions, migrate } from './migrate.js';
export { jsonText, type Projection, type RecordPosition } from './projection.js';
export { Projector } from './projector.js';
export {
  PROJECTOR_DEFAULTS,
  type ProjectorOptions,
  type ProjectorSettings,
  type ProjectorState,
  type ProjectorStatus,
} from './projector-options.js';
export { applyRetention, parseRetention, type RetainedTable, type Retention } from './retention.js';
export type { Cell, Column, ColumnType, Row } from './row-binary.js';
export { fillTemplate, type SchemaForm } from './schema-template.js';

export type { MemoryLimits, Passwords } from './configuration.js';
export {
  type EmbeddedClickHouse,
  type EmbeddedClickHouseOptions,
  startEmbeddedClickHouse,
} from './embedded-clickhouse.js';
export type { EngineExit } from './engine-process.js';
export { EmbeddedClickHouseError, type EmbeddedFailure } from './errors.js';

export {
  type ActivatedCatalogue,
  CataloguePlans,
  type CatalogueRow,
  isPresentSince,
  type PresentSince,
} from './catalogue-plans.js';
export {
  CodecError,
  type CodecErrorCode,
  changeFromProto,
  changeToProto,
  decodeHeader,
  decodePack,
  decodeRecord,
  encodedRecords,
  encodePack,
  firingCauseFromProto,
  firingCauseToProto,
  NO_POSITION,
  namedValueFromProto,
  namedValueToProto,
  PACK_SCHEMA_VERSION,
  type Pack,
  PackBuilder,
  type PackHeader,
  valueFromProto,
  valueToProto,
} from './codec/index.js';
export {
  type EntityOccurrence,
  EntityRows,
  type EntityRules,
  type LiveRow,
  type PointerRow,
  passOn,
  type ReleasedMerges,
} from './entity-rows.js';
export { type ErasureProgress, type ErasureQuestion, isErasureQuestion } from './erased-entities.js';
export { ProcessorError, type ProcessorErrorCode } from './errors.js';
export { LOG_ERROR_CODES, LogError, type LogErrorCode, positionFault } from './log-error.js';
export type { Observe, StageOccurrence } from './occurrence.js';
export type {
  AppendOptions,
  AppendOutcome,
  Clock,
  Log,
  LogBounds,
  LogReader,
  PartitionStore,
  PendingCommit,
  ReadOptions,
  RowChange,
  StateStore,
  StoredMessage,
  StoreKey,
} from './ports.js';
export { comparePositions, type Position, START } from './position.js';
export { RowReader, RowWriter } from './row-bytes.js';
export { decodeRow, encodeRow, rowCodec } from './row-codec.js';
export {
  readEntity,
  readIdentifiers,
  readMerges,
  readValue,
  writeEntity,
  writeIdentifiers,
  writeMerges,
  writeValue,
} from './row-fields.js';
export type {
  Context,
  PartitionStage,
  StageBinding,
  StageEnvironment,
  Table,
  TableCodec,
  TableOptions,
} from './stage.js';
export { DEFAULT_STAGE_SETTINGS, type StageOptions, type StageSettings } from './stage-options.js';
export { type PartitionStatus, StageProcessor } from './stage-processor.js';
export { type LmdbStoreOptions, openLmdbStore } from './store/lmdb-store.js';
export { collectedCommit, MemoryStore } from './store/memory-store.js';
export { STATE_STORE_ERROR_CODES, StateStoreError, type StateStoreErrorCode } from './store/state-store-error.js';
export { compareKeys } from './store/store-key.js';
export { systemClock } from './system-clock.js';

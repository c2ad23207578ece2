export {
  ACCESS_FAILURE_KINDS,
  Access,
  AccessError,
  type AccessFailure,
  type Caller,
  EVERY_WORKSPACE,
  type Need,
} from './access.js';
export { authorizationOf, basicUser, bearerToken } from './authorization.js';
export {
  ConfigError,
  describeSettings,
  integerSetting,
  loadConfig,
  processEnvironment,
  type SettingDescription,
  type SettingMeta,
  setting,
  switchSetting,
} from './config.js';
export { type DrainResult, type DrainStep, runDrain, watchProcess } from './drain.js';
export {
  type CodedFailure,
  type FailureOptions,
  type FailureStatus,
  failureBody,
  grpcStatusOf,
  httpStatusOf,
  isCodedFailure,
  OperatingError,
} from './errors.js';
export { FailureFilter, type GrpcFault, grpcFaultOf } from './failure-filter.js';
export { chosenPort, type GrpcServices } from './grpc-endpoint.js';
export { type HostConfig, hostSettings, LOG_LEVELS } from './host-settings.js';
export {
  KEY_ROLES,
  KEYS_BUCKET,
  type KeyGrant,
  type KeyLookup,
  type KeyRecord,
  KeyRing,
  type KeyRole,
  type KeySource,
  keyRecordSchema,
} from './key-ring.js';
export { hashOfKey, inspectKeyText, KEY_TEXT_MAX, type KeyKind, keyEntryName, newKeyText } from './key-text.js';
export { createLogger, type Logger, NestLogger } from './logger.js';
export {
  collectProcessMetrics,
  counter,
  gauge,
  histogram,
  LATENCY_BUCKETS_SECONDS,
  type MetricOptions,
  metricsText,
  sampledGauge,
} from './metrics.js';
export { bucketKeySource, natsOptions } from './nats-endpoint.js';
export { NodeVersionError, requireNode } from './node-version.js';
export { type OpeningKeys, openKeys } from './open-keys.js';
export {
  BadIdentifierError,
  ErasedProfileError,
  type HistoryKind,
  identifierFault,
  type LocatedProfile,
  NoProfileError,
  PROFILE_ID,
  type ProfileAccount,
  ProfileLocator,
  type ProfilePlace,
  type ProfileQuestion,
} from './profile-locator.js';
export { Readiness, type ReadinessCheck, type ReadinessReport } from './readiness.js';
export { runMain } from './run-main.js';
export {
  type AskStage,
  askTimeoutSetting,
  OwnerSilentError,
  type StageClientOptions,
  stageClient,
} from './stage-client.js';
export { runStageService, type StageHandle, type StageServiceOptions, type StageSurface } from './stage-service.js';
export { ownedPartitionsOf, type StageConfig, stageSettings } from './stage-settings.js';
export { type HostContext, type HostOptions, type RunningHost, startHost } from './start-host.js';

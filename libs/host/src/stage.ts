/**
 * `@attrium/host/stage`: what the program of a stage needs before its stage runs. Nothing of this loads Nest, Fastify or gRPC: after a crash the
 * stage goes on while they are still being loaded.
 */
export { integerSetting, loadConfig, setting, switchSetting } from './config.js';
export { type FailureStatus, OperatingError } from './errors.js';
export { counter, gauge, histogram, LATENCY_BUCKETS_SECONDS, sampledGauge } from './metrics.js';
export { runMain } from './run-main.js';
export { runStageService, type StageHandle, type StageServiceOptions, type StageSurface } from './stage-service.js';
export { ownedPartitionsOf, type StageConfig, stageSettings } from './stage-settings.js';

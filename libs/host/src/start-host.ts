/** Starts a service: Nest over Fastify, gRPC beside it, health, metrics, logs, and an orderly end on SIGTERM. */
import 'reflect-metadata';
import type { DynamicModule, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance } from 'fastify';
import { type DrainStep, runDrain, watchProcess } from './drain.js';
import { FailureFilter } from './failure-filter.js';
import {
  chosenPort,
  type GrpcHealth,
  type GrpcServices,
  grpcHealth,
  grpcOptions,
  startHealthServer,
} from './grpc-endpoint.js';
import { registerHealthRoutes } from './health-routes.js';
import type { HostConfig } from './host-settings.js';
import { createLogger, type Logger, NestLogger } from './logger.js';
import { collectProcessMetrics } from './metrics.js';
import { requireNode } from './node-version.js';
import { Readiness } from './readiness.js';

/** What a service's pieces get to know of the host. */
export interface HostContext {
  readonly app: NestFastifyApplication;
  readonly fastify: FastifyInstance;
  readonly logger: Logger;
  readonly readiness: Readiness;
}

export interface HostOptions {
  readonly service: string;
  readonly module: Type | DynamicModule;
  readonly config: HostConfig;
  /** Made by the host unless given. */
  readonly logger?: Logger;
  readonly readiness?: Readiness;
  readonly grpc?: GrpcServices;
  /** Largest HTTP body, bytes; 1 MiB without it. */
  readonly bodyBytesMax?: number;
  /** Adds raw Fastify routes and hooks, before anything listens. */
  readonly configure?: (context: HostContext) => Promise<void> | void;
  /** Runs first on the way down, while requests in flight still run: end streams, stop the stage loop. */
  readonly onDrain?: readonly DrainStep[];
  /** Runs after HTTP and gRPC have finished what was in flight: flush, close connections. */
  readonly onClose?: readonly DrainStep[];
  /** False in tests: no signal handlers, no exit. */
  readonly ownsProcess?: boolean;
}

export interface RunningHost extends HostContext {
  readonly httpUrl: string;
  /** `host:port` of gRPC. */
  readonly grpcUrl: string;
  /** Goes down as on SIGTERM, without ending the process. True when all went well in time. */
  stop(): Promise<boolean>;
}

/** Starts the service and resolves when HTTP and gRPC listen. Rejects when a port is taken, the module does not start, or Node is too old. */
export async function startHost(options: HostOptions): Promise<RunningHost> {
  requireNode();
  const { service, config } = options;
  const logger = options.logger ?? createLogger({ service, level: config.logLevel, instance: config.instance });
  const readiness = options.readiness ?? new Readiness();
  const app = await createApplication(options, logger);
  const fastify = app.getHttpAdapter().getInstance() as unknown as FastifyInstance;
  const context: HostContext = { app, fastify, logger, readiness };
  registerHealthRoutes(fastify, readiness);
  await options.configure?.(context);

  const health = grpcHealth(options.grpc, readiness);
  const listeners = await listen(options, { app, health }).catch(async (error) => {
    // Half a start leaves nothing open behind it.
    health.stop();
    await app.close().catch(() => undefined);
    throw error;
  });
  const { httpUrl, grpcUrl } = listeners;
  collectProcessMetrics(service);

  const steps: DrainStep[] = [
    { name: 'notice', run: () => new Promise((resolve) => setTimeout(resolve, config.drainDelayMs)) },
    ...(options.onDrain ?? []),
    { name: 'listeners', run: () => closeListeners(app, fastify) },
    { name: 'grpc health', run: () => listeners.closeHealthServer() },
    ...(options.onClose ?? []),
  ];
  const stop = stopOnce(steps, { config, readiness, logger, stopHealth: () => health.stop() });
  if (options.ownsProcess ?? true) exitOnSignal(logger, stop);
  logger.info({ http: httpUrl, grpc: grpcUrl }, 'listening');
  return { ...context, httpUrl, grpcUrl, stop };
}

async function createApplication(options: HostOptions, logger: Logger): Promise<NestFastifyApplication> {
  const adapter = new FastifyAdapter({
    bodyLimit: options.bodyBytesMax ?? 1024 * 1024,
    // Keep-alive connections without a request would hold up the end; those with one are waited for.
    forceCloseConnections: 'idle',
    requestTimeout: 60_000,
    keepAliveTimeout: 72_000,
    trustProxy: false,
    routerOptions: { maxParamLength: 500 },
  });
  const app = await NestFactory.create<NestFastifyApplication>(options.module, adapter, {
    logger: new NestLogger(logger),
    abortOnError: false,
  });
  app.useGlobalFilters(new FailureFilter(logger));
  return app;
}

interface Listeners {
  readonly httpUrl: string;
  readonly grpcUrl: string;
  closeHealthServer(): Promise<void>;
}

/** Opens gRPC, then HTTP. */
async function listen(
  { config, grpc }: HostOptions,
  { app, health }: { app: NestFastifyApplication; health: GrpcHealth },
): Promise<Listeners> {
  const grpcUrl = `${config.grpcHost}:${await chosenPort(config.grpcHost, config.grpcPort)}`;
  let closeHealthServer = async (): Promise<void> => {};
  if (grpc === undefined) {
    const server = await startHealthServer(grpcUrl, health);
    closeHealthServer = () => server.close();
  } else {
    app.connectMicroservice(grpcOptions({ services: grpc, url: grpcUrl, reflection: config.grpcReflection, health }), {
      inheritAppConfig: true,
    });
    await app.startAllMicroservices();
  }
  try {
    await app.listen(config.httpPort, config.httpHost);
  } catch (error) {
    await closeHealthServer();
    throw error;
  }
  return { httpUrl: await app.getUrl(), grpcUrl, closeHealthServer };
}

/** Closes HTTP and gRPC once what is in flight is answered; a connection that falls idle meanwhile is closed too. */
async function closeListeners(app: NestFastifyApplication, fastify: FastifyInstance): Promise<void> {
  const sweep = setInterval(() => fastify.server.closeIdleConnections(), 25);
  try {
    await app.close();
  } finally {
    clearInterval(sweep);
  }
}

function stopOnce(
  steps: readonly DrainStep[],
  host: { config: HostConfig; readiness: Readiness; logger: Logger; stopHealth: () => void },
): () => Promise<boolean> {
  let stopping: Promise<boolean> | undefined;
  const run = async (): Promise<boolean> => {
    host.logger.info('draining');
    host.readiness.beginDrain();
    const result = await runDrain(steps, host.config.drainTimeoutMs, host.logger);
    host.stopHealth();
    if (result.unfinished !== undefined) host.logger.error({ step: result.unfinished }, 'the drain took too long');
    return result.unfinished === undefined && result.failed.length === 0;
  };
  return () => {
    stopping ??= run();
    return stopping;
  };
}

/** SIGTERM and SIGINT drain and exit: 0 when all went well in time, else 1. */
function exitOnSignal(logger: Logger, stop: () => Promise<boolean>): void {
  watchProcess(logger, (signal) => {
    logger.info({ signal }, 'asked to stop');
    stop().then((clean) => {
      logger.info({ clean }, 'stopped');
      process.exit(clean ? 0 : 1);
    });
  });
}

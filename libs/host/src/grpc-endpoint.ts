/** gRPC of a service: its own services by Nest, the health service always, reflection when it is switched on. */
import { createServer } from 'node:net';
import { Server as GrpcServer, ServerCredentials } from '@grpc/grpc-js';
import { loadFileDescriptorSetFromBuffer, type PackageDefinition } from '@grpc/proto-loader';
import { ReflectionService } from '@grpc/reflection';
import { type GrpcOptions, Transport } from '@nestjs/microservices';
import { HealthImplementation } from 'grpc-health-check';
import type { Readiness } from './readiness.js';

/** The gRPC services that a service serves by Nest controllers. */
export interface GrpcServices {
  /** Proto packages, such as `attrium.profile.v1`. */
  readonly packages: readonly string[];
  /** Full service name to its static definition (libs/proto). */
  readonly packageDefinition: PackageDefinition;
  /** Bytes of the FileDescriptorSet that reflection answers from. */
  readonly descriptorSet?: () => Uint8Array;
  /** To add what Nest does not know to the server, before it starts. */
  readonly onLoad?: (packageDefinition: unknown, server: GrpcServer) => void;
}

/** Largest message that is received, in bytes. */
const MESSAGE_BYTES_MAX = 4 * 1024 * 1024;

/** Keeps gRPC health in step with readiness; `stop` ends that. */
export interface GrpcHealth {
  addTo(server: GrpcServer): void;
  stop(): void;
}

export function grpcHealth(services: GrpcServices | undefined, readiness: Readiness): GrpcHealth {
  const names = ['', ...Object.keys(services?.packageDefinition ?? {}).filter((name) => isService(services, name))];
  const status = () => (readiness.report().ready ? 'SERVING' : 'NOT_SERVING');
  const health = new HealthImplementation(Object.fromEntries(names.map((name) => [name, status()])));
  let last = status();
  const timer = setInterval(() => {
    const now = status();
    if (now === last) return;
    last = now;
    for (const name of names) health.setStatus(name, now);
  }, 250);
  timer.unref();
  return {
    addTo: (server) => health.addToServer(server as unknown as Parameters<HealthImplementation['addToServer']>[0]),
    stop: () => clearInterval(timer),
  };
}

function isService(services: GrpcServices | undefined, name: string): boolean {
  return services?.packages.some((prefix) => name.startsWith(`${prefix}.`)) ?? false;
}

/** Nest's options for the services of `services`, at `url` (`host:port`). */
export function grpcOptions(options: {
  services: GrpcServices;
  url: string;
  reflection: boolean;
  health: GrpcHealth;
}): GrpcOptions {
  const { services, url, reflection, health } = options;
  return {
    transport: Transport.GRPC,
    options: {
      url,
      package: [...services.packages],
      packageDefinition: services.packageDefinition,
      gracefulShutdown: true,
      maxReceiveMessageLength: MESSAGE_BYTES_MAX,
      keepalive: { keepaliveTimeMs: 30_000, keepaliveTimeoutMs: 10_000, http2MinPingIntervalWithoutDataMs: 5_000 },
      onLoadPackageDefinition: (definition: unknown, server: GrpcServer) => {
        health.addTo(server);
        if (reflection && services.descriptorSet !== undefined) addReflection(server, services.descriptorSet());
        services.onLoad?.(definition, server);
      },
    },
  };
}

function addReflection(server: GrpcServer, descriptorSet: Uint8Array): void {
  const definition = loadFileDescriptorSetFromBuffer(Buffer.from(descriptorSet));
  new ReflectionService(definition as unknown as ConstructorParameters<typeof ReflectionService>[0]).addToServer(
    server,
  );
}

/** A gRPC server with nothing but health, for services that have no gRPC services of their own. Throws when the port is taken. */
export async function startHealthServer(url: string, health: GrpcHealth): Promise<{ close(): Promise<void> }> {
  const server = new GrpcServer();
  health.addTo(server);
  await new Promise<void>((resolve, reject) => {
    server.bindAsync(url, ServerCredentials.createInsecure(), (error) => (error === null ? resolve() : reject(error)));
  });
  return {
    close: () =>
      new Promise<void>((resolve) => {
        // Health watchers never end by themselves.
        const force = setTimeout(() => server.forceShutdown(), 500);
        server.tryShutdown(() => {
          clearTimeout(force);
          resolve();
        });
      }),
  };
}

/** `port`, or a free one in its place when it is 0: grpc-js binds inside Nest, which does not tell the port. */
export async function chosenPort(host: string, port: number): Promise<number> {
  if (port !== 0) return port;
  const probe = createServer();
  await new Promise<void>((resolve, reject) => probe.once('error', reject).listen(0, host, resolve));
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  if (address === null || typeof address === 'string') throw new Error(`no port could be had on ${host}`);
  return address.port;
}

/** The real parts on loopback: nats-server, embedded ClickHouse and the six services, each under this program's hand. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type EmbeddedClickHouse, startEmbeddedClickHouse } from '@attrium/clickhouse-embedded';
import { LOG_NAMES, type LogName, STAGE_NAMES } from '@attrium/event';
import { newKeyText } from '@attrium/host';
import {
  connectNats,
  findNatsServer,
  JetStreamLog,
  type NatsLink,
  type NatsServer,
  startNatsServer,
} from '@attrium/nats';
import { chaosCatalogue, WORKSPACE } from './catalogue.js';
import { Disk } from './disk.js';
import { Service } from './service.js';
import { untilTrue } from './until.js';

export const SERVICES = ['ingest', ...STAGE_NAMES, 'control'] as const;
export type ServiceName = (typeof SERVICES)[number];

export const PARTITIONS = 4;
export const SHARDS = 1;

const ROOT = resolve(import.meta.dirname, '../../..');
const NATS_DISK_MEGABYTES = 6_144;
const STATE_DISK_MEGABYTES = 512;
const LOG_BYTES_MAX = 5 * 1024 ** 3;
const START_LIMIT_MS = 60_000;

export class ChaosSystem {
  readonly directory = mkdtempSync(join(tmpdir(), 'attrium-chaos-'));
  readonly services = new Map<string, Service>();
  /** Where the logs are, and where the state of segment is; undefined where nothing can be mounted. */
  readonly disks: { readonly nats: Disk | undefined; readonly segment: Disk | undefined };
  nats!: NatsServer;
  link!: NatsLink;
  log!: JetStreamLog;
  clickhouse!: EmbeddedClickHouse;
  writeKey = '';
  private readonly bootstrapKey = newKeyText('secret');
  private readonly onExit = () => this.killAll();

  private constructor() {
    this.disks = {
      nats: Disk.mount(join(this.directory, 'nats'), NATS_DISK_MEGABYTES),
      segment: Disk.mount(join(this.directory, 'segment-disk'), STATE_DISK_MEGABYTES),
    };
    process.once('exit', this.onExit);
  }

  static async start(webhookUrl: string): Promise<ChaosSystem> {
    const system = new ChaosSystem();
    try {
      await system.begin(webhookUrl);
    } catch (error) {
      await system.stop();
      throw error;
    }
    return system;
  }

  private async begin(webhookUrl: string): Promise<void> {
    const binary = await findNatsServer({
      dataDirectory: join(ROOT, 'node_modules/.cache/attrium'),
      environment: process.env,
    });
    const directory = join(this.directory, 'nats');
    mkdirSync(directory, { recursive: true });
    this.nats = await startNatsServer({ binary, directory, fileBytesMax: LOG_BYTES_MAX * 2 });
    this.link = await connectNats({ url: this.nats.url, name: 'chaos' });
    this.log = new JetStreamLog(this.link);
    await this.startClickHouse();
    for (const name of SERVICES) (await this.addService(name)).start();
    await this.untilReady();
    await this.install(webhookUrl);
  }

  /** Starts ClickHouse, after a stop on the same port and data. */
  async startClickHouse(): Promise<void> {
    const port = this.clickhouse?.port ?? 0;
    this.clickhouse = await startEmbeddedClickHouse({ directory: join(this.directory, 'clickhouse'), port });
  }

  service(name: string): Service {
    return this.services.get(name)!;
  }

  /** Another instance of a service, with a state folder of its own; it projects nothing, since one instance does. */
  async addInstance(name: ServiceName, instance: string): Promise<Service> {
    const data = join(this.directory, instance);
    return this.addService(name, { instance, environment: { ATTRIUM_DATA: data, ATTRIUM_PROJECTION: 'false' } });
  }

  private async addService(
    name: ServiceName,
    more: { instance?: string; environment?: Record<string, string> } = {},
  ): Promise<Service> {
    const { instance = name, environment = {} } = more;
    const [http, grpc] = await freePorts(2);
    const service = new Service({
      name: instance,
      program: join(ROOT, 'services', name, 'dist/main.js'),
      httpUrl: `http://127.0.0.1:${http}`,
      logFile: join(this.directory, `${instance}.log`),
      environment: {
        ...process.env,
        NODE_OPTIONS: '',
        NODE_COMPILE_CACHE: join(this.directory, 'compile-cache'),
        NATS_URL: this.nats.url,
        CLICKHOUSE_URL: this.clickhouse.url,
        ATTRIUM_DATA: this.dataDirectory(name),
        ATTRIUM_HTTP_PORT: String(http),
        ATTRIUM_GRPC_PORT: String(grpc),
        ATTRIUM_PARTITIONS: String(PARTITIONS),
        ATTRIUM_SHARDS: String(SHARDS),
        ATTRIUM_LOG_LEVEL: 'warn',
        ATTRIUM_LOG_BYTES_MAX: String(LOG_BYTES_MAX),
        ATTRIUM_KEY_EVENTS_PER_SECOND: '0',
        ATTRIUM_CHECKPOINT_INTERVAL_MS: '1500',
        ATTRIUM_WEBHOOK_ALLOW_PRIVATE: 'true',
        ATTRIUM_WEBHOOK_RETRY_MS_MIN: '100',
        ATTRIUM_WEBHOOK_PROBE_MS_MAX: '1000',
        ...(name === 'control' ? { ATTRIUM_BOOTSTRAP_ADMIN_KEY: this.bootstrapKey } : {}),
        ...environment,
      },
    });
    this.services.set(instance, service);
    return service;
  }

  async untilReady(): Promise<void> {
    await Promise.all([...this.services.values()].map((service) => service.untilReady()));
  }

  /** Ends that nobody asked for, of all services. */
  get crashes(): string[] {
    return [...this.services.values()].flatMap(({ crashes }) => crashes);
  }

  /** Ends an instance for good and forgets it. */
  async removeInstance(instance: string, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    await this.service(instance).stop(signal);
    this.services.delete(instance);
  }

  /** Where a stage keeps its state. */
  stateDirectory(stage: ServiceName): string {
    return join(this.dataDirectory(stage), 'state', stage);
  }

  private dataDirectory(name: ServiceName): string {
    return name === 'segment' ? (this.disks.segment?.directory ?? this.directory) : this.directory;
  }

  /** Ends all services in order; NATS and ClickHouse stay. Answers the names of those that did not end so. */
  async stopServices(): Promise<string[]> {
    const services = [...this.services];
    const ended = await Promise.all(services.map(([, service]) => service.stop()));
    return services.filter((_, index) => !ended[index]).map(([name]) => name);
  }

  async stop(): Promise<void> {
    await this.stopServices();
    await this.log?.close();
    await this.link?.close();
    await this.clickhouse?.stop();
    await this.nats?.stop();
    process.removeListener('exit', this.onExit);
    this.removeFiles();
  }

  /** Makes workspace, write key and catalogue by control's REST, as an operator does. */
  private async install(webhookUrl: string): Promise<void> {
    await this.askControl('POST', '/v1/workspaces', { workspace: WORKSPACE });
    const key = await this.askControl('POST', `/v1/workspaces/${WORKSPACE}/keys`, { kind: 'write', source: 'chaos' });
    this.writeKey = (key as { key: string }).key;
    await this.askControl('PUT', `/v1/workspaces/${WORKSPACE}/catalogue`, chaosCatalogue(webhookUrl));
    // Ingest hears of the key by itself.
    await untilTrue(START_LIMIT_MS, async () => {
      const headers = { 'content-type': 'application/json', 'x-write-key': this.writeKey };
      const url = `${this.service('ingest').options.httpUrl}/v1/batch`;
      return (await fetch(url, { method: 'POST', headers, body: '{"batch":[]}' })).status !== 401;
    });
  }

  /** Throws when control does not answer with success. `revision`: the one that a PUT follows. */
  async askControl(method: string, path: string, body?: unknown, revision = 0): Promise<unknown> {
    const answer = await fetch(`${this.service('control').options.httpUrl}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${this.bootstrapKey}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(method === 'PUT' ? { 'if-match': String(revision) } : {}),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(10_000),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`control answered ${answer.status} to ${method} ${path}: ${text}`);
    return JSON.parse(text);
  }

  /** For an end in the middle: nothing that was started outlives this program. */
  private killAll(): void {
    const pids = [...this.services.values()].map(({ pid }) => pid);
    for (const pid of [...pids, this.nats?.pid, this.clickhouse?.pid]) {
      if (pid === undefined || pid <= 0) continue;
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It has ended already.
      }
    }
    this.removeFiles();
  }

  private removeFiles(): void {
    this.disks.nats?.unmount();
    this.disks.segment?.unmount();
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** The log that a service writes. */
export function outputOf(name: ServiceName): LogName {
  const index = SERVICES.indexOf(name);
  return LOG_NAMES[index] ?? 'firings';
}

/** Ports that were free a moment ago. */
async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((done) => server.close(done))));
  return ports;
}

/** The processes that a benchmark measures: nats-server, services and ClickHouse on loopback, with data in a folder that is removed at the end. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseCatalogue } from '@attrium/catalogue';
import { type EmbeddedClickHouse, startEmbeddedClickHouse } from '@attrium/clickhouse-embedded';
import { catalogueSubject } from '@attrium/event';
import { KEYS_BUCKET, keyEntryName, newKeyText } from '@attrium/host';
import {
  Bucket,
  connectNats,
  ensureStreams,
  findNatsServer,
  JetStreamLog,
  type NatsLink,
  type NatsServer,
  SECRETS_BUCKET,
  startNatsServer,
} from '@attrium/nats';
import { encodePack, NO_POSITION, PACK_SCHEMA_VERSION } from '@attrium/processor';
import { benchCatalogue, WORKSPACE } from './catalogue.js';
import type { BenchOptions } from './options.js';

export const STAGES = ['identity', 'attribute-compute', 'segment', 'journey-trigger'] as const;
export type Stage = (typeof STAGES)[number];
/** `segment@2`: another instance of a stage, with a folder of its own. */
export type ServiceName = 'ingest' | 'control' | Stage | `${Stage}@${number}`;

export interface SystemOptions {
  readonly options: BenchOptions;
  /** Length of the rolling windows that expire while a benchmark runs, s. */
  readonly windowSeconds: number;
  readonly clickhouse?: boolean;
  /** Where probes are delivered to as webhooks, beside the stream. */
  readonly webhook?: string;
  /** What the logs may hold together. */
  readonly logBytesMax?: number;
}

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const LOG_BYTES_MAX = 20 * 1024 ** 3;
const READY_LIMIT_MS = 120_000;
const STOP_LIMIT_MS = 15_000;
/** As the launcher starts them. */
const NODE_FLAGS = ['--max-semi-space-size=32'];

interface Service {
  readonly child: ChildProcess;
  readonly httpUrl: string;
  readonly ended: Promise<void>;
}

export class BenchSystem {
  readonly services = new Map<ServiceName, Service>();
  readonly writeKey = newKeyText('write');
  readonly directory = mkdtempSync(join(tmpdir(), 'attrium-bench-'));
  nats!: NatsServer;
  link!: NatsLink;
  log!: JetStreamLog;
  clickhouse: EmbeddedClickHouse | undefined;

  private constructor(private readonly settings: SystemOptions) {}

  /** Starts NATS, and ClickHouse if asked for, with streams, a write key and the catalogue; the services are started one by one. */
  static async start(settings: SystemOptions): Promise<BenchSystem> {
    const system = new BenchSystem(settings);
    try {
      await system.begin();
    } catch (error) {
      await system.stop();
      throw error;
    }
    return system;
  }

  private async begin(): Promise<void> {
    const dataDirectory = join(ROOT, 'node_modules/.cache/attrium');
    const binary = await findNatsServer({ dataDirectory, environment: process.env });
    this.nats = await startNatsServer({ binary, directory: this.directory, fileBytesMax: this.logBytesMax * 2 });
    this.link = await connectNats({ url: this.nats.url, name: 'bench' });
    this.log = new JetStreamLog(this.link);
    await ensureStreams(this.link.publish, { profile: 'standalone', bytesMax: this.logBytesMax });
    const keys = await Bucket.open(this.link.publish, KEYS_BUCKET);
    const record = { kind: 'write', workspace: WORKSPACE, source: 'web', createdAt: 1 };
    await keys.put(keyEntryName('write', this.writeKey), Buffer.from(JSON.stringify(record)));
    const secrets = await Bucket.open(this.link.publish, SECRETS_BUCKET);
    await secrets.put(`${WORKSPACE}.SIGNING`, Buffer.from(`whsec_${randomBytes(32).toString('base64')}`));
    await this.activateCatalogue();
    if (this.settings.clickhouse === true) await this.startClickHouse();
  }

  /** Starts ClickHouse, after a stop on the same port and data. */
  async startClickHouse(): Promise<void> {
    const port = this.clickhouse?.port ?? 0;
    this.clickhouse = await startEmbeddedClickHouse({ directory: join(this.directory, 'clickhouse'), port });
  }

  private async activateCatalogue(): Promise<void> {
    const definitions = benchCatalogue(this.settings.windowSeconds, this.settings.webhook);
    const outcome = parseCatalogue(definitions);
    if (outcome.kind !== 'valid') throw new Error(`the catalogue is not valid: ${JSON.stringify(outcome)}`);
    const header = {
      schemaVersion: PACK_SCHEMA_VERSION,
      logicVersion: 0,
      stage: 'control',
      writer: 'control',
      owner: 'bench',
      commit: 1,
      reached: NO_POSITION,
    };
    const catalogue = Buffer.from(JSON.stringify(definitions));
    const pack = encodePack(header, [
      {
        kind: 'catalogue-activated',
        id: `catalogue:${WORKSPACE}:1`,
        workspace: WORKSPACE,
        revision: 1,
        author: 'bench',
        activatedAt: Date.now(),
        catalogue,
      },
    ]);
    const outcomeOfAppend = await this.log.append(catalogueSubject(0, WORKSPACE), pack, { expectedLastSequence: 0 });
    if (outcomeOfAppend.kind !== 'appended') throw new Error('the catalogue cannot be appended');
  }

  /** Starts a service and resolves when it says that it is ready; `core` pins it to one core where taskset is there. */
  async startService(
    name: ServiceName,
    more: {
      readonly core?: number;
      readonly flags?: readonly string[];
      readonly environment?: Readonly<Record<string, string>>;
      /** How long it may take to read what its log holds. */
      readonly readyLimitMs?: number;
    } = {},
  ): Promise<void> {
    const { options } = this.settings;
    const program = this.programOf(name);
    if (!existsSync(program)) throw new Error(`${program} is missing: run \`npx tsc -b\` first`);
    const [http, grpc] = await freePorts(2);
    const profile = options.profile ? ['--cpu-prof', `--cpu-prof-dir=${this.profileDirectory(name)}`] : [];
    const command = [process.execPath, ...NODE_FLAGS, ...profile, ...(more.flags ?? []), program];
    const pinned = more.core === undefined || !canPin() ? command : ['taskset', '-c', String(more.core), ...command];
    const output = openSync(join(this.directory, `${name}.log`), 'a');
    const child = spawn(pinned[0]!, pinned.slice(1), {
      stdio: ['ignore', output, output],
      env: {
        ...process.env,
        NODE_COMPILE_CACHE: join(ROOT, 'node_modules/.cache/attrium/compile-cache'),
        NATS_URL: this.nats.url,
        ATTRIUM_DATA: this.dataDirectory(name),
        ATTRIUM_HTTP_PORT: String(http),
        ATTRIUM_GRPC_PORT: String(grpc),
        ATTRIUM_LOG_LEVEL: 'warn',
        ATTRIUM_LOG_BYTES_MAX: String(this.logBytesMax),
        ATTRIUM_KEY_EVENTS_PER_SECOND: '0',
        ATTRIUM_WEBHOOK_ALLOW_PRIVATE: 'true',
        ...(options.lingerMs === undefined ? {} : { ATTRIUM_LINGER_MS: String(options.lingerMs) }),
        CLICKHOUSE_URL: this.clickhouse?.url ?? '',
        ...more.environment,
      },
    });
    closeSync(output);
    const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
    const service = { child, httpUrl: `http://127.0.0.1:${http}`, ended };
    this.services.set(name, service);
    await this.untilReady(name, service, more.readyLimitMs ?? READY_LIMIT_MS);
  }

  private async untilReady(name: ServiceName, { child, httpUrl }: Service, limitMs: number): Promise<void> {
    const deadline = performance.now() + limitMs;
    for (;;) {
      const answer = await fetch(`${httpUrl}/healthz/ready`).catch(() => undefined);
      if (answer?.status === 200) return;
      if (child.exitCode !== null || child.signalCode !== null || performance.now() > deadline) {
        const log = readFileSync(join(this.directory, `${name}.log`), 'utf8')
          .trim()
          .split('\n')
          .slice(-5)
          .join('\n');
        throw new Error(`${name} does not get ready:\n${log}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  private get logBytesMax(): number {
    return this.settings.logBytesMax ?? LOG_BYTES_MAX;
  }

  programOf(name: ServiceName): string {
    const [service = ''] = name.split('@');
    return this.settings.options.programs[service] ?? join(ROOT, 'services', service, 'dist/main.js');
  }

  httpUrl(name: ServiceName): string {
    return this.services.get(name)!.httpUrl;
  }

  pid(name: ServiceName): number {
    return this.services.get(name)!.child.pid!;
  }

  dataDirectory(name: ServiceName): string {
    return name.includes('@') ? join(this.directory, name) : this.directory;
  }

  /** Where a stage keeps its state. */
  stateDirectory(name: Stage | `${Stage}@${number}`): string {
    return join(this.dataDirectory(name), 'state', name.split('@')[0]!);
  }

  /** Where CPU profiles of a service are written. */
  profileDirectory(name: ServiceName): string {
    return join(this.directory, 'profiles', name);
  }

  /** All processes by name, this one as `generator`. */
  pids(): Map<string, number> {
    const pids = new Map<string, number>([['nats', this.nats.pid]]);
    for (const name of this.services.keys()) pids.set(name, this.pid(name));
    if (this.clickhouse?.pid !== undefined) pids.set('clickhouse', this.clickhouse.pid);
    return pids.set('generator', process.pid);
  }

  /** Ends a service in order, as SIGTERM does; what it saved stays. */
  async stopService(name: ServiceName): Promise<void> {
    const service = this.services.get(name);
    if (service === undefined) return;
    this.services.delete(name);
    service.child.kill('SIGTERM');
    const impatience = setTimeout(() => service.child.kill('SIGKILL'), STOP_LIMIT_MS);
    await service.ended;
    clearTimeout(impatience);
  }

  /** Removes what a stage has saved of its state. */
  forgetState(stage: Stage | `${Stage}@${number}`): void {
    rmSync(this.stateDirectory(stage), { recursive: true, force: true });
  }

  forgetProfile(name: ServiceName): void {
    rmSync(this.profileDirectory(name), { recursive: true, force: true });
  }

  async stop(): Promise<void> {
    for (const name of [...this.services.keys()]) await this.stopService(name);
    await this.log?.close();
    await this.link?.close();
    await this.clickhouse?.stop();
    await this.nats?.stop();
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** Ports that were free a moment ago. */
async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

export function canPin(): boolean {
  return spawnSync('taskset', ['--version']).status === 0;
}

/** Pins this process, the load generator, to one core. */
export function pinSelf(core: number): void {
  if (canPin()) spawnSync('taskset', ['-a', '-p', '-c', String(core), String(process.pid)]);
}

/** The whole of a standalone Attrium: nats-server, ClickHouse and the six services, started together and stopped in order. */
import { fileURLToPath } from 'node:url';
import { type EmbeddedClickHouse, startEmbeddedClickHouse } from '@attrium/clickhouse-embedded';
import { systemClock } from '@attrium/processor';
import { clockText, type Say, WarningConsole } from './console-lines.js';
import type { DataFolder, Installation } from './data-folder.js';
import { StandaloneError } from './errors.js';
import { LogFile } from './log-file.js';
import { NatsProcess } from './nats-process.js';
import type { Ports } from './ports.js';
import { ServiceProcess } from './service-process.js';
import { portKeysOf, SERVICES, type ServiceName, type StandaloneSettings } from './settings.js';

export interface SystemOptions {
  readonly folder: DataFolder;
  readonly settings: StandaloneSettings;
  readonly ports: Ports;
  readonly installation: Installation;
  /** Of this process: the services get it, with their own settings added. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly say: Say;
}

const HOST = '127.0.0.1';
const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const READY_LIMIT_MS = 90_000;
const READY_POLL_MS = 50;
/** More ends than this before the first readiness, and the start is given up. */
const START_CRASHES_MAX = 4;
/** Everything has ended within 10 s: the services get what ClickHouse and NATS do not need at the end. */
const STOP_LIMIT_MS = 9_500;
const STORES_SHARE_MS = 2_500;
const SERVICE_SHARE_MS = 700;
/** Where events pass, the young objects of a few packs in flight fit, so that collections are few and short; control saves the memory. */
const YOUNG_SPACE_MIB = 32;
const YOUNG_SPACE_MIB_OF_CONTROL = 4;

export class System {
  private readonly console: WarningConsole;
  private readonly services = new Map<ServiceName, ServiceProcess>();
  private readonly logs: LogFile[] = [];
  private nats: NatsProcess | undefined;
  private clickhouse: EmbeddedClickHouse | undefined;
  private stopping: Promise<void> | undefined;

  constructor(private readonly options: SystemOptions) {
    this.console = new WarningConsole(options.say, systemClock.now);
  }

  get natsUrl(): string {
    return this.nats?.url ?? '';
  }

  /** With user and password. */
  get clickhouseUrl(): string {
    return this.options.settings.clickhouseUrl ?? this.clickhouse?.url ?? '';
  }

  httpUrl(service: ServiceName): string {
    return `http://${HOST}:${this.options.ports[portKeysOf(service).http]}`;
  }

  grpcAddress(service: ServiceName): string {
    return `${HOST}:${this.options.ports[portKeysOf(service).grpc]}`;
  }

  /** Resolves when every service says that it is ready. Throws what stands in the way; `stop` clears up. */
  async start(): Promise<void> {
    await Promise.all([this.startNats(), this.startClickHouse()]);
    for (const service of SERVICES) this.startService(service);
    await this.untilReady();
    this.console.quiet = false;
  }

  /** Ends everything in order within 10 s: the services in line order, then control, ClickHouse and NATS. */
  stop(): Promise<void> {
    this.stopping ??= this.stopInOrder();
    return this.stopping;
  }

  /** Kills everything now. Nothing that was acknowledged is lost by it. */
  async kill(): Promise<void> {
    for (const service of this.services.values()) service.kill();
    const { clickhouse } = this;
    if (clickhouse?.pid !== undefined) process.kill(clickhouse.pid, 'SIGKILL');
    await this.nats?.kill();
  }

  private async startNats(): Promise<void> {
    const { folder, ports, environment, installation, say } = this.options;
    this.nats = await NatsProcess.start({
      folder,
      port: ports.natsPort,
      environment,
      fileBytesMax: installation.logBytesMax * 2,
      say,
    });
  }

  private async startClickHouse(): Promise<void> {
    const { folder, ports, settings, say } = this.options;
    if (settings.clickhouseUrl !== undefined) return;
    const log = this.logFile('clickhouse');
    this.clickhouse = await startEmbeddedClickHouse({
      directory: folder.path('clickhouse'),
      port: ports.clickhousePort,
      log: (level, message) => {
        log.write(`${new Date(systemClock.now()).toISOString()} ${level} ${message}`);
        if (level !== 'info') say(`${clockText(systemClock.now())} clickhouse ${level}: ${message}`);
        // Whatever is told is told of a start or an end: the process may be another one now.
        folder.note('clickhouse', this.clickhouse?.pid);
      },
    });
    folder.note('clickhouse', this.clickhouse.pid);
  }

  private startService(name: ServiceName): void {
    const { folder, say } = this.options;
    const log = this.logFile(name);
    const youngMib = name === 'control' ? YOUNG_SPACE_MIB_OF_CONTROL : YOUNG_SPACE_MIB;
    const environment = this.environmentOf(name);
    // OpenTelemetry has to be loaded before the program.
    const telemetry = environment.OTEL_EXPORTER_OTLP_ENDPOINT ? ['--import', `${ROOT}libs/host/dist/otel.js`] : [];
    const service = new ServiceProcess({
      name,
      command: [
        process.execPath,
        `--max-semi-space-size=${youngMib}`,
        ...telemetry,
        `${ROOT}services/${name}/dist/main.js`,
      ],
      environment,
      log,
      onLine: (line) => this.console.take(name, line),
      onStart: (pid) => folder.note(name, pid),
      onCrash: (how, delayMs) =>
        say(
          `${clockText(systemClock.now())} ${name} ended ${how}; starting it again in ${delayMs} ms (log: ${log.path}).`,
        ),
    });
    this.services.set(name, service);
    service.start();
  }

  private environmentOf(name: ServiceName): Record<string, string | undefined> {
    const { folder, ports, installation, environment } = this.options;
    const keys = portKeysOf(name);
    return {
      ...environment,
      NATS_URL: this.natsUrl,
      CLICKHOUSE_URL: this.clickhouseUrl,
      ATTRIUM_DATA: folder.directory,
      ATTRIUM_HTTP_HOST: HOST,
      ATTRIUM_HTTP_PORT: String(ports[keys.http]),
      ATTRIUM_GRPC_HOST: HOST,
      ATTRIUM_GRPC_PORT: String(ports[keys.grpc]),
      ATTRIUM_GRPC_REFLECTION: environment.ATTRIUM_GRPC_REFLECTION ?? 'on',
      ATTRIUM_LOG_BYTES_MAX: String(installation.logBytesMax),
      ATTRIUM_DRAIN_TIMEOUT_MS: String(STOP_LIMIT_MS - STORES_SHARE_MS),
      // A service that starts again after a crash compiles nothing that it has compiled before.
      NODE_COMPILE_CACHE: environment.NODE_COMPILE_CACHE ?? folder.path('compile-cache'),
      // Receivers of webhooks run on this machine.
      ATTRIUM_WEBHOOK_ALLOW_PRIVATE: environment.ATTRIUM_WEBHOOK_ALLOW_PRIVATE ?? 'true',
      ...(name === 'control' ? { ATTRIUM_BOOTSTRAP_ADMIN_KEY: installation.bootstrapKey } : {}),
    };
  }

  private async untilReady(): Promise<void> {
    const deadline = performance.now() + READY_LIMIT_MS;
    await Promise.all([...this.services.values()].map((service) => this.untilServiceReady(service, deadline)));
  }

  private async untilServiceReady(service: ServiceProcess, deadline: number): Promise<void> {
    const name = service.name as ServiceName;
    const log = this.options.folder.path('logs', `${name}.log`);
    let last = 'it does not answer';
    while (this.stopping === undefined) {
      const answer = await readiness(`${this.httpUrl(name)}/healthz/ready`);
      if (answer === 'ready') return;
      last = answer ?? last;
      if (service.crashes > START_CRASHES_MAX) {
        throw new StandaloneError('ATR-START-003', `${name} keeps ending: see ${log}`);
      }
      if (performance.now() > deadline) {
        throw new StandaloneError(
          'ATR-START-003',
          `${name} is not ready after ${READY_LIMIT_MS / 1000} s: ${last} (${log})`,
        );
      }
      await new Promise((done) => setTimeout(done, READY_POLL_MS));
    }
  }

  private async stopInOrder(): Promise<void> {
    this.console.quiet = true;
    const deadline = performance.now() + STOP_LIMIT_MS;
    let waiting = this.services.size;
    for (const service of this.services.values()) {
      waiting--;
      // One that hangs leaves the others their time.
      const reservedMs = STORES_SHARE_MS + waiting * SERVICE_SHARE_MS;
      if (!(await service.stop(deadline - performance.now() - reservedMs))) {
        this.options.say(`${service.name} did not end in order.`);
      }
    }
    // Its connections are gone by now, so it does not wait for them.
    await this.stopClickHouse(deadline - 1_000 - performance.now());
    const impatience = setTimeout(() => void this.nats?.kill(), deadline - performance.now());
    await this.nats?.stop();
    clearTimeout(impatience);
    for (const log of this.logs) log.close();
  }

  private async stopClickHouse(limitMs: number): Promise<void> {
    const { clickhouse } = this;
    if (clickhouse === undefined) return;
    const impatience = setTimeout(() => {
      if (clickhouse.pid !== undefined) process.kill(clickhouse.pid, 'SIGKILL');
    }, limitMs);
    await clickhouse.stop();
    clearTimeout(impatience);
  }

  private logFile(name: string): LogFile {
    const log = new LogFile(this.options.folder.path('logs', `${name}.log`));
    this.logs.push(log);
    return log;
  }
}

/** `ready`, or what the service says of itself; undefined while it does not answer. */
async function readiness(url: string): Promise<string | undefined> {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(2_000) });
    const text = await answer.text();
    return answer.status === 200 ? 'ready' : text;
  } catch {
    return undefined;
  }
}

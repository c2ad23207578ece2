/** Starts ClickHouse's own HTTP server out of libchdb in a child process and keeps it running. */
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { configure, DEFAULT_MEMORY, type MemoryLimits, type Passwords } from './configuration.js';
import { type EngineExit, EngineProcess, freePort, portTaken } from './engine-process.js';
import { EmbeddedClickHouseError } from './errors.js';
import { engineLibrary } from './library.js';

const RESTART_DELAY_MS_MIN = 100;
const RESTART_DELAY_MS_MAX = 30_000;
/** After this long without a crash the delay starts from its minimum again. */
const STEADY_MS = 60_000;
const READY_LIMIT_MS = 60_000;

export interface EmbeddedClickHouseOptions {
  /** Holds data, configuration and passwords; made when missing. */
  readonly directory: string;
  /** Port on 127.0.0.1; 0 picks a free one and keeps it while this runs. */
  readonly port: number;
  /** Generated, and kept in the directory, when left out. */
  readonly passwords?: Passwords | undefined;
  readonly memory?: MemoryLimits | undefined;
  /** How long a start waits for the port and the directory, which a run whose parent was killed may hold for some seconds more. */
  readonly releaseLimitMs?: number | undefined;
  /** One line a start, crash or restart. */
  readonly log?: ((level: 'info' | 'warn' | 'error', message: string) => void) | undefined;
}

export interface EmbeddedClickHouse {
  /** With the user and password that own the database `attrium`. */
  readonly url: string;
  /** With the user and password that may only read it. */
  readonly readerUrl: string;
  readonly port: number;
  /** How often a crashed engine was started again. */
  readonly restarts: number;
  /** The engine's process; undefined while it is down. */
  readonly pid: number | undefined;
  /** Called at every unexpected end of the engine, before it is started again. */
  onExit(listener: (exit: EngineExit) => void): void;
  /** Ends the engine: cleanly, or after 8 s by SIGKILL, which loses nothing. Resolves with how it ended; undefined when it was down. */
  stop(): Promise<EngineExit | undefined>;
}

/**
 * Resolves when the engine answers queries. Rejects with EmbeddedClickHouseError when it cannot be started; once started it is started
 * again after a crash, for ever, with a growing delay.
 */
export async function startEmbeddedClickHouse(options: EmbeddedClickHouseOptions): Promise<EmbeddedClickHouse> {
  const supervisor = new Supervisor(options);
  await supervisor.start();
  return supervisor;
}

class Supervisor implements EmbeddedClickHouse {
  restarts = 0;
  url = '';
  readerUrl = '';
  port = 0;
  private process: EngineProcess | undefined;
  private readonly stopped = new AbortController();
  private readonly listeners: ((exit: EngineExit) => void)[] = [];
  private watching: Promise<void> = Promise.resolve();

  constructor(private readonly options: EmbeddedClickHouseOptions) {}

  get pid(): number | undefined {
    return this.process?.pid;
  }

  onExit(listener: (exit: EngineExit) => void): void {
    this.listeners.push(listener);
  }

  async start(): Promise<void> {
    const deadline = performance.now() + (this.options.releaseLimitMs ?? 10_000);
    for (;;) {
      try {
        await this.launch();
        break;
      } catch (error) {
        if (!(error instanceof EmbeddedClickHouseError && error.retryable) || performance.now() > deadline) throw error;
        this.log('info', `${error.message} Waiting for it.`);
        await sleep(250);
      }
    }
    this.watching = this.watch();
  }

  async stop(): Promise<EngineExit | undefined> {
    this.stopped.abort();
    const exit = await this.process?.stop();
    await this.watching;
    return exit;
  }

  /** One attempt: resolves when the engine answers. */
  private async launch(): Promise<void> {
    const engine = engineLibrary();
    const { paths, passwords } = await configure(resolve(this.options.directory), {
      passwords: this.options.passwords,
      memory: this.options.memory ?? DEFAULT_MEMORY,
    });
    const wanted = this.port === 0 ? this.options.port : this.port;
    const port = await freePort(wanted);
    if (port === undefined) throw portTaken(wanted);
    const startedAt = performance.now();
    const child = new EngineProcess(engine, paths, port);
    this.process = child;
    try {
      if (this.stopped.signal.aborted) await child.stop();
      await child.ready(passwords, READY_LIMIT_MS);
    } catch (error) {
      this.process = undefined;
      throw error;
    }
    this.port = port;
    this.url = `http://attrium:${encodeURIComponent(passwords.attrium)}@127.0.0.1:${port}`;
    this.readerUrl = `http://reader:${encodeURIComponent(passwords.reader)}@127.0.0.1:${port}`;
    this.log('info', `ClickHouse answers on 127.0.0.1:${port} after ${Math.round(performance.now() - startedAt)} ms.`);
  }

  /** Starts the engine again whenever it ends by itself. */
  private async watch(): Promise<void> {
    let delayMs = RESTART_DELAY_MS_MIN;
    while (!this.stopped.signal.aborted) {
      const startedAt = performance.now();
      const exit = await this.process?.exited;
      if (this.stopped.signal.aborted) return;
      this.process = undefined;
      if (exit !== undefined) this.report(exit);
      if (performance.now() - startedAt > STEADY_MS) delayMs = RESTART_DELAY_MS_MIN;
      await sleep(delayMs, undefined, { signal: this.stopped.signal }).catch(() => undefined);
      if (this.stopped.signal.aborted) return;
      delayMs = Math.min(delayMs * 2, RESTART_DELAY_MS_MAX);
      this.restarts += 1;
      await this.launch().catch((error: Error) => this.log('error', error.message));
    }
  }

  private report(exit: EngineExit): void {
    const how = exit.signal === null ? `with code ${exit.code}` : `by ${exit.signal}`;
    this.log('error', `ClickHouse ended ${how}; it is started again (${this.restarts + 1}). ${exit.stderr}`);
    for (const listener of this.listeners) listener(exit);
  }

  private log(level: 'info' | 'warn' | 'error', message: string): void {
    this.options.log?.(level, message);
  }
}

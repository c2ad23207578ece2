/** One service as a process of its own, started again whenever it ends, as any supervisor does. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { untilTrue } from './until.js';

export interface ServiceOptions {
  /** Name of this instance. */
  readonly name: string;
  readonly program: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly httpUrl: string;
  readonly logFile: string;
}

const RESTART_DELAY_MS = 50;
const READY_LIMIT_MS = 90_000;
const STOP_LIMIT_MS = 20_000;
/** As the launcher starts them. */
const NODE_FLAGS = ['--max-semi-space-size=32'];

export class Service {
  private child: ChildProcess | undefined;
  private ended: Promise<void> = Promise.resolve();
  private wanted = false;
  private restart: NodeJS.Timeout | undefined;
  private killed = false;
  /** What it was started with the last time, beside its environment. */
  private extra: { readonly flags: readonly string[]; readonly environment: Readonly<Record<string, string>> } = {
    flags: [],
    environment: {},
  };
  /** Ends that nobody asked for: how, and what was said last. */
  readonly crashes: string[] = [];

  constructor(readonly options: ServiceOptions) {
    if (!existsSync(options.program)) throw new Error(`${options.program} is missing: run \`npx tsc -b\` first`);
  }

  get pid(): number | undefined {
    return this.child?.pid;
  }

  /** Starts it and keeps it running; `flags` and `environment` hold until the next `start`. */
  start(extra: Partial<typeof this.extra> = {}): void {
    this.extra = { flags: [], environment: {}, ...extra };
    this.wanted = true;
    this.launch();
  }

  /** Kill -9; it comes back by itself. */
  async kill(): Promise<void> {
    this.killed = true;
    this.child?.kill('SIGKILL');
    await this.ended;
  }

  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.child?.kill(signal);
  }

  /** SIGTERM, and SIGKILL should it not end; or SIGKILL at once. It stays down. Answers whether it ended in order. */
  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<boolean> {
    this.wanted = false;
    clearTimeout(this.restart);
    const { child } = this;
    if (child === undefined) return true;
    child.kill(signal);
    const impatience = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS);
    await this.ended;
    clearTimeout(impatience);
    return child.exitCode === 0;
  }

  async isReady(): Promise<boolean> {
    const limit = AbortSignal.timeout(2_000);
    const answer = await fetch(`${this.options.httpUrl}/healthz/ready`, { signal: limit }).catch(() => undefined);
    await answer?.arrayBuffer().catch(() => undefined);
    return answer?.status === 200;
  }

  async untilReady(): Promise<void> {
    const { name } = this.options;
    await untilTrue(READY_LIMIT_MS, () => this.isReady()).catch(() => {
      throw new Error(`${name} does not get ready:\n${this.lastLines()}`);
    });
  }

  lastLines(count = 5): string {
    return readFileSync(this.options.logFile, 'utf8').trim().split('\n').slice(-count).join('\n');
  }

  private launch(): void {
    const { program, environment, logFile } = this.options;
    const output = openSync(logFile, 'a');
    const child = spawn(process.execPath, [...NODE_FLAGS, ...this.extra.flags, program], {
      stdio: ['ignore', output, output],
      env: { ...environment, ...this.extra.environment },
    });
    closeSync(output);
    this.child = child;
    this.killed = false;
    this.ended = new Promise((resolve) => {
      child.once('error', () => resolve());
      child.once('close', () => resolve());
    });
    void this.ended.then(() => this.onEnd(child));
  }

  private onEnd(child: ChildProcess): void {
    if (this.child === child) this.child = undefined;
    if (!this.wanted) return;
    if (!this.killed) {
      const how = child.signalCode ?? `code ${child.exitCode}`;
      this.crashes.push(`${this.options.name} ended by itself with ${how}: ${this.lastLines(2).slice(-600)}`);
    }
    clearTimeout(this.restart);
    this.restart = setTimeout(() => {
      if (this.wanted && this.child === undefined) this.launch();
    }, RESTART_DELAY_MS);
  }
}

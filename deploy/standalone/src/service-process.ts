/** One service as a process of its own: started, its lines written down, started again when it crashes, ended in order. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { LogFile } from './log-file.js';

export interface ServiceProcessOptions {
  readonly name: string;
  readonly command: readonly [program: string, ...args: string[]];
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly log: LogFile;
  /** Each line of its standard output. */
  readonly onLine: (line: string) => void;
  /** A process of this service runs now. */
  readonly onStart: (pid: number | undefined) => void;
  /** It ended by itself; `delayMs` later it is started again. */
  readonly onCrash: (how: string, delayMs: number) => void;
}

const RESTART_DELAY_MS_MIN = 200;
const RESTART_DELAY_MS_MAX = 15_000;
/** After this long without a crash the delay starts from its minimum again. */
const STEADY_MS = 30_000;
const KEPT_LINES = 40;

export class ServiceProcess {
  private child: ChildProcess | undefined;
  private ended: Promise<void> = Promise.resolve();
  private restart: NodeJS.Timeout | undefined;
  private delayMs = RESTART_DELAY_MS_MIN;
  private stopping = false;
  /** What it last wrote to its standard error. */
  private errorLines: string[] = [];
  crashes = 0;

  constructor(private readonly options: ServiceProcessOptions) {}

  get name(): string {
    return this.options.name;
  }

  get pid(): number | undefined {
    return this.child?.pid;
  }

  start(): void {
    const { command, environment, log, onLine, onStart } = this.options;
    const [program, ...args] = command;
    const startedAt = performance.now();
    this.errorLines = [];
    // A process group of its own: Ctrl-C in a terminal must reach the services in order, and only through the launcher.
    const child = spawn(program, args, {
      env: { ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    this.child = child;
    createInterface({ input: child.stdout }).on('line', (line) => {
      log.write(line);
      onLine(line);
    });
    createInterface({ input: child.stderr }).on('line', (line) => {
      log.write(line);
      this.errorLines = [...this.errorLines, line].slice(-KEPT_LINES);
    });
    this.ended = new Promise((resolve) => {
      child.once('error', (error) => {
        this.errorLines.push(error.message);
        if (child.pid === undefined) resolve();
      });
      child.once('close', () => resolve());
    });
    void this.ended.then(() => this.onEnd(child, performance.now() - startedAt));
    onStart(child.pid);
  }

  /** Ends it: SIGTERM, and SIGKILL after `limitMs`. True when it ended by itself with 0. */
  async stop(limitMs: number): Promise<boolean> {
    this.stopping = true;
    clearTimeout(this.restart);
    const { child } = this;
    if (child === undefined) return true;
    child.kill('SIGTERM');
    const impatience = setTimeout(() => child.kill('SIGKILL'), Math.max(0, limitMs));
    await this.ended;
    clearTimeout(impatience);
    return child.exitCode === 0;
  }

  kill(): void {
    this.stopping = true;
    clearTimeout(this.restart);
    this.child?.kill('SIGKILL');
  }

  private onEnd(child: ChildProcess, livedMs: number): void {
    if (this.stopping) return;
    this.child = undefined;
    this.crashes++;
    if (livedMs > STEADY_MS) this.delayMs = RESTART_DELAY_MS_MIN;
    const how = child.signalCode === null ? `with code ${child.exitCode}` : `by ${child.signalCode}`;
    const said = lastWords(this.errorLines);
    this.options.onCrash(said === undefined ? how : `${how}: ${said}`, this.delayMs);
    this.restart = setTimeout(() => this.start(), this.delayMs);
    this.delayMs = Math.min(this.delayMs * 2, RESTART_DELAY_MS_MAX);
  }
}

/** The line that names the error, or else the last one. */
function lastWords(lines: readonly string[]): string | undefined {
  return lines.findLast((line) => /^(Uncaught )?\w*Error\b/.test(line)) ?? lines.findLast((line) => line.trim() !== '');
}

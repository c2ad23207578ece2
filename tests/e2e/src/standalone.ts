/** A standalone Attrium under test: the launcher as a process of its own, on free ports and a data folder of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { findNatsServer } from '@attrium/nats';
import { until } from './until.js';

const ROOT = resolve(import.meta.dirname, '../../..');
const START_LIMIT_MS = 120_000;
/** The launcher itself ends within 10 s. */
const STOP_LIMIT_MS = 20_000;

/** As in endpoints.json. */
export interface Endpoints {
  readonly ingest: string;
  readonly control: string;
  readonly grpc: Readonly<Record<string, string>>;
  readonly nats: string;
  readonly clickhouse: string;
  readonly writeKey: string;
  readonly adminKey: string;
  readonly workspace: string;
  readonly webhookSecret: string;
}

export class Standalone {
  readonly directory = mkdtempSync(join(tmpdir(), 'attrium-e2e-'));
  private child: ChildProcess | undefined;
  /** What the launcher has printed since its last start. */
  output = '';

  /** Starts it and waits until it says where it is. Answers the milliseconds that took. */
  async start(): Promise<number> {
    const startedAt = performance.now();
    this.output = '';
    const environment = await environmentWithNats();
    const child = spawn(process.execPath, [join(ROOT, 'deploy/standalone/dist/main.js')], {
      env: { ...environment, ATTRIUM_DATA: this.directory, ATTRIUM_PORT_BASE: '0' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (data: Buffer) => {
        this.output += data.toString();
      });
    }
    await until(`the launcher to be ready`, START_LIMIT_MS, () => {
      if (child.exitCode !== null) throw new Error(`the launcher ended with ${child.exitCode}:\n${this.output}`);
      return this.endpointsIfReady();
    });
    return Math.round(performance.now() - startedAt);
  }

  get endpoints(): Endpoints {
    const endpoints = this.endpointsIfReady();
    if (endpoints === undefined) throw new Error('the launcher is not ready');
    return endpoints;
  }

  /** What endpoints.json says; undefined while there is none. */
  endpointsIfReady(): Endpoints | undefined {
    try {
      return JSON.parse(readFileSync(join(this.directory, 'endpoints.json'), 'utf8')) as Endpoints;
    } catch {
      return undefined;
    }
  }

  /** Ends it as Ctrl-C does. Answers its exit code and the milliseconds that took. */
  async stop(): Promise<{ code: number | null; tookMs: number }> {
    const { child } = this;
    if (child === undefined || child.exitCode !== null) return { code: child?.exitCode ?? null, tookMs: 0 };
    const startedAt = performance.now();
    const ended = new Promise((done) => child.once('exit', done));
    child.kill('SIGINT');
    const impatience = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS);
    await ended;
    clearTimeout(impatience);
    return { code: child.exitCode, tookMs: Math.round(performance.now() - startedAt) };
  }

  /** The processes that it has started, by name. */
  processes(): ReadonlyMap<string, number> {
    const noted = JSON.parse(readFileSync(join(this.directory, 'processes.json'), 'utf8')) as {
      name: string;
      pid: number;
    }[];
    return new Map(noted.map(({ name, pid }) => [name, pid]));
  }

  async remove(): Promise<void> {
    await this.stop();
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** The environment with a nats-server in PATH: one for all tests of this clone, not one for each data folder. */
async function environmentWithNats(): Promise<Record<string, string | undefined>> {
  const dataDirectory = resolve(ROOT, 'node_modules/.cache/attrium');
  const binary = await findNatsServer({ dataDirectory, environment: process.env });
  const folder = binary.includes('/') ? [dirname(binary)] : [];
  return { ...process.env, PATH: [...folder, process.env.PATH].join(delimiter) };
}

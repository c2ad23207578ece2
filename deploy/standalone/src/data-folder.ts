/**
 * The data folder: one launcher at a time by a lock file, the processes that it started, what the installation keeps between starts, and
 * `endpoints.json`. Depends on nothing but Node, so that `npm run stop` can use it as it is.
 */
import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { StandaloneError } from './errors.js';
import { endProcess, identityOf, isRunning, type ProcessIdentity } from './process-identity.js';

/** What stays the same over all starts of one data folder. */
export interface Installation {
  readonly bootstrapKey: string;
  /** What all logs may hold together, bytes. */
  readonly logBytesMax: number;
  /** Absent until the first start has got them from control. */
  readonly adminKey?: string;
  readonly writeKey?: string;
}

/** What `endpoints.json` says; there only while everything is ready. */
export interface Endpoints {
  readonly ingest: string;
  readonly control: string;
  /** Service to `host:port`. */
  readonly grpc: Readonly<Record<string, string>>;
  readonly nats: string;
  /** With user and password. */
  readonly clickhouse: string;
  readonly writeKey: string;
  readonly adminKey: string;
  readonly workspace: string;
  /** The signing secret of the workspace, `whsec_…`. */
  readonly webhookSecret: string;
}

interface NamedProcess extends ProcessIdentity {
  readonly name: string;
}

const LOCK = 'launcher.lock';
const PROCESSES = 'processes.json';
const INSTALLATION = 'installation.json';
const ENDPOINTS = 'endpoints.json';
const STOP_LIMIT_MS = 12_000;
const LEFTOVER_LIMIT_MS = 5_000;

export class DataFolder {
  private processes: NamedProcess[] = [];

  private constructor(readonly directory: string) {}

  /** Takes the folder for this process and ends what a killed launcher left running. Throws ATR-START-001 while another launcher has it. */
  static async open(directory: string, say: (line: string) => void): Promise<DataFolder> {
    try {
      mkdirSync(directory, { recursive: true, mode: 0o700 });
    } catch (cause) {
      throw new StandaloneError('ATR-START-005', `The data folder ${directory} cannot be made: ${cause}`, { cause });
    }
    takeLock(directory);
    rmSync(join(directory, ENDPOINTS), { force: true });
    const ended = await endLeftovers(directory);
    if (ended.length > 0) say(`Ended what a killed start had left running: ${ended.join(', ')}.`);
    return new DataFolder(directory);
  }

  path(...names: string[]): string {
    return join(this.directory, ...names);
  }

  /** Notes a process that was started, so that it can be ended should this one be killed. */
  note(name: string, pid: number | undefined): void {
    const identity = pid === undefined ? undefined : identityOf(pid);
    if (identity === undefined) return;
    this.processes = [...this.processes.filter((other) => other.name !== name), { name, ...identity }];
    writePrivate(this.path(PROCESSES), this.processes);
  }

  installation(): Installation | undefined {
    return readJson<Installation>(this.path(INSTALLATION));
  }

  saveInstallation(installation: Installation): void {
    writePrivate(this.path(INSTALLATION), installation);
  }

  publishEndpoints(endpoints: Endpoints): void {
    writePrivate(this.path(ENDPOINTS), endpoints);
  }

  withdrawEndpoints(): void {
    rmSync(this.path(ENDPOINTS), { force: true });
  }

  /** Leaves the folder to the next launcher; everything that was started has ended. */
  close(): void {
    this.withdrawEndpoints();
    rmSync(this.path(PROCESSES), { force: true });
    rmSync(this.path(LOCK), { force: true });
  }
}

/** Ends the launcher of a data folder, by its process id, and what it started. */
export async function endLauncher(directory: string): Promise<{ stopped: boolean; message: string }> {
  const holder = readJson<ProcessIdentity>(join(directory, LOCK));
  if (holder !== undefined && isRunning(holder)) {
    if (!(await endProcess(holder, STOP_LIMIT_MS))) {
      return { stopped: false, message: `Attrium (process ${holder.pid}) could not be stopped.` };
    }
    await endLeftovers(directory);
    return { stopped: true, message: 'Attrium has stopped.' };
  }
  const ended = await endLeftovers(directory);
  return ended.length > 0
    ? { stopped: true, message: `Ended what a killed start had left running: ${ended.join(', ')}.` }
    : { stopped: true, message: 'Attrium does not run.' };
}

function takeLock(directory: string): void {
  const path = join(directory, LOCK);
  for (let attempt = 0; attempt < 3; attempt++) {
    try {
      writeFileSync(path, JSON.stringify(identityOf(process.pid)), { flag: 'wx', mode: 0o600 });
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') {
        throw new StandaloneError('ATR-START-005', `The data folder ${directory} cannot be written to.`, {
          cause: error,
        });
      }
    }
    refuseRunning(directory, readJson(path));
    // The lock of a dead launcher is moved away and looked at again: another launcher may just have replaced it by its own.
    const aside = `${path}.${process.pid}`;
    try {
      renameSync(path, aside);
    } catch {
      continue;
    }
    const moved = readJson<ProcessIdentity>(aside);
    if (moved !== undefined && isRunning(moved)) renameSync(aside, path);
    else rmSync(aside, { force: true });
    refuseRunning(directory, moved);
  }
  throw new StandaloneError('ATR-START-001', `Another Attrium is just starting on ${directory}.`);
}

function refuseRunning(directory: string, holder: ProcessIdentity | undefined): void {
  if (holder === undefined || !isRunning(holder)) return;
  throw new StandaloneError(
    'ATR-START-001',
    `Attrium already runs on ${directory} (process ${holder.pid}). Stop it with \`npm run stop\`, or use another folder: ` +
      'ATTRIUM_DATA=<folder> npm start.',
  );
}

/** Ends the processes that are noted and still run; all at once, for they do not need each other any more. Answers their names. */
async function endLeftovers(directory: string): Promise<string[]> {
  const path = join(directory, PROCESSES);
  const running = (readJson<NamedProcess[]>(path) ?? []).filter(isRunning);
  await Promise.all(running.map((process) => endProcess(process, LEFTOVER_LIMIT_MS)));
  rmSync(path, { force: true });
  return running.map(({ name, pid }) => `${name} (${pid})`);
}

function readJson<T>(path: string): T | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as T;
  } catch {
    return undefined;
  }
}

/** By rename, so that a reader sees the old file or the new one; for this user only. */
function writePrivate(path: string, value: unknown): void {
  writeFileSync(`${path}.new`, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600 });
  chmodSync(`${path}.new`, 0o600);
  renameSync(`${path}.new`, path);
}

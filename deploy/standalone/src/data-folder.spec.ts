/** The data folder: one launcher at a time, what a killed one left behind is ended, endpoints are there only while they hold. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { DataFolder, type Endpoints, endLauncher } from './data-folder.js';
import { identityOf, isRunning } from './process-identity.js';

let directory: string;
const children: ChildProcess[] = [];
const silent = (): void => {};

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'attrium-folder-'));
});

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(directory, { recursive: true, force: true });
});

/** A process that lives until it is ended. */
function sleeper(): { pid: number; ended: Promise<unknown> } {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
  children.push(child);
  return { pid: child.pid!, ended: new Promise((done) => child.once('exit', done)) };
}

describe('the lock', () => {
  it('refuses a second launcher while the first one runs, and names its process', async () => {
    const { pid } = sleeper();
    writeFileSync(join(directory, 'launcher.lock'), JSON.stringify(identityOf(pid)));
    await expect(DataFolder.open(directory, silent)).rejects.toMatchObject({
      code: 'ATR-START-001',
      message: expect.stringContaining(`process ${pid}`),
    });
  });

  it('of a launcher that is gone is taken over, also when its process id is in use again', async () => {
    writeFileSync(join(directory, 'launcher.lock'), JSON.stringify({ pid: process.pid, started: 'long ago' }));
    const folder = await DataFolder.open(directory, silent);
    expect(JSON.parse(readFileSync(join(directory, 'launcher.lock'), 'utf8'))).toEqual(identityOf(process.pid));
    folder.close();
    expect(existsSync(join(directory, 'launcher.lock'))).toBe(false);
  });

  it('that was half written is taken over', async () => {
    writeFileSync(join(directory, 'launcher.lock'), '{"pid":');
    (await DataFolder.open(directory, silent)).close();
  });
});

describe('what a killed launcher left running', () => {
  it('is ended by the next start, which says so', async () => {
    const { pid, ended } = sleeper();
    const leftover = { name: 'identity', ...identityOf(pid)! };
    const stranger = { name: 'segment', pid: process.pid, started: 'long ago' };
    writeFileSync(join(directory, 'processes.json'), JSON.stringify([leftover, stranger]));
    const said: string[] = [];
    const folder = await DataFolder.open(directory, (line) => said.push(line));
    await ended;
    expect(isRunning(leftover)).toBe(false);
    expect(said).toEqual([expect.stringContaining(`identity (${pid})`)]);
    folder.close();
  });

  it('is ended by a stop too, and a stop without anything to stop is no failure', async () => {
    const { pid, ended } = sleeper();
    writeFileSync(join(directory, 'processes.json'), JSON.stringify([{ name: 'identity', ...identityOf(pid)! }]));
    expect(await endLauncher(directory)).toMatchObject({ stopped: true });
    await ended;
    expect(await endLauncher(directory)).toEqual({ stopped: true, message: 'Attrium does not run.' });
  });
});

describe('the endpoints', () => {
  it('are for this user only, and gone after a start and at the end', async () => {
    const path = join(directory, 'endpoints.json');
    writeFileSync(path, '{}');
    const folder = await DataFolder.open(directory, silent);
    expect(existsSync(path)).toBe(false);
    folder.publishEndpoints({ ingest: 'http://127.0.0.1:1' } as Endpoints);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    folder.close();
    expect(existsSync(path)).toBe(false);
  });
});

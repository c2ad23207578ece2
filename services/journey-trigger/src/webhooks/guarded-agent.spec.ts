import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { request } from 'undici';
import { guardedAgent, type Resolve } from './guarded-agent.js';

let server: Server;
let port: number;
let connections = 0;

beforeAll(async () => {
  server = createServer((_request, response) => response.end('here'));
  server.on('connection', () => connections++);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as AddressInfo).port;
});

afterAll(() => {
  server.closeAllConnections();
  server.close();
});

async function get(url: string, more: { allowPrivate?: boolean; ports?: number[]; resolve?: Resolve } = {}) {
  const agent = guardedAgent({
    allowPrivate: more.allowPrivate ?? false,
    ports: new Set(more.ports ?? [port]),
    connectTimeoutMs: 2_000,
    connectionsMax: 1,
    ...(more.resolve === undefined ? {} : { resolve: more.resolve }),
  });
  try {
    const { body } = await request(url, { dispatcher: agent });
    return await body.text();
  } catch (error) {
    return `${(error as Error).name}: ${(error as Error).message}`;
  } finally {
    await agent.destroy();
  }
}

function resolvesTo(...addresses: string[]): Resolve {
  return (_hostname, _options, callback) =>
    callback(
      null,
      addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    );
}

describe('connections of webhooks', () => {
  it.each(['127.0.0.1', '[::1]', '2130706433', '0x7f.1', '127.1', '[::ffff:127.0.0.1]', '0.0.0.0', 'localhost'])(
    'do not go to %s, however it is written',
    async (host) => {
      connections = 0;
      expect(await get(`http://${host}:${port}/`)).toMatch(/^AddressRefusedError: /);
      expect(connections).toBe(0);
    },
  );

  it('do not go to a name that leads inside, be it only by one of its addresses', async () => {
    connections = 0;
    expect(await get(`http://a.example:${port}/`, { resolve: resolvesTo('127.0.0.1') })).toMatch(/^AddressRefused/);
    expect(await get(`http://a.example:${port}/`, { resolve: resolvesTo('8.8.8.8', '::ffff:10.0.0.1') })).toMatch(
      /^AddressRefusedError: a\.example leads to ::ffff:10\.0\.0\.1/,
    );
    expect(await get(`http://a.example:${port}/`, { resolve: resolvesTo() })).toMatch(/^AddressRefused.*no address/);
    expect(connections).toBe(0);
  });

  it('ask for the addresses of a name once, and go to what was checked', async () => {
    const asked: string[] = [];
    const rebinding: Resolve = (hostname, options, callback) => {
      asked.push(hostname);
      resolvesTo(asked.length === 1 ? '192.0.2.1' : '127.0.0.1')(hostname, options, callback);
    };
    expect(await get(`http://rebind.example:${port}/`, { resolve: rebinding })).toMatch(/192\.0\.2\.1/);
    expect(asked).toEqual(['rebind.example']);
  });

  it('go to no other than the usual ports', async () => {
    expect(await get(`http://8.8.8.8:${port}/`, { ports: [80, 443] })).toMatch(/^AddressRefusedError: port \d+ is not/);
  });

  it('go anywhere when private addresses are allowed', async () => {
    expect(await get(`http://127.0.0.1:${port}/`, { allowPrivate: true, ports: [] })).toBe('here');
  });
});

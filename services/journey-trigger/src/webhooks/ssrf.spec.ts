/** Where webhooks may not lead, as whole attempts: nothing is connected to, whatever the URL looks like and wherever a name leads. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { systemClock } from '@attrium/processor';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { guardedAgent, type Resolve } from './guarded-agent.js';
import { type AttemptOutcome, attemptWebhook } from './webhook-attempt.js';

let server: Server;
let port: number;
let requests: string[] = [];
let connections = 0;

beforeAll(async () => {
  server = createServer((request, response) => {
    requests.push(request.url!);
    const status = /^\/redirect\/(\d+)$/.exec(request.url!)?.[1];
    if (status === undefined) response.end('a secret of the inside');
    else response.writeHead(Number(status), { location: `http://127.0.0.1:${port}/inside` }).end();
  });
  server.on('connection', () => connections++);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as AddressInfo).port;
});

afterAll(() => {
  server.closeAllConnections();
  server.close();
});

beforeEach(() => {
  requests = [];
  connections = 0;
});

async function attempt(url: string, more: { allowPrivate?: boolean; resolve?: Resolve } = {}): Promise<AttemptOutcome> {
  const agent = guardedAgent({
    allowPrivate: false,
    ports: new Set([80, 443, port]),
    connectTimeoutMs: 500,
    connectionsMax: 1,
    ...more,
  });
  try {
    return await attemptWebhook({
      url,
      firingId: 'f',
      body: '{}',
      signer: { sign: () => 'v1,x' },
      dispatcher: agent,
      timeoutMs: 1_000,
      clock: systemClock,
    });
  } finally {
    await agent.destroy();
  }
}

function resolvesTo(...addresses: string[]): Resolve {
  const found = addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
  return (_hostname, _options, callback) => callback(null, found);
}

/** What an address is, one of each kind; as a literal, and as what a name leads to. */
const ADDRESSES: readonly [string, string][] = [
  ['loopback', '127.0.0.1'],
  ['loopback, another', '127.8.9.10'],
  ['loopback of IPv6', '::1'],
  ['unspecified', '0.0.0.0'],
  ['unspecified of IPv6', '::'],
  ['private 10/8', '10.0.0.5'],
  ['private 172.16/12', '172.20.0.5'],
  ['private 192.168/16', '192.168.0.5'],
  ['CGNAT', '100.64.0.5'],
  ['link-local', '169.254.0.5'],
  ['metadata of most clouds', '169.254.169.254'],
  ['metadata of AWS over IPv6', 'fd00:ec2::254'],
  ['metadata of Alibaba', '100.100.100.200'],
  ['unique local', 'fd12:3456::1'],
  ['link-local of IPv6', 'fe80::1'],
  ['site-local', 'fec0::1'],
  ['v4-mapped loopback', '::ffff:127.0.0.1'],
  ['v4-mapped metadata', '::ffff:a9fe:a9fe'],
  ['v4-compatible loopback', '::127.0.0.1'],
  ['NAT64 of loopback', '64:ff9b::7f00:1'],
  ['NAT64 of metadata', '64:ff9b::a9fe:a9fe'],
  ['NAT64 of a private prefix', '64:ff9b:1::a00:5'],
  ['6to4 of loopback', '2002:7f00:1::'],
  ['Teredo', '2001:0:7f00:1::'],
  ['multicast', '224.0.0.1'],
  ['multicast of IPv6', 'ff02::1'],
  ['broadcast', '255.255.255.255'],
  ['documentation', '203.0.113.5'],
];

describe('a webhook', () => {
  it.each(ADDRESSES)('does not go to %s (%s)', async (_name, address) => {
    const host = address.includes(':') ? `[${address}]` : address;
    expect(await attempt(`http://${host}:${port}/inside`)).toMatchObject({ kind: 'failed', why: 'address' });
    expect([connections, requests]).toEqual([0, []]);
  });

  it.each(ADDRESSES)('does not go to a name that leads to %s (%s)', async (_name, address) => {
    const resolve = resolvesTo('93.184.215.14', address);
    expect(await attempt(`http://hooks.example:${port}/inside`, { resolve })).toMatchObject({ why: 'address' });
    expect([connections, requests]).toEqual([0, []]);
  });

  it.each(['2130706433', '017700000001', '0x7f000001', '127.1', '127.0.0.1.', '1.1.1.1@127.0.0.1', 'localhost'])(
    'does not go to loopback written as %s',
    async (host) => {
      expect(await attempt(`http://${host}:${port}/inside`)).toMatchObject({ kind: 'failed' });
      expect([connections, requests]).toEqual([0, []]);
    },
  );

  it('does not follow a name that changes its mind after the check, not on a later attempt either', async () => {
    let asked = 0;
    const resolve: Resolve = (hostname, options, callback) => {
      asked++;
      resolvesTo(asked === 1 ? '192.0.2.1' : '127.0.0.1')(hostname, options, callback);
    };
    for (let round = 0; round < 3; round++) {
      expect(await attempt(`http://rebind.example:${port}/inside`, { resolve })).toMatchObject({ why: 'address' });
    }
    expect([connections, requests]).toEqual([0, []]);
  });

  it.each([301, 302, 303, 307, 308])('does not follow a redirect (%d) to the inside', async (status) => {
    const outcome = await attempt(`http://127.0.0.1:${port}/redirect/${status}`, { allowPrivate: true });
    expect(outcome).toMatchObject({ kind: 'failed', why: 'redirect', detail: `status ${status}` });
    expect(requests).toEqual([`/redirect/${status}`]);
  });
});

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { attriumCommand } from './commands.js';

const profile = { profileId: 'p', attributes: {}, consent: [{ purpose: 'news', status: 'granted', since: 'then' }] };
const seen: { readonly url: string; readonly authorization: string | undefined; readonly body: string }[] = [];
let server: Server;
let env: Record<string, string>;
let lines: string[] = [];

beforeAll(async () => {
  server = createServer((request, response) => {
    let body = '';
    request.on('data', (part) => {
      body += part;
    });
    request.on('end', () => {
      seen.push({ url: request.url!, authorization: request.headers.authorization, body });
      const isBad = body.includes('"no such"');
      response.statusCode = isBad ? 400 : 200;
      const error = { code: 'ATR-INGEST-116', message: 'This is wrong.' };
      response.end(JSON.stringify(request.method === 'GET' ? profile : isBad ? { error } : { success: true }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  env = { ATTRIUM_CONTROL_URL: url, ATTRIUM_ADMIN_KEY: 'k', ATTRIUM_WORKSPACE: 'w', ATTRIUM_DATA: '/nowhere' };
  Object.assign(env, { ATTRIUM_INGEST_URL: url, ATTRIUM_WRITE_KEY: 'wk' });
});
afterAll(() => {
  server.close();
});
beforeEach(() => {
  seen.length = 0;
  lines = [];
});

const run = (...words: string[]) =>
  attriumCommand({ out: (line) => lines.push(line), err: () => {} }, env).parseAsync(['node', 'attrium', ...words]);

describe('attrium consent', () => {
  it('shows what a profile stated', async () => {
    await run('consent', 'get', 'user_id:u');
    expect(JSON.parse(lines.join('\n'))).toEqual({ profileId: 'p', consent: profile.consent });
  });

  it('records statements through ingest, with its write key', async () => {
    await run('consent', 'withdraw', 'email:a:b@c.d', '--purpose', 'news', '--channel', '*', '--source', 'phone call');
    await run('consent', 'grant', 'user_id:u', '--purpose', 'news', '--at', '2026-01-01T00:00:00Z');
    expect(seen.map(({ url, body }) => [url, JSON.parse(body)])).toEqual([
      [
        '/v1/consent',
        {
          identifiers: [{ type: 'email', value: 'a:b@c.d' }],
          consent: [{ status: 'withdrawn', purpose: 'news', channel: '*', source: 'phone call' }],
        },
      ],
      [
        '/v1/consent',
        {
          identifiers: [{ type: 'user_id', value: 'u' }],
          consent: [{ status: 'granted', purpose: 'news', at: '2026-01-01T00:00:00Z' }],
        },
      ],
    ]);
    expect(seen[0]!.authorization).toBe(`Basic ${Buffer.from('wk:').toString('base64')}`);
  });

  it('says why something was not recorded', async () => {
    await expect(run('consent', 'grant', 'user_id:u', '--purpose', 'no such')).rejects.toThrow(
      'This is wrong. (ATR-INGEST-116)',
    );
    await expect(run('consent', 'grant', 'nonsense', '--purpose', 'news')).rejects.toThrow(
      'nonsense is not TYPE:VALUE.',
    );
    expect(seen).toHaveLength(1);
  });
});

/** Bad input at the door of a whole Attrium: a clear error or a visible rejection, the good events of a batch kept, nothing falls over. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ProfileClient, rest } from './clients.js';
import { Standalone } from './standalone.js';
import { until } from './until.js';

const LIMIT_MS = 20_000;
const attrium = new Standalone();
let pids: ReadonlyMap<string, number>;

beforeAll(async () => {
  await attrium.start();
  pids = attrium.processes();
}, 180_000);

afterAll(async () => {
  await attrium.remove();
}, 60_000);

function post(path: string, body: string, key?: string): Promise<{ status: number; body: unknown }> {
  const basic = Buffer.from(`${key ?? attrium.endpoints.writeKey}:`).toString('base64');
  const headers = { authorization: `Basic ${basic}`, 'content-type': 'application/json' };
  return rest(`${attrium.endpoints.ingest}${path}`, { method: 'POST', body, headers });
}

function nested(levels: number): string {
  return `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`;
}

const track = (userId: string, properties: string): string =>
  `{"type":"track","event":"Order Completed","userId":"${userId}","properties":${properties}}`;

const REFUSED: readonly (readonly [what: string, path: string, body: string, status: number, code: RegExp])[] = [
  ['malformed JSON', '/v1/track', '{"event": "x", ', 400, /^ATR-INGEST-\d{3}$/],
  ['no JSON object', '/v1/batch', '"text"', 400, /^ATR-INGEST-\d{3}$/],
  ['a batch that is none', '/v1/batch', '{"batch": 7}', 400, /^ATR-INGEST-\d{3}$/],
  [
    'an oversized body',
    '/v1/batch',
    `{"batch":[${track('big', `{"x":"${'x'.repeat(600_000)}"}`)}]}`,
    413,
    /^ATR-INGEST-\d{3}$/,
  ],
  ['an event without a name', '/v1/track', '{"userId":"u"}', 400, /^ATR-INGEST-\d{3}$/],
  ['an event of nobody', '/v1/track', '{"event":"x"}', 400, /^ATR-INGEST-\d{3}$/],
  ['a nesting bomb', '/v1/track', track('bomb', nested(50_000)), 400, /^ATR-INGEST-\d{3}$/],
];

describe('bad input over HTTP', () => {
  it.each(REFUSED)('%s is refused with a code', async (_what, path, body, status, code) => {
    const answer = await post(path, body);
    expect(answer.status).toBe(status);
    expect((answer.body as { error: { code: string } }).error.code).toMatch(code);
  });

  it('a wrong key is refused with 401, a secret key in its place too', async () => {
    for (const key of ['nonsense', attrium.endpoints.adminKey, `${attrium.endpoints.writeKey}x`]) {
      expect((await post('/v1/track', track('u', '{}'), key)).status).toBe(401);
    }
  });

  it('of a batch, the good events are kept and each bad one is told with its place and code', async () => {
    const bad = ['{"type":"nonsense","userId":"u"}', '7', '{"type":"track","userId":"u"}', track('u', nested(2_000))];
    const good = track('good', '{"revenue": 7}');
    const answer = await post('/v1/batch', `{"batch":[${[good, ...bad, good].join(',')}]}`);
    expect(answer.status).toBe(200);
    const { accepted, rejected } = answer.body as { accepted: number; rejected: { index: number; code: string }[] };
    expect(accepted).toBe(2);
    expect(rejected.map(({ index }) => index)).toEqual([1, 2, 3, 4]);
    for (const { code } of rejected) expect(code).toMatch(/^ATR-INGEST-\d{3}$/);
    await expectOrders('good', 2);
  });

  it('a value of the wrong type leaves the old value, and the event counts all the same', async () => {
    const odd = [
      track('odd', '{"revenue": 5}'),
      track('odd', '{"revenue": "much"}'),
      track('odd', '{"revenue": {"amount": 1}}'),
      track('odd', '{"constructor": {"prototype": {"polluted": true}}}'),
      '{"type":"identify","userId":"odd","traits":{"plan":["not","text"],"first_name":"Odd"}}',
    ];
    const answer = await post('/v1/batch', `{"batch":[${odd.join(',')}]}`);
    expect(answer).toMatchObject({ status: 200, body: { accepted: odd.length } });
    const profile = await expectOrders('odd', 4);
    expect(profile.attributes.lifetime_value?.value?.kind).toEqual({ $case: 'double', value: 5 });
    expect(profile.attributes.plan).toBeUndefined();
  });

  it('an event with a key __proto__ is rejected alone, at any depth', async () => {
    const events = [
      track('proto', '{"__proto__": {"revenue": 1000}}'),
      track('proto', '{"a": [{"__proto__": 1}]}'),
      '{"type":"identify","userId":"proto","traits":{"__proto__":{"plan":"gold"}}}',
      track('proto', '{"revenue": 3}'),
    ];
    const answer = await post('/v1/batch', `{"batch":[${events.join(',')}]}`);
    expect(answer).toMatchObject({ status: 200, body: { accepted: 1 } });
    const { rejected } = answer.body as { rejected: { index: number; code: string }[] };
    expect(rejected.map(({ index, code }) => [index, code])).toEqual([0, 1, 2].map((at) => [at, 'ATR-INGEST-114']));
    const profile = await expectOrders('proto', 1);
    expect(profile.attributes.lifetime_value?.value?.kind).toEqual({ $case: 'double', value: 3 });
  });

  it('control refuses a bad catalogue with all of its faults, an outdated revision, and a wrong key', async () => {
    const { control, workspace, adminKey, writeKey } = attrium.endpoints;
    const url = `${control}/v1/workspaces/${workspace}/catalogue`;
    const headers = { 'content-type': 'application/json', 'if-match': '1' };
    const twice = { name: 'twice', kind: 'user', type: 'number', compute: { count: 'X', within: 'soon' } };
    const faulty = {
      attributes: [twice],
      segments: [{ name: 's', of: 'user', where: { attribute: 'nowhere', gt: 1 } }],
    };
    const refused = await rest(url, { method: 'PUT', key: adminKey, body: JSON.stringify(faulty), headers });
    expect(refused.status).toBe(422);
    const { faults } = (refused.body as { error: { details: { faults: { path: string }[] } } }).error.details;
    expect(faults.map(({ path }) => path)).toEqual(['attributes[0].compute.within', 'segments[0].where.attribute']);
    const outdated = { ...headers, 'if-match': '0' };
    expect((await rest(url, { method: 'PUT', key: adminKey, body: '{}', headers: outdated })).status).toBe(412);
    for (const key of [undefined, 'nonsense', writeKey]) {
      expect((await rest(url, key === undefined ? {} : { key })).status).toBe(401);
    }
    const bomb = { method: 'PUT', key: adminKey, body: nested(50_000), headers };
    expect((await rest(url, bomb)).status).toBeGreaterThanOrEqual(400);
  });

  it('after all of it every process is the one that was started, and ready', async () => {
    expect(attrium.processes()).toEqual(pids);
    for (const url of [attrium.endpoints.ingest, attrium.endpoints.control]) {
      expect(await rest(`${url}/healthz/ready`)).toMatchObject({ status: 200, body: { ready: true } });
    }
  });
});

async function expectOrders(userId: string, count: number) {
  const profiles = new ProfileClient(attrium.endpoints);
  try {
    return await until(`${count} orders of ${userId}`, LIMIT_MS, async () => {
      const found = await profiles.profileOf(userId);
      return found?.attributes.orders?.value?.kind?.value === count ? found : undefined;
    });
  } finally {
    profiles.close();
  }
}

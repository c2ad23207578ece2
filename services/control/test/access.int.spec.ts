/** Who may do what over REST, and keys, workspaces and secrets, on a real nats-server. */
import { newKeyText } from '@attrium/host';
import { Bucket, decodeSecretEntry, SECRETS_BUCKET } from '@attrium/nats';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type RunningControl, runControl } from './running-control.js';

const CATALOGUE = '/v1/workspaces/shop/catalogue';

let control: RunningControl;
const request: RunningControl['request'] = (...args) => control.request(...args);
const newKey: RunningControl['newKey'] = (...args) => control.newKey(...args);
beforeAll(async () => {
  control = await runControl();
}, 240_000);

afterAll(() => control?.stop());

describe('access', () => {
  const routes: [method: string, path: string, need: 'read' | 'admin' | 'installation'][] = [
    ['GET', '/v1/workspaces/shop/catalogue', 'read'],
    ['POST', '/v1/workspaces/shop/catalogue/plan', 'read'],
    ['PUT', '/v1/workspaces/shop/catalogue', 'admin'],
    ['GET', '/v1/workspaces/shop/profiles/user_id:1', 'read'],
    ['GET', '/v1/workspaces/shop/profiles/user_id:1/identifiers', 'read'],
    ['GET', '/v1/workspaces/shop/profiles/user_id:1/merges', 'read'],
    ['GET', '/v1/workspaces/shop/identifiers/user_id:1', 'read'],
    ['POST', '/v1/workspaces/shop/profiles/batch', 'read'],
    ['GET', '/v1/workspaces/shop/keys', 'admin'],
    ['POST', '/v1/workspaces/shop/keys', 'admin'],
    ['DELETE', '/v1/workspaces/shop/keys/secret-0', 'admin'],
    ['GET', '/v1/workspaces/shop/secrets', 'admin'],
    ['GET', '/v1/workspaces/shop/secrets/SIGNING', 'admin'],
    ['PUT', '/v1/workspaces/shop/secrets/OTHER', 'admin'],
    ['DELETE', '/v1/workspaces/shop/secrets/OTHER', 'admin'],
    ['GET', '/v1/workspaces/shop/destinations', 'read'],
    ['POST', '/v1/workspaces/shop/destinations/a/enable', 'admin'],
    ['POST', '/v1/workspaces/shop/destinations/a/replay', 'admin'],
    ['GET', '/v1/workspaces/shop/deliveries/undelivered', 'read'],
    ['POST', '/v1/workspaces/shop/deliveries/undelivered/replay', 'admin'],
    ['POST', '/v1/workspaces/shop/deliveries/undelivered/discard', 'admin'],
    ['GET', '/v1/workspaces/shop/deliveries/attempts', 'read'],
    ['POST', '/v1/workspaces/shop/triggers/a/test', 'admin'],
    ['GET', '/v1/workspaces/shop/firings', 'read'],
    ['GET', '/v1/workspaces/shop/firings/1', 'read'],
    ['GET', '/v1/status?workspace=shop', 'admin'],
    ['GET', '/v1/workspaces', 'installation'],
    ['POST', '/v1/workspaces', 'installation'],
  ];
  let keys: Record<'admin' | 'read' | 'stranger' | 'revoked' | 'write', string>;

  beforeAll(async () => {
    const [admin, read, stranger, revoked] = await Promise.all([
      newKey('shop', 'admin'),
      newKey('shop', 'read'),
      newKey('bank', 'admin'),
      newKey('shop', 'admin'),
    ]);
    await request('DELETE', `/v1/workspaces/shop/keys/${revoked.id}`);
    const write = await request('POST', '/v1/workspaces/shop/keys', { body: { kind: 'write', source: 'web' } });
    keys = { admin: admin.key, read: read.key, stranger: stranger.key, revoked: revoked.key, write: write.body.key };
    const gone = () => request('GET', CATALOGUE, { key: revoked.key }).then(({ status }) => status === 401);
    while (!(await gone())) await new Promise((done) => setTimeout(done, 10));
  });

  it.each(routes)('%s %s needs a key of the workspace with the role %s', async (method, path, need) => {
    const refusal = async (key: string): Promise<string | undefined> => {
      const { status, body } = await request(method, path, { key });
      return status === 401 || status === 403 ? `${status} ${body.error.code}` : undefined;
    };
    expect(await refusal('')).toBe('401 ATR-HOST-010');
    expect(await refusal(newKeyText('secret'))).toBe('401 ATR-HOST-011');
    expect(await refusal(keys.revoked)).toBe('401 ATR-HOST-011');
    expect(await refusal(keys.write)).toBe('401 ATR-HOST-011');
    expect(await refusal(`${keys.admin.slice(0, -1)}${keys.admin.endsWith('a') ? 'b' : 'a'}`)).toBe('401 ATR-HOST-012');
    expect(await refusal(keys.stranger)).toBe(need === 'installation' ? '403 ATR-HOST-015' : '403 ATR-HOST-013');
    expect(await refusal(keys.read)).toBe(
      { read: undefined, admin: '403 ATR-HOST-014', installation: '403 ATR-HOST-015' }[need],
    );
    expect(await refusal(keys.admin)).toBe(need === 'installation' ? '403 ATR-HOST-015' : undefined);
    expect(await refusal(control.bootstrap)).toBeUndefined();
  });

  it('does not tell a foreign workspace from one that does not exist', async () => {
    const foreign = await request('GET', '/v1/workspaces/bank/catalogue', { key: keys.admin });
    const missing = await request('GET', '/v1/workspaces/nowhere/catalogue', { key: keys.admin });
    expect([foreign.status, foreign.body]).toEqual([missing.status, missing.body]);
  });

  it.each(['*', 'Shop', 'a.b', 'a>', '-a', 'a'.repeat(64)])('refuses the workspace name %s', async (name) => {
    const { status, body } = await request('GET', `/v1/workspaces/${encodeURIComponent(name)}/catalogue`);
    expect([status, body.error.code]).toEqual([400, 'ATR-HOST-017']);
    expect((await request('POST', '/v1/workspaces', { body: { workspace: name } })).status).toBe(400);
  });
});

describe('keys', () => {
  it('show their text once, work at once, are listed without it, and stop working when revoked', async () => {
    const created = await newKey('shop', 'read', 'dashboard');
    expect((await request('GET', CATALOGUE, { key: created.key })).status).toBe(200);
    const listed = await request('GET', '/v1/workspaces/shop/keys');
    expect(JSON.stringify(listed.body)).not.toContain(created.key);
    expect(listed.body.keys).toContainEqual({
      id: created.id,
      kind: 'secret',
      role: 'read',
      name: 'dashboard',
      createdAt: expect.any(String),
    });
    const revoked = await request('DELETE', `/v1/workspaces/shop/keys/${created.id}`);
    expect(revoked.body).toMatchObject({ id: created.id, revokedAt: expect.any(String) });
    for (const instance of [0, 1] as const) {
      const works = async () => (await request('GET', CATALOGUE, { key: created.key, instance })).status === 200;
      while (await works()) await new Promise((done) => setTimeout(done, 10));
    }
    expect((await request('GET', CATALOGUE, { key: created.key })).status).toBe(401);
  });

  it('cannot be revoked through another workspace', async () => {
    const { id, key } = await newKey('bank', 'admin');
    expect((await request('DELETE', `/v1/workspaces/shop/keys/${id}`)).status).toBe(404);
    expect((await request('GET', '/v1/workspaces/bank/catalogue', { key })).status).toBe(200);
  });

  it.each([
    [{ kind: 'secret' }],
    [{ kind: 'secret', role: 'owner' }],
    [{ kind: 'write' }],
    [{ kind: 'write', source: '' }],
    [{ kind: 'write', source: 'web', workspace: 'bank' }],
    [[]],
  ])('are not made of %j', async (body) => {
    const answer = await request('POST', '/v1/workspaces/shop/keys', { body });
    expect([answer.status, answer.body.error.code]).toEqual([400, 'ATR-CONTROL-011']);
  });
});

describe('secrets', () => {
  it('are where the deliverer looks, and a workspace keeps its own when it is made again', async () => {
    const first = await request('POST', '/v1/workspaces', { body: { workspace: 'fresh' } });
    const again = await request('POST', '/v1/workspaces', { body: { workspace: 'fresh' } });
    expect([first.status, again.status]).toEqual([201, 200]);
    expect(again.body).toEqual(first.body);
    expect(first.body.webhookSecret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    const bucket = await Bucket.open(control.link.read, SECRETS_BUCKET);
    expect(Buffer.from((await bucket.get('fresh.SIGNING'))!.value!).toString()).toBe(first.body.webhookSecret);
    const path = '/v1/workspaces/fresh/secrets/WINBACK_SECRET';
    const secret = `whsec_${Buffer.alloc(24, 7).toString('base64')}`;
    expect((await request('PUT', path, { body: { secret } })).body).toEqual({ name: 'WINBACK_SECRET', secret });
    expect(Buffer.from((await bucket.get('fresh.WINBACK_SECRET'))!.value!).toString()).toBe(secret);
    expect((await request('GET', '/v1/workspaces/fresh/secrets')).body).toEqual({
      secrets: ['SIGNING', 'WINBACK_SECRET'],
    });
    expect((await request('PUT', path, { body: { secret: 'whsec_c2hvcnQ=' } })).status).toBe(400);
    const rotated = await request('PUT', path, { body: { keepPreviousFor: '1d' } });
    expect(rotated.body).toEqual({
      name: 'WINBACK_SECRET',
      secret: expect.not.stringMatching(secret),
      formerUntil: [expect.stringMatching(/Z$/)],
    });
    const kept = decodeSecretEntry((await bucket.get('fresh.WINBACK_SECRET'))!.value!);
    expect([kept.current, kept.former.map((former) => former.secret)]).toEqual([rotated.body.secret, [secret]]);
    expect((await request('GET', path)).body).toEqual(rotated.body);
    expect((await request('PUT', path, { body: { keepPreviousFor: '31d' } })).status).toBe(400);
    expect((await request('PUT', path, { body: { secret } })).body).toEqual({ name: 'WINBACK_SECRET', secret });
    expect((await request('DELETE', path)).status).toBe(204);
    expect((await request('GET', path)).status).toBe(404);
    expect((await request('DELETE', '/v1/workspaces/fresh/secrets/SIGNING')).status).toBe(404);
    expect((await request('GET', '/v1/workspaces')).body.workspaces).toEqual(['bank', 'fresh', 'shop']);
  });
});

/** Catalogues over REST, on a real nats-server: one compare-and-set append is the commit, and what is refused changes nothing. */
import { type CatalogueActivated, catalogueSubject, logicSubject, partitionOf } from '@attrium/event';
import { KEYS_BUCKET } from '@attrium/host';
import { Bucket, CATALOGUE_BUCKET } from '@attrium/nats';
import { decodePack } from '@attrium/processor';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Answer, catalogueOf, type RunningControl, runControl, SHARDS } from './running-control.js';

let control: RunningControl;
const request: RunningControl['request'] = (...args) => control.request(...args);
const newKey: RunningControl['newKey'] = (...args) => control.newKey(...args);
beforeAll(async () => {
  control = await runControl();
}, 240_000);

afterAll(() => control?.stop());

const CATALOGUE = '/v1/workspaces/shop/catalogue';

async function revision(): Promise<number> {
  return (await request('GET', CATALOGUE)).body.revision;
}

async function put(body: unknown, ifMatch?: string, more: { key?: string; instance?: 0 | 1 } = {}): Promise<Answer> {
  return request('PUT', CATALOGUE, {
    body,
    ...more,
    ...(ifMatch === undefined ? {} : { headers: { 'if-match': ifMatch } }),
  });
}

async function activated(workspace: string): Promise<CatalogueActivated> {
  const message = await control.log.last(catalogueSubject(partitionOf(workspace, SHARDS), workspace));
  const { header, records } = decodePack(message!.payload);
  expect(header.stage).toBe('control');
  return records[0] as CatalogueActivated;
}

describe('the installation', () => {
  it('has one LogicActivated in each shard, however many instances start', async () => {
    for (let shard = 0; shard < SHARDS; shard++) {
      const message = await control.log.last(logicSubject(shard));
      expect(decodePack(message!.payload).records).toEqual([
        { kind: 'logic-activated', id: `logic:${shard}:1`, version: 1 },
      ]);
    }
    const { lastSequence } = await control.log.bounds('attrium-events');
    expect(lastSequence).toBe(SHARDS);
  });

  it('stores the bootstrap key only as a hash', async () => {
    const entries = await (await Bucket.open(control.link.read, KEYS_BUCKET)).entries();
    expect(entries.length).toBeGreaterThan(0);
    for (const { key, value } of entries) expect(`${key} ${Buffer.from(value!)}`).not.toContain(control.bootstrap);
  });
});

describe('the catalogue', () => {
  it('is revision 0 and empty before the first put', async () => {
    const answer = await request('GET', CATALOGUE);
    expect([answer.status, answer.body]).toEqual([
      200,
      { revision: 0, catalogue: { attributes: [], segments: [], triggers: [] } },
    ]);
    expect(answer.headers.get('etag')).toBe('"0"');
  });

  it('wants a revision, and refuses one that is not in force', async () => {
    expect((await put(catalogueOf('orders'))).status).toBe(428);
    expect((await put(catalogueOf('orders'), 'latest')).status).toBe(400);
    expect((await put(catalogueOf('orders'), '7')).status).toBe(412);
    expect(await revision()).toBe(0);
  });

  it('goes into the log with author, time and exact numbers, and is answered as it was put', async () => {
    const { key } = await newKey('shop', 'admin', 'deploy pipeline');
    const text =
      '{"attributes":[{"name":"spent","kind":"user","type":"number","compute":{"sum":"Order","of":"total"}}],' +
      '"segments":[{"name":"rich","of":"user","where":{"attribute":"spent","gt":12345678901234567890.25}}]}';
    const answer = await put(text, '"0"', { key });
    expect(answer.body).toMatchObject({ revision: 1, plan: [{ kind: 'added', of: 'attribute', name: 'spent' }, {}] });
    expect(answer.status).toBe(200);
    const record = await activated('shop');
    expect(record).toMatchObject({ workspace: 'shop', revision: 1, author: 'deploy pipeline' });
    expect(record.activatedAt).toBeGreaterThan(0);
    expect(Buffer.from(record.catalogue).toString()).toBe(text);
    const response = await fetch(`${control.instances[1].httpUrl}${CATALOGUE}`, {
      headers: { authorization: `Bearer ${key}` },
    });
    expect(await response.text()).toContain(`"catalogue":${text}}`);
    expect(response.headers.get('etag')).toBe('"1"');
  });

  it('may be YAML, by its content type or by its look', async () => {
    const yaml = 'attributes:\n  - { name: orders, kind: user, type: number, compute: { count: "Order Completed" } }\n';
    expect((await put(yaml, String(await revision()))).status).toBe(200);
    const headers = { 'if-match': String(await revision()), 'content-type': 'application/yaml' };
    expect((await request('PUT', CATALOGUE, { body: yaml, headers })).body).toEqual({ revision: 3, plan: [] });
  });

  it('is taken from one of several writers at once, and the others are told', async () => {
    for (let round = 0; round < 5; round++) {
      const before = await revision();
      const writers = Array.from({ length: 6 }, (_, index) => `orders_${round}_${index}`);
      const answers = await Promise.all(
        writers.map((name, index) => put(catalogueOf(name), String(before), { instance: index % 2 === 0 ? 0 : 1 })),
      );
      const statuses = answers.map(({ status }) => status).sort();
      expect(statuses).toEqual([200, 412, 412, 412, 412, 412]);
      const winner = writers[answers.findIndex(({ status }) => status === 200)];
      const current = (await request('GET', CATALOGUE)).body;
      expect(current.revision).toBe(before + 1);
      expect(current.catalogue).toEqual(catalogueOf(winner!));
    }
  });

  it('leaves its view in the bucket at the revision in force', async () => {
    const view = await Bucket.open(control.link.read, CATALOGUE_BUCKET);
    const entry = JSON.parse(Buffer.from((await view.get('shop'))!.value!).toString());
    expect(entry).toMatchObject({ revision: await revision(), author: 'bootstrap' });
  });

  it('is refused with all its faults in one answer, and nothing changes', async () => {
    const before = await revision();
    const faulty = {
      attributes: [
        { name: 'Orders', kind: 'user', type: 'number', compute: { count: 'x' } },
        { name: 'spent', kind: 'user', type: 'money', compute: { sum: 'x' } },
      ],
      segments: [{ name: 'a', of: 'user', where: { attribute: 'nothing', gt: 1 } }],
      extra: true,
    };
    const answer = await put(faulty, String(before));
    expect(answer.status).toBe(422);
    expect(answer.body.error).toMatchObject({ code: 'ATR-CONTROL-020', retryable: false });
    const { faults } = answer.body.error.details;
    expect(faults.map((fault: { path: string }) => fault.path)).toEqual(
      expect.arrayContaining(['extra', 'attributes[0].name', 'attributes[1].type', 'segments[0].where.attribute']),
    );
    for (const fault of faults) {
      expect(fault).toEqual({ path: expect.any(String), code: expect.any(String), message: expect.any(String) });
    }
    const planned = await request('POST', `${CATALOGUE}/plan`, { body: faulty });
    expect([planned.status, planned.body.error.details.faults]).toEqual([422, faults]);
    expect(await revision()).toBe(before);
  });

  it('is planned without a change', async () => {
    const before = await request('GET', CATALOGUE);
    const answer = await request('POST', `${CATALOGUE}/plan`, { body: catalogueOf('brand_new') });
    expect(answer.body).toMatchObject({
      revision: before.body.revision,
      plan: [
        { kind: 'added', of: 'attribute', name: 'brand_new', fromNowOn: false },
        { kind: 'removed', of: 'attribute' },
      ],
    });
    expect((await request('GET', CATALOGUE)).body).toEqual(before.body);
  });

  it.each([
    ['malformed JSON', '{"attributes":[', 422],
    ['malformed YAML', 'attributes: [\n  - :', 422],
    [
      'an alias bomb',
      `a: &a [x,x,x,x,x,x,x,x,x,x]\n${'bcdefghij'
        .split('')
        .map((name, index) => `${name}: &${name} [${Array(10).fill(`*${'abcdefghij'[index]}`).join(',')}]`)
        .join('\n')}`,
      422,
    ],
    ['nested brackets', '['.repeat(500_000), 422],
    ['nested JSON', `{"attributes":${'['.repeat(100_000)}${']'.repeat(100_000)}}`, 422],
    ['a prototype', '{"__proto__":{"attributes":[]},"constructor":1}', 422],
    ['many equal keys', 'a: 1\n'.repeat(100_000), 422],
    ['too many bytes', `# ${'x'.repeat(1_100_000)}`, 413],
    ['no UTF-8', Buffer.from([0xc3, 0x28]).toString('latin1'), 422],
  ])('refuses %s with a clear answer', async (_name, body, status) => {
    const before = await revision();
    const answer = await put(body, String(before));
    expect(answer.status).toBe(status);
    expect(answer.body.error.code).toMatch(/^ATR-/);
    expect(await revision()).toBe(before);
  });

  it('cannot be put into a workspace that does not exist', async () => {
    const answer = await request('PUT', '/v1/workspaces/typo/catalogue', { body: {}, headers: { 'if-match': '0' } });
    expect([answer.status, answer.body.error.code]).toEqual([404, 'ATR-CONTROL-040']);
  });
});

describe('status', () => {
  it('tells how far the logs are, and the catalogue in force', async () => {
    const answer = await request('GET', '/v1/status?workspace=shop');
    expect(answer.body).toMatchObject({ ready: true, workspace: 'shop', revision: await revision() });
    const events = answer.body.logs.find(({ log: name }: { log: string }) => name === 'events');
    expect(events.lastSequence).toBeGreaterThan(SHARDS);
    expect(events.bytes).toBeGreaterThan(0);
  });
});

/** Segments over REST and gRPC, asked of the real engine. The second instance has no ClickHouse. */

import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ClickHouse, migrate, openClickHouse } from '@attrium/clickhouse';
import { type EmbeddedClickHouse, startEmbeddedClickHouse } from '@attrium/clickhouse-embedded';
import { attriumCommand } from '@attrium/control';
import { segmentV1 } from '@attrium/proto';
import {
  credentials,
  Metadata,
  makeClientConstructor,
  type ServiceDefinition,
  type ServiceError,
  status,
} from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type RunningControl, runControl } from './running-control.js';

type Call = (request: object, metadata: Metadata, done: (fault: ServiceError | null, answer: unknown) => void) => void;

const SINCE = Date.UTC(2026, 0, 1);
let directory: string;
let server: EmbeddedClickHouse;
let clickhouse: ClickHouse;
let control: RunningControl;
const ask: RunningControl['request'] = (...args) => control.request(...args);

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'attrium-segments-'));
  server = await startEmbeddedClickHouse({ directory, port: 0 });
  clickhouse = openClickHouse({ url: server.url });
  control = await runControl({ CLICKHOUSE_URL: server.url, ATTRIUM_QUERY_ROWS_MAX: '1000' });
}, 240_000);

afterAll(async () => {
  await control?.stop();
  await clickhouse?.close();
  await server?.stop();
  await rm(directory, { recursive: true, force: true });
});

const preview = (where: unknown, more: object = {}, instance: 0 | 1 = 0) =>
  ask('POST', '/v1/workspaces/shop/segments/preview', { body: { where, ...more }, instance });

describe('segments', () => {
  it('cannot be asked for before the tables are there, or without ClickHouse', async () => {
    for (const instance of [0, 1] as const) {
      const answers = await Promise.all([
        preview({ all: [] }, {}, instance),
        ask('GET', '/v1/workspaces/shop/segments', { instance }),
      ]);
      for (const { status: code, body, headers } of answers) {
        expect([code, body.error.code, body.error.retryable]).toEqual([503, 'ATR-CONTROL-050', true]);
        expect(headers.get('retry-after')).toBe('1');
      }
    }
  });

  it('are previewed: whom a condition is true of by the catalogue in force, and some of them', async () => {
    for (const service of ['identity', 'attribute-compute', 'segment']) {
      const migrations = fileURLToPath(new URL(`../../${service}/migrations`, import.meta.url));
      await migrate(clickhouse, { service, directory: migrations });
    }
    await putCatalogue();
    await insertPeople();
    expect((await preview({ attribute: 'plan', equals: 'pro' })).body).toEqual({
      revision: 1,
      members: 2,
      profiles: 3,
      sample: ['ann', 'cid'],
    });
    const yaml = 'name: others\nof: user\nwhere:\n  not: { segment: paying }\nsample: 1\n';
    const given = { body: yaml, headers: { 'content-type': 'application/yaml' } };
    const { body } = await ask('POST', '/v1/workspaces/shop/segments/preview', given);
    expect(body).toEqual({ revision: 1, members: 2, profiles: 3, sample: ['bob'] });
  });

  it('are refused with every fault of the condition and its path', async () => {
    const { status: code, body } = await preview({
      all: [{ attribute: 'plan', gt: 5 }, { segment: 'none' }, { event: 'E' }],
    });
    expect([code, body.error.code]).toEqual([422, 'ATR-CONTROL-053']);
    expect(body.error.details.faults.map(({ path, code: of }: { path: string; code: string }) => [path, of])).toEqual([
      ['where.all[0].gt', 'type_mismatch'],
      ['where.all[1].segment', 'unknown_segment'],
      ['where.all[2]', 'missing_key'],
    ]);
    for (const [body, expected] of [
      ['{', 'ATR-CONTROL-010'],
      ['{}', 'ATR-CONTROL-011'],
      [{ where: { all: [] }, of: 'event' }, 'ATR-CONTROL-011'],
      [{ where: { all: [] }, sample: 101 }, 'ATR-CONTROL-011'],
      [{ where: { attribute: 'plan', equals: 'x'.repeat(70_000) } }, 'ATR-CONTROL-011'],
    ] as const) {
      const answer = await ask('POST', '/v1/workspaces/shop/segments/preview', { body });
      expect([answer.status, answer.body.error.code]).toEqual([400, expected]);
    }
  });

  it('have members, a page at a time, and sizes', async () => {
    const page = (query: string) => ask('GET', `/v1/workspaces/shop/segments/${query}`);
    const since = new Date(SINCE).toISOString();
    expect((await ask('GET', '/v1/workspaces/shop/segments')).body).toEqual({
      revision: 1,
      segments: [
        { name: 'paying', members: 1 },
        { name: 'all', members: 3 },
      ],
    });
    const first = await page('all/members?limit=2');
    expect(first.body).toEqual({ members: ['ann', 'bob'].map((profileId) => ({ profileId, since })), next: 'bob' });
    expect((await page(`all/members?limit=2&after=${first.body.next}`)).body).toEqual({
      members: [{ profileId: 'cid', since }],
    });
    expect((await page('none/members')).body.error.code).toBe('ATR-CONTROL-054');
    expect((await page('all/members?limit=0')).body.error.code).toBe('ATR-CONTROL-011');
  });

  it('answer the same over gRPC and on the command line', async () => {
    const answer = await call<segmentV1.PreviewSegmentResponse>('previewSegment', {
      workspace: 'shop',
      conditionJson: Buffer.from('{"attribute":"plan","in":["pro","team"]}'),
      sampleMax: 1,
      of: '',
    });
    expect(answer).toEqual({ revision: 1, members: 2, profiles: 3, sample: ['ann'], faults: [] });
    const faulty = {
      workspace: 'shop',
      sampleMax: 0,
      of: '',
      conditionJson: Buffer.from('{"attribute":"none","exists":true}'),
    };
    expect(await call('previewSegment', faulty)).toMatchObject({ members: 0, faults: [{ path: 'where.attribute' }] });
    expect(await call('listMembers', { workspace: 'shop', segment: 'all', pageSize: 2, pageToken: '' })).toEqual({
      members: ['ann', 'bob'].map((profileId) => ({ profileId, since: SINCE })),
      nextPageToken: 'bob',
    });
    expect(await call('getSegmentSizes', { workspace: 'shop' })).toMatchObject({
      sizes: [
        { segment: 'paying', members: 1 },
        { segment: 'all', members: 3 },
      ],
    });
    await expect(
      call('listMembers', { workspace: 'shop', segment: 'none', pageSize: 0, pageToken: '' }),
    ).rejects.toMatchObject({
      code: status.NOT_FOUND,
    });
    const file = join(directory, 'segment.yaml');
    writeFileSync(file, 'where: { attribute: plan, equals: free }\n');
    const lines: string[] = [];
    const terminal = { out: (line: string) => lines.push(line), err: (line: string) => lines.push(line) };
    const environment = {
      ATTRIUM_CONTROL_URL: control.instances[0].httpUrl,
      ATTRIUM_ADMIN_KEY: control.bootstrap,
      ATTRIUM_WORKSPACE: 'shop',
      ATTRIUM_DATA: directory,
    };
    await attriumCommand(terminal, environment).parseAsync(['preview', file], { from: 'user' });
    expect(lines).toEqual(['1 of 3 profiles (33.3 %), by revision 1', '  bob']);
  });

  it('that would read too much are refused', async () => {
    const row = { workspace_id: 'shop', kind: 'profile', occurred_at: '2026-01-01 00:00:00', version: 1 };
    const values = Array.from({ length: 2_000 }, (_, index) => ({ ...row, profile_id: `z${index}` }));
    await clickhouse.client.insert({ table: 'profiles', values, format: 'JSONEachRow' });
    const { status: code, body } = await preview({ all: [] });
    expect([code, body.error.code]).toEqual([413, 'ATR-CONTROL-051']);
    expect(body.error.message).toContain('1000 rows');
  });
});

async function call<T>(method: string, message: object): Promise<T> {
  const Client = makeClientConstructor(segmentV1.SegmentTableServiceService as ServiceDefinition, 'Service');
  const client = new Client(control.instances[0].grpcUrl, credentials.createInsecure());
  const metadata = new Metadata();
  metadata.set('authorization', `Bearer ${control.bootstrap}`);
  try {
    return await new Promise<T>((resolve, reject) => {
      const methods = client as unknown as Record<string, Call>;
      methods[method]!(message, metadata, (fault, answer) => (fault === null ? resolve(answer as T) : reject(fault)));
    });
  } finally {
    client.close();
  }
}

async function putCatalogue(): Promise<void> {
  const body = {
    attributes: [{ name: 'plan', kind: 'user', type: 'string', from: [{ trait: 'plan' }] }],
    segments: [
      { name: 'paying', of: 'user', where: { attribute: 'plan', equals: 'pro' } },
      { name: 'all', of: 'user', where: { all: [] } },
    ],
  };
  expect((await ask('PUT', '/v1/workspaces/shop/catalogue', { body, headers: { 'if-match': '0' } })).status).toBe(200);
}

async function insertPeople(): Promise<void> {
  const { client } = clickhouse;
  const head = { workspace_id: 'shop', kind: 'profile', version: 1 };
  const time = '2026-01-01 00:00:00.000';
  const insert = (table: string, values: object[]) => client.insert({ table, values, format: 'JSONEachRow' });
  const people = ['ann', 'bob', 'cid'];
  await insert(
    'profiles',
    people.map((profile_id) => ({ ...head, profile_id, occurred_at: time })),
  );
  const plan = { ...head, name: 'plan', type: 'string', effective_at: time };
  await insert('attributes', [
    { ...plan, profile_id: 'ann', value: '"pro"' },
    { ...plan, profile_id: 'bob', value: '"free"' },
    { ...plan, profile_id: 'cid', value: '"pro"' },
  ]);
  await insert('memberships', [
    { ...head, segment: 'paying', profile_id: 'ann', since: time },
    ...people.map((profile_id) => ({ ...head, segment: 'all', profile_id, since: time })),
  ]);
}

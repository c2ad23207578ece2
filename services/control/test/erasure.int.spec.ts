/** Erasing profiles over REST, gRPC and the command line, on a real nats-server with owners that answer as the stages do. */
import { attriumCommand } from '@attrium/control';
import { askSubject, erasureSubject, partitionOf } from '@attrium/event';
import { serveAsk } from '@attrium/nats';
import { decodePack } from '@attrium/processor';
import { profileV1 } from '@attrium/proto';
import {
  credentials,
  Metadata,
  makeClientConstructor,
  type ServiceDefinition,
  type ServiceError,
  status,
} from '@grpc/grpc-js';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type RunningControl, runControl, SHARDS } from './running-control.js';

const STAGES = ['attribute-compute', 'segment', 'journey-trigger'] as const;
const T0 = Date.UTC(2026, 0, 1);
let control: RunningControl;
const request: RunningControl['request'] = (...args) => control.request(...args);
const served: { stop(): unknown }[] = [];

beforeAll(async () => {
  control = await runControl();
}, 240_000);
afterAll(() => control?.stop());
afterEach(async () => {
  for (const each of served.splice(0)) await each.stop();
});

/** The last request of a workspace in the log, and how many there are. */
async function requested(workspace: string) {
  const message = await control.log.last(erasureSubject(partitionOf(workspace, SHARDS), workspace));
  const [record] = message === undefined ? [] : decodePack(message.payload).records;
  return record;
}
async function owners(identity: (question: { kind: string }) => unknown, done: (stage: string) => boolean) {
  const { read } = control.link;
  const shard = askSubject('identity', partitionOf('shop', SHARDS));
  served.push(serveAsk(read, shard, (question) => identity(question as { kind: string })));
  for (const stage of STAGES) {
    for (const partition of [1, 3]) {
      served.push(serveAsk(read, askSubject(stage, partition), () => ({ erased: done(stage) })));
    }
  }
  await read.flush();
}
const decided = {
  decidedAt: T0,
  erased: { profileId: 'p2', erasedAt: T0 },
  places: [
    { partition: 1, ordinals: [7] },
    { partition: 3, ordinals: [8, 9] },
  ],
};

describe('a request to erase', () => {
  it('is in the log, behind the events of its workspace, when it is answered', async () => {
    const path = `/v1/workspaces/shop/profiles/${encodeURIComponent('email:Ada@x.com')}`;
    const answer = await request('DELETE', path);
    expect(answer.status).toBe(202);
    expect(await requested('shop')).toMatchObject({
      kind: 'erasure-requested',
      id: answer.body.requestId,
      workspace: 'shop',
      identifier: { type: 'email', value: 'Ada@x.com' },
      author: 'bootstrap',
    });
    const again = await request('DELETE', `${path}?requestId=mine-1`);
    expect(again.body).toEqual({ requestId: 'mine-1' });
    expect(await requested('shop')).toMatchObject({ id: 'mine-1' });
  });

  it('needs an admin key of the workspace, an identifier and a proper id, and else leaves no trace', async () => {
    const before = await requested('bank');
    const reader = await control.newKey('bank', 'read');
    const other = await control.newKey('shop', 'admin');
    const path = '/v1/workspaces/bank/profiles';
    for (const [asked, key, code] of [
      [`${path}/user_id:u`, '', 'ATR-HOST-010'],
      [`${path}/user_id:u`, reader.key, 'ATR-HOST-014'],
      [`${path}/user_id:u`, other.key, 'ATR-HOST-013'],
      [`${path}/nobody`, control.bootstrap, 'ATR-CONTROL-013'],
      [`${path}/user_id:u?requestId=a%20b`, control.bootstrap, 'ATR-CONTROL-012'],
    ] as const) {
      expect((await request('DELETE', asked, { key })).body.error.code).toBe(code);
    }
    const status = await request('GET', '/v1/workspaces/bank/erasures/r', { key: reader.key });
    expect(status.body.error.code).toBe('ATR-HOST-014');
    expect(await requested('bank')).toEqual(before);
  });

  it('is not known before identity has read it, then erasing, and erased once every stage is done', async () => {
    let answer: unknown = null;
    const done = new Set<string>();
    await owners(
      () => answer,
      (stage) => done.has(stage),
    );
    const ask = () => request('GET', '/v1/workspaces/shop/erasures/r1');
    const unread = await ask();
    expect([unread.status, unread.body.error.code]).toEqual([404, 'ATR-CONTROL-070']);
    answer = { decidedAt: T0, places: [] };
    expect((await ask()).body).toEqual({
      ...{
        requestId: 'r1',
        status: 'nobody',
        decidedAt: '2026-01-01T00:00:00.000Z',
        stagesDone: [],
        rowsRemoved: true,
      },
    });
    answer = decided;
    done.add('segment');
    const erasing = { requestId: 'r1', decidedAt: '2026-01-01T00:00:00.000Z', profileId: 'p2', rowsRemoved: true };
    expect((await ask()).body).toEqual({ ...erasing, status: 'erasing', stagesDone: ['identity', 'segment'] });
    for (const stage of STAGES) done.add(stage);
    expect((await ask()).body).toEqual({ ...erasing, status: 'erased', stagesDone: ['identity', ...STAGES] });
  });

  it('makes the ids of the profile answer 410, and leaves the rest of a batch as it is', async () => {
    await owners(
      () => decided.erased,
      () => true,
    );
    for (const path of ['profiles/profile_id:p1', 'identifiers/profile_id:p1', 'profiles/profile_id:p1/merges']) {
      const { status: code, body } = await request('GET', `/v1/workspaces/shop/${path}`);
      expect([code, body.error.code]).toEqual([410, 'ATR-HOST-023']);
      expect(body.error.details).toEqual({ profileId: 'p2', erasedAt: '2026-01-01T00:00:00.000Z' });
    }
    const identifiers = ['profile_id:p1'];
    const batch = await request('POST', '/v1/workspaces/shop/profiles/batch', { body: { identifiers } });
    expect(batch.body.profiles).toMatchObject([{ profile: null }]);
  });

  it('is made over gRPC and from the command line, which wants to hear that it is meant', async () => {
    await owners(
      () => decided,
      () => true,
    );
    const definition = profileV1.ErasureServiceService as unknown as ServiceDefinition;
    const Client = makeClientConstructor(definition, 'ErasureService');
    const client = new Client(control.instances[0].grpcUrl, credentials.createInsecure());
    const metadata = new Metadata();
    metadata.set('authorization', `Bearer ${control.bootstrap}`);
    const call = <T>(method: string, message: object, given = metadata): Promise<T> =>
      new Promise((resolve, reject) => {
        const callback = (error: ServiceError | null, answer: T): void => (error ? reject(error) : resolve(answer));
        (client[method] as (...args: unknown[]) => void).call(client, message, given, callback);
      });
    try {
      const identifier = { type: 'profile_id', value: 'p1' };
      const erase = { workspace: 'shop', identifier, requestId: 'grpc-1' };
      expect(await call('eraseProfile', erase)).toEqual({ requestId: 'grpc-1' });
      expect(await requested('shop')).toMatchObject({ id: 'grpc-1', identifier });
      expect(await call('getErasure', { workspace: 'shop', requestId: 'grpc-1' })).toEqual({
        requestId: 'grpc-1',
        status: profileV1.ErasureStatus.ERASURE_STATUS_ERASED,
        decidedAt: T0,
        profileId: 'p2',
        stagesDone: ['identity', ...STAGES],
        rowsRemoved: true,
      });
      await expect(call('eraseProfile', erase, new Metadata())).rejects.toMatchObject({
        code: status.UNAUTHENTICATED,
      });
    } finally {
      client.close();
    }
    const lines: string[] = [];
    const terminal = { out: (line: string) => lines.push(line), err: (line: string) => lines.push(line) };
    const env = {
      ...{ ATTRIUM_CONTROL_URL: control.instances[0].httpUrl, ATTRIUM_ADMIN_KEY: control.bootstrap },
      ...{ ATTRIUM_WORKSPACE: 'shop', ATTRIUM_DATA: control.directory },
    };
    const attrium = (...args: string[]) => attriumCommand(terminal, env).parseAsync(args, { from: 'user' });
    await expect(attrium('profiles', 'erase', 'user_id:u')).rejects.toThrow(/--yes/);
    await attrium('profiles', 'erase', 'user_id:u', '--yes', '--request-id', 'cli-1');
    expect(await requested('shop')).toMatchObject({ id: 'cli-1', identifier: { type: 'user_id', value: 'u' } });
    await attrium('profiles', 'erasure', 'cli-1');
    expect(lines.join('')).toContain('"status": "erased"');
  });
});

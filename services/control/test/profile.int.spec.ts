/** Profiles over REST, and all of gRPC, on a real nats-server with owners that answer as the stages do. */
import { askSubject, DELIVERY_DESK_SUBJECT, Decimal, partitionOf, Timestamp } from '@attrium/event';
import { serveAsk } from '@attrium/nats';
import { catalogueV1, profileV1 } from '@attrium/proto';
import { type ServiceDefinition, status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { callGrpc } from './grpc-call.js';
import { catalogueOf, PARTITIONS, type RunningControl, runControl, SHARDS } from './running-control.js';

let control: RunningControl;
const request: RunningControl['request'] = (...args) => control.request(...args);
const newKey: RunningControl['newKey'] = (...args) => control.newKey(...args);
beforeAll(async () => {
  control = await runControl();
}, 240_000);

afterAll(() => control?.stop());

describe('profiles', () => {
  const ada = { type: 'email', value: 'ada@example.com' };

  it('say 503 and when to come back while no owner answers', async () => {
    const answer = await request('GET', '/v1/workspaces/shop/profiles/user_id:ada');
    expect([answer.status, answer.body.error.code]).toEqual([503, 'ATR-HOST-020']);
    expect(answer.headers.get('retry-after')).toBe('1');
  });

  it('are put together from the answers of the owners', async () => {
    const home = partitionOf('p-2', PARTITIONS);
    const survivor = { workspace: 'shop', kind: 'profile', id: 'p-2', ordinal: 4 };
    const resolved = { profileId: 'p-2', ordinal: 4, partition: home, identifiers: [ada] };
    const asked: unknown[] = [];
    const owners = [
      serveAsk(control.link.read, askSubject('identity', partitionOf('shop', SHARDS)), (question) => {
        asked.push(question);
        return JSON.stringify(question).includes('nobody') ? null : resolved;
      }),
      serveAsk(control.link.read, askSubject('attribute-compute', home), () => ({
        kind: 'attributes',
        entity: survivor,
        merging: false,
        attributes: new Map([
          ['spent', { value: new Decimal(12345678901234567890n * 10n ** 17n), effectiveAt: 0, approximate: false }],
          ['orders', { value: 3, effectiveAt: 1_700_000_000_000, approximate: true }],
          ['$consent.news.email', { value: false, effectiveAt: 2_000, approximate: false }],
          ['$consent.news', { value: true, effectiveAt: 1_000, approximate: false }],
          ['seen', { value: new Timestamp(1_000), effectiveAt: 0, approximate: false }],
        ]),
      })),
      serveAsk(control.link.read, askSubject('segment', home), () => ({
        merging: true,
        segments: { b: 2_000, a: 1_000 },
      })),
      serveAsk(control.link.read, DELIVERY_DESK_SUBJECT, (question) => ({ answer: { question } })),
    ];
    await control.link.read.flush();
    try {
      const answer = await request(
        'GET',
        `/v1/workspaces/shop/profiles/${encodeURIComponent('email:ada@example.com')}`,
      );
      expect([answer.status, answer.body]).toEqual([
        200,
        {
          profileId: 'p-2',
          identifiers: [ada],
          attributes: {
            orders: { value: 3, effectiveAt: '2023-11-14T22:13:20.000Z', approximate: true },
            seen: { value: '1970-01-01T00:00:01.000Z', effectiveAt: '1970-01-01T00:00:00.000Z' },
            spent: { value: '1234567890123456789', effectiveAt: '1970-01-01T00:00:00.000Z' },
          },
          consent: [
            { purpose: 'news', status: 'granted', since: '1970-01-01T00:00:01.000Z' },
            { purpose: 'news', channel: 'email', status: 'withdrawn', since: '1970-01-01T00:00:02.000Z' },
          ],
          segments: [
            { name: 'a', since: '1970-01-01T00:00:01.000Z' },
            { name: 'b', since: '1970-01-01T00:00:02.000Z' },
          ],
          merging: true,
        },
      ]);
      asked.length = 0;
      const tested = await request('POST', '/v1/workspaces/shop/triggers/welcome/test', {
        body: { identifier: 'email:ada@example.com' },
      });
      expect(tested.body.question).toEqual({
        ...{ kind: 'test', workspace: 'shop', trigger: 'welcome', profileId: 'p-2', identifiers: [ada] },
        attributes: { orders: 3, seen: '1970-01-01T00:00:01.000Z', spent: '1234567890123456789' },
      });
      const untested = await request('POST', '/v1/workspaces/shop/triggers/welcome/test', {
        body: { identifier: 'user_id:nobody' },
      });
      expect([untested.status, untested.body.error.code]).toEqual([404, 'ATR-CONTROL-030']);
      asked.length = 0;
      await request('GET', '/v1/workspaces/shop/profiles/email:ada@example.com');
      await request('GET', '/v1/workspaces/shop/profiles/profile_id:p-1');
      expect(asked).toEqual([
        { kind: 'resolve', workspace: 'shop', identifier: ada },
        { kind: 'profile', workspace: 'shop', profileId: 'p-1' },
      ]);
      const nobody = await request('GET', '/v1/workspaces/shop/profiles/user_id:nobody');
      expect([nobody.status, nobody.body.error.code]).toEqual([404, 'ATR-CONTROL-030']);
      const batch = await request('POST', '/v1/workspaces/shop/profiles/batch', {
        body: { identifiers: ['user_id:nobody', ada] },
      });
      expect(batch.body.profiles).toEqual([
        { identifier: { type: 'user_id', value: 'nobody' }, profile: null },
        { identifier: ada, profile: answer.body },
      ]);
    } finally {
      for (const owner of owners) owner.stop();
    }
  });

  it('say which identifiers and merges they are made of, as identity answers', async () => {
    const merge = {
      mergeId: 'm:p-1:1',
      survivorProfileId: 'p-2',
      loserProfileId: 'p-1',
      identifiers: [ada],
      cause: 'e',
    };
    const owner = serveAsk(control.link.read, askSubject('identity', partitionOf('shop', SHARDS)), (question) => {
      const { kind, identifier } = question as { kind: string; identifier: { value: string } };
      if (identifier.value === 'nobody') return null;
      if (kind === 'resolve') return { profileId: 'p-2', ordinal: 4, partition: 0, identifiers: [ada] };
      if (kind === 'identifiers') return { profileId: 'p-2', identifiers: [{ identifier: ada, homeProfileId: 'p-1' }] };
      return { profileId: 'p-2', merges: [{ ...merge, occurredAt: 1_000, mergedAt: 2_000 }] };
    });
    await control.link.read.flush();
    const get = async (path: string) => {
      const { status, body } = await request('GET', `/v1/workspaces/shop/${path}`);
      return [status, body.error?.code ?? body];
    };
    try {
      expect(await get('identifiers/user_id:ada')).toEqual([200, { profileId: 'p-2' }]);
      expect(await get('profiles/user_id:ada/identifiers')).toEqual([
        200,
        { profileId: 'p-2', identifiers: [{ ...ada, homeProfileId: 'p-1' }] },
      ]);
      const times = { occurredAt: '1970-01-01T00:00:01.000Z', mergedAt: '1970-01-01T00:00:02.000Z' };
      expect(await get('profiles/profile_id:p-1/merges')).toEqual([
        200,
        { profileId: 'p-2', merges: [{ ...merge, ...times }] },
      ]);
      for (const path of ['identifiers/user_id:nobody', 'profiles/user_id:nobody/merges']) {
        expect(await get(path)).toEqual([404, 'ATR-CONTROL-030']);
      }
      expect(await get('profiles/nobody/identifiers')).toEqual([400, 'ATR-CONTROL-013']);
    } finally {
      owner.stop();
    }
  });

  it.each(['ada', 'user_id:', ':x', 'User:x'])('are not looked for by %s', async (text) => {
    const answer = await request('GET', `/v1/workspaces/shop/profiles/${encodeURIComponent(text)}`);
    expect([answer.status, answer.body.error.code]).toEqual([400, 'ATR-CONTROL-013']);
  });
});

describe('gRPC', () => {
  const call = <T>(service: ServiceDefinition, method: string, message: object, key?: string): Promise<T> =>
    callGrpc<T>(control, { service, method, key }, message);

  const { CatalogueServiceService } = catalogueV1;
  const { ProfileServiceService } = profileV1;

  it('reads, plans and puts the same catalogue as REST, with faults in the answer', async () => {
    const workspace = 'bank';
    const catalogueJson = Buffer.from(JSON.stringify(catalogueOf('orders')));
    const plan = await call<catalogueV1.PlanResponse>(CatalogueServiceService, 'plan', { workspace, catalogueJson });
    expect(plan).toMatchObject({ revision: 0, faults: [], items: [{ change: 1, of: 1, name: 'orders' }] });
    const given = { workspace, expectedRevision: 0, author: 'Ada', catalogueJson };
    expect(await call(CatalogueServiceService, 'putCatalogue', given)).toEqual({ revision: 1, faults: [] });
    await expect(call(CatalogueServiceService, 'putCatalogue', given)).rejects.toMatchObject({ code: status.ABORTED });
    expect(
      await call(CatalogueServiceService, 'putCatalogue', {
        ...given,
        expectedRevision: 1,
        catalogueJson: Buffer.from('{"extra":1}'),
      }),
    ).toMatchObject({ revision: 1, faults: [{ path: 'extra' }] });
    const got = await call<catalogueV1.GetCatalogueResponse>(CatalogueServiceService, 'getCatalogue', { workspace });
    expect(got).toMatchObject({ revision: 1, author: 'Ada (bootstrap)' });
    expect(JSON.parse(Buffer.from(got.catalogueJson).toString())).toEqual(catalogueOf('orders'));
  });

  it('answers a profile with typed values, and says nobody, nothing and no with the codes of gRPC', async () => {
    const home = partitionOf('p-9', PARTITIONS);
    const identifier = { type: 'user_id', value: 'ada' };
    const entity = { workspace: 'shop', kind: 'profile', id: 'p-9', ordinal: 9 };
    const loser = partitionOf('p-8', PARTITIONS);
    const account = { accountId: 'a-1', groupId: 'acme', groupedAt: 4, current: true };
    const owners = [
      // Identity has just merged p-8 into p-9: the first answer is from before it.
      serveAsk(control.link.read, askSubject('identity', partitionOf('shop', SHARDS)), (question) => {
        const { kind, identifier: asked } = question as { kind: string; identifier?: { value: string } };
        if (kind === 'profile') {
          return { profileId: 'p-9', ordinal: 9, partition: home, identifiers: [identifier], accounts: [account] };
        }
        return asked?.value === 'ada' ? { profileId: 'p-8', ordinal: 8, partition: loser, identifiers: [] } : null;
      }),
      ...new Set([home, loser]),
    ].flatMap((owner) =>
      typeof owner !== 'number'
        ? [owner]
        : [
            serveAsk(control.link.read, askSubject('attribute-compute', owner), (question) =>
              (question as { ordinal: number }).ordinal === 8
                ? { kind: 'merged', mergedInto: entity }
                : {
                    kind: 'attributes',
                    entity,
                    merging: false,
                    attributes: new Map([
                      ['vip', { value: true, effectiveAt: 5, approximate: false }],
                      ['$consent.news', { value: true, effectiveAt: 6, approximate: false }],
                    ]),
                  },
            ),
            serveAsk(control.link.read, askSubject('segment', owner), (question) =>
              (question as { ordinal: number }).ordinal === 8
                ? { merging: false, segments: {}, mergedInto: entity }
                : { merging: false, segments: { vips: 7 } },
            ),
          ],
    );
    await control.link.read.flush();
    const wanted = { workspace: 'shop', identifierType: 'user_id', identifierValue: 'ada' };
    try {
      const profile = {
        profileId: 'p-9',
        identifiers: [identifier],
        attributes: { vip: { value: { kind: { $case: 'bool', value: true } }, effectiveAt: 5 } },
        segments: [{ segment: 'vips', since: 7 }],
        merging: true,
        accounts: [account],
        consent: [{ purpose: 'news', channel: '', granted: true, since: 6 }],
      };
      expect(await call(ProfileServiceService, 'getProfile', wanted)).toEqual(profile);
      const nobody = { type: 'user_id', value: 'nobody' };
      expect(
        await call(ProfileServiceService, 'batchGetProfiles', { workspace: 'shop', identifiers: [nobody, identifier] }),
      ).toEqual({
        results: [
          { identifier: nobody, profile: undefined },
          { identifier, profile },
        ],
      });
      const fails = (message: object, key?: string) =>
        expect(call(ProfileServiceService, 'getProfile', { ...wanted, ...message }, key)).rejects;
      await fails({ identifierValue: 'nobody' }).toMatchObject({ code: status.NOT_FOUND });
      await fails({ identifierType: '' }).toMatchObject({ code: status.INVALID_ARGUMENT });
      await fails({}, 'nonsense').toMatchObject({ code: status.UNAUTHENTICATED });
      await fails({}, (await newKey('bank', 'admin')).key).toMatchObject({ code: status.PERMISSION_DENIED });
    } finally {
      for (const owner of owners) owner.stop();
    }
    await expect(call(ProfileServiceService, 'getProfile', wanted)).rejects.toMatchObject({ code: status.UNAVAILABLE });
  });
});

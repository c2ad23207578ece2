/** Accounts and their members over REST, gRPC and the command line, on a real nats-server with owners that answer as the stages do. */
import { attriumCommand } from '@attrium/control';
import { askSubject, Decimal, partitionOf } from '@attrium/event';
import { serveAsk } from '@attrium/nats';
import { accountV1 } from '@attrium/proto';
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { callGrpc } from './grpc-call.js';
import { PARTITIONS, type RunningControl, runControl, SHARDS } from './running-control.js';

interface Question {
  readonly kind: string;
  readonly identifier: { readonly type: string; readonly value: string };
  readonly after?: number;
  readonly limit?: number;
}

const MEMBERS = Array.from({ length: 5 }, (_, index) => `p-${index + 1}`);
const acme = { accountId: 'a-1', groupId: 'acme' };
const globex = { accountId: 'a-2', groupId: 'globex' };
const iso = (ms: number): string => new Date(ms).toISOString();

let control: RunningControl;
let owners: { stop(): void }[] = [];
const asked: Question[] = [];

beforeAll(async () => {
  control = await runControl();
  const home = partitionOf('a-1', PARTITIONS);
  const ada = partitionOf('p-1', PARTITIONS);
  const attributes = new Map([
    ['seats', { value: 12, effectiveAt: 1_000, approximate: false }],
    ['spent', { value: new Decimal(12345678901234567890n * 10n ** 17n), effectiveAt: 2_000, approximate: true }],
  ]);
  const { read } = control.link;
  owners = [
    serveAsk(read, askSubject('identity', partitionOf('shop', SHARDS)), (question) => identity(question as Question)),
    ...[...new Set([home, ada])].flatMap((partition) => [
      serveAsk(read, askSubject('attribute-compute', partition), (question) => ({
        kind: 'attributes',
        merging: false,
        attributes: (question as { ordinal: number }).ordinal === 7 ? attributes : new Map(),
      })),
      serveAsk(read, askSubject('segment', partition), (question) => ({
        merging: false,
        segments: (question as { ordinal: number }).ordinal === 7 ? { large: 4_000, active: 3_000 } : {},
      })),
    ]),
  ];
  await read.flush();
}, 240_000);

afterAll(async () => {
  for (const owner of owners) owner.stop();
  await control?.stop();
});

/** What identity would say of the account acme, which has five members, one of whom has another account too. */
function identity(question: Question): unknown {
  asked.push(question);
  const { kind, identifier, after = 0, limit = 0 } = question;
  const of = `${identifier.type}:${identifier.value}`;
  const isAcme = of === 'group_id:acme' || of === 'account_id:a-1';
  if (kind === 'account' && isAcme) {
    return { ...acme, ordinal: 7, partition: partitionOf('a-1', PARTITIONS), members: MEMBERS.length };
  }
  if (kind === 'members' && isAcme) {
    const next = after + limit < MEMBERS.length ? { next: after + limit } : {};
    return { ...acme, members: MEMBERS.length, profileIds: MEMBERS.slice(after, after + limit), ...next };
  }
  if (kind !== 'resolve' || of !== 'user_id:ada') return null;
  return {
    ...{ profileId: 'p-1', ordinal: 1, partition: partitionOf('p-1', PARTITIONS), identifiers: [identifier] },
    accounts: [
      { ...acme, groupedAt: 1_000, current: false },
      { ...globex, groupedAt: 2_000, current: true },
    ],
  };
}

const get = async (path: string, key?: string): Promise<unknown[]> => {
  const given = key === undefined ? {} : { key };
  const { status: code, body } = await control.request('GET', `/v1/workspaces/shop/${path}`, given);
  return [code, body.error?.code ?? body];
};

async function attrium(...args: string[]): Promise<unknown> {
  const lines: string[] = [];
  const terminal = { out: (line: string) => lines.push(line), err: (line: string) => lines.push(line) };
  const env = {
    ATTRIUM_CONTROL_URL: control.instances[0].httpUrl,
    ATTRIUM_ADMIN_KEY: control.bootstrap,
    ATTRIUM_WORKSPACE: 'shop',
    ATTRIUM_DATA: control.directory,
  };
  await attriumCommand(terminal, env).parseAsync(args, { from: 'user' });
  return JSON.parse(lines.join('\n'));
}

const shown = {
  ...acme,
  members: 5,
  attributes: {
    seats: { value: 12, effectiveAt: iso(1_000) },
    spent: { value: '1234567890123456789', effectiveAt: iso(2_000), approximate: true },
  },
  segments: [
    { name: 'active', since: iso(3_000) },
    { name: 'large', since: iso(4_000) },
  ],
};

describe('an account', () => {
  it('is put together from the answers of the owners, by its group id and by its own', async () => {
    for (const identifier of ['group_id:acme', 'account_id:a-1']) {
      asked.length = 0;
      expect(await get(`accounts/${identifier}`)).toEqual([200, shown]);
      const [type, value] = identifier.split(':');
      expect(asked).toEqual([{ kind: 'account', workspace: 'shop', identifier: { type, value } }]);
      expect(await attrium('get', 'account', identifier)).toEqual(shown);
    }
  });

  it('over gRPC has typed values', async () => {
    const of = { service: accountV1.AccountServiceService, method: 'getAccount' };
    const identifier = { type: 'group_id', value: 'acme' };
    expect(await callGrpc(control, of, { workspace: 'shop', identifier })).toMatchObject({
      ...acme,
      members: 5,
      attributes: { seats: { value: { kind: { $case: 'double', value: 12 } }, effectiveAt: 1_000 } },
      segments: [
        { segment: 'active', since: 3_000 },
        { segment: 'large', since: 4_000 },
      ],
    });
    const fails = (message: object, key?: string) =>
      expect(callGrpc(control, { ...of, key }, { workspace: 'shop', identifier, ...message })).rejects;
    await fails({ identifier: { type: 'group_id', value: 'other' } }).toMatchObject({ code: status.NOT_FOUND });
    await fails({ identifier: undefined }).toMatchObject({ code: status.INVALID_ARGUMENT });
    await fails({}, 'nonsense').toMatchObject({ code: status.UNAUTHENTICATED });
  });

  it('that nobody named is told from a text that names none, and from a key that may not ask', async () => {
    expect(await get('accounts/group_id:other')).toEqual([404, 'ATR-CONTROL-031']);
    expect(await get('accounts/user_id:ada')).toEqual([404, 'ATR-CONTROL-031']);
    expect(await get('accounts/acme')).toEqual([400, 'ATR-CONTROL-013']);
    const { key } = await control.newKey('bank', 'admin');
    expect(await get('accounts/group_id:acme', key)).toEqual([403, 'ATR-HOST-013']);
    await expect(attrium('get', 'account', 'group_id:other')).rejects.toThrow(/ATR-CONTROL-031/);
    await expect(attrium('get', 'account')).rejects.toThrow('get account group_id:VALUE');
  });
});

describe('the members of an account', () => {
  it('come page by page, in the order in which they became members', async () => {
    const found: string[] = [];
    for (let after: string | undefined = '0'; after !== undefined; ) {
      const [code, page] = await get(`accounts/group_id:acme/members?limit=2&after=${after}`);
      expect([code, page]).toMatchObject([200, { ...acme, members: 5 }]);
      const { profileIds, next } = page as { profileIds: string[]; next?: string };
      expect(profileIds.length).toBeLessThanOrEqual(2);
      found.push(...profileIds);
      after = next;
    }
    expect(found).toEqual(MEMBERS);
    expect(await get('accounts/group_id:acme/members')).toEqual([200, { ...acme, members: 5, profileIds: MEMBERS }]);
    expect(asked.at(-1)).toMatchObject({ kind: 'members', after: 0, limit: 100 });
    expect(await attrium('members', 'group_id:acme', '--after', '3')).toEqual({
      ...acme,
      members: 5,
      profileIds: MEMBERS.slice(3),
    });
  });

  it('over gRPC have a token for the next page', async () => {
    const of = { service: accountV1.AccountServiceService, method: 'listAccountMembers' };
    const wanted = { workspace: 'shop', identifier: { type: 'account_id', value: 'a-1' }, pageSize: 4 };
    const first = { ...acme, members: 5, profileIds: MEMBERS.slice(0, 4), nextPageToken: '4' };
    expect(await callGrpc(control, of, { ...wanted, pageToken: '' })).toEqual(first);
    expect(await callGrpc(control, of, { ...wanted, pageToken: '4' })).toEqual({
      ...first,
      profileIds: ['p-5'],
      nextPageToken: '',
    });
    const wrong = callGrpc(control, of, { ...wanted, pageToken: 'next' });
    await expect(wrong).rejects.toMatchObject({ code: status.INVALID_ARGUMENT });
  });

  it.each([
    ['?limit=0', 400, 'ATR-CONTROL-011'],
    ['?limit=1001', 400, 'ATR-CONTROL-011'],
    ['?limit=few', 400, 'ATR-CONTROL-011'],
    ['?after=-1', 400, 'ATR-CONTROL-011'],
    ['?after=x', 400, 'ATR-CONTROL-011'],
  ])('are not listed with %s', async (query, code, error) => {
    expect(await get(`accounts/group_id:acme/members${query}`)).toEqual([code, error]);
  });

  it('of no account are a fault', async () => {
    expect(await get('accounts/group_id:other/members')).toEqual([404, 'ATR-CONTROL-031']);
    await expect(attrium('members', 'group_id:other')).rejects.toThrow(/ATR-CONTROL-031/);
  });
});

describe('a profile', () => {
  it('says which accounts it is a member of, and which one is current', async () => {
    const accounts = [
      { ...acme, groupedAt: iso(1_000) },
      { ...globex, groupedAt: iso(2_000), current: true },
    ];
    expect(await get('profiles/user_id:ada')).toMatchObject([200, { profileId: 'p-1', accounts }]);
    expect(await attrium('get', 'profile', 'user_id:ada')).toMatchObject({ accounts });
  });
});

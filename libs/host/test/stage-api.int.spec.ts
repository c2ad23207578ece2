/** What the stages answer over gRPC: identity, attribute-compute on two instances, and segment, on a real nats-server. */
import { type Event, partitionOf } from '@attrium/event';
import { newKeyText } from '@attrium/host';
import { attributeV1, identityV1, segmentV1 } from '@attrium/proto';
import { type ServiceDefinition, status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { call, type Instance, PARTITIONS, RunningStages } from './running-stages.js';

const CATALOGUE = {
  attributes: [
    { name: 'plan', kind: 'user', type: 'string', merge: 'most_recent', from: [{ trait: 'plan' }] },
    { name: 'orders', kind: 'user', type: 'number', compute: { count: 'Order Completed' } },
    {
      name: 'spent',
      kind: 'user',
      type: 'number',
      visibility: 'hidden',
      compute: { sum: 'Order Completed', of: 'revenue' },
    },
  ],
  segments: [
    { name: 'spenders', of: 'user', where: { attribute: 'spent', gt: 100 } },
    { name: 'buyers', of: 'user', where: { attribute: 'orders', gt: 0 } },
    { name: 'pros', of: 'user', where: { attribute: 'plan', equals: 'pro' } },
  ],
};
const T0 = Date.UTC(2026, 0, 1);
const CUSTOMERS = Array.from({ length: 12 }, (_, index) => `customer-${index}`);

const stages = new RunningStages();
const [reader, admin, stranger, everywhere, write] = [
  newKeyText('secret'),
  newKeyText('secret'),
  newKeyText('secret'),
  newKeyText('secret'),
  newKeyText('write'),
];
let identity: Instance;
/** The second owns the upper half of the partitions. */
let attributeComputes: [Instance, Instance];
let segment: Instance;
/** The profile id of ada's browser, which is the older one, and that of her account, merged away. */
let survivor: string;
let loser: string;

interface Calls {
  resolveIdentifier: identityV1.ResolveIdentifierResponse;
  listIdentifiers: identityV1.ListIdentifiersResponse;
  getMergeLog: identityV1.GetMergeLogResponse;
  getAttributes: attributeV1.GetAttributesResponse;
  getMemberships: segmentV1.GetMembershipsResponse;
  evaluate: segmentV1.EvaluateResponse;
}

function ask<M extends keyof Calls>(method: M, request: object, key = reader, instance = 0): Promise<Calls[M]> {
  const services: Record<keyof Calls, [ServiceDefinition, Instance]> = {
    resolveIdentifier: [identityV1.IdentityServiceService, identity],
    listIdentifiers: [identityV1.IdentityServiceService, identity],
    getMergeLog: [identityV1.IdentityServiceService, identity],
    getAttributes: [attributeV1.AttributeServiceService, attributeComputes[instance]!],
    getMemberships: [segmentV1.SegmentServiceService, segment],
    evaluate: [segmentV1.SegmentServiceService, segment],
  };
  const [service, { grpcUrl }] = services[method];
  return call({ grpcUrl, service, method }, { workspace: 'shop', names: [], ...request }, key);
}

const codeOf = (asked: Promise<unknown>): Promise<number> =>
  asked.then(
    () => status.OK,
    (fault: { code: number }) => fault.code,
  );

async function profileOf(type: string, value: string): Promise<string> {
  return (await ask('resolveIdentifier', { identifier: { type, value } })).profileId;
}

let events = 0;
function send(
  identifiers: Record<string, string>,
  given: { at: number; revenue?: number; plan?: string },
): Promise<void> {
  const { at, revenue, plan } = given;
  const event: Event = {
    kind: 'event',
    id: `event-${++events}`,
    workspace: 'shop',
    source: 'web',
    type: revenue === undefined ? 'identify' : 'track',
    name: revenue === undefined ? 'identify' : 'Order Completed',
    occurredAt: T0 + at,
    receivedAt: T0 + at,
    identifiers: Object.entries(identifiers).map(([type, value]) => ({ type, value })),
    payload: Buffer.from(JSON.stringify({ traits: { plan }, properties: { revenue } })),
  };
  return stages.send(event);
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 40_000;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`never came true: ${holds}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Nobody yet is no failure: what was appended is still on its way. */
const soon = (holds: () => Promise<boolean>): Promise<void> =>
  until(() =>
    holds().catch((fault: { code?: number }) => {
      if (fault.code === status.NOT_FOUND || fault.code === status.UNAVAILABLE) return false;
      throw fault;
    }),
  );

beforeAll(async () => {
  await stages.open();
  await stages.putKey(reader, { workspace: 'shop', role: 'read' });
  await stages.putKey(admin, { workspace: 'shop', role: 'admin' });
  await stages.putKey(stranger, { workspace: 'bank', role: 'admin' });
  await stages.putKey(everywhere, { workspace: '*', role: 'admin' });
  await stages.putKey(write, { workspace: 'shop', source: 'web' });
  const half = PARTITIONS / 2;
  const owning = (from: number, to: number) => ({ ATTRIUM_OWNED_PARTITIONS: `${from}-${to}` });
  [identity, segment, ...attributeComputes] = await Promise.all([
    stages.start('identity', 'identity-0'),
    stages.start('segment', 'segment-0'),
    stages.start('attribute-compute', 'attributes-0', owning(0, half - 1)),
    stages.start('attribute-compute', 'attributes-1', owning(half, PARTITIONS - 1)),
  ]);
  await stages.activate('shop', CATALOGUE);
  await send({ anonymous_id: 'browser' }, { at: 1, revenue: 60 });
  await send({ user_id: 'ada', email: 'ada@example.com' }, { at: 2, plan: 'pro' });
  await soon(async () => (await profileOf('user_id', 'ada')) !== (await profileOf('anonymous_id', 'browser')));
  survivor = await profileOf('anonymous_id', 'browser');
  loser = await profileOf('user_id', 'ada');
  await send({ user_id: 'ada', anonymous_id: 'browser' }, { at: 3, revenue: 50 });
  for (const [index, user_id] of CUSTOMERS.entries()) await send({ user_id }, { at: 10 + index, revenue: index });
  const last = { type: 'user_id', value: CUSTOMERS.at(-1)! };
  await soon(async () => (await ask('resolveIdentifier', { identifier: last })).profileId !== '');
  const settled = async (profileId: string): Promise<boolean> => {
    const { memberships, merging } = await ask('getMemberships', { profileId });
    return memberships.length > 0 && !merging;
  };
  await soon(
    async () =>
      (await settled(survivor)) && (await ask('getMemberships', { profileId: survivor })).memberships.length === 3,
  );
  for (const value of CUSTOMERS) await soon(async () => settled(await profileOf('user_id', value)));
}, 240_000);

afterAll(() => stages.close());

describe('IdentityService', () => {
  it('finds the profile of an identifier in the form in which events have it, with all its identifiers', async () => {
    const identifier = { type: 'email', value: ' Ada@Example.com' };
    const { profileId, identifiers } = await ask('resolveIdentifier', { identifier });
    expect(profileId).toBe(survivor);
    expect(identifiers).toHaveLength(3);
    expect(identifiers).toEqual(
      expect.arrayContaining([
        { type: 'anonymous_id', value: 'browser' },
        { type: 'user_id', value: 'ada' },
        { type: 'email', value: 'ada@example.com' },
      ]),
    );
  });

  it('says where each identifier would be without the merge, and how the merge came about, also for an old profile id', async () => {
    const ada = [
      { type: 'user_id', value: 'ada' },
      { type: 'email', value: 'ada@example.com' },
    ];
    for (const identifier of [ada[0], { type: 'profile_id', value: loser }]) {
      expect(await ask('listIdentifiers', { identifier })).toEqual({
        profileId: survivor,
        identifiers: [
          { identifier: { type: 'anonymous_id', value: 'browser' }, homeProfileId: survivor },
          ...ada.map((held) => ({ identifier: held, homeProfileId: loser })),
        ],
      });
      expect(await ask('getMergeLog', { identifier })).toEqual({
        profileId: survivor,
        merges: [
          {
            mergeId: `m:${loser}:1`,
            survivorProfileId: survivor,
            loserProfileId: loser,
            identifiers: ada,
            cause: 'event-3',
            occurredAt: T0 + 3,
            mergedAt: expect.any(Number),
          },
        ],
      });
    }
    const alone = { type: 'user_id', value: CUSTOMERS[0]! };
    expect((await ask('getMergeLog', { identifier: alone })).merges).toEqual([]);
  });

  it.each([
    ['nobody', { type: 'user_id', value: 'nobody' }, status.NOT_FOUND],
    ['no identifier', undefined, status.INVALID_ARGUMENT],
    ['no value', { type: 'user_id', value: '' }, status.INVALID_ARGUMENT],
    ['too long a value', { type: 'user_id', value: 'a'.repeat(513) }, status.INVALID_ARGUMENT],
  ])('says so for %s', async (_what, identifier, code) => {
    for (const method of ['resolveIdentifier', 'listIdentifiers', 'getMergeLog'] as const) {
      expect(await codeOf(ask(method, { identifier }))).toBe(code);
    }
  });
});

describe('AttributeService', () => {
  const number = (value: number) => ({ kind: { $case: 'double', value } });
  const orders = { value: expect.objectContaining(number(2)), effectiveAt: T0 + 3 };
  const plan = { value: { kind: { $case: 'string', value: 'pro' } }, effectiveAt: expect.any(Number) };

  it('answers with the visible values of the survivor for both ids of a merge', async () => {
    for (const profileId of [survivor, loser]) {
      expect(await ask('getAttributes', { profileId })).toEqual({
        profileId: survivor,
        attributes: { orders, plan },
        merging: false,
      });
    }
  });

  it('answers with the attributes named, hidden ones too', async () => {
    const { attributes } = await ask('getAttributes', { profileId: loser, names: ['spent', 'orders'] });
    expect(attributes).toEqual({ orders, spent: { value: expect.objectContaining(number(110)), effectiveAt: T0 + 3 } });
  });

  it('answers the same on every instance, whoever owns the profile', async () => {
    const ids = await Promise.all(CUSTOMERS.map((value) => profileOf('user_id', value)));
    // Both instances own some of them, or this would show nothing.
    expect(new Set(ids.map((id) => partitionOf(id, PARTITIONS) < PARTITIONS / 2)).size).toBe(2);
    for (const [index, profileId] of ids.entries()) {
      const answers = [0, 1].map((instance) => ask('getAttributes', { profileId, names: ['spent'] }, reader, instance));
      const spent = { value: number(index), effectiveAt: T0 + 10 + index };
      for (const answer of await Promise.all(answers))
        expect(answer).toMatchObject({ profileId, attributes: { spent } });
    }
  });

  it.each([
    ['an unknown profile', { profileId: 'nobody' }, status.NOT_FOUND],
    ['no profile', { profileId: '' }, status.INVALID_ARGUMENT],
    ['an unknown attribute', { names: ['orders', 'nothing'] }, status.INVALID_ARGUMENT],
    ['too long a name', { names: ['a'.repeat(100_000)] }, status.INVALID_ARGUMENT],
    ['too many names', { names: Array.from({ length: 1_001 }, () => 'orders') }, status.INVALID_ARGUMENT],
  ])('says so for %s', async (_what, request, code) => {
    expect(await codeOf(ask('getAttributes', { profileId: survivor, ...request }))).toBe(code);
  });
});

describe('SegmentService', () => {
  it('answers with the memberships of the survivor for both ids of a merge, by name', async () => {
    for (const profileId of [survivor, loser]) {
      expect(await ask('getMemberships', { profileId })).toEqual({
        profileId: survivor,
        memberships: [
          { segment: 'buyers', since: T0 + 1 },
          { segment: 'pros', since: expect.any(Number) },
          { segment: 'spenders', since: T0 + 3 },
        ],
        merging: false,
      });
    }
  });

  it('evaluates segments in the order of the request', async () => {
    const profileId = await profileOf('user_id', CUSTOMERS[1]!);
    const { evaluations, merging } = await ask('evaluate', { profileId, segments: ['spenders', 'buyers', 'spenders'] });
    expect(merging).toBe(false);
    expect(evaluations).toEqual([
      { segment: 'spenders', member: false, since: undefined },
      { segment: 'buyers', member: true, since: T0 + 11 },
      { segment: 'spenders', member: false, since: undefined },
    ]);
  });

  it('evaluates the survivor for the id of a profile that was merged away', async () => {
    const { evaluations } = await ask('evaluate', { profileId: loser, segments: ['spenders'] });
    expect(evaluations).toEqual([{ segment: 'spenders', member: true, since: T0 + 3 }]);
  });

  it.each([
    ['an unknown profile', { profileId: 'nobody' }, status.NOT_FOUND],
    ['no profile', { profileId: '' }, status.INVALID_ARGUMENT],
    ['an unknown segment', { segments: ['buyers', 'nothing'] }, status.NOT_FOUND],
    ['no segments', { segments: [] }, status.INVALID_ARGUMENT],
    ['too many segments', { segments: Array.from({ length: 101 }, () => 'buyers') }, status.INVALID_ARGUMENT],
  ])('says so for %s', async (_what, request, code) => {
    expect(await codeOf(ask('evaluate', { profileId: survivor, segments: ['buyers'], ...request }))).toBe(code);
  });

  it('knows no memberships of nobody', async () => {
    expect(await codeOf(ask('getMemberships', { profileId: 'nobody' }))).toBe(status.NOT_FOUND);
  });
});

describe.each([
  'resolveIdentifier',
  'listIdentifiers',
  'getMergeLog',
  'getAttributes',
  'getMemberships',
  'evaluate',
] as const)('%s', (method) => {
  const request = () => ({
    identifier: { type: 'user_id', value: 'ada' },
    profileId: survivor,
    segments: ['buyers'],
  });

  it.each([
    ['a read key', () => reader, status.OK],
    ['an admin key', () => admin, status.OK],
    ['a key of the installation', () => everywhere, status.OK],
    ['no key', () => '', status.UNAUTHENTICATED],
    ['an unknown key', () => newKeyText('secret'), status.UNAUTHENTICATED],
    ['a write key', () => write, status.UNAUTHENTICATED],
    ['a key of another workspace', () => stranger, status.PERMISSION_DENIED],
  ])('with %s', async (_what, key, code) => {
    expect(await codeOf(ask(method, request(), key()))).toBe(code);
  });

  it('needs a workspace', async () => {
    expect(await codeOf(ask(method, { ...request(), workspace: '' }))).toBe(status.INVALID_ARGUMENT);
  });
});

// Ends an instance, so it comes last.
describe('an owner that is gone', () => {
  it('makes its profiles unavailable on every instance, and no others', async () => {
    expect(await attributeComputes[1].stop()).toBe(0);
    for (const value of CUSTOMERS) {
      const profileId = await profileOf('user_id', value);
      const isGone = partitionOf(profileId, PARTITIONS) >= PARTITIONS / 2;
      expect(await codeOf(ask('getAttributes', { profileId }))).toBe(isGone ? status.UNAVAILABLE : status.OK);
    }
  }, 60_000);
});

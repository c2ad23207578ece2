/** Deliveries as people see and steer them: over gRPC, on a real nats-server and the real ClickHouse engine. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openClickHouse, type Projection, Projector } from '@attrium/clickhouse';
import { type EmbeddedClickHouse, startEmbeddedClickHouse } from '@attrium/clickhouse-embedded';
import { Decimal, partitionOf } from '@attrium/event';
import { hostSettings, loadConfig, type RunningHost, startHost } from '@attrium/host';
import { journeyTriggerModule } from '@attrium/journey-trigger';
import { packageDefinition, triggerV1 } from '@attrium/proto';
import { Client, credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { firingSchema } from '../src/deliveries/firing-schema.js';
import { answerDesk } from '../src/desk/desk-question.js';
import { attemptProjections, projections } from '../src/projections/projections.js';
import { FiringLine, PARTITIONS, pause, type RunningDeliveries, SECRET, until } from './firing-line.js';
import { type Receiver, startReceiver } from './receiver.js';

const line = new FiringLine();
let directory: string;
let engine: EmbeddedClickHouse;
let projectors: Projector[] = [];
let deliveries: RunningDeliveries;
let host: RunningHost;
let client: Client;
let revision = 0;
let receivers: Receiver[] = [];

function project(stream: string, tables: readonly Projection[]): Projector {
  const projector = new Projector({
    log: line.log,
    stream,
    subjects: [`${stream.replace('-', '.')}.>`],
    clickhouse: openClickHouse({ url: engine.url }),
    projections: tables,
    migrations: {
      service: 'journey-trigger',
      directory: fileURLToPath(new URL('../migrations', import.meta.url)),
    },
    settings: { blockMsMax: 50 },
  });
  projector.start();
  return projector;
}

beforeAll(async () => {
  await line.start();
  directory = await mkdtemp(join(tmpdir(), 'attrium-desk-'));
  engine = await startEmbeddedClickHouse({ directory, port: 0 });
  projectors = [project('attrium-firings', projections), project('attrium-attempts', attemptProjections)];
  deliveries = await line.deliver({
    CLICKHOUSE_URL: engine.url,
    ATTRIUM_WEBHOOK_AGE_MS_MAX: '1000',
    ATTRIUM_WEBHOOK_PROBE_MS_MAX: '100',
  });
  host = await startHost({
    service: 'journey-trigger',
    module: journeyTriggerModule(deliveries),
    config: loadConfig(hostSettings, { ATTRIUM_LOG_LEVEL: 'silent' }),
    grpc: { packages: ['attrium.trigger.v1'], packageDefinition },
    onDrain: [],
    ownsProcess: false,
  });
  client = new Client(host.grpcUrl, credentials.createInsecure());
}, 240_000);

afterAll(async () => {
  client?.close();
  await host?.stop();
  await deliveries?.stop();
  await Promise.all(projectors.map((projector) => projector.stop()));
  await engine?.stop();
  await line.close();
  await rm(directory, { recursive: true, force: true });
});

afterEach(() => {
  for (const receiver of receivers) receiver.close();
  receivers = [];
});

const services = { ...triggerV1.DeliveryServiceService, ...triggerV1.TriggerServiceService };
type Method = keyof typeof triggerV1.DeliveryServiceService | 'listFirings' | 'getFiring';

// biome-ignore lint/suspicious/noExplicitAny: answers of many shapes, compared with what is expected.
function call(method: Method, request: object, key = line.adminKey): Promise<any> {
  const metadata = new Metadata();
  metadata.set('authorization', `Bearer ${key}`);
  const { path, requestSerialize, responseDeserialize, requestStream: _stream } = services[method];
  const serialize = requestSerialize as (value: unknown) => Buffer;
  const full = { ...EMPTY, workspace: 'shop', ...request };
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(path, serialize, responseDeserialize, full, metadata, (error, answer) =>
      error === null ? resolve(answer) : reject(error),
    );
  });
}

/** What every request may lack. */
const EMPTY = {
  limit: 0,
  afterPosition: 0,
  from: 0,
  to: 0,
  destination: '',
  trigger: '',
  profileId: '',
  firingId: '',
  page: '',
  replayId: '',
  positions: [],
};

async function receiver(): Promise<Receiver> {
  const started = await startReceiver(SECRET);
  receivers.push(started);
  return started;
}

async function activate(name: string, urls: readonly string[]): Promise<string[]> {
  await line.activate(++revision, [{ name, deliver: urls.map((webhook) => ({ webhook })) }]);
  const named = async (): Promise<{ name: string; url: string }[]> =>
    (await call('listDestinations', {})).destinations.filter((each: { trigger: string }) => each.trigger === name);
  await until(async () => (await named()).length === urls.length);
  const found = await named();
  return urls.map((url) => found.find((each) => each.url === url)!.name);
}

const idsOf = ({ received }: Receiver): string[] => received.map(({ id }) => id);

describe('deliveries that were given up', () => {
  it('are listed with the reason, and sent again to their own destination only, or discarded', async () => {
    const bad = await receiver();
    const good = await receiver();
    bad.answer = (_entry, _attempt, response) => response.writeHead(503).end();
    const [destination] = await activate('given_up', [bad.url, good.url]);
    const [first, second] = await line.fire('given_up', ['a', 'b']);
    const list = async () => (await call('listUndelivered', { destination })).undelivered;
    await until(async () => (await list()).length === 2);
    const letters = await list();
    expect(
      letters.map(({ firingId, reason }: { firingId: string; reason: string }) => [firingId, reason]).sort(),
    ).toEqual(
      [
        [first, 'status 503'],
        [second, 'status 503'],
      ].sort(),
    );
    const states = (await call('listDestinations', {})).destinations;
    expect(states.find((each: { name: string }) => each.name === destination)).toMatchObject({
      disabled: false,
      undelivered: 2,
    });
    bad.received.length = 0;
    bad.answer = (_entry, _attempt, response) => response.writeHead(204).end();
    const [one, other] = letters.map(({ position }: { position: number }) => position);
    expect(await call('replayUndelivered', { positions: [one, 999_999] })).toEqual({
      replayed: [one],
      refused: [999_999],
    });
    await until(() => bad.received.length > 0);
    expect(bad.received).toMatchObject([{ id: letters[0].firingId, replay: `undelivered-${one}` }]);
    expect(await call('discardUndelivered', { positions: [one, other] })).toEqual({
      discarded: [other],
      refused: [one],
    });
    expect(await list()).toEqual([]);
    await pause(100);
    expect(idsOf(good).sort()).toEqual([first, second].sort());
    expect(bad.received).toHaveLength(1);
  }, 60_000);

  it('are nobody else’s: another workspace neither sees nor moves them, and a reader moves nothing', async () => {
    const bad = await receiver();
    bad.answer = (_entry, _attempt, response) => response.writeHead(500).end();
    const [destination] = await activate('private', [bad.url]);
    await line.fire('private', ['a']);
    const list = async () => (await call('listUndelivered', { destination })).undelivered;
    await until(async () => (await list()).length === 1);
    const [{ position }] = await list();
    await expect(call('listUndelivered', {}, line.foreignKey)).rejects.toMatchObject({
      code: status.PERMISSION_DENIED,
    });
    await expect(call('discardUndelivered', { positions: [position] }, line.secretKey)).rejects.toMatchObject({
      code: status.PERMISSION_DENIED,
    });
    expect((await call('listUndelivered', { workspace: 'other' }, line.foreignKey)).undelivered).toEqual([]);
    expect(await deliveries.desk.discardUndelivered('other', [position])).toEqual({
      discarded: [],
      refused: [position],
    });
    expect(await list()).toHaveLength(1);
    await expect(call('discardUndelivered', {})).rejects.toMatchObject({ code: status.INVALID_ARGUMENT });
  }, 60_000);
});

describe('a destination that answered 410', () => {
  it('shows as disabled, and delivers again when it is enabled', async () => {
    const hook = await receiver();
    hook.answer = (_entry, _attempt, response) => response.writeHead(410).end();
    const [destination] = await activate('closed', [hook.url]);
    await line.fire('closed', ['a']);
    const isDisabled = async (): Promise<boolean> =>
      (await call('listDestinations', {})).destinations.find((each: { name: string }) => each.name === destination)
        .disabled;
    await until(isDisabled);
    hook.answer = (_entry, _attempt, response) => response.writeHead(204).end();
    const [dropped] = await line.fire('closed', ['b']);
    await until(async () => (await line.delivered('closed')).length === 2);
    await call('enableDestination', { destination });
    await until(async () => !(await isDisabled()));
    const [id] = await line.fire('closed', ['c']);
    await until(() => idsOf(hook).includes(id!));
    expect(idsOf(hook)).not.toContain(dropped);
    await expect(call('enableDestination', { destination: 'none' })).rejects.toMatchObject({ code: status.NOT_FOUND });
  }, 60_000);
});

describe('a replay', () => {
  it('sends the firings of a time range to one destination again, marked and in order, and once for one id', async () => {
    const [hook, other] = [await receiver(), await receiver()];
    const [destination] = await activate('replayed', [hook.url, other.url]);
    await line.fire('replayed', ['before']);
    await until(() => hook.received.length === 1 && other.received.length === 1);
    await pause(20);
    const from = Date.now();
    const ids = [...(await line.fire('replayed', ['a', 'b'])), ...(await line.fire('replayed', ['a']))];
    await until(() => hook.received.length === 4 && other.received.length === 4);
    await pause(20);
    const to = Date.now();
    await line.fire('replayed', ['after']);
    await until(() => hook.received.length === 5 && other.received.length === 5);
    hook.received.length = 0;
    const asked = { destination, from, to, replayId: 'again-1' };
    expect(await call('replayFirings', asked)).toMatchObject({ replayId: 'again-1', firings: 3 });
    await until(() => hook.received.length === 3);
    expect(hook.received.every(({ replay }) => replay === 'again-1')).toBe(true);
    expect(idsOf(hook).sort()).toEqual([...ids].sort());
    expect(hook.received.filter(({ profile }) => profile === 'a').map(({ id }) => id)).toEqual([ids[0], ids[2]]);
    expect(await call('replayFirings', asked)).toMatchObject({ firings: 0 });
    expect((await call('replayFirings', { ...asked, replayId: '', from: to + 10_000, to: to + 20_000 })).firings).toBe(
      0,
    );
    await pause(100);
    expect([hook.received.length, other.received.length]).toEqual([3, 5]);
  }, 60_000);
});

describe('a test', () => {
  it('reaches each webhook of the trigger, signed and marked, and is nothing that fired', async () => {
    const [hook, other] = [await receiver(), await receiver()];
    const destinations = await activate('tried', [hook.url, other.url]);
    const asked = {
      ...{ kind: 'test', workspace: 'shop', trigger: 'tried', profileId: 'ada' },
      identifiers: [{ type: 'user_id', value: 'u-1' }],
      attributes: { plan: 'pro', spend: 3, secret_of_others: 'x' },
    };
    const told = await answerDesk(deliveries.desk, asked);
    const { firingId } = (told as { answer: { firingId: string } }).answer;
    expect(told).toEqual({ answer: { firingId, destinations } });
    await until(() => hook.received.length === 1 && other.received.length === 1);
    const [entry] = hook.received;
    expect(entry).toMatchObject({ id: firingId, profile: 'ada', replay: 'test' });
    expect(firingSchema.parse(entry!.firing)).toMatchObject({
      test: true,
      on: { kind: 'segment-entered', segment: 'vip' },
      attributes: { plan: 'pro', spend: 3 },
    });
    expect(Object.keys((entry!.firing as { attributes: object }).attributes)).toEqual(['plan', 'spend']);
    expect(await line.delivered('tried')).toEqual([]);
    const refused = await answerDesk(deliveries.desk, { ...asked, trigger: 'none' });
    expect(refused).toMatchObject({ refused: { code: 'ATR-TRIGGER-036', status: 'not-found' } });
  }, 60_000);
});

describe('the past', () => {
  it('has each attempt with its status and latency, and says why a trigger fired', async () => {
    const hook = await receiver();
    hook.answer = (_entry, attempt, response) => response.writeHead(attempt === 1 ? 429 : 204).end();
    const [destination] = await activate('attempted', [hook.url]);
    const [firingId] = await line.fire('attempted', ['a']);
    const attempts = async () => (await call('listAttempts', { firingId })).attempts;
    await until(async () => (await attempts()).length === 2);
    expect(await attempts()).toMatchObject([
      { destination, outcome: 'delivered', why: '', status: 204, attempt: 2, profileId: 'a', replay: '' },
      { destination, outcome: 'failed', why: 'throttled', status: 429, attempt: 1 },
    ]);
    const { firing, attempts: shown, explanation } = await call('getFiring', { firingId });
    expect(firing).toMatchObject({
      outcome: triggerV1.FiringOutcome.FIRING_OUTCOME_FIRED,
      onKind: 'segment-entered',
      onName: 'vip',
      values: [{ name: 'plan', json: '"pro"' }],
    });
    expect(shown.map((each: { status: number }) => each.status)).toEqual([429, 204]);
    expect(explanation[0]).toMatch(/^attempted fired for a at .*, by revision 1 of the catalogue\.$/);
    expect(explanation).toContain('What its condition and payload read: plan = "pro".');
    await expect(call('getFiring', { firingId: '9:9:9' })).rejects.toMatchObject({ code: status.NOT_FOUND });
    await expect(call('listAttempts', {})).rejects.toMatchObject({ code: status.INVALID_ARGUMENT });
  }, 60_000);

  it('lists firings page by page, suppressed ones with what decided', async () => {
    const profile = 'paged';
    for (let index = 0; index < 5; index++) await line.fire('listed', [profile]);
    const { entity, trigger, revision: by, effectiveAt, recordedAt, cause, on } = line.firing('listed', profile);
    const fact = { entity, trigger, revision: by, effectiveAt, recordedAt: recordedAt + 1, cause, on };
    await line.append(partitionOf(profile, PARTITIONS), [
      {
        ...fact,
        kind: 'firing-suppressed',
        id: 'suppressed-1',
        why: 'frequency',
        values: [
          { name: 'spend', value: 12 },
          { name: 'exact', value: new Decimal(12345678901234567890123456789n) },
        ],
        memberships: ['vip'],
        lastFiredAt: recordedAt - 60_000,
      },
    ]);
    const list = (request: object) => call('listFirings', { outcome: 0, trigger: 'listed', ...request });
    await until(async () => (await list({})).firings.length === 6);
    const pages: string[][] = [];
    for (let page = '', more = true; more; ) {
      const { firings, nextPage } = await list({ page, limit: 2 });
      pages.push(firings.map((firing: { firingId: string }) => firing.firingId));
      page = nextPage;
      more = nextPage !== '';
    }
    expect(pages.map(({ length }) => length)).toEqual([2, 2, 2, 0]);
    expect(new Set(pages.flat()).size).toBe(6);
    const { firings } = await list({ outcome: triggerV1.FiringOutcome.FIRING_OUTCOME_SUPPRESSED });
    expect(firings).toMatchObject([
      { firingId: 'suppressed-1', suppressedBy: 'frequency', memberships: ['vip'], lastFiredAt: recordedAt - 60_000 },
    ]);
    const { explanation } = await call('getFiring', { firingId: 'suppressed-1' });
    expect(explanation).toContain(
      `Its condition was true, but its frequency forbade it: it had fired for this profile at ${new Date(recordedAt - 60_000).toISOString()}.`,
    );
    const asked = { kind: 'firing', workspace: 'shop', firingId: 'suppressed-1' };
    const told = (await answerDesk(deliveries.desk, asked)) as { answer: { firing: object } };
    expect(told.answer.firing).toMatchObject({
      attributes: { spend: 12, exact: '12345678901.234567890123456789' },
      before: null,
      after: null,
    });
    expect(told.answer.firing).not.toHaveProperty('valueNames');
    const wrong: ServiceError = await list({ page: 'nonsense' }).catch((error) => error);
    expect(wrong.code).toBe(status.INVALID_ARGUMENT);
  }, 60_000);
});

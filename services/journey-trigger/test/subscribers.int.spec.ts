/** Firings to named subscribers over gRPC: acknowledged, sent again, bounded, over killed clients and services. */
import { hostSettings, loadConfig, type RunningHost, startHost } from '@attrium/host';
import { journeyTriggerModule } from '@attrium/journey-trigger';
import { packageDefinition, triggerV1 } from '@attrium/proto';
import { type ClientDuplexStream, credentials, Metadata, makeClientConstructor, status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { answerDesk } from '../src/desk/desk-question.js';
import { FiringLine, pause, type RunningDeliveries, until } from './firing-line.js';

type Stream = ClientDuplexStream<triggerV1.ConsumeRequest, triggerV1.ConsumeResponse>;
type Callback<T> = (error: (Error & { code: number }) | null, response: T) => void;
interface Client {
  consume(metadata: Metadata): Stream;
  listSubscribers(
    request: triggerV1.ListSubscribersRequest,
    metadata: Metadata,
    callback: Callback<triggerV1.ListSubscribersResponse>,
  ): void;
  deleteSubscriber(
    request: triggerV1.DeleteSubscriberRequest,
    metadata: Metadata,
    callback: Callback<triggerV1.DeleteSubscriberResponse>,
  ): void;
  close(): void;
}

const SUBSCRIBERS_MAX = 4;
const line = new FiringLine();
let service: { deliveries: RunningDeliveries; host: RunningHost; client: Client };

async function startService(): Promise<typeof service> {
  const deliveries = await line.deliver({
    ATTRIUM_SUBSCRIBERS_MAX: String(SUBSCRIBERS_MAX),
    ATTRIUM_STREAM_HEARTBEAT_MS: '100',
  });
  const host = await startHost({
    service: 'journey-trigger',
    module: journeyTriggerModule(deliveries),
    config: loadConfig(hostSettings, { ATTRIUM_LOG_LEVEL: 'silent' }),
    grpc: { packages: ['attrium.trigger.v1'], packageDefinition },
    onDrain: [],
    ownsProcess: false,
  });
  const Class = makeClientConstructor(triggerV1.TriggerServiceService, 'TriggerService');
  const client = new Class(host.grpcUrl, credentials.createInsecure()) as unknown as Client;
  return { deliveries, host, client };
}

beforeAll(async () => {
  await line.start();
  await line.activate(1, [
    { name: 'welcome', deliver: [{ stream: true }] },
    { name: 'other', deliver: [{ stream: true }] },
    { name: 'hooked', deliver: [{ webhook: 'http://127.0.0.1:9/' }] },
  ]);
  service = await startService();
  await until(() => line.delivered('welcome').then(() => true));
}, 240_000);

afterAll(async () => {
  service?.client.close();
  await service?.host.stop();
  await service?.deliveries.stop();
  await line.close();
});

function metadataOf(key = line.secretKey): Metadata {
  const metadata = new Metadata();
  metadata.set('authorization', `Bearer ${key}`);
  return metadata;
}

/** A journey system that takes firings, and acknowledges when told to. */
class JourneySystem {
  readonly firings: triggerV1.SubscribeResponse[] = [];
  opened: triggerV1.Opened | undefined;
  heartbeats = 0;
  code: number | undefined;
  private readonly stream: Stream;

  constructor(open: Partial<triggerV1.OpenSubscriber> = {}, key?: string) {
    this.stream = service.client.consume(metadataOf(key));
    this.stream.on('error', (error: Error & { code: number }) => {
      this.code = error.code;
    });
    this.stream.on('end', () => {
      this.code ??= status.OK;
    });
    this.stream.on('data', ({ kind }: triggerV1.ConsumeResponse) => {
      if (kind?.$case === 'opened') this.opened = kind.value;
      if (kind?.$case === 'heartbeat') this.heartbeats++;
      if (kind?.$case === 'firing') this.firings.push(kind.value);
    });
    this.open(open);
  }

  open(open: Partial<triggerV1.OpenSubscriber> = {}): void {
    this.say({
      $case: 'open',
      value: {
        ...{ workspace: 'shop', trigger: 'welcome', subscriber: 'mailer', unacknowledgedMax: 0 },
        ...{ acknowledgeWithinMs: 0, afterPosition: 0, ...open },
      },
    });
  }

  get ids(): string[] {
    return this.firings.map(({ firingId }) => firingId);
  }

  say(kind: NonNullable<triggerV1.ConsumeRequest['kind']>): void {
    this.stream.write({ kind });
  }

  acknowledge(...positions: number[]): void {
    this.say({ $case: 'acknowledge', value: { positions } });
  }

  acknowledgeAll(): void {
    const upToPosition = this.firings.at(-1)!.position;
    this.say({ $case: 'acknowledge', value: { positions: [], upToPosition } });
  }

  has(count: number): Promise<void> {
    return until(() => this.firings.length >= count);
  }

  /** As a process that is killed: nothing is said any more. */
  kill(): void {
    this.stream.cancel();
  }

  /** Ends in order, when what it said has arrived. */
  async end(): Promise<void> {
    this.stream.end();
    await until(() => this.code !== undefined);
  }
}

const list = (): Promise<triggerV1.Subscriber[]> =>
  new Promise((resolve, reject) => {
    service.client.listSubscribers({ workspace: 'shop' }, metadataOf(), (error, response) =>
      error === null ? resolve(response.subscribers) : reject(error),
    );
  });
const remove = (subscriber: string, key = line.adminKey, trigger = 'welcome'): Promise<number> =>
  new Promise((resolve) => {
    const request = { workspace: 'shop', trigger, subscriber };
    service.client.deleteSubscriber(request, metadataOf(key), (error) => resolve(error === null ? 0 : error.code));
  });

describe('a named subscriber', () => {
  it('goes on behind what it acknowledged, without giving a position, when it was killed', async () => {
    const ids = await line.fire('welcome', ['a', 'a', 'a', 'a']);
    await until(async () => (await line.delivered('welcome')).length === 4);
    const first = new JourneySystem();
    await first.has(4);
    expect(first.opened).toMatchObject({ made: true, position: 0, waiting: 4, unacknowledged: 0 });
    expect(first.ids).toEqual(ids);
    first.acknowledge(first.firings[0]!.position, first.firings[2]!.position);
    await until(async () => (await list())[0]?.unacknowledged === 2);
    first.kill();
    const second = new JourneySystem({ afterPosition: undefined });
    await second.has(2);
    expect(second.opened?.made).toBe(false);
    expect(second.ids).toEqual([ids[1], ids[3]]);
    second.acknowledgeAll();
    await second.end();
    const more = await line.fire('welcome', ['d']);
    const third = new JourneySystem();
    await third.has(1);
    expect(third.ids).toEqual(more);
    third.acknowledgeAll();
    await third.end();
    expect(await list()).toMatchObject([{ trigger: 'welcome', subscriber: 'mailer', waiting: 0, unacknowledged: 0 }]);
  }, 60_000);

  it('is sent again what it does not acknowledge in time, and no more than it can have under way', async () => {
    const ids = await line.fire('other', ['a', 'a', 'a']);
    const system = new JourneySystem({
      ...{ trigger: 'other', subscriber: 'slow', unacknowledgedMax: 2, acknowledgeWithinMs: 1_000 },
    });
    await system.has(2);
    await pause(300);
    expect(system.ids).toEqual(ids.slice(0, 2));
    await system.has(4);
    expect(system.ids.slice(2).sort()).toEqual(ids.slice(0, 2).sort());
    system.acknowledgeAll();
    system.acknowledge(...system.firings.map(({ position }) => position));
    await until(() => system.ids.includes(ids[2]!));
    system.acknowledge(...system.firings.map(({ position }) => position));
    await until(async () => (await list()).find(({ subscriber }) => subscriber === 'slow')?.unacknowledged === 0);
    const count = system.firings.length;
    await pause(1_500);
    expect(system.firings).toHaveLength(count);
    await system.end();
    expect(await remove('slow', line.adminKey, 'other')).toBe(0);
  }, 60_000);

  it('loses nothing when the service is killed, and is sent nothing that it acknowledged', async () => {
    const ids = await line.fire('welcome', ['a', 'a', 'a', 'a']);
    const before = new JourneySystem({ acknowledgeWithinMs: 1_000 });
    await before.has(4);
    before.acknowledge(before.firings[0]!.position, before.firings[1]!.position);
    await until(async () => (await list())[0]?.unacknowledged === 2);
    await service.deliveries.crash();
    service.client.close();
    await service.host.stop();
    service = await startService();
    const after = new JourneySystem({ acknowledgeWithinMs: 1_000 });
    await after.has(2);
    expect([...new Set(after.ids)].sort()).toEqual(ids.slice(2).sort());
    after.acknowledgeAll();
    await after.end();
  }, 90_000);

  it('begins from now on where it names no position, and several streams share its firings', async () => {
    const one = new JourneySystem({ subscriber: 'shared', afterPosition: undefined, unacknowledgedMax: 4 });
    await until(() => one.opened !== undefined);
    expect(one.opened).toMatchObject({ made: true, waiting: 0 });
    const two = new JourneySystem({ subscriber: 'shared', unacknowledgedMax: 4 });
    await until(() => two.opened !== undefined);
    const ids: string[] = [];
    for (let round = 0; round < 5; round++) {
      ids.push(...(await line.fire('welcome', ['a', 'b'])));
      await until(() => one.firings.length + two.firings.length >= ids.length);
      for (const each of [one, two]) if (each.firings.length > 0) each.acknowledgeAll();
    }
    expect([...one.ids, ...two.ids].sort()).toEqual(ids.sort());
    await Promise.all([one.end(), two.end()]);
    expect(await remove('shared')).toBe(0);
  }, 60_000);

  it('hears that the stream stands, while nothing comes', async () => {
    const system = new JourneySystem();
    await until(() => system.heartbeats >= 3);
    const { deliveries } = service;
    expect(deliveries.consuming.count).toBeGreaterThan(0);
    await system.end();
    await until(() => deliveries.consuming.count === 0);
  }, 30_000);

  it('is forgotten when it is deleted, which ends its stream', async () => {
    const system = new JourneySystem({ subscriber: 'leaving' });
    await until(() => system.opened !== undefined);
    expect(await remove('leaving', line.secretKey)).toBe(status.PERMISSION_DENIED);
    expect(await remove('leaving')).toBe(0);
    await until(() => system.code !== undefined);
    expect(system.code).toBe(status.NOT_FOUND);
    expect(await remove('leaving')).toBe(status.NOT_FOUND);
    expect((await list()).map(({ subscriber }) => subscriber)).toEqual(['mailer']);
  }, 60_000);

  it('is listed and forgotten by the desk, too, which control asks', async () => {
    const system = new JourneySystem({ subscriber: 'asked' });
    await until(() => system.opened !== undefined);
    await system.end();
    const { desk } = service.deliveries;
    expect(await answerDesk(desk, { kind: 'subscribers', workspace: 'shop' })).toMatchObject({
      answer: { subscribers: [{ subscriber: 'asked', trigger: 'welcome' }, { subscriber: 'mailer' }] },
    });
    const leaving = { kind: 'delete-subscriber', workspace: 'shop', trigger: 'welcome', subscriber: 'asked' };
    expect(await answerDesk(desk, leaving)).toEqual({ answer: {} });
    expect(await answerDesk(desk, leaving)).toMatchObject({
      refused: { code: 'ATR-TRIGGER-028', status: 'not-found' },
    });
  }, 30_000);

  it('is refused where there are as many as there may be', async () => {
    for (let made = 1; made < SUBSCRIBERS_MAX; made++) {
      const system = new JourneySystem({ subscriber: `s${made}` });
      await until(() => system.opened !== undefined);
      await system.end();
    }
    const refused = new JourneySystem({ subscriber: 'one-more' });
    await until(() => refused.code !== undefined);
    expect(refused.code).toBe(status.RESOURCE_EXHAUSTED);
    for (let made = 1; made < SUBSCRIBERS_MAX; made++) expect(await remove(`s${made}`)).toBe(0);
  }, 60_000);

  it.each<[what: string, open: Partial<triggerV1.OpenSubscriber>, code: number]>([
    ['a name that is none', { subscriber: 'A b' }, status.INVALID_ARGUMENT],
    ['no name', { subscriber: '' }, status.INVALID_ARGUMENT],
    ['no workspace', { workspace: '' }, status.INVALID_ARGUMENT],
    ['too much under way', { unacknowledgedMax: 10_001 }, status.INVALID_ARGUMENT],
    ['no time', { acknowledgeWithinMs: 5 }, status.INVALID_ARGUMENT],
    ['an unknown trigger', { trigger: 'nobody' }, status.NOT_FOUND],
    ['a trigger without a stream', { trigger: 'hooked' }, status.NOT_FOUND],
  ])(
    'is refused with %s',
    async (_what, open, code) => {
      const system = new JourneySystem(open);
      await until(() => system.code !== undefined);
      expect(system.code).toBe(code);
    },
    30_000,
  );

  it('is refused with a key of another workspace, and with a second beginning', async () => {
    const unknown = new JourneySystem({}, 'atr_sk_nonsense');
    await until(() => unknown.code !== undefined);
    expect(unknown.code).toBe(status.UNAUTHENTICATED);
    const foreign = new JourneySystem({}, line.foreignKey);
    await until(() => foreign.code !== undefined);
    expect(foreign.code).toBe(status.PERMISSION_DENIED);
    const twice = new JourneySystem();
    twice.open();
    await until(() => twice.code !== undefined);
    expect(twice.code).toBe(status.INVALID_ARGUMENT);
  }, 30_000);

  it('ends with UNAVAILABLE when the instance goes down', async () => {
    const system = new JourneySystem();
    await until(() => system.opened !== undefined);
    for (const step of service.deliveries.steps) if (step.name === 'streams of subscribers') await step.run();
    await until(() => system.code !== undefined);
    expect(system.code).toBe(status.UNAVAILABLE);
    expect(service.deliveries.consuming.count).toBe(0);
  }, 30_000);
});

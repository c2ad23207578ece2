/** Firings over gRPC, as a journey system takes them: with resume, at its own pace. */
import { Decimal, decimalFromText, Timestamp } from '@attrium/event';
import { hostSettings, loadConfig, type RunningHost, startHost } from '@attrium/host';
import { journeyTriggerModule } from '@attrium/journey-trigger';
import { packageDefinition, triggerV1, valueV1 } from '@attrium/proto';
import { type ClientReadableStream, credentials, Metadata, makeClientConstructor, status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { FiringLine, pause, type RunningDeliveries, until } from './firing-line.js';

type Response = triggerV1.SubscribeResponse;
interface Subscribing {
  subscribe(request: triggerV1.SubscribeRequest, metadata: Metadata): ClientReadableStream<Response>;
  close(): void;
}

const line = new FiringLine();
let deliveries: RunningDeliveries;
let keys: Awaited<ReturnType<FiringLine['access']>>;
let host: RunningHost;
let client: Subscribing;
let revision = 0;

beforeAll(async () => {
  await line.start();
  await line.activate(++revision, [
    { name: 'streamed', deliver: [{ stream: true }] },
    { name: 'hooked', deliver: [{ webhook: 'http://127.0.0.1:9/' }] },
  ]);
  deliveries = await line.deliver();
  keys = await line.access();
  host = await startHost({
    service: 'journey-trigger',
    module: journeyTriggerModule({ ...deliveries, access: keys.access }),
    config: loadConfig(hostSettings, { ATTRIUM_LOG_LEVEL: 'silent' }),
    grpc: { packages: ['attrium.trigger.v1'], packageDefinition },
    onDrain: deliveries.steps,
    ownsProcess: false,
  });
  const Client = makeClientConstructor(triggerV1.TriggerServiceService, 'TriggerService');
  client = new Client(host.grpcUrl, credentials.createInsecure()) as unknown as Subscribing;
  await line.fire('streamed', ['first']);
  await until(async () => (await line.delivered('streamed')).length === 1);
}, 240_000);

afterAll(async () => {
  client?.close();
  await host?.stop();
  await keys?.close();
  await deliveries?.stop();
  await line.close();
});

function subscribe(request: Partial<triggerV1.SubscribeRequest>, key = line.secretKey): ClientReadableStream<Response> {
  const metadata = new Metadata();
  if (key !== '') metadata.set('authorization', `Bearer ${key}`);
  return client.subscribe({ workspace: 'shop', trigger: 'streamed', ...request }, metadata);
}

/** The first messages of a stream, which is then cancelled. */
async function take(stream: ClientReadableStream<Response>, count: number): Promise<Response[]> {
  const taken: Response[] = [];
  stream.on('error', () => undefined);
  for await (const message of stream) {
    taken.push(message as Response);
    if (taken.length === count) break;
  }
  stream.cancel();
  return taken;
}

function codeOf(stream: ClientReadableStream<Response>): Promise<number> {
  return new Promise((resolve) => {
    stream.on('data', () => undefined);
    stream.on('error', (error: Error & { code: number }) => resolve(error.code));
    stream.on('end', () => resolve(status.OK));
  });
}

describe('the stream of firings', () => {
  it('has the firings of the deliveries log with the same ids, and resumes behind any of them', async () => {
    await line.fire('streamed', ['a', 'b', 'a', 'c', 'a']);
    await until(async () => (await line.delivered('streamed')).length === 6);
    const delivered = (await line.delivered('streamed')).map(({ id }) => id);
    const all = await take(subscribe({ afterPosition: 0 }), 6);
    expect(all.map(({ firingId }) => firingId)).toEqual(delivered);
    for (let from = 0; from < 5; from++) {
      const rest = await take(subscribe({ afterPosition: all[from]!.position }), 5 - from);
      expect(rest).toEqual(all.slice(from + 1));
    }
  }, 60_000);

  it('begins with the firings from now on when no position is given, from the moment of its headers', async () => {
    const stream = subscribe({});
    const taking = take(stream, 2);
    await new Promise((resolve) => stream.once('metadata', resolve));
    const ids = await line.fire('streamed', ['x', 'x']);
    expect((await taking).map(({ firingId }) => firingId)).toEqual(ids);
  }, 60_000);

  it('keeps the types of values, as the catalogue declares them', async () => {
    const stream = subscribe({});
    const taking = take(stream, 1);
    await new Promise((resolve) => stream.once('metadata', resolve));
    const spend = decimalFromText('1234567890123456.78');
    expect(spend).toBeInstanceOf(Decimal);
    const at = Date.parse('2026-01-31T09:30:00.120Z');
    await line.fire('streamed', ['typed'], {
      effectiveAt: at,
      recordedAt: at + 7,
      reason: 'window',
      on: { kind: 'attribute-changed', change: { name: 'since', before: new Timestamp(at) } },
      values: [
        { name: 'plan', value: '2026-01-31T09:30:00Z' },
        { name: 'spend', value: spend! },
        { name: 'since', value: new Timestamp(at) },
      ],
    });
    expect((await taking)[0]).toMatchObject({
      trigger: 'streamed',
      revision: 1,
      profileId: 'typed',
      identifiers: [{ type: 'user_id', value: 'typed' }],
      effectiveAt: at,
      recordedAt: at + 7,
      reason: valueV1.ChangeReason.CHANGE_REASON_WINDOW,
      on: {
        kind: {
          $case: 'attributeChanged',
          value: { name: 'since', before: { kind: { $case: 'timestampMs', value: at } } },
        },
      },
      values: [
        { name: 'plan', value: { kind: { $case: 'string', value: '2026-01-31T09:30:00Z' } } },
        { name: 'spend', value: { kind: { $case: 'decimal', value: '1234567890123456.78' } } },
        { name: 'since', value: { kind: { $case: 'timestampMs', value: at } } },
      ],
    });
  }, 60_000);

  it.each([
    ['no key', {}, '', status.UNAUTHENTICATED],
    ['an unknown key', {}, 'atr_sk_nonsense', status.UNAUTHENTICATED],
    ['no workspace', { workspace: '' }, undefined, status.INVALID_ARGUMENT],
    ['no trigger', { trigger: '' }, undefined, status.INVALID_ARGUMENT],
    ['an unknown trigger', { trigger: 'nobody' }, undefined, status.NOT_FOUND],
    ['a trigger without a stream', { trigger: 'hooked' }, undefined, status.NOT_FOUND],
    ['a position that was never reached', { afterPosition: 1_000_000 }, undefined, status.OUT_OF_RANGE],
  ])(
    'is refused with %s',
    async (_what, request, key, code) => {
      expect(await codeOf(subscribe(request, key))).toBe(code);
    },
    30_000,
  );

  it('is refused with a key of another workspace', async () => {
    expect(await codeOf(subscribe({}, line.foreignKey))).toBe(status.PERMISSION_DENIED);
  }, 30_000);

  it('waits for a caller that does not read, and then goes on without a gap', async () => {
    const before = (await line.delivered('streamed')).length;
    const values = [{ name: 'plan', value: 'x'.repeat(10_000) }];
    const firings = Array.from({ length: 500 }, () => line.firing('streamed', 'long', { values }));
    const slow = subscribe({ afterPosition: 0 });
    await new Promise((resolve) => slow.once('metadata', resolve));
    slow.pause();
    for (let index = 0; index < firings.length; index += 20) await line.append(0, firings.slice(index, index + 20));
    await until(async () => (await line.delivered('streamed')).length === before + 500);
    await pause(300);
    // Whoever reads beside it is not held up.
    expect(await take(subscribe({ afterPosition: 0 }), before + 500)).toHaveLength(before + 500);
    const ids = (await take(slow, before + 500)).map(({ firingId }) => firingId).slice(before);
    expect(ids).toEqual(firings.map(({ id }) => id));
  }, 60_000);

  it('ends when its caller cancels, and with UNAVAILABLE when the instance goes down', async () => {
    await until(() => deliveries.streams.count === 0);
    const cancelled = subscribe({ afterPosition: 0 });
    await take(cancelled, 1);
    await until(() => deliveries.streams.count === 0);
    const open = subscribe({});
    const code = codeOf(open);
    await until(() => deliveries.streams.count === 1);
    expect(await host.stop()).toBe(true);
    expect(await code).toBe(status.UNAVAILABLE);
  }, 60_000);
});

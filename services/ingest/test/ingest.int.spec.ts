/** Ingest against a real nats-server: what is answered 200 is in the log, through restarts of the log too. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type Event, eventsSubject, rejectedSubject, streamOf } from '@attrium/event';
import { KEYS_BUCKET, keyEntryName, loadConfig, newKeyText, type RunningHost } from '@attrium/host';
import { ingestSettings, startIngest } from '@attrium/ingest';
import {
  Bucket,
  connectNats,
  ensureStreams,
  findNatsServer,
  JetStreamLog,
  type NatsLink,
  type NatsServer,
  startNatsServer,
} from '@attrium/nats';
import { decodePack } from '@attrium/processor';
import { eventV1 } from '@attrium/proto';
import { credentials, Metadata, makeClientConstructor, type ServiceError } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Analytics } from '@segment/analytics-node';

const directory = mkdtempSync(join(tmpdir(), 'attrium-ingest-'));
const writeKey = newKeyText('write');
let server: NatsServer;
let link: NatsLink;
let log: JetStreamLog;
let ingest: RunningHost;

beforeAll(async () => {
  const dataDirectory = resolve(import.meta.dirname, '../../../node_modules/.cache/attrium');
  const binary = await findNatsServer({ dataDirectory, environment: process.env });
  server = await startNatsServer({ binary, directory });
  link = await connectNats({ url: server.url, name: 'test' });
  await ensureStreams(link.read, { profile: 'standalone', bytesMax: 2_000_000_000 });
  const keys = await Bucket.open(link.read, KEYS_BUCKET);
  const record = { kind: 'write', workspace: 'shop', source: 'web', createdAt: 1 };
  await keys.put(keyEntryName('write', writeKey), Buffer.from(JSON.stringify(record)));
  log = new JetStreamLog(link);
  const settings = {
    NATS_URL: server.url,
    ATTRIUM_LOG_LEVEL: 'silent',
    ATTRIUM_SHARDS: '2',
    ATTRIUM_GRPC_REFLECTION: 'on',
  };
  ingest = await startIngest(loadConfig(ingestSettings, settings), { ownsProcess: false });
  await until(async () => (await fetch(`${ingest.httpUrl}/healthz/ready`)).ok);
}, 240_000);

afterAll(async () => {
  await ingest?.stop();
  await log?.close();
  await link?.close();
  await server?.kill();
  rmSync(directory, { recursive: true, force: true });
});

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 20));
}

/** All messages that a stream has for these subjects now. */
async function stored(stream: string, subjects: string[]): Promise<Uint8Array[]> {
  const { lastSequence } = await log.bounds(stream);
  const payloads: Uint8Array[] = [];
  if (lastSequence === 0) return payloads;
  await new Promise<void>((done, failed) => {
    const reader = log.read(stream, {
      subjects,
      fromSequence: 1,
      failed,
      wake: () => {
        for (let message = reader.next(); message !== undefined; message = reader.next()) {
          payloads.push(message.payload);
          if (message.sequence === lastSequence) void reader.close().then(done);
        }
      },
    });
  });
  return payloads;
}

async function storedEvents(): Promise<Event[]> {
  const packs = await stored(streamOf('events'), [eventsSubject(0), eventsSubject(1)]);
  return packs.flatMap((pack) => decodePack(pack).records).filter((record): record is Event => record.kind === 'event');
}

function post(path: string, body: unknown): Promise<Response> {
  return fetch(`${ingest.httpUrl}${path}`, {
    method: 'POST',
    headers: { 'x-write-key': writeKey },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
}

describe('ingest', () => {
  it('takes identify and track of the unmodified Segment SDK into the log', async () => {
    const analytics = new Analytics({ writeKey, host: ingest.httpUrl, path: '/v1/batch', maxRetries: 0 });
    const faults: unknown[] = [];
    analytics.on('error', (fault) => faults.push(fault));
    analytics.identify({ userId: 'sdk-user', traits: { email: 'ada@example.com', plan: 'pro' } });
    analytics.track({ userId: 'sdk-user', event: 'Order Completed', properties: { revenue: 49.9 } });
    await analytics.closeAndFlush();
    expect(faults).toEqual([]);
    const events = (await storedEvents()).filter((event) =>
      event.identifiers.some(({ value }) => value === 'sdk-user'),
    );
    expect(events).toHaveLength(2);
    expect(events).toEqual([
      expect.objectContaining({
        type: 'identify',
        workspace: 'shop',
        source: 'web',
        id: expect.stringContaining('node-next-'),
      }),
      expect.objectContaining({ type: 'track', name: 'Order Completed' }),
    ]);
    expect(events[0]?.identifiers).toContainEqual({ type: 'email', value: 'ada@example.com' });
    expect(JSON.parse(Buffer.from(events[1]!.payload).toString()).properties).toEqual({ revenue: 49.9 });
  }, 60_000);

  it('keeps the good events of a batch and shows the bad one in the feed of rejected events', async () => {
    const good = { type: 'track', event: 'Kept', userId: 'u', messageId: 'good-1' };
    const answer = await post('/v1/batch', { batch: [good, { type: 'nonsense', userId: 'u', messageId: 'bad-1' }] });
    expect([answer.status, await answer.json()]).toEqual([
      200,
      {
        success: true,
        accepted: 1,
        rejected: [{ index: 1, messageId: 'bad-1', code: 'ATR-INGEST-102', message: expect.any(String) }],
      },
    ]);
    expect((await storedEvents()).filter((event) => event.id === 'good-1')).toHaveLength(1);
    const feed = (await stored('attrium-rejected', [rejectedSubject('shop')])).map((line) =>
      JSON.parse(Buffer.from(line).toString()),
    );
    expect(feed).toContainEqual(
      expect.objectContaining({ messageId: 'bad-1', code: 'ATR-INGEST-102', source: 'web', index: 1 }),
    );
  }, 60_000);

  it('takes events over gRPC, each with its own result', async () => {
    const Client = makeClientConstructor(eventV1.EventServiceService, 'EventService');
    const client = new Client(ingest.grpcUrl, credentials.createInsecure());
    const send = (events: unknown[], key: string): Promise<eventV1.SendResponse> =>
      new Promise((resolve, reject) => {
        const metadata = new Metadata();
        metadata.set('x-write-key', key);
        const eventsJson = events.map((event) =>
          Buffer.from(typeof event === 'string' ? event : JSON.stringify(event)),
        );
        (client as unknown as { send: (...args: unknown[]) => void }).send(
          { eventsJson },
          metadata,
          (fault: ServiceError | null, answer: eventV1.SendResponse) =>
            fault === null ? resolve(answer) : reject(fault),
        );
      });
    try {
      const { results } = await send(
        ['{', { type: 'track', event: 'x', userId: 'u', messageId: 'grpc-1' }, { type: 'track' }],
        writeKey,
      );
      expect(results.map(({ messageId, rejection }) => [messageId, rejection?.code])).toEqual([
        ['', 'ATR-INGEST-101'],
        ['grpc-1', undefined],
        ['', 'ATR-INGEST-105'],
      ]);
      expect((await storedEvents()).filter((event) => event.id === 'grpc-1')).toHaveLength(1);
      await expect(send([{}], 'nobody')).rejects.toMatchObject({ code: 16 });
      await expect(send([], writeKey)).rejects.toMatchObject({ code: 3 });
    } finally {
      client.close();
    }
  }, 60_000);

  it('loses no acknowledged event when the log is killed and comes back in mid-flow, and stores none twice in a pack', async () => {
    const acknowledged: string[] = [];
    let flowing = true;
    const sender = async (name: string): Promise<void> => {
      for (let index = 0; flowing; index++) {
        const messageId = `${name}-${index}`;
        const answer = await post('/v1/track', { event: 'Flow', userId: name, messageId });
        if (answer.status === 200) acknowledged.push(messageId);
        else throw new Error(`${messageId} was answered ${answer.status}: ${await answer.text()}`);
      }
    };
    const senders = ['s1', 's2', 's3', 's4', 's5', 's6'].map(sender);
    await until(async () => acknowledged.length > 200);
    await server.kill();
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    const before = acknowledged.length;
    await server.restart();
    await until(async () => acknowledged.length > before + 200);
    flowing = false;
    await Promise.all(senders);
    const ids = (await storedEvents()).filter((event) => event.name === 'Flow').map((event) => event.id);
    const inLog = new Set(ids);
    expect(acknowledged.filter((id) => !inLog.has(id))).toEqual([]);
    expect(ids).toHaveLength(inLog.size);
  }, 120_000);

  it('answers 503 when the log stays away, and takes the same event later', async () => {
    const settings = { NATS_URL: server.url, ATTRIUM_LOG_LEVEL: 'silent', ATTRIUM_APPEND_HOLD_MS: '600' };
    const impatient = await startIngest(loadConfig(ingestSettings, settings), { ownsProcess: false });
    try {
      await until(async () => (await fetch(`${impatient.httpUrl}/healthz/ready`)).ok);
      const send = () =>
        fetch(`${impatient.httpUrl}/v1/track?writeKey=${writeKey}`, {
          method: 'POST',
          body: JSON.stringify({ event: 'Later', userId: 'u', messageId: 'later-1' }),
        });
      await server.kill();
      const refused = await send();
      expect([
        refused.status,
        ((await refused.json()) as { error: { code: string } }).error.code,
        refused.headers.get('retry-after'),
      ]).toEqual([503, 'ATR-INGEST-010', '5']);
      expect((await fetch(`${impatient.httpUrl}/healthz/live`)).status).toBe(200);
      expect((await fetch(`${impatient.httpUrl}/healthz/ready`)).status).toBe(503);
      await server.restart();
      await until(async () => (await send()).status === 200);
      await until(async () => link.connected);
      expect((await storedEvents()).map((event) => event.id)).toContain('later-1');
    } finally {
      await impatient.stop();
    }
  }, 60_000);

  it('refuses a revoked key at once', async () => {
    const revoked = newKeyText('write');
    const keys = await Bucket.open(link.read, KEYS_BUCKET);
    const record = { kind: 'write', workspace: 'shop', source: 'old', createdAt: 1 };
    const statusOf = async () =>
      (
        await fetch(`${ingest.httpUrl}/v1/track?writeKey=${revoked}`, {
          method: 'POST',
          body: '{"event":"x","userId":"u"}',
        })
      ).status;
    expect(await statusOf()).toBe(401);
    await keys.put(keyEntryName('write', revoked), Buffer.from(JSON.stringify(record)));
    await until(async () => (await statusOf()) === 200);
    await keys.put(keyEntryName('write', revoked), Buffer.from(JSON.stringify({ ...record, revoked: true })));
    await until(async () => (await statusOf()) === 401);
  }, 60_000);
});

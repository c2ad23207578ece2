import { setTimeout } from 'node:timers/promises';
import { Decimal, LOG_NAMES, streamOf, Timestamp } from '@attrium/event';
import {
  ask,
  BUCKETS,
  Bucket,
  type BucketEntry,
  connectNats,
  ensureStreams,
  JetStreamLog,
  KEYS_BUCKET,
  type NatsLink,
  type NatsServer,
  serveAsk,
} from '@attrium/nats';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DiscardPolicy, jetstreamManager, RetentionPolicy } from '@nats-io/jetstream';
import { startTestServer } from './server-under-test.js';

const OPTIONS = { profile: 'standalone', bytesMax: 2 ** 30 } as const;

describe('an installation on NATS', () => {
  let server: NatsServer;
  let link: NatsLink;
  let close: () => Promise<void>;

  beforeAll(async () => {
    ({ server, close } = await startTestServer());
    link = await connectNats({ url: server.url, name: 'test' });
    await ensureStreams(link.publish, OPTIONS);
  }, 60_000);

  afterAll(async () => {
    await link.close();
    await close();
  });

  const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
  const text = (entry: BucketEntry | undefined): string | undefined =>
    entry?.value === undefined ? undefined : new TextDecoder().decode(entry.value);

  /** Waits until the server has all that was sent to read; an earlier test may have killed it, and the two connections come back one by one. */
  const flushed = async (): Promise<void> => {
    for (;;) {
      const isSent = await link.read.flush().then(
        () => true,
        () => false,
      );
      if (isSent) return;
      await setTimeout(20);
    }
  };

  it('has its streams and buckets, and setting them up again changes nothing', async () => {
    const manager = await jetstreamManager(link.publish);
    const layout = async (): Promise<Record<string, unknown>> => {
      const streams: Record<string, unknown> = {};
      for (const { config } of await manager.streams.list().next()) streams[config.name] = config;
      return streams;
    };
    const before = await layout();
    expect(Object.keys(before).sort()).toEqual(
      [
        ...LOG_NAMES.map(streamOf),
        'attrium-deliveries',
        'attrium-undelivered',
        'attrium-attempts',
        'attrium-rejected',
        'attrium-dead-letters',
        ...BUCKETS.map((bucket) => `KV_${bucket}`),
      ].sort(),
    );
    expect(before['attrium-dead-letters']).toMatchObject({ subjects: ['attrium.dead-letters.>'] });
    for (const log of LOG_NAMES) {
      expect(before[streamOf(log)]).toMatchObject({
        subjects: [`attrium.${log}.>`],
        discard: DiscardPolicy.New,
        retention: RetentionPolicy.Limits,
        max_age: 0,
        deny_delete: true,
      });
    }
    await ensureStreams(link.publish, OPTIONS);
    expect(await layout()).toEqual(before);
  });

  it('follows a changed limit', async () => {
    const manager = await jetstreamManager(link.publish);
    await ensureStreams(link.publish, { ...OPTIONS, bytesMax: 2 ** 31 });
    expect((await manager.streams.info('attrium-events')).config.max_bytes).toBe(Math.floor(2 ** 31 * 0.28));
  });

  it('refuses a stream that is set up in another way, and says how', async () => {
    const manager = await jetstreamManager(link.publish);
    await manager.streams.delete('attrium-rejected');
    await manager.streams.add({ name: 'attrium-rejected', subjects: ['attrium.rejected.shop'] });
    await expect(ensureStreams(link.publish, OPTIONS)).rejects.toMatchObject({
      code: 'ATR-LOG-020',
      retryable: false,
      message: expect.stringContaining('attrium.rejected.shop'),
    });
    await manager.streams.delete('attrium-rejected');
    await ensureStreams(link.publish, OPTIONS);
  });

  it('a publish to a subject without a stream is unknown, and a message that is too large is called so, each with the reason', async () => {
    const log = new JetStreamLog(link);
    expect(await log.append('elsewhere.1', bytes('x'))).toMatchObject({ kind: 'unknown' });
    expect(await log.append('attrium.events.0', new Uint8Array(25 << 20))).toMatchObject({ kind: 'too-large' });
    expect(await log.append('attrium.events.0', new Uint8Array(33 << 20))).toMatchObject({ kind: 'too-large' });
    expect(await log.append('attrium.events.0', new Uint8Array(8 << 20))).toMatchObject({ kind: 'appended' });
    await expect(log.bounds('attrium-nothing')).rejects.toMatchObject({ code: 'ATR-LOG-020' });
    await log.close();
  });

  it('a bucket gives what was written, and refuses a write on another revision', async () => {
    const keys = await Bucket.open(link.publish, KEYS_BUCKET);
    const created = await keys.create('shop.one', bytes('1'));
    expect(created.kind).toBe('stored');
    expect(await keys.create('shop.one', bytes('2'))).toEqual({ kind: 'conflict' });
    const { revision } = (await keys.get('shop.one'))!;
    expect((await keys.update('shop.one', bytes('3'), revision)).kind).toBe('stored');
    expect(await keys.update('shop.one', bytes('4'), revision)).toEqual({ kind: 'conflict' });
    expect(text(await keys.get('shop.one'))).toBe('3');
    await keys.put('shop.two', bytes('5'));
    await keys.delete('shop.one');
    expect(await keys.get('shop.one')).toBeUndefined();
    expect((await keys.entries()).map(({ key }) => key)).toEqual(['shop.two']);
    await keys.delete('shop.two');
  });

  it('a watch of an empty bucket is ready at once', async () => {
    const bucket = await Bucket.open(link.publish, BUCKETS[1]);
    const watch = bucket.watch(() => {});
    await watch.ready;
    watch.stop();
  });

  it('a watch gives what is there and what changes, also after the server was killed', async () => {
    const keys = await Bucket.open(link.publish, KEYS_BUCKET);
    await keys.put('watched.a', bytes('1'));
    const seen = new Map<string, string | undefined>();
    let changed: () => void = () => {};
    const until = async (key: string, value: string | undefined): Promise<void> => {
      while (!seen.has(key) || seen.get(key) !== value) {
        await new Promise<void>((resolve) => {
          changed = resolve;
        });
      }
    };
    const watch = keys.watch((entry) => {
      seen.set(entry.key, text(entry));
      changed();
    });
    await watch.ready;
    expect(seen.get('watched.a')).toBe('1');
    await keys.put('watched.b', bytes('2'));
    await until('watched.b', '2');
    await server.kill();
    await server.restart();
    for (let written = false; !written; ) {
      written = await keys.put('watched.b', bytes('3')).then(
        () => true,
        () => false,
      );
    }
    await until('watched.b', '3');
    await keys.delete('watched.b');
    await until('watched.b', undefined);
    watch.stop();
  }, 60_000);

  it('questions reach who answers them, and failures keep their code', async () => {
    const question = { at: new Timestamp(5), sum: new Decimal(10n ** 30n), raw: Uint8Array.of(1, 2) };
    const serving = serveAsk(link.read, 'attrium.ask.test', (asked) => {
      if (asked === 'fail') throw Object.assign(new Error('not yet'), { code: 'ATR-TEST-001', retryable: true });
      if (asked === 'crash') throw new TypeError('a bug');
      return { asked };
    });
    await flushed();
    const put = (asked: unknown): Promise<unknown> => ask(link.publish, 'attrium.ask.test', asked, 2_000);
    expect(await put(question)).toEqual({ asked: question });
    await expect(put('fail')).rejects.toMatchObject({ code: 'ATR-TEST-001', message: 'not yet', retryable: true });
    await expect(put('crash')).rejects.toMatchObject({ code: 'ATR-ASK-003', retryable: false });
    serving.stop();
    await flushed();
    await expect(put(question)).rejects.toMatchObject({ code: 'ATR-ASK-001', retryable: true });
  });

  it('an unreachable server is a clear error', async () => {
    const attempt = connectNats({ url: 'nats://127.0.0.1:1', name: 'test', connectTimeoutMs: 300 });
    await expect(attempt).rejects.toMatchObject({ code: 'ATR-LOG-001', retryable: true });
  });
});

import { connectNats, ensureStreams, JetStreamLog } from '@attrium/nats';
import { logConformance } from '@attrium/testing';
import { expect, it } from '@jest/globals';
import { jetstreamManager } from '@nats-io/jetstream';
import { startTestServer } from './server-under-test.js';

logConformance('JetStream', async () => {
  const { server, close } = await startTestServer();
  const link = await connectNats({ url: server.url, name: 'conformance' });
  await ensureStreams(link.publish, { profile: 'standalone', bytesMax: 2 ** 30 });
  const log = new JetStreamLog(link);
  return {
    log,
    close: async () => {
      await log.close();
      await link.close();
      await close();
    },
    restart: async () => {
      await server.kill();
      await server.restart();
    },
    purge: async (stream, upTo) => {
      const manager = await jetstreamManager(link.publish);
      await manager.streams.purge(stream, { seq: upTo + 1 });
    },
  };
});

it('a reader that takes nothing holds the server back, and misses nothing', async () => {
  const { server, close } = await startTestServer();
  const link = await connectNats({ url: server.url, name: 'slow' });
  await ensureStreams(link.publish, { profile: 'standalone', bytesMax: 2 ** 30 });
  const log = new JetStreamLog(link);
  const [subject, count, payload] = ['attrium.resolved.0.identity-0', 1_000, new Uint8Array(60_000)];
  await Promise.all(Array.from({ length: count }, () => log.append(subject, payload)));
  let wake = (): void => {};
  const reader = log.read('attrium-resolved', {
    subjects: [subject],
    fromSequence: 1,
    wake: () => wake(),
    failed: (error) => {
      throw error;
    },
  });
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  expect(reader.buffered).toBeGreaterThan(0);
  expect(reader.buffered).toBeLessThan(count / 2);
  for (let sequence = 1; sequence <= count; ) {
    const message = reader.next();
    if (message !== undefined) expect(message.sequence).toBe(sequence++);
    else
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
  }
  await log.close();
  await link.close();
  await close();
}, 30_000);

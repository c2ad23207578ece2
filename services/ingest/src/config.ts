/** The settings of ingest. */
import { hostSettings, integerSetting, setting } from '@attrium/host';
import { z } from 'zod';

const KIB = 1024;

export const ingestSettings = hostSettings.extend({
  eventBytesMax: setting(integerSetting({ min: 1 * KIB, max: 192 * KIB }).default(32 * KIB), {
    description: 'Largest event, bytes of its JSON with the context of its batch.',
  }),
  batchBytesMax: setting(integerSetting({ min: 1 * KIB, max: 16_384 * KIB }).default(500 * KIB), {
    description: 'Largest body, bytes after decompression.',
  }),
  batchEventsMax: setting(integerSetting({ min: 1, max: 100_000 }).default(2_500), {
    description: 'Most events in one batch.',
  }),
  keyEventsPerSecond: setting(integerSetting({ min: 0, max: 10_000_000 }).default(100_000), {
    description: 'Events a second that one write key may send to this instance on average; 0 is no limit.',
  }),
  keyEventsBurst: setting(integerSetting({ min: 1, max: 100_000_000 }).default(200_000), {
    description: 'Events that one write key may send at once after a rest.',
  }),
  appendHoldMs: setting(integerSetting({ min: 100, max: 120_000 }).default(15_000), {
    description: 'How long a request is held while the log does not take it, ms; then 503.',
  }),
  queueBytesMax: setting(integerSetting({ min: 1024 * KIB, max: 4_194_304 * KIB }).default(65_536 * KIB), {
    description: 'Bytes of events that may wait for the log in this instance; beyond, 503 at once.',
  }),
  publicUrl: setting(z.url().optional(), {
    description: 'URL under which browsers reach ingest, told to SDKs; without it the Host header of their request.',
  }),
  ipPolicy: setting(z.enum(['keep', 'drop']).default('keep'), {
    description: 'Whether events of browsers get the address of their connection as context.ip.',
  }),
  forwardedHops: setting(integerSetting({ min: 0, max: 16 }).default(0), {
    description: 'Proxies before ingest that append to X-Forwarded-For; 0 takes the address of the connection.',
  }),
});

export type IngestConfig = Readonly<z.infer<typeof ingestSettings>>;

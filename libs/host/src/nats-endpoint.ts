/** How services reach NATS: the setting NATS_URL as connection options, and keys out of their bucket. */
import type { Bucket, NatsOptions } from '@attrium/nats';
import type { KeySource } from './key-ring.js';

/** Connection options of `nats://user:password@host:port,…`; user and password (or a token as the user alone) come from the first server. */
export function natsOptions(natsUrl: string, name: string): NatsOptions {
  const servers = natsUrl.split(',').map((text) => {
    const trimmed = text.trim();
    return new URL(trimmed.includes('://') ? trimmed : `nats://${trimmed}`);
  });
  const { username, password } = servers[0]!;
  const [user, secret] = [decodeURIComponent(username), decodeURIComponent(password)];
  const url = servers.map((server) => `${server.protocol}//${server.host}`).join(',');
  if (user === '') return { url, name };
  const credentials =
    secret === '' ? ({ kind: 'token', token: user } as const) : ({ kind: 'password', user, password: secret } as const);
  return { url, name, credentials };
}

/** Keys as they stand in the bucket `attrium-keys`. */
export function bucketKeySource(bucket: Pick<Bucket, 'watch'>): KeySource {
  return {
    async watch(onEntry) {
      const watch = bucket.watch(({ key, value }) => onEntry(key, value));
      await watch.ready;
      return { close: () => watch.stop() };
    },
  };
}

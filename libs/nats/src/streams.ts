/** Lays out the streams and buckets of an installation, and checks those that exist. */
import { LOG_NAMES, streamOf } from '@attrium/event';
import { LOG_ERROR_CODES, LogError } from '@attrium/processor';
import {
  DiscardPolicy,
  JetStreamApiError,
  type JetStreamManager,
  jetstream,
  jetstreamManager,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
  type StreamInfo,
} from '@nats-io/jetstream';
import { Kvm } from '@nats-io/kv';
import { type NatsConnection, nanos } from '@nats-io/transport-node';

export const KEYS_BUCKET = 'attrium-keys';
export const CATALOGUE_BUCKET = 'attrium-catalogue';
/** `<workspace>.<NAME>`: a secret of webhooks, `whsec_…`, and former ones (`SecretEntry`); NAME `SIGNING` is the one that a workspace signs with by default. */
export const SECRETS_BUCKET = 'attrium-secrets';
/** What the deliverer of firings keeps: how far it has come, and the catalogues that name its destinations. */
export const DELIVERER_BUCKET = 'attrium-deliverer';
/** Who was imported into static lists: for each list a manifest, and ids in parts. */
export const LISTS_BUCKET = 'attrium-lists';
export const BUCKETS = [KEYS_BUCKET, CATALOGUE_BUCKET, SECRETS_BUCKET, DELIVERER_BUCKET, LISTS_BUCKET] as const;

export interface StreamsOptions {
  /** standalone: one server with a modest disk; cluster: the sizes of the chart. */
  readonly profile: 'standalone' | 'cluster';
  /** 1, 3 or 5 servers hold each stream. By default 1 standalone, 3 in a cluster. */
  readonly replicas?: number;
  /** What all streams may hold together; each gets its share. By default 20 GiB standalone, 200 GiB in a cluster. */
  readonly bytesMax?: number;
}

const GIB = 1024 ** 3;
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const MESSAGE_BYTES_MAX = 24 * 1024 * 1024;
const STREAM_NOT_FOUND = 10_059;
const BUCKET_VALUE_BYTES_MAX = 2 * 1024 * 1024;

/** Shares of `bytesMax`. The first two logs carry the events themselves. */
const SHARES: Readonly<Record<string, number>> = {
  'attrium-events': 0.28,
  'attrium-resolved': 0.3,
  'attrium-attributes': 0.17,
  'attrium-memberships': 0.08,
  'attrium-firings': 0.06,
  'attrium-deliveries': 0.04,
  'attrium-undelivered': 0.01,
  'attrium-attempts': 0.01,
  'attrium-rejected': 0.03,
  'attrium-dead-letters': 0.02,
};

/** Creates what is missing and adapts limits. Throws ATR-LOG-020 for a stream that is set up in another way, ATR-LOG-001 without an answer. */
export async function ensureStreams(connection: NatsConnection, options: StreamsOptions): Promise<void> {
  const { profile, replicas = profile === 'cluster' ? 3 : 1 } = options;
  const bytesMax = options.bytesMax ?? (profile === 'cluster' ? 200 : 20) * GIB;
  const manager = await jetstreamManager(connection);
  for (const config of streamConfigs(replicas, bytesMax)) await ensureStream(manager, config);
  const buckets = new Kvm(jetstream(connection));
  for (const name of BUCKETS) {
    await configured(`bucket ${name}`, () =>
      buckets.create(name, {
        history: 1,
        replicas,
        storage: StorageType.File,
        maxValueSize: BUCKET_VALUE_BYTES_MAX,
        // Direct reads may come from a replica that is behind.
        allow_direct: false,
      }),
    );
  }
}

function streamConfigs(replicas: number, bytesMax: number): StreamConfig[] {
  const stream = (name: string, more: Partial<StreamConfig> = {}): StreamConfig =>
    ({
      name,
      subjects: [`${name.replace('-', '.')}.>`],
      storage: StorageType.File,
      retention: RetentionPolicy.Limits,
      // Refusing beats losing: a full log stops its writers, visibly.
      discard: DiscardPolicy.New,
      max_bytes: Math.floor(bytesMax * SHARES[name]!),
      max_msg_size: MESSAGE_BYTES_MAX,
      num_replicas: replicas,
      duplicate_window: nanos(2 * MINUTE_MS),
      deny_delete: true,
      allow_direct: false,
      ...more,
    }) as StreamConfig;
  return [
    ...LOG_NAMES.map((log) => stream(streamOf(log))),
    stream('attrium-deliveries', { duplicate_window: nanos(60 * MINUTE_MS), max_age: nanos(7 * DAY_MS) }),
    // Shown to people, read by no stage: the oldest may go.
    stream('attrium-rejected', { discard: DiscardPolicy.Old, max_age: nanos(30 * DAY_MS) }),
    stream('attrium-dead-letters'),
    // For people to send again or discard: the oldest may go, and single ones are deleted.
    stream('attrium-undelivered', { discard: DiscardPolicy.Old, max_age: nanos(30 * DAY_MS), deny_delete: false }),
    // Only on their way into ClickHouse.
    stream('attrium-attempts', { discard: DiscardPolicy.Old, max_age: nanos(7 * DAY_MS) }),
  ];
}

async function ensureStream(manager: JetStreamManager, config: StreamConfig): Promise<void> {
  const { name } = config;
  const found = await configured(`stream ${name}`, () => infoOf(manager, name));
  if (found === undefined) {
    await configured(`stream ${name}`, () => manager.streams.add(config));
    return;
  }
  const conflicts = (['storage', 'retention', 'discard', 'subjects', 'deny_delete'] as const)
    .filter((field) => JSON.stringify(found.config[field]) !== JSON.stringify(config[field]))
    .map((field) => `${field} is ${JSON.stringify(found.config[field])}, not ${JSON.stringify(config[field])}`);
  if (conflicts.length > 0) {
    throw new LogError(
      LOG_ERROR_CODES.configuration,
      `stream ${name} is set up in another way: ${conflicts.join('; ')}`,
    );
  }
  // A limit below what is stored would make every append fail at once.
  const bytes = Math.max(config.max_bytes, Math.min(found.config.max_bytes, found.state.bytes * 2));
  const limits: Partial<StreamConfig> = {
    max_bytes: bytes,
    max_msg_size: config.max_msg_size,
    num_replicas: config.num_replicas,
    duplicate_window: config.duplicate_window,
    max_age: config.max_age ?? 0,
  };
  const changed = (Object.keys(limits) as (keyof StreamConfig)[]).some(
    (field) => found.config[field] !== limits[field as keyof typeof limits],
  );
  if (changed) await configured(`stream ${name}`, () => manager.streams.update(name, { ...found.config, ...limits }));
}

async function infoOf(manager: JetStreamManager, name: string): Promise<StreamInfo | undefined> {
  try {
    return await manager.streams.info(name);
  } catch (error) {
    if (error instanceof JetStreamApiError && error.code === STREAM_NOT_FOUND) return undefined;
    throw error;
  }
}

/** Turns what JetStream says into our own failures. */
async function configured<T>(what: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (cause) {
    const refused = cause instanceof JetStreamApiError && cause.status < 500;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new LogError(
      refused ? LOG_ERROR_CODES.configuration : LOG_ERROR_CODES.outOfReach,
      `${what} cannot be set up: ${reason}`,
      { cause },
    );
  }
}

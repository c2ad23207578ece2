/** One key-value bucket: small things that many processes read and watch. */
import { LOG_ERROR_CODES, LogError } from '@attrium/processor';
import { JetStreamApiError, jetstream } from '@nats-io/jetstream';
import { type KV, type KvEntry, Kvm } from '@nats-io/kv';
import type { NatsConnection } from '@nats-io/transport-node';

export interface BucketEntry {
  readonly key: string;
  /** Undefined: the key was deleted. */
  readonly value: Uint8Array | undefined;
  /** Rises with each write to the bucket. */
  readonly revision: number;
}

/** conflict: the key exists already, or has another revision than expected. */
export type WriteOutcome = { readonly kind: 'stored'; readonly revision: number } | { readonly kind: 'conflict' };

export interface BucketWatch {
  /** Settles when all entries that were there at the start have been given. */
  readonly ready: Promise<void>;
  stop(): void;
}

const WRONG_LAST_SEQUENCE = 10_071;
const WATCH_RETRY_MS = 500;

/** Operations throw ATR-LOG-001 when the bucket is out of reach. Keys are of letters, digits and `-_=./`. */
export class Bucket {
  private constructor(
    readonly name: string,
    private readonly bucket: KV,
  ) {}

  /** Opens a bucket that `ensureStreams` has made. */
  static async open(connection: NatsConnection, name: string): Promise<Bucket> {
    return inReach(name, async () => {
      const bucket = await new Kvm(jetstream(connection)).open(name, { allow_direct: false });
      await bucket.status();
      return new Bucket(name, bucket);
    });
  }

  async get(key: string): Promise<BucketEntry | undefined> {
    const entry = await inReach(this.name, () => this.bucket.get(key));
    return entry === null || entry.operation !== 'PUT' ? undefined : entryOf(entry);
  }

  /** All entries that are not deleted. */
  async entries(): Promise<BucketEntry[]> {
    return inReach(this.name, async () => {
      const found: BucketEntry[] = [];
      for await (const entry of await this.bucket.history({ key: '>' })) {
        if (entry.operation === 'PUT') found.push(entryOf(entry));
      }
      return found;
    });
  }

  /** Writes, whatever was there. */
  async put(key: string, value: Uint8Array): Promise<number> {
    return inReach(this.name, () => this.bucket.put(key, value));
  }

  /** Writes a key that does not exist. */
  async create(key: string, value: Uint8Array): Promise<WriteOutcome> {
    return this.compared(() => this.bucket.create(key, value));
  }

  /** Writes a key whose last write had this revision. */
  async update(key: string, value: Uint8Array, revision: number): Promise<WriteOutcome> {
    return this.compared(() => this.bucket.update(key, value, revision));
  }

  async delete(key: string): Promise<void> {
    await inReach(this.name, () => this.bucket.delete(key));
  }

  /**
   * Calls back with the last entry of every key and then with each change, over lost connections too. An entry may be given again.
   * `onEntry` must not throw.
   */
  watch(onEntry: (entry: BucketEntry) => void): BucketWatch {
    const watch = { stopped: false, stop: () => {} };
    let arrived: () => void = () => {};
    const ready = new Promise<void>((resolve) => {
      arrived = resolve;
    });
    void this.follow(watch, onEntry, arrived);
    return {
      ready,
      stop: () => {
        watch.stopped = true;
        watch.stop();
      },
    };
  }

  private async follow(
    watch: { stopped: boolean; stop: () => void },
    onEntry: (entry: BucketEntry) => void,
    arrived: () => void,
  ): Promise<void> {
    while (!watch.stopped) {
      try {
        const { values } = await this.bucket.status();
        const changes = await this.bucket.watch();
        watch.stop = () => changes.stop();
        if (watch.stopped) changes.stop();
        if (values === 0) arrived();
        for await (const change of changes) {
          onEntry(entryOf(change));
          if (change.isUpdate) arrived();
        }
      } catch {
        // Out of reach: tried again below, as long as somebody wants to know.
      }
      if (!watch.stopped) await new Promise((resolve) => setTimeout(resolve, WATCH_RETRY_MS));
    }
  }

  private async compared(write: () => Promise<number>): Promise<WriteOutcome> {
    return inReach(this.name, async () => {
      try {
        return { kind: 'stored', revision: await write() };
      } catch (error) {
        if (error instanceof JetStreamApiError && error.code === WRONG_LAST_SEQUENCE) return { kind: 'conflict' };
        throw error;
      }
    });
  }
}

function entryOf(entry: KvEntry): BucketEntry {
  const { key, revision, operation, value } = entry;
  return { key, revision, value: operation === 'PUT' ? value : undefined };
}

async function inReach<T>(name: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new LogError(LOG_ERROR_CODES.outOfReach, `bucket ${name}: ${reason}`, { cause });
  }
}

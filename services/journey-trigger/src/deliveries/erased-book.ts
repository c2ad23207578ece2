/**
 * The profiles that were erased lately, so that nothing is delivered for them any more: what waits for a webhook or a stream is dropped when its
 * turn comes, and what was given up is deleted. Kept in the deliverer's bucket, which all instances watch, for longer than the streams
 * of deliveries keep anything.
 */
import type { ProfileErased } from '@attrium/event';
import type { Logger } from '@attrium/host';
import type { Bucket, BucketEntry, BucketWatch } from '@attrium/nats';
import type { Clock } from '@attrium/processor';
import type { UndeliveredStore } from './undelivered.js';

export interface ErasedBookOptions {
  readonly bucket: Pick<Bucket, 'put' | 'delete' | 'watch'>;
  readonly undelivered: Pick<UndeliveredStore, 'list' | 'delete'>;
  readonly clock: Pick<Clock, 'now' | 'after'>;
  readonly logger: Logger;
  readonly telemetry: { undeliveredErased(letters: number): void };
  /** Profiles that are remembered; beyond, those erased first are forgotten. By default 500,000. */
  readonly profilesMax?: number;
}

const PREFIX = 'erased.';
/** A day more than the undelivered are kept. */
const KEPT_MS = 31 * 86_400_000;
/** Many erasures are one look through the undelivered. */
const SWEEP_MS = 5_000;
const PAGE_LETTERS = 500;
const PROFILES_MAX = 500_000;

export class ErasedBook {
  /** By the name of their entry: when they were erased, ms. */
  private readonly erased = new Map<string, number>();
  private readonly listeners = new Set<(workspace: string, profileId: string) => void>();
  /** Workspaces whose undelivered are to be looked through. */
  private readonly unswept = new Set<string>();
  private watch: BucketWatch | undefined;
  private sweeper: { cancel(): void } | undefined;
  private sweeping: Promise<void> = Promise.resolve();
  private closed = false;

  constructor(private readonly options: ErasedBookOptions) {}

  /** Profiles in it. */
  get size(): number {
    return this.erased.size;
  }

  /** Resolves when all that is in the bucket is known. */
  async open(): Promise<void> {
    this.watch = this.options.bucket.watch((entry) => this.take(entry));
    await this.watch.ready;
  }

  async close(): Promise<void> {
    this.closed = true;
    this.watch?.stop();
    this.sweeper?.cancel();
    this.listeners.clear();
    await this.sweeping;
  }

  has(workspace: string, profileId: string): boolean {
    return this.erased.has(keyOf(workspace, profileId));
  }

  /** Calls back with each profile that was erased; the answer ends that. */
  onErased(listener: (workspace: string, profileId: string) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Makes an erasure known to all instances. May be repeated. Throws when NATS is out of reach. */
  async add({ entity, former, erasedAt }: ProfileErased): Promise<void> {
    const value = Buffer.from(JSON.stringify({ erasedAt }));
    for (const { workspace, id } of [entity, ...former]) {
      const key = keyOf(workspace, id);
      await this.options.bucket.put(key, value);
      this.adopt(key, erasedAt);
    }
  }

  private take({ key, value }: BucketEntry): void {
    if (!key.startsWith(PREFIX)) return;
    if (value === undefined) this.erased.delete(key);
    else this.adopt(key, (JSON.parse(Buffer.from(value).toString('utf8')) as { erasedAt: number }).erasedAt);
  }

  private adopt(key: string, erasedAt: number): void {
    if (this.erased.has(key)) return;
    this.erased.set(key, erasedAt);
    const [, workspace, profileId] = key.split('.') as [string, string, string];
    this.unswept.add(workspace);
    for (const listener of this.listeners) listener(workspace, profileId);
    this.sweepLater();
  }

  private sweepLater(): void {
    if (this.closed) return;
    this.sweeper ??= this.options.clock.after(SWEEP_MS, () => {
      this.sweeper = undefined;
      this.sweeping = this.sweeping.then(() => this.sweep());
    });
  }

  private async sweep(): Promise<void> {
    try {
      for (const workspace of [...this.unswept]) {
        await this.deleteUndelivered(workspace);
        this.unswept.delete(workspace);
      }
      await this.forgetOld();
    } catch (error) {
      this.options.logger.warn({ err: error }, 'what was given up for erased profiles is deleted later');
      this.sweepLater();
    }
  }

  /** Two instances may do it at the same time: what is deleted already is no failure of this one. */
  private async deleteUndelivered(workspace: string): Promise<void> {
    const { undelivered, telemetry } = this.options;
    let deleted = 0;
    for (let after = 0; !this.closed; ) {
      const letters = await undelivered.list({ workspace, destination: '', after, limit: PAGE_LETTERS });
      for (const { profileId, position } of letters) {
        if (this.has(workspace, profileId) && (await undelivered.delete(position))) deleted++;
      }
      if (letters.length < PAGE_LETTERS) break;
      after = letters.at(-1)!.position;
    }
    if (deleted > 0) telemetry.undeliveredErased(deleted);
  }

  private async forgetOld(): Promise<void> {
    const { clock, bucket, logger, profilesMax = PROFILES_MAX } = this.options;
    const before = clock.now() - KEPT_MS;
    // In the order in which they were told.
    const excess = [...this.erased.keys()].slice(0, Math.max(0, this.erased.size - profilesMax));
    if (excess.length > 0) {
      logger.error(
        { profiles: excess.length },
        'too many erased profiles: deliveries of the first are not checked any more',
      );
    }
    const old = [...this.erased].flatMap(([key, erasedAt]) => (erasedAt < before ? [key] : []));
    for (const key of new Set([...excess, ...old])) await bucket.delete(key);
  }
}

function keyOf(workspace: string, profileId: string): string {
  return `${PREFIX}${workspace}.${profileId}`;
}

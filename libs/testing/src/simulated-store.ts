/** A state store on virtual time: commits take a while, and a crash loses those that are not done. */
import { collectedCommit, MemoryStore, type PartitionStore, type RowChange, type StateStore } from '@attrium/processor';
import { Random } from './random.js';
import type { SimulatedClock } from './simulated-clock.js';

export interface SimulatedStoreOptions {
  readonly clock: SimulatedClock;
  readonly random?: Random;
  readonly commitDelayMsMax?: number;
}

interface PendingCommit {
  readonly apply: () => void;
  readonly alarm: { cancel(): void };
}

/** What one machine's disk holds; outlives the processes that write to it. */
export class SimulatedStore implements StateStore {
  private readonly disk = new MemoryStore();
  private readonly random: Random;
  private readonly pending: PendingCommit[] = [];
  private busyUntil = 0;

  constructor(private readonly options: SimulatedStoreOptions) {
    this.random = options.random ?? new Random(1);
  }

  partition(partition: number): PartitionStore {
    const rows = this.disk.partition(partition);
    const commit = (changes: readonly RowChange[], checkpoint: Uint8Array): Promise<void> => {
      const copied: RowChange[] = changes.map((change) => ({ ...change, value: change.value?.slice() }));
      const saved = checkpoint.slice();
      return this.later(() => rows.commit(copied, saved));
    };
    return {
      checkpoint: () => rows.checkpoint(),
      get: (table, key) => rows.get(table, key),
      range: (table, options) => rows.range(table, options),
      keys: (table) => rows.keys(table),
      begin: () => collectedCommit({ commit }),
      commit,
      clear: () => this.later(() => rows.clear()),
    };
  }

  async close(): Promise<void> {}

  /** The process has died: commits under way are lost, except for as many of the oldest as had just reached the disk. */
  crash(): { readonly reachedDisk: number; readonly lost: number } {
    const pending = this.pending.splice(0);
    const reachedDisk = this.random.int(pending.length + 1);
    for (const [index, commit] of pending.entries()) {
      commit.alarm.cancel();
      if (index < reachedDisk) commit.apply();
    }
    return { reachedDisk, lost: pending.length - reachedDisk };
  }

  /** Nothing was kept: a new machine. */
  async wipe(partition: number): Promise<void> {
    await this.disk.partition(partition).clear();
  }

  /** Commits reach the disk in the order in which they were asked for. */
  private later(change: () => Promise<void>): Promise<void> {
    const { clock, commitDelayMsMax = 0 } = this.options;
    this.busyUntil = Math.max(this.busyUntil, clock.now()) + this.random.int(commitDelayMsMax + 1);
    return new Promise((resolve, reject) => {
      const apply = (): void => {
        change().then(resolve, reject);
      };
      const alarm = clock.after(this.busyUntil - clock.now(), () => {
        this.pending.splice(this.pending.indexOf(commit), 1);
        apply();
      });
      const commit: PendingCommit = { apply, alarm };
      this.pending.push(commit);
    });
  }
}

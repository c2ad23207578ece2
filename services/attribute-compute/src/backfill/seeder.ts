/**
 * Reads history for the partitions of this process and sends it into their own input, chunk by chunk. It only decides *when*: which chunk is
 * folded, and whether, each partition decides by its cursor, so that a crash, or a second owner, costs a repetition and nothing else.
 */
import {
  type Event,
  type LogRecord,
  partitionOf,
  partitionSubject,
  type SeededEvent,
  seedsSubject,
} from '@attrium/event';
import { type Clock, encodePack, type Log, NO_POSITION, PACK_SCHEMA_VERSION } from '@attrium/processor';
import type { HistoryFilter, Place } from '../domain/backfill.js';
import type { BackfillAnswer, BackfillsAnswer, BackfillsQuestion } from '../seeding.js';

export interface HistoryRequest {
  readonly workspace: string;
  readonly partition: number;
  /** Only what stands before this place of the partition. */
  readonly before: Place;
  /** `upTo` of the page before; empty for the first. */
  readonly after: string;
  readonly filter: HistoryFilter;
}

export interface HistoryPage {
  /** At most `CHUNK_BYTES_MAX`, or one event. */
  readonly events: readonly SeededEvent[];
  readonly upTo: string;
  readonly isLast: boolean;
}

/** The events that were resolved so far, in an order of its own that never changes. */
export interface History {
  /** Every message of `resolved` up to this sequence is in it. Rejects when that cannot be said now. */
  projectedUpTo(): Promise<number>;
  read(request: HistoryRequest): Promise<HistoryPage>;
}

export const CHUNK_BYTES_MAX = 128 * 1024;
export const CHUNK_EVENTS_MAX = 1_000;

/** What an event takes in a chunk, about. */
export function bytesOfSeed({ id, name, payload }: Event): number {
  return payload.byteLength + 2 * id.length + name.length + 100;
}

/** What the seeder waits for, or does. */
export type SeederState = 'owners' | 'projector' | 'reading' | 'folding' | 'other-partitions' | 'paused' | 'failing';

export interface SeederOptions {
  readonly log: Pick<Log, 'append'>;
  readonly clock: Clock;
  readonly partitions: number;
  readonly shards: number;
  readonly owned: readonly number[];
  /** Unique name of this process instance. */
  readonly owner: string;
  /** Undefined: there is none, and definitions count from their activation on. */
  readonly history: History | undefined;
  /** Asks the owner of any partition of attribute-compute. */
  readonly ask: (partition: number, question: BackfillsQuestion) => Promise<BackfillsAnswer>;
  readonly failed?: (error: Error) => void;
}

const IDLE_MS = 500;
/** After a chunk: so soon its partition is asked again. */
const NEXT_MS = 20;
/** What was sent and does not show is sent again. */
const RESEND_MS = 10_000;
const FAILURE_MS = 2_000;

export class Seeder {
  private stopped = false;
  private timer: { cancel(): void } | undefined;
  private running: Promise<void> = Promise.resolve();
  private readonly sent = new Map<string, { readonly what: string; readonly at: number }>();
  /** What each backfill of an owned partition waits for, by `partition/workspace/revision`. */
  readonly states = new Map<string, SeederState>();

  constructor(private readonly options: SeederOptions) {}

  start(): void {
    this.later(NEXT_MS);
  }

  async stop(): Promise<void> {
    this.stopped = true;
    this.timer?.cancel();
    await this.running;
  }

  private later(delayMs: number): void {
    this.timer = this.options.clock.after(delayMs, () => {
      this.running = this.turn().then(
        (delay) => this.again(delay),
        (error: Error) => {
          this.options.failed?.(error);
          this.again(FAILURE_MS);
        },
      );
    });
  }

  private again(delayMs: number): void {
    if (!this.stopped) this.later(delayMs);
  }

  /** One step of each backfill of each partition; returns when to go on. */
  private async turn(): Promise<number> {
    const going = new Set<string>();
    let delay = IDLE_MS;
    for (const partition of this.options.owned) {
      const { backfills } = await this.options.ask(partition, { kind: 'backfills' });
      for (const backfill of backfills) {
        if (this.stopped) return IDLE_MS;
        const key = `${partition}/${backfill.workspace}/${backfill.revision}`;
        going.add(key);
        const state = await this.step(partition, backfill, key).catch((error: Error): SeederState => {
          this.options.failed?.(error);
          return 'failing';
        });
        this.states.set(key, state);
        if (state === 'reading' || state === 'folding') delay = NEXT_MS;
      }
    }
    for (const key of this.states.keys()) {
      if (going.has(key)) continue;
      this.states.delete(key);
      this.sent.delete(key);
    }
    return delay;
  }

  private async step(partition: number, backfill: BackfillAnswer, key: string): Promise<SeederState> {
    const { workspace, revision, cursor, from, filter } = backfill;
    if (backfill.paused === true) return 'paused';
    const what = backfill.done ? 'done' : `after ${cursor}`;
    const sent = this.sent.get(key);
    const waits = sent?.what === what && this.options.clock.monotonic() - sent.at < RESEND_MS;
    if (waits) return backfill.done ? 'other-partitions' : 'folding';
    if (backfill.done) {
      await this.announce(partition, backfill);
      this.note(key, what);
      return 'other-partitions';
    }
    // What is forwarded from here must not come to a partition that does not know the definitions yet.
    if (!(await this.isKnownEverywhere(backfill))) return 'owners';
    const { history } = this.options;
    if (history !== undefined && (await history.projectedUpTo()) < from.sequence) return 'projector';
    const page =
      history === undefined
        ? { events: [], upTo: cursor, isLast: true }
        : await history.read({ workspace, partition, before: from, after: cursor, filter });
    const id = `seed-${partition}-${workspace}-${revision}-${cursor}`;
    const head = { kind: 'seeded', id, workspace, revision, after: cursor, keys: [], step: 0 } as const;
    await this.append(partitionSubject('resolved', partition, 'attribute-compute-seed'), { ...head, ...page });
    this.note(key, what);
    return 'reading';
  }

  private async isKnownEverywhere({ workspace, revision, chunks }: BackfillAnswer): Promise<boolean> {
    if (chunks > 0) return true;
    for (let partition = 0; partition < this.options.partitions; partition++) {
      const known = await this.options.ask(partition, { kind: 'backfills', workspace });
      if (known.revision < revision) return false;
    }
    return true;
  }

  private announce(partition: number, { workspace, revision }: BackfillAnswer): Promise<void> {
    const id = `seed-completed-${partition}-${workspace}-${revision}`;
    const subject = seedsSubject(partitionOf(workspace, this.options.shards), workspace);
    return this.append(subject, { kind: 'seed-completed', id, workspace, revision, partition });
  }

  private async append(subject: string, record: LogRecord): Promise<void> {
    const header = {
      ...{ schemaVersion: PACK_SCHEMA_VERSION, logicVersion: 0, stage: 'attribute-compute' },
      ...{ writer: 'attribute-compute-seed', owner: this.options.owner, commit: 0, reached: NO_POSITION },
    };
    const outcome = await this.options.log.append(subject, encodePack(header, [record]));
    // What is unknown is treated as failed: if it did arrive, its repetition is dropped.
    if (outcome.kind === 'unknown') throw new Error(`${subject} gave no answer: ${outcome.reason}`);
  }

  private note(key: string, what: string): void {
    this.sent.set(key, { what, at: this.options.clock.monotonic() });
  }
}

/**
 * Brings accepted events into the log: whatever arrived while two packs of a shard were in flight becomes the next pack. A pack whose fate
 * is not known is sent again under the same id until the log confirms it or the hold time of its requests is over.
 */
import { type Event, eventsSubject, partitionOf } from '@attrium/event';
import { type Clock, type Log, NO_POSITION, PACK_SCHEMA_VERSION, PackBuilder } from '@attrium/processor';
import type { Telemetry } from './telemetry.js';

const PACK_BYTES_MAX = 256 * 1024;
const PACKS_IN_FLIGHT_MAX = 2;
const RETRY_MS_MIN = 50;
const RETRY_MS_MAX = 250;
/** What an event takes in memory and in a pack beside its payload, bytes; a guess on the safe side. */
const EVENT_OVERHEAD_BYTES = 300;

/** appended: all are in the log. full: nothing was taken. unavailable: some may be in the log. */
export type EventAppendOutcome = 'appended' | 'full' | 'unavailable';

export interface EventAppenderOptions {
  readonly log: Log;
  readonly clock: Clock;
  readonly shards: number;
  /** Name of this process in the packs. */
  readonly instance: string;
  readonly holdMs: number;
  readonly queueBytesMax: number;
  /** A unique id, for the log to know a pack again. */
  readonly newPackId: () => string;
  readonly telemetry: Pick<Telemetry, 'packAppended' | 'appendUnknown' | 'packAbandoned'>;
}

/** The events of one request on their way. */
interface Waiting {
  readonly events: readonly Event[];
  readonly since: number;
  /** First event that is in no pack yet. */
  next: number;
  packsOpen: number;
  settled: boolean;
  settle(outcome: EventAppendOutcome): void;
}

interface Shard {
  readonly subject: string;
  readonly builder: PackBuilder;
  readonly queue: Waiting[];
  inFlight: number;
}

export class EventAppender {
  private readonly shards: Shard[];
  private bytesWaiting = 0;
  private commits = 0;
  /** When each pack in flight was first tried. */
  private readonly open = new Set<{ readonly since: number }>();
  private idle: (() => void)[] = [];

  constructor(private readonly options: EventAppenderOptions) {
    this.shards = Array.from({ length: options.shards }, (_, shard) => ({
      subject: eventsSubject(shard),
      builder: new PackBuilder(),
      queue: [],
      inFlight: 0,
    }));
  }

  /** Bytes of events that are not confirmed yet. */
  get queueBytes(): number {
    return this.bytesWaiting;
  }

  /** How long the oldest pack in flight has been waiting, ms. */
  get stalledMs(): number {
    const oldest = this.open.values().next().value;
    return oldest === undefined ? 0 : this.options.clock.monotonic() - oldest.since;
  }

  /** Resolves when the log has all of the events, or when they are given up. The events are of one workspace. */
  append(workspace: string, events: readonly Event[]): Promise<EventAppendOutcome> {
    if (events.length === 0) return Promise.resolve('appended');
    const bytes = events.reduce((sum, event) => sum + event.payload.length + EVENT_OVERHEAD_BYTES, 0);
    if (this.bytesWaiting + bytes > this.options.queueBytesMax) return Promise.resolve('full');
    this.bytesWaiting += bytes;
    const shard = this.shards[partitionOf(workspace, this.shards.length)]!;
    return new Promise((resolve) => {
      const waiting: Waiting = {
        events,
        since: this.options.clock.monotonic(),
        next: 0,
        packsOpen: 0,
        settled: false,
        settle: (outcome) => {
          if (waiting.settled) return;
          waiting.settled = true;
          this.bytesWaiting -= bytes;
          resolve(outcome);
        },
      };
      shard.queue.push(waiting);
      this.pump(shard);
    });
  }

  /** Resolves when nothing waits any more. */
  async drain(): Promise<void> {
    while (this.open.size > 0) await new Promise<void>((resolve) => this.idle.push(resolve));
  }

  private pump(shard: Shard): void {
    while (shard.inFlight < PACKS_IN_FLIGHT_MAX && shard.queue.length > 0) {
      const requests = this.fill(shard);
      if (requests.length === 0) continue;
      const bytes = shard.builder.finish({
        schemaVersion: PACK_SCHEMA_VERSION,
        logicVersion: 0,
        stage: 'ingest',
        writer: 'ingest',
        owner: this.options.instance,
        commit: ++this.commits,
        reached: NO_POSITION,
      });
      shard.inFlight++;
      this.send(shard, bytes, requests);
    }
  }

  /** Moves events from the queue into the builder, as many as fit one pack; returns whose they are. */
  private fill(shard: Shard): Waiting[] {
    const requests: Waiting[] = [];
    while (shard.queue.length > 0) {
      const waiting = shard.queue[0]!;
      const first = waiting.next;
      while (!waiting.settled && waiting.next < waiting.events.length) {
        const event = waiting.events[waiting.next]!;
        const size = event.payload.length + EVENT_OVERHEAD_BYTES;
        if (shard.builder.count > 0 && shard.builder.bytes + size > PACK_BYTES_MAX) break;
        shard.builder.add(event);
        waiting.next++;
      }
      if (waiting.next > first) {
        waiting.packsOpen++;
        requests.push(waiting);
      }
      if (!waiting.settled && waiting.next < waiting.events.length) break;
      shard.queue.shift();
    }
    return requests;
  }

  private async send(shard: Shard, bytes: Uint8Array, requests: readonly Waiting[]): Promise<void> {
    const begun = { since: this.options.clock.monotonic() };
    this.open.add(begun);
    const appended = await this.appendPack(shard.subject, bytes, requests);
    this.open.delete(begun);
    shard.inFlight--;
    if (appended) this.options.telemetry.packAppended(bytes.length, this.options.clock.monotonic() - begun.since);
    else this.options.telemetry.packAbandoned();
    for (const waiting of requests) {
      waiting.packsOpen--;
      if (appended && waiting.packsOpen === 0 && waiting.next === waiting.events.length) waiting.settle('appended');
    }
    this.pump(shard);
    if (this.open.size === 0) for (const resolve of this.idle.splice(0)) resolve();
  }

  /**
   * True when the log has the pack; false when each of its requests has been held for its time and told so. At least one try. A request
   * that is told may still get into the log with the others: its sender repeats the messageIds.
   */
  private async appendPack(subject: string, bytes: Uint8Array, requests: readonly Waiting[]): Promise<boolean> {
    const { log, clock, telemetry, newPackId, holdMs } = this.options;
    const messageId = newPackId();
    for (;;) {
      // What the log does not answer clearly may be in it: the same id again makes it known as a repetition.
      const outcome = await log.append(subject, bytes, { messageId }).catch(() => undefined);
      if (outcome?.kind === 'appended') return true;
      telemetry.appendUnknown();
      const heldSince = clock.monotonic() - holdMs;
      for (const waiting of requests) if (waiting.since <= heldSince) waiting.settle('unavailable');
      if (requests.every((waiting) => waiting.settled)) return false;
      const delayMs = RETRY_MS_MIN + Math.random() * (RETRY_MS_MAX - RETRY_MS_MIN);
      await new Promise<void>((resolve) => clock.after(delayMs, resolve));
    }
  }
}

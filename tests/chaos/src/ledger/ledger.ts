/** The books of a run: follows every log from its start, holds it against what was sent and decided, and says what is missing. */
import {
  type Entity,
  entityOf,
  LOG_NAMES,
  type LogName,
  type LogRecord,
  type StageName,
  streamOf,
} from '@attrium/event';
import type { StoredMessage } from '@attrium/processor';
import type { Random } from '@attrium/testing/simulation';
import type { Load } from '../load.js';
import { LineOracle } from '../oracle/line-oracle.js';
import { LogFollower } from '../oracle/log-follower.js';
import { type ChaosSystem, PARTITIONS, SHARDS } from '../system.js';
import type { Tally } from '../tally.js';
import { isTrueWithin, pause } from '../until.js';
import type { WebhookReceiver } from '../webhook-receiver.js';
import { AnswerLedger } from './answer-ledger.js';
import { DeliveryLedger } from './delivery-ledger.js';
import { EventLedger } from './event-ledger.js';
import { compareStores } from './state-ledger.js';
import { TableLedger } from './table-ledger.js';

export interface LedgerOptions {
  readonly system: ChaosSystem;
  readonly load: Load;
  readonly receiver: WebhookReceiver;
  readonly tally: Tally;
  readonly eventsMax: number;
}

/** Records that faults write and that no stage can decide. */
export const POISON_PREFIX = 'poison-';
const SETTLE_LIMIT_MS = 60_000;
/** Facts about an entity of which the stage that reads or writes them has a row. */
const SHOWS_ROW: ReadonlySet<string> = new Set(['event-resolved', 'attributes-changed', 'trigger-fired']);
/** With more than this on the way, new events would only wait. */
const EVENTS_OPEN_MAX = 10_000;
const FACTS_OPEN_MAX = 60_000;
const FIRINGS_OPEN_MAX = 4_000;
/** Longer than every window of the catalogue. */
const WINDOWS_MS = 10_000;

export class Ledger {
  readonly oracle: LineOracle;
  readonly events: EventLedger;
  readonly deliveries: DeliveryLedger;
  readonly tables: TableLedger;
  readonly answers: AnswerLedger;
  /** Of each log the times at which it stored something. */
  readonly times: Readonly<Record<LogName, number[]>> = {
    events: [],
    resolved: [],
    attributes: [],
    memberships: [],
    firings: [],
  };
  readonly deadLetters: { readonly stage: string; readonly place: string; readonly recordId?: string }[] = [];
  /** The last entity that each log told of and that has a row in a stage: for faults that need one. */
  readonly lastEntity = new Map<LogName, Entity>();
  facts = 0;
  merges = 0;
  private readonly follower: LogFollower;

  constructor(private readonly options: LedgerOptions) {
    const { system, load, receiver, tally, eventsMax } = options;
    this.oracle = new LineOracle({
      partitions: PARTITIONS,
      shards: SHARDS,
      tally,
      isPoison: ({ id }) => id.startsWith(POISON_PREFIX),
      record: (log, record, isFact) => this.read(log, record, isFact),
    });
    this.events = new EventLedger(load, tally, eventsMax);
    this.deliveries = new DeliveryLedger(receiver, tally);
    this.tables = new TableLedger(tally);
    this.answers = new AnswerLedger(this.oracle, tally);
    this.follower = new LogFollower(system.log, [
      ...LOG_NAMES.map((log) => ({
        stream: streamOf(log),
        subjects: `attrium.${log}.>`,
        take: (message: StoredMessage) => {
          if (!message.subject.endsWith('-tick')) this.times[log].push(message.appendedAt);
          this.oracle.take(log, message);
        },
      })),
      {
        stream: 'attrium-deliveries',
        subjects: 'attrium.deliveries.>',
        take: ({ payload }) => this.deliveries.delivered(jsonOf<{ id: string }>(payload).id),
      },
      {
        stream: 'attrium-dead-letters',
        subjects: 'attrium.dead-letters.>',
        take: ({ payload }) => void this.deadLetters.push(jsonOf(payload)),
      },
    ]);
  }

  private read(log: LogName, record: LogRecord, isFact: boolean): void {
    if (log !== 'events') this.tables.take(record);
    if (!isFact) return;
    this.facts++;
    if (SHOWS_ROW.has(record.kind)) this.lastEntity.set(log, entityOf(record)!);
    if (record.kind === 'event-resolved') this.events.take(record.event.id);
    else if (record.kind === 'trigger-fired') this.deliveries.fired(record);
    else if (record.kind === 'profile-created') this.answers.take(record.entity);
    else if (record.kind === 'profiles-merged' && log === 'resolved') this.merges++;
  }

  get hasRoom(): boolean {
    const { load, receiver } = this.options;
    return (
      load.acknowledgedCount - this.events.resolvedCount < EVENTS_OPEN_MAX &&
      this.oracle.open < FACTS_OPEN_MAX &&
      this.deliveries.firingCount - receiver.arrivals.length - this.deliveries.streamOnly < FIRINGS_OPEN_MAX
    );
  }

  /**
   * Waits until all that has been sent by now has come through the line, and counts what has not. Answers the seconds that the events,
   * the facts and the deliveries took, one after the other.
   */
  async settle(): Promise<readonly [events: number, facts: number, deliveries: number]> {
    const { load } = this.options;
    const startedAt = performance.now();
    const until = load.count;
    await this.within(() => this.events.missing(until).length === 0);
    this.throwFailure();
    this.events.giveUp(this.events.missing(until));
    const eventsAt = performance.now();
    // What the line holds by now must be decided; by then it has fired all that these events fire.
    const counts = this.oracle.expectedCounts();
    await this.within(() => this.oracle.behind(counts).length === 0);
    this.oracle.giveUp(counts);
    const factsAt = performance.now();
    const fired = new Set(this.deliveries.missing());
    const open = () => this.deliveries.missing().filter((id) => fired.has(id));
    await this.within(() => open().length === 0);
    this.deliveries.giveUp(open());
    this.deliveries.check(false);
    this.throwFailure();
    const seconds = [eventsAt - startedAt, factsAt - eventsAt, performance.now() - factsAt];
    return seconds.map((ms) => Math.round(ms / 1_000)) as [number, number, number];
  }

  /** After the last event: waits until every window has ended, then until nothing is missing. */
  async comeToRest(): Promise<void> {
    await pause(WINDOWS_MS);
    for (let before = -1; before !== this.facts; ) {
      before = this.facts;
      await this.settle();
      await pause(1_500);
    }
    this.deliveries.check(true);
  }

  /** Compares what must be equal when nothing moves: answers and tables. */
  async compareState(random: Random): Promise<{ answers: number; rows: number }> {
    const { system } = this.options;
    const answers = await this.answers.check(system.link, random);
    return { answers, rows: await this.tables.check(system.clickhouse.url) };
  }

  /** Compares what the stages have stored; they are down in order, so that all is saved. Answers the number of rows. */
  compareStores(): Promise<number> {
    const { system, tally } = this.options;
    return compareStores(this.oracle, (stage) => system.stateDirectory(stage as StageName), tally);
  }

  async close(): Promise<void> {
    await this.follower.close();
  }

  private within(look: () => boolean): Promise<boolean> {
    return isTrueWithin(SETTLE_LIMIT_MS, () => this.follower.failure !== undefined || look());
  }

  /** A log that has lost what was read from it, or a stage logic that cannot fold what is stored. */
  private throwFailure(): void {
    const { failure } = this.follower;
    if (failure !== undefined) throw failure;
  }
}

function jsonOf<T>(payload: Uint8Array): T {
  return JSON.parse(Buffer.from(payload).toString('utf8')) as T;
}

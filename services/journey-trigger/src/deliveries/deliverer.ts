/**
 * Brings firings from their log into the deliveries log: each once (its id is the message id, and the position is kept), those of one
 * profile in order, those of others beside them.
 */
import {
  type CatalogueActivated,
  deliveriesSubject,
  type LogRecord,
  type ProfileErased,
  partitionFilters,
  partitionOfSubject,
  streamOf,
  type TriggerFired,
} from '@attrium/event';
import type { Logger } from '@attrium/host';
import { type Clock, decodePack, type Log, type LogReader, type StoredMessage } from '@attrium/processor';
import type { DelivererPositions } from './deliverer-positions.js';
import { firingJson } from './firing-json.js';

export interface DelivererOptions {
  readonly log: Log;
  readonly positions: DelivererPositions;
  /** Takes up a catalogue before what follows it is published. Throws when that cannot be done now. */
  readonly activate: (record: CatalogueActivated) => Promise<void>;
  /** Makes an erasure known before what follows it is published. Throws when that cannot be done now. */
  readonly erase: (record: ProfileErased) => Promise<void>;
  readonly partitions: readonly number[];
  readonly inFlightMax: number;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly telemetry: {
    published(latencyMs: number): void;
    publishRetried(): void;
  };
  /** Called when it cannot go on: the log has lost what it needs, or holds what cannot be read. */
  readonly fatal: (error: unknown) => void;
}

/** A message of the firings log and how many of its firings are not yet in the deliveries log. */
interface OpenMessage {
  readonly sequence: number;
  left: number;
}

const FIRINGS = streamOf('firings');
const SAVE_INTERVAL_MS = 1_000;
const RETRY_MS = 50;
const RETRY_MS_MAX = 2_000;
/** Messages after which others get their turn. */
const TURN_MESSAGES = 64;

export class Deliverer {
  private reader: LogReader | undefined;
  private from: ReadonlyMap<number, number> = new Map();
  private readonly open: OpenMessage[] = [];
  /** The last publish of each profile that has one under way. */
  private readonly tails = new Map<string, Promise<void>>();
  private reached = 0;
  private publishing = 0;
  private stopped = false;
  private running: Promise<void> = Promise.resolve();
  private saving: Promise<void> = Promise.resolve();
  private saver: { cancel(): void } | undefined;
  private wake: () => void = () => {};

  constructor(private readonly options: DelivererOptions) {}

  /** Firings on their way. */
  get inFlight(): number {
    return this.publishing;
  }

  /** Throws when the positions cannot be read. */
  async start(): Promise<void> {
    const { log, positions, partitions } = this.options;
    this.from = await positions.load();
    const { firstSequence } = await log.bounds(FIRINGS);
    const saved = Math.min(...this.from.values());
    this.reached = saved === 0 ? firstSequence - 1 : saved;
    this.reader = log.read(FIRINGS, {
      subjects: partitions.flatMap((partition) => partitionFilters('firings', partition)),
      fromSequence: this.reached + 1,
      wake: () => this.wake(),
      failed: (error) => this.options.fatal(error),
    });
    this.running = this.run().catch((error) => this.options.fatal(error));
    this.saveLater();
  }

  /** Ends what is under way, as far as the log answers, and keeps the position. */
  async stop(): Promise<void> {
    if (this.stopped) return;
    this.stopped = true;
    this.wake();
    this.saver?.cancel();
    await this.running;
    await Promise.all(this.tails.values());
    await this.reader?.close();
    await this.saving;
    await this.save();
  }

  private async run(): Promise<void> {
    for (let turn = 1; !this.stopped; turn++) {
      const message = this.reader?.next();
      const ready = message === undefined ? this.wait() : this.take(message);
      // What has arrived is published in one go, for it goes out in one write then: a write costs more than all else about a firing.
      if (ready !== undefined) await ready;
      if (turn % TURN_MESSAGES === 0) await nextTurn();
    }
  }

  /** Until something arrives, is acknowledged, or the end comes; with it comes what else the sockets hold now. */
  private async wait(): Promise<void> {
    if (this.stopped || (this.reader?.buffered ?? 0) > 0) return;
    await this.pause();
    await nextTurn();
  }

  private pause(): Promise<void> {
    return new Promise((resolve) => {
      this.wake = resolve;
    });
  }

  /** Undefined when nothing had to be waited for. */
  private take(message: StoredMessage): Promise<void> | undefined {
    const open: OpenMessage = { sequence: message.sequence, left: 1 };
    this.open.push(open);
    // Another partition of ours may be behind this one.
    if (message.sequence > (this.from.get(partitionOfSubject(message.subject)) ?? 0)) {
      const { records } = decodePack(message.payload);
      for (let index = 0; index < records.length; index++) {
        const record = records[index]!;
        if (isSlow(record) || (record.kind === 'trigger-fired' && this.isFull)) {
          return this.takeSlowly(records.slice(index), open);
        }
        if (record.kind === 'trigger-fired') this.deliver(record, open);
      }
    }
    this.finish(open);
    return undefined;
  }

  private async takeSlowly(records: readonly LogRecord[], open: OpenMessage): Promise<void> {
    for (const record of records) {
      if (record.kind === 'trigger-fired') {
        while (this.isFull && !this.stopped) await this.pause();
        if (this.stopped) return;
        this.deliver(record, open);
      } else if (isSlow(record) && !(await this.takeUp(record))) {
        return;
      }
    }
    this.finish(open);
  }

  private get isFull(): boolean {
    return this.publishing >= this.options.inFlightMax;
  }

  /** Behind all that was fired before it. False when the end came first. */
  private async takeUp(record: SlowRecord): Promise<boolean> {
    const { activate, erase, logger } = this.options;
    while (this.publishing > 0 && !this.stopped) await this.pause();
    for (let attempt = 0; !this.stopped; attempt++) {
      try {
        await (record.kind === 'profile-erased' ? erase(record) : activate(record));
        return true;
      } catch (error) {
        const { kind, id } = record;
        logger.warn({ err: error, kind, id }, 'a catalogue, or an erasure, cannot be taken up by deliveries yet');
        await this.rest(attempt);
      }
    }
    return false;
  }

  private deliver(firing: TriggerFired, open: OpenMessage): void {
    const profile = firing.entity.id;
    open.left++;
    this.publishing++;
    const before = this.tails.get(profile);
    const published = before === undefined ? this.publish(firing) : before.then(() => this.publish(firing));
    const tail = published.then((done) => {
      // Some wait for room, others until nothing is under way.
      const awaited = this.isFull || this.publishing === 1;
      this.publishing--;
      if (this.tails.get(profile) === tail) this.tails.delete(profile);
      if (done) this.finish(open);
      if (awaited) this.wake();
    });
    this.tails.set(profile, tail);
  }

  /** Until the log has it; false when the end came first. */
  private async publish(firing: TriggerFired): Promise<boolean> {
    const { log, clock, telemetry, logger } = this.options;
    const subject = deliveriesSubject(firing.entity.workspace, firing.trigger);
    const payload = Buffer.from(firingJson(firing));
    for (let attempt = 0; !this.stopped || attempt === 0; attempt++) {
      const outcome = await log.append(subject, payload, { messageId: firing.id });
      if (outcome.kind === 'appended') {
        telemetry.published(clock.now() - firing.recordedAt);
        return true;
      }
      telemetry.publishRetried();
      const reason = outcome.kind === 'unknown' ? outcome.reason : outcome.kind;
      if (attempt === 0) logger.warn({ reason, firing: firing.id }, 'the deliveries log has not taken a firing yet');
      await this.rest(attempt);
    }
    return false;
  }

  private finish(open: OpenMessage): void {
    open.left--;
    while (this.open[0]?.left === 0) this.reached = this.open.shift()!.sequence;
  }

  private rest(attempt: number): Promise<void> {
    const ms = Math.min(RETRY_MS * 2 ** Math.min(attempt, 10), RETRY_MS_MAX);
    return new Promise((resolve) => this.options.clock.after(ms, resolve));
  }

  private saveLater(): void {
    this.saver = this.options.clock.after(SAVE_INTERVAL_MS, () => {
      this.saving = this.save().then(() => {
        if (!this.stopped) this.saveLater();
      });
    });
  }

  private async save(): Promise<void> {
    try {
      await this.options.positions.save(this.reached);
    } catch (error) {
      // What was published since the last save is dropped by its message id when it comes again.
      this.options.logger.warn({ err: error }, 'the position in the firings log cannot be kept now');
    }
  }
}

/** What has to be taken up whole before anything that follows it. */
type SlowRecord = CatalogueActivated | ProfileErased;

function isSlow(record: LogRecord): record is SlowRecord {
  return record.kind === 'catalogue-activated' || record.kind === 'profile-erased';
}

/** Other work, and what the sockets hold, comes first. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

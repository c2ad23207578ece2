/** Delivers to one webhook: its durable consumer in the deliveries log, its queue, its connections. */
import { DELIVERIES_STREAM } from '@attrium/event';
import type { Logger } from '@attrium/host';
import type { Clock, Log } from '@attrium/processor';
import type { ConsumerMessages, JetStreamClient, JetStreamManager, JsMsg } from '@nats-io/jetstream';
import type { Agent } from 'undici';
import {
  ACK_WAIT_MS,
  type Destination,
  ensureConsumer,
  GATHER_ACK_WAIT_MS,
  setAckWait,
} from '../deliveries/destination.js';
import { readFiring } from '../deliveries/firing-json.js';
import { REPLAY_HEADER } from '../deliveries/redelivery.js';
import { keepUndelivered } from '../deliveries/undelivered.js';
import { type Delivery, DestinationQueue, type QueueOccurrence, type QueueSettings } from './destination-queue.js';
import { DestinationReport, type ReportOptions } from './destination-report.js';
import { type AttemptOutcome, attemptWebhook, type Signer } from './webhook-attempt.js';

export interface RunnerOptions extends ReportOptions {
  readonly js: JetStreamClient;
  readonly manager: JetStreamManager;
  readonly log: Log;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  readonly settings: QueueSettings & { readonly timeoutMs: number; readonly pendingMax: number };
  /** Connections of this destination alone. */
  readonly agent: Agent;
  readonly signer: () => Signer | undefined;
  readonly isDisabled: () => boolean;
  readonly isErased: (profileId: string) => boolean;
  readonly disable: () => Promise<void>;
  /** Makes known that it keeps failing, and of what; undefined: that it does not, or not any more. */
  readonly noteFailing: (failure: string | undefined) => Promise<void>;
}

/** Often enough that a busy event loop does not make the server give a delivery out again. */
const SIGNS_OF_LIFE = 3;
/** What was open at the start and is not back by then will not come. */
const GATHER_MS = ACK_WAIT_MS + 2_000;
const PULL_MESSAGES = 64;
const RETRY_MS = 500;
/** Less than a drain may take. */
const STOP_PATIENCE_MS = 2_000;

export class WebhookRunner {
  private readonly queue: DestinationQueue;
  private readonly report: DestinationReport;
  /** What the server has given out and has not been told the end of. */
  private readonly open = new Map<number, JsMsg>();
  private readonly returned = new Set<number>();
  private awaited = 0;
  private messages: ConsumerMessages | undefined;
  private signs: { cancel(): void } | undefined;
  private gathering: { cancel(): void } | undefined;
  /** Whether the server waits for signs of life only as long as gathering needs. */
  private shortWait = false;
  private stopped = false;
  private gone = false;
  private lastFailure = '';
  private running: Promise<void> = Promise.resolve();

  constructor(
    readonly destination: Destination,
    private readonly options: RunnerOptions,
  ) {
    const { settings, clock, random } = options;
    const { atOnce, perSecond } = destination;
    this.report = new DestinationReport(destination, options);
    this.queue = new DestinationQueue({
      settings: { ...settings, attemptsMax: Math.min(settings.attemptsMax, atOnce ?? settings.attemptsMax), perSecond },
      clock,
      random,
      attempt: (delivery, attempts) => this.attempt(delivery, attempts),
      obstacle: () => this.obstacle(),
      isErased: ({ profile }) => options.isErased(profile),
      giveUp: (delivery, reason) => this.giveUp(delivery, reason),
      gone: () => this.end410(),
      observe: (occurrence) => this.observe(occurrence),
    });
  }

  get waiting(): number {
    return this.queue.size;
  }

  get isOpen(): boolean {
    return this.queue.isOpen;
  }

  get isObstructed(): boolean {
    return this.obstacleNow() !== undefined;
  }

  start(): void {
    // What an earlier owner found says nothing of now.
    this.noteFailing(undefined);
    this.running = this.run();
    this.signLater();
  }

  /** What waits for this profile is dropped. */
  dropErased(profileId: string): void {
    this.queue.dropErased(profileId);
  }

  /** After secrets or what is disabled have changed. */
  proceed(): void {
    if (!this.options.isDisabled()) this.gone = false;
    this.queue.proceed();
  }

  /** Attempts under way end; what waits goes back to the server at once. */
  async stop(): Promise<void> {
    if (this.stopped) return;
    this.stopped = true;
    this.signs?.cancel();
    this.gathering?.cancel();
    this.messages?.stop();
    const { agent, clock } = this.options;
    // An attempt that still runs then fails by this, and is made again by the next owner.
    const impatience = clock.after(STOP_PATIENCE_MS, () => void agent.destroy());
    await Promise.all([this.running, this.queue.end()]);
    impatience.cancel();
    await agent.destroy();
    this.giveBack();
  }

  private giveBack(): void {
    try {
      for (const message of this.open.values()) message.nak();
    } catch (error) {
      this.options.logger.warn({ err: error }, 'what waits comes back when its time with this owner has run out');
    }
    this.open.clear();
  }

  private async run(): Promise<void> {
    const { js, manager, settings, logger, clock } = this.options;
    const { name } = this.destination;
    for (let first = true; !this.stopped; ) {
      try {
        const { num_ack_pending: pending } = await ensureConsumer(manager, this.destination, settings.pendingMax);
        if (first) await this.gather(pending);
        first = false;
        const consumer = await js.consumers.get(DELIVERIES_STREAM, name);
        this.messages = await consumer.consume({ max_messages: PULL_MESSAGES, abort_on_missing_resource: true });
        if (this.stopped) this.messages.stop();
        for await (const message of this.messages) this.take(message);
      } catch (error) {
        if (!this.stopped) logger.warn({ err: error, destination: name }, 'the queue of a webhook cannot be read now');
      }
      if (!this.stopped) await new Promise<void>((resolve) => clock.after(RETRY_MS, resolve));
    }
  }

  /** Order needs all that was open when the last owner ended: nothing is tried before it has come back. */
  private async gather(pending: number): Promise<void> {
    if (pending === 0) {
      this.queue.release();
      return;
    }
    this.awaited = pending;
    this.shortWait = true;
    this.gathering ??= this.options.clock.after(GATHER_MS, () => this.gathered());
    this.signLater();
    await setAckWait(this.options.manager, this.destination.name, GATHER_ACK_WAIT_MS);
  }

  private gathered(): void {
    this.gathering?.cancel();
    this.gathering = undefined;
    this.returned.clear();
    this.queue.release();
    const { manager, logger } = this.options;
    const { name } = this.destination;
    const longer = setAckWait(manager, name, ACK_WAIT_MS).then(() => {
      this.shortWait = false;
      this.signLater();
    });
    // Signs go on in the short time then; the next owner tries to set it again.
    longer.catch((error) => logger.warn({ err: error, destination: name }, 'the time for an answer cannot be set now'));
  }

  private take(message: JsMsg): void {
    // What comes after the end goes back at once.
    if (this.stopped) {
      message.nak();
      return;
    }
    const delivery = this.deliveryOf(message);
    if (delivery === undefined) return;
    this.open.set(message.seq, message);
    if (this.isDisabled) {
      this.report.observe({ kind: 'dropped', delivery });
      delivery.done();
    } else {
      this.queue.add(delivery);
    }
    if (this.gathering === undefined) return;
    if (message.info.deliveryCount > 1) this.returned.add(message.seq);
    if (this.returned.size >= this.awaited) this.gathered();
  }

  private deliveryOf(message: JsMsg): Delivery | undefined {
    const { seq } = message;
    try {
      const body = message.string();
      const { id, profileId, recordedAt } = readFiring(message.data);
      return {
        sequence: seq,
        firingId: id,
        profile: profileId,
        body,
        storedAt: Number(message.timestampNanos / 1_000_000n),
        recordedAt: Date.parse(recordedAt),
        replay: message.headers?.get(REPLAY_HEADER) || undefined,
        done: () => {
          this.open.get(seq)?.ack();
          this.open.delete(seq);
        },
      };
    } catch (error) {
      this.options.logger.error(
        { err: error, sequence: seq },
        'a message in the deliveries log is no firing; it is passed over',
      );
      message.term('no firing');
      return undefined;
    }
  }

  private async attempt(delivery: Delivery, attempt: number): Promise<AttemptOutcome> {
    const { clock } = this.options;
    const at = clock.now();
    const start = clock.monotonic();
    const outcome = await this.send(delivery);
    this.report.attempted(delivery, { at, latencyMs: Math.round(clock.monotonic() - start), attempt }, outcome);
    return outcome;
  }

  private async send({ firingId, body, replay }: Delivery): Promise<AttemptOutcome> {
    const { agent, signer, settings, clock } = this.options;
    const { url } = this.destination;
    const key = signer();
    if (key === undefined) return { kind: 'failed', why: 'connection', detail: 'its secret has just gone' };
    return attemptWebhook({
      ...{ url, firingId, body, replay, clock, signer: key },
      dispatcher: agent,
      timeoutMs: settings.timeoutMs,
    });
  }

  private observe(occurrence: QueueOccurrence): void {
    this.report.observe(occurrence);
    if (occurrence.kind === 'failed') this.lastFailure = occurrence.outcome.detail;
    else if (occurrence.kind === 'breaker') this.noteFailing(occurrence.open ? this.lastFailure : undefined);
  }

  private noteFailing(failure: string | undefined): void {
    const { noteFailing, logger } = this.options;
    const { name } = this.destination;
    void noteFailing(failure).catch((error) =>
      logger.warn({ err: error, destination: name }, 'whether a webhook keeps failing cannot be made known'),
    );
  }

  private get isDisabled(): boolean {
    return this.gone || this.options.isDisabled();
  }

  private obstacleNow(): string | undefined {
    if (this.isDisabled) return 'the receiver wants no more';
    const { workspace, secret } = this.destination;
    return this.options.signer() === undefined ? `there is no secret ${workspace}.${secret}` : undefined;
  }

  private obstacle(): string | undefined {
    const obstacle = this.obstacleNow();
    this.report.obstacle(obstacle);
    return obstacle;
  }

  private async giveUp(delivery: Delivery, reason: string): Promise<boolean> {
    const { log, clock } = this.options;
    const { name: destination, workspace, trigger, url } = this.destination;
    const { firingId, profile: profileId, body } = delivery;
    const letter = { workspace, trigger, destination, url, firingId, profileId, reason, givenUpAt: clock.now(), body };
    while (!this.stopped) {
      if (this.options.isErased(profileId)) return true;
      if (await keepUndelivered(log, letter)) return true;
      await new Promise<void>((resolve) => clock.after(RETRY_MS, resolve));
    }
    return false;
  }

  /** 410: no attempt any more before the next revision of the catalogue. */
  private end410(): void {
    const { logger, disable } = this.options;
    const { workspace, trigger, name } = this.destination;
    this.gone = true;
    logger.error(
      { workspace, trigger, destination: name },
      'a webhook answers 410 and is disabled until the catalogue changes',
    );
    void disable().catch((error) =>
      logger.warn({ err: error, destination: name }, 'that it is disabled cannot be kept'),
    );
    this.queue.drop();
  }

  /** `working` starts the server's time anew. */
  private signLater(): void {
    this.signs?.cancel();
    if (this.stopped) return;
    const waitMs = this.shortWait ? GATHER_ACK_WAIT_MS : ACK_WAIT_MS;
    this.signs = this.options.clock.after(waitMs / SIGNS_OF_LIFE, () => {
      for (const message of this.open.values()) message.working();
      this.signLater();
    });
  }
}

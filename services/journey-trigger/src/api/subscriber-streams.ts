/** Streams of firings to named subscribers over gRPC: what comes is acknowledged, and what is not comes again. */
import type { CompiledCatalogue } from '@attrium/catalogue';
import { DELIVERIES_STREAM } from '@attrium/event';
import type { Logger } from '@attrium/host';
import type { Clock } from '@attrium/processor';
import type { triggerV1 } from '@attrium/proto';
import type { ServerDuplexStream } from '@grpc/grpc-js';
import type { ConsumerMessages, JetStreamClient, JsMsg } from '@nats-io/jetstream';
import { Observable, type Subscriber } from 'rxjs';
import { checkSubscriber, type Subscribers, subscriberTerms } from '../deliveries/subscriber.js';
import { FiringStreamError } from '../errors.js';
import { firingMessage } from './firing-message.js';

export type ConsumeCall = ServerDuplexStream<triggerV1.ConsumeRequest, triggerV1.ConsumeResponse>;
type Opening = triggerV1.OpenSubscriber;

export interface SubscriberStreamsOptions {
  readonly subscribers: Subscribers;
  readonly js: JetStreamClient;
  readonly clock: Pick<Clock, 'after'>;
  readonly catalogueOf: (workspace: string) => CompiledCatalogue | undefined;
  readonly streamsMax: number;
  readonly logger: Logger;
  readonly telemetry: { streamed(): void };
  /** Time without a firing after which a stream says that it stands. */
  readonly heartbeatMs: number;
}

const OPEN_WITHIN_MS = 10_000;
/** Asked of the server at once. */
const PULL_MESSAGES = 64;
/** How much later than in time what an earlier stream left open may be back. */
const RETURN_MS = 1_000;
/** In the time that the caller has for an acknowledgement. */
const SIGNS_OF_LIFE = 3;

export class SubscriberStreams {
  private readonly streams = new Set<SubscriberStream>();
  private draining = false;

  constructor(private readonly options: SubscriberStreamsOptions) {}

  get count(): number {
    return this.streams.size;
  }

  /** `authorise` throws for a caller that may not read the workspace. */
  open(
    requests: Observable<triggerV1.ConsumeRequest>,
    call: ConsumeCall,
    authorise: (workspace: string) => void,
  ): Observable<triggerV1.ConsumeResponse> {
    return new Observable((subscriber) => {
      if (this.draining) {
        subscriber.error(new FiringStreamError('unavailable'));
        return;
      }
      if (this.streams.size >= this.options.streamsMax) {
        subscriber.error(new FiringStreamError('tooManyStreams'));
        return;
      }
      const stream = new SubscriberStream(this.options, { call, subscriber, authorise });
      this.streams.add(stream);
      const asked = requests.subscribe({
        next: (request) => stream.take(request),
        error: () => stream.end(),
        complete: () => stream.end(),
      });
      return () => {
        this.streams.delete(stream);
        asked.unsubscribe();
        stream.close();
      };
    });
  }

  /** Ends all streams: their callers go on elsewhere. */
  end(): void {
    this.draining = true;
    for (const stream of [...this.streams]) stream.fail(new FiringStreamError('unavailable'));
  }
}

class SubscriberStream {
  /** What the server has given out and was not acknowledged: first those that wait to be sent, by rising position. */
  private queue: JsMsg[] = [];
  private readonly open = new Map<number, JsMsg>();
  private messages: ConsumerMessages | undefined;
  private asked: Opening | undefined;
  private closed = false;
  /** Positions that an earlier stream left open and that are back; undefined once nothing waits for them. */
  private returning: { readonly back: Set<number>; readonly awaited: number } | undefined;
  private waitsForCaller = false;
  private timers: Record<'idle' | 'returns' | 'signs', { cancel(): void } | undefined>;

  constructor(
    private readonly options: SubscriberStreamsOptions,
    private readonly to: {
      readonly call: ConsumeCall;
      readonly subscriber: Subscriber<triggerV1.ConsumeResponse>;
      readonly authorise: (workspace: string) => void;
    },
  ) {
    const told = 'The first request of a stream opens a subscriber.';
    const late = (): void => this.fail(new FiringStreamError('misshapenSubscriber', { told }));
    this.timers = { idle: options.clock.after(OPEN_WITHIN_MS, late), returns: undefined, signs: undefined };
  }

  take({ kind }: triggerV1.ConsumeRequest): void {
    if (this.closed) return;
    if (kind?.$case === 'open' && this.asked === undefined) {
      this.asked = kind.value;
      void this.run(kind.value).catch((error: Error) => this.fail(error));
    } else if (kind?.$case === 'acknowledge' && this.asked !== undefined) {
      this.acknowledge(kind.value);
    } else {
      const told = 'The first request of a stream opens a subscriber, and each other one acknowledges.';
      this.fail(new FiringStreamError('misshapenSubscriber', { told }));
    }
  }

  /** The caller has nothing more to say: what it has not acknowledged by now comes again. */
  end(): void {
    if (!this.closed) this.to.subscriber.complete();
  }

  fail(error: Error): void {
    if (this.closed) return;
    const told = error instanceof FiringStreamError || 'status' in error ? error : undefined;
    this.to.subscriber.error(told ?? new FiringStreamError('unavailable', { cause: error }));
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    for (const timer of Object.values(this.timers)) timer?.cancel();
    // Before what is open goes back, so that it does not come here again.
    this.messages?.stop();
    const all = [...this.open.values(), ...this.queue].sort((a, b) => a.seq - b.seq);
    for (const message of all) this.say(message, () => message.nak());
    this.open.clear();
    this.queue = [];
  }

  private async run(asked: Opening): Promise<void> {
    const { subscribers, js, catalogueOf, clock } = this.options;
    const { workspace, trigger, subscriber, afterPosition } = asked;
    this.to.authorise(workspace);
    const name = { workspace, trigger, subscriber };
    checkSubscriber(name);
    const terms = subscriberTerms(asked.unacknowledgedMax, asked.acknowledgeWithinMs);
    const definition = catalogueOf(workspace)?.triggers.find((each) => each.name === trigger);
    if (definition === undefined || !definition.stream) throw new FiringStreamError('noSuchStream');
    const { consumer, made, state } = await subscribers.open(name, terms, afterPosition);
    if (this.closed) return;
    const { position, waiting, unacknowledged } = state;
    this.send({ $case: 'opened', value: { made, position, waiting, unacknowledged } });
    if (unacknowledged > 0) {
      this.returning = { back: new Set(), awaited: unacknowledged };
      this.timers.returns = clock.after(terms.acknowledgeWithinMs + RETURN_MS, () => this.goOn());
    }
    this.signLater(terms.acknowledgeWithinMs / SIGNS_OF_LIFE);
    const pulled = await js.consumers.get(DELIVERIES_STREAM, consumer);
    const messages = await pulled.consume({
      max_messages: Math.min(PULL_MESSAGES, terms.unacknowledgedMax),
      abort_on_missing_resource: true,
      callback: (message) => this.arrive(message),
    });
    this.messages = messages;
    if (this.closed) messages.stop();
    const cause = await messages.closed();
    if (this.closed) return;
    const isThere = await subscribers.isThere(name);
    throw isThere ? new FiringStreamError('unavailable', { cause }) : new FiringStreamError('noSubscriber');
  }

  /** Order needs all that an earlier stream left open: nothing is sent before it is back, or its time is over. */
  private arrive(message: JsMsg): void {
    if (this.closed) {
      this.say(message, () => message.nak());
      return;
    }
    const { seq } = message;
    this.queue = this.queue.filter((each) => each.seq !== seq);
    const later = this.queue.findIndex((each) => each.seq > seq);
    this.queue.splice(later < 0 ? this.queue.length : later, 0, message);
    if (this.returning === undefined) {
      this.pump();
      return;
    }
    if (message.info.deliveryCount > 1) this.returning.back.add(seq);
    if (this.returning.back.size >= this.returning.awaited) this.goOn();
  }

  private goOn(): void {
    this.timers.returns?.cancel();
    this.returning = undefined;
    this.pump();
  }

  /** Sends until the caller is slow or nothing waits. */
  private pump(): void {
    const { call } = this.to;
    while (!this.closed && !this.waitsForCaller && this.returning === undefined) {
      const message = this.queue[0];
      if (message === undefined) return;
      if (call.writableNeedDrain) {
        this.waitsForCaller = true;
        call.once('drain', () => {
          this.waitsForCaller = false;
          this.pump();
        });
        return;
      }
      this.queue.shift();
      this.deliver(message);
    }
  }

  private deliver(message: JsMsg): void {
    const { catalogueOf, telemetry, logger } = this.options;
    const { seq: sequence, subject, data: payload } = message;
    const appendedAt = Number(message.timestampNanos / 1_000_000n);
    try {
      const value = firingMessage({ sequence, subject, appendedAt, payload }, catalogueOf(this.asked!.workspace));
      // What comes again is the latest that is open.
      this.open.set(sequence, message);
      this.send({ $case: 'firing', value });
      telemetry.streamed();
    } catch (error) {
      logger.error({ err: error, sequence }, 'a message in the deliveries log is no firing; it is passed over');
      message.term('no firing');
    }
  }

  private acknowledge({ positions, upToPosition = 0 }: triggerV1.Acknowledgement): void {
    const all = new Set(positions);
    for (const position of this.open.keys()) if (position <= upToPosition) all.add(position);
    for (const position of all) {
      const message = this.open.get(position);
      if (message === undefined) continue;
      this.open.delete(position);
      // It may have come again meanwhile.
      this.queue = this.queue.filter(({ seq }) => seq !== position);
      this.say(message, () => message.ack());
    }
  }

  /** The time of what waits here has not begun for the caller. */
  private signLater(afterMs: number): void {
    this.timers.signs = this.options.clock.after(afterMs, () => {
      for (const message of this.queue) this.say(message, () => message.working());
      this.signLater(afterMs);
    });
  }

  /** Without a connection nothing can be said: then it comes again when its time is over. */
  private say({ seq: sequence }: JsMsg, say: () => void): void {
    try {
      say();
    } catch (error) {
      this.options.logger.warn({ err: error, sequence }, 'a firing will be sent again');
    }
  }

  private send(kind: NonNullable<triggerV1.ConsumeResponse['kind']>): void {
    this.to.subscriber.next({ kind });
    this.timers.idle?.cancel();
    this.timers.idle = this.options.clock.after(this.options.heartbeatMs, () => {
      if (!this.closed) this.send({ $case: 'heartbeat', value: {} });
    });
  }
}

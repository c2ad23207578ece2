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
}

const HEARTBEAT_MS = 10_000;
const OPEN_WITHIN_MS = 10_000;
/** Asked of the server ahead of the caller: what waits here runs out of time there. */
const PULL_MESSAGES = 64;

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
  /** Sent to the caller and not acknowledged, by rising position. */
  private readonly open = new Map<number, JsMsg>();
  private messages: ConsumerMessages | undefined;
  private asked: Opening | undefined;
  private closed = false;
  private timer: { cancel(): void };
  private drained: (() => void) | undefined;

  constructor(
    private readonly options: SubscriberStreamsOptions,
    private readonly to: {
      readonly call: ConsumeCall;
      readonly subscriber: Subscriber<triggerV1.ConsumeResponse>;
      readonly authorise: (workspace: string) => void;
    },
  ) {
    const late = 'The first request of a stream opens a subscriber.';
    this.timer = options.clock.after(OPEN_WITHIN_MS, () =>
      this.fail(new FiringStreamError('misshapenSubscriber', { told: late })),
    );
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
    this.timer.cancel();
    this.drained?.();
    this.messages?.stop();
    // In order: so they come again to the next stream at once.
    for (const message of this.open.values()) this.say(message, () => message.nak());
    this.open.clear();
  }

  private async run(asked: Opening): Promise<void> {
    const { subscribers, js, catalogueOf } = this.options;
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
    const pulled = await js.consumers.get(DELIVERIES_STREAM, consumer);
    this.messages = await pulled.consume({
      max_messages: Math.min(PULL_MESSAGES, terms.unacknowledgedMax),
      abort_on_missing_resource: true,
    });
    if (this.closed) this.messages.stop();
    for await (const message of this.messages) await this.deliver(message, workspace);
    // Only a consumer that is gone ends this while the stream stands.
    this.fail(new FiringStreamError('noSubscriber'));
  }

  private async deliver(message: JsMsg, workspace: string): Promise<void> {
    const { catalogueOf, telemetry, logger } = this.options;
    if (this.to.call.writableNeedDrain && !this.closed) await this.untilDrained();
    if (this.closed) {
      this.say(message, () => message.nak());
      return;
    }
    const { seq: sequence, subject, data: payload } = message;
    const appendedAt = Number(message.timestampNanos / 1_000_000n);
    try {
      const value = firingMessage({ sequence, subject, appendedAt, payload }, catalogueOf(workspace));
      // What comes again is the latest that is open.
      this.open.delete(sequence);
      this.open.set(sequence, message);
      this.send({ $case: 'firing', value });
      telemetry.streamed();
    } catch (error) {
      logger.error({ err: error, sequence }, 'a message in the deliveries log is no firing; it is passed over');
      message.term('no firing');
    }
  }

  private untilDrained(): Promise<void> {
    return new Promise((resolve) => {
      this.drained = resolve;
      this.to.call.once('drain', resolve);
    });
  }

  private acknowledge({ positions, upToPosition = 0 }: triggerV1.Acknowledgement): void {
    const all = new Set(positions);
    for (const position of this.open.keys()) if (position <= upToPosition) all.add(position);
    for (const position of all) {
      const message = this.open.get(position);
      if (message === undefined) continue;
      this.open.delete(position);
      this.say(message, () => message.ack());
    }
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
    this.timer.cancel();
    this.timer = this.options.clock.after(HEARTBEAT_MS, () => {
      if (!this.closed) this.send({ $case: 'heartbeat', value: {} });
    });
  }
}

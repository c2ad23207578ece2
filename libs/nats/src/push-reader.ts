/**
 * Reads a stream by a raw ordered push consumer. The server's flow control is answered only when what it sent has been taken, so a slow
 * reader holds the server back. The consumer is made anew after a gap, silence or a new connection, at the message after the last received.
 */
import {
  LOG_ERROR_CODES,
  LogError,
  type LogReader,
  positionFault,
  type ReadOptions,
  type StoredMessage,
} from '@attrium/processor';
import { createInbox, type Msg, type NatsConnection, nuid, type Subscription } from '@nats-io/transport-node';
import { MessageQueue } from './message-queue.js';
import { askJetStream, streamBounds, unexpected } from './stream-api.js';

const HEARTBEAT_MS = 1_000;
/** Two checks without a sign of life between them: a busy event loop alone does not make it. */
const CHECK_MS = 1_500;
const RETRY_MS = 100;
const RETRY_MS_MAX = 2_000;
const NANOS_A_MS = 1_000_000;

/** One consumer on the server. Messages of an older one are not for us any more. */
interface Consumer {
  readonly name: string;
  readonly subscription: Subscription;
  /** Messages that this consumer has sent us. */
  received: number;
  /** Whether the stream was found to hold what we need. Nothing is given out before. */
  checked: boolean;
}

export class PushReader implements LogReader {
  private readonly buffer = new MessageQueue<StoredMessage>();
  private takenInAll = 0;
  private receivedInAll = 0;
  /** Messages that were received but may not be given out yet. */
  private readonly unchecked: StoredMessage[] = [];
  /** Flow control that waits until so many messages have been taken. */
  private readonly flowControl: { readonly reply: string; readonly after: number }[] = [];
  private position: number;
  private consumer: Consumer | undefined;
  private woken = false;
  private closed = false;
  private opening = false;
  private silentChecks = 0;
  private readonly watch: NodeJS.Timeout;

  constructor(
    private readonly connection: NatsConnection,
    private readonly stream: string,
    private readonly options: ReadOptions,
    private readonly ended: (reader: PushReader) => void,
  ) {
    this.position = options.fromSequence - 1;
    this.watch = setInterval(() => this.checkLife(), CHECK_MS);
    void this.open();
  }

  next(): StoredMessage | undefined {
    this.woken = false;
    const message = this.buffer.take();
    if (message === undefined) return undefined;
    this.takenInAll++;
    if (this.flowControl.length > 0) this.answerFlowControl();
    return message;
  }

  get buffered(): number {
    return this.buffer.size;
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    clearInterval(this.watch);
    this.leaveConsumer();
    this.ended(this);
  }

  /** Makes a consumer anew, at the message after the last received. */
  restart(): void {
    this.leaveConsumer();
    void this.open();
  }

  private async open(): Promise<void> {
    if (this.opening) return;
    this.opening = true;
    for (let pauseMs = RETRY_MS; !this.closed && this.consumer === undefined; pauseMs *= 2) {
      try {
        await this.createConsumer();
      } catch (error) {
        this.leaveConsumer();
        if (!(error instanceof LogError && error.retryable)) this.fail(error as Error);
        await new Promise((resolve) => setTimeout(resolve, Math.min(pauseMs, RETRY_MS_MAX)));
      }
    }
    this.opening = false;
  }

  private async createConsumer(): Promise<void> {
    const inbox = createInbox();
    const consumer: Consumer = {
      name: `reader-${nuid.next()}`,
      subscription: this.connection.subscribe(inbox, {
        callback: (_error, message) => {
          if (this.consumer === consumer) this.receive(consumer, message);
        },
      }),
      received: 0,
      checked: false,
    };
    this.consumer = consumer;
    this.silentChecks = 0;
    const question = `CONSUMER.CREATE.${this.stream}.${consumer.name}`;
    const { error } = await askJetStream(this.connection, question, {
      stream_name: this.stream,
      config: {
        name: consumer.name,
        deliver_subject: inbox,
        deliver_policy: 'by_start_sequence',
        opt_start_seq: this.position + 1,
        filter_subjects: this.options.subjects,
        ack_policy: 'none',
        max_deliver: 1,
        flow_control: true,
        idle_heartbeat: HEARTBEAT_MS * NANOS_A_MS,
        inactive_threshold: 30 * 1_000 * NANOS_A_MS,
        mem_storage: true,
        num_replicas: 1,
      },
    });
    if (error !== undefined) throw unexpected(question, error);
    // A consumer begins without a word at the first message there is, or at the end, when ours is gone.
    const bounds = await streamBounds(this.connection, this.stream);
    if (this.consumer !== consumer) return;
    const fault = positionFault(this.stream, this.position + 1, bounds);
    if (fault !== undefined) throw fault;
    consumer.checked = true;
    for (const message of this.unchecked.splice(0)) this.accept(message);
  }

  private receive(consumer: Consumer, message: Msg): void {
    this.silentChecks = 0;
    if (message.headers?.code === 100) {
      this.control(consumer, message);
      return;
    }
    const origin = originOf(message);
    if (origin === undefined) return;
    if (origin.consumerSequence !== consumer.received + 1) {
      this.restart();
      return;
    }
    consumer.received++;
    const stored: StoredMessage = {
      subject: message.subject,
      sequence: origin.sequence,
      appendedAt: origin.appendedAt,
      payload: message.data,
    };
    if (consumer.checked) this.accept(stored);
    else this.unchecked.push(stored);
  }

  private accept(message: StoredMessage): void {
    if (message.sequence <= this.position) {
      const text = `${this.stream} gave sequence ${message.sequence} again after ${this.position}: it has lost its tail`;
      this.fail(new LogError(LOG_ERROR_CODES.tailLost, text));
      return;
    }
    this.position = message.sequence;
    this.receivedInAll++;
    this.buffer.push(message);
    if (this.woken) return;
    this.woken = true;
    this.options.wake();
  }

  /** Idle heartbeats and flow control. */
  private control(consumer: Consumer, message: Msg): void {
    const { headers, reply } = message;
    const stalled = headers?.get('Nats-Consumer-Stalled');
    const flow = reply !== undefined && reply !== '' ? reply : stalled;
    if (flow !== undefined && flow !== '') {
      const after = this.receivedInAll + this.unchecked.length;
      if (!this.flowControl.some((waiting) => waiting.reply === flow)) this.flowControl.push({ reply: flow, after });
      this.answerFlowControl();
    }
    const sent = Number(headers?.get('Nats-Last-Consumer') || Number.NaN);
    if (sent > consumer.received) this.restart();
  }

  private answerFlowControl(): void {
    if (this.connection.isClosed()) return;
    while (this.flowControl.length > 0 && this.flowControl[0]!.after <= this.takenInAll) {
      this.connection.publish(this.flowControl.shift()!.reply);
    }
  }

  private checkLife(): void {
    if (++this.silentChecks < 3 || this.opening) return;
    this.restart();
  }

  private leaveConsumer(): void {
    const { consumer } = this;
    if (consumer === undefined) return;
    this.consumer = undefined;
    this.unchecked.length = 0;
    this.flowControl.length = 0;
    consumer.subscription.unsubscribe();
    // Without an answer: the server forgets it by itself when this is lost.
    if (!this.connection.isClosed()) {
      this.connection.publish(`$JS.API.CONSUMER.DELETE.${this.stream}.${consumer.name}`);
    }
  }

  private fail(error: Error): void {
    if (this.closed) return;
    void this.close();
    this.options.failed(error);
  }
}

/** `$JS.ACK.<stream>.<consumer>.<deliveries>.<sequence>.<consumer sequence>.<time, ns>.<pending>`, with two more tokens behind `ACK` in a domain. */
function originOf(message: Msg): { sequence: number; consumerSequence: number; appendedAt: number } | undefined {
  const tokens = message.reply?.split('.');
  if (tokens === undefined || tokens.length < 9 || tokens[1] !== 'ACK') return undefined;
  const first = tokens.length === 9 ? 5 : 7;
  return {
    sequence: Number(tokens[first]),
    consumerSequence: Number(tokens[first + 1]),
    appendedAt: Number(tokens[first + 2]!.slice(0, -6)),
  };
}

/** Publishes into streams and hears their answers: one inbox for all, no timer a message. */
import type { AppendOptions, AppendOutcome } from '@attrium/processor';
import { createInbox, type Msg, type MsgHdrs, type NatsConnection, type Subscription } from '@nats-io/transport-node';

const SWEEP_MS = 250;
/** A log that is out of reach is not asked again at once. */
const OUT_OF_REACH_PAUSE_MS = 50;
/** More than the header of any publish takes. */
const HEADER_BYTES_MAX = 2_048;
const LINE_END = /[\r\n]/;
const WRONG_LAST_SEQUENCE = new Set([10_071, 10_164]);
const MESSAGE_TOO_LARGE = 10_054;

interface Pending {
  readonly resolve: (outcome: AppendOutcome) => void;
  readonly deadline: number;
}

interface PubAck {
  readonly seq?: number;
  readonly error?: { readonly code: number; readonly err_code?: number; readonly description?: string };
}

export class Publisher {
  private readonly inbox = createInbox();
  private readonly subscription: Subscription;
  /** In the order of their deadlines. */
  private readonly pending = new Map<number, Pending>();
  private count = 0;
  private sweeper: NodeJS.Timeout | undefined;
  private connected = true;

  constructor(
    private readonly connection: NatsConnection,
    private readonly answerTimeoutMs: number,
  ) {
    this.subscription = connection.subscribe(`${this.inbox}.*`, {
      callback: (_error, message) => this.answered(message),
    });
  }

  publish(stream: string, subject: string, payload: Uint8Array, options: AppendOptions): Promise<AppendOutcome> {
    if (!this.connected || this.connection.isClosed()) return unknownSoon('not connected');
    const { max_payload: bytesMax } = this.connection.info ?? {};
    if (bytesMax !== undefined && payload.length + HEADER_BYTES_MAX > bytesMax) {
      return Promise.resolve({
        kind: 'too-large',
        reason: `${payload.length} bytes; NATS takes payloads of ${bytesMax}`,
      });
    }
    const id = this.count++;
    return new Promise((resolve) => {
      this.pending.set(id, { resolve, deadline: performance.now() + this.answerTimeoutMs });
      this.sweeper ??= setInterval(() => this.sweep(), SWEEP_MS);
      try {
        this.connection.publish(subject, payload, {
          headers: headersOf(stream, options),
          reply: `${this.inbox}.${id}`,
        });
      } catch (error) {
        this.settle(id, { kind: 'unknown', reason: error instanceof Error ? error.message : String(error) });
      }
    });
  }

  /** Nobody will hear the answers to what is under way any more. */
  lost(): void {
    this.connected = false;
    for (const id of [...this.pending.keys()]) this.settle(id, { kind: 'unknown', reason: 'the connection was lost' });
  }

  back(): void {
    this.connected = true;
  }

  close(): void {
    this.lost();
    this.subscription.unsubscribe();
  }

  private answered(message: Msg): void {
    const id = Number(message.subject.slice(this.inbox.length + 1));
    if (message.headers?.code === 503) {
      const { pending } = this;
      const waiting = pending.get(id);
      if (waiting === undefined) return;
      pending.delete(id);
      void unknownSoon('no stream takes this subject now').then(waiting.resolve);
      return;
    }
    this.settle(id, outcomeOf(message));
  }

  private settle(id: number, outcome: AppendOutcome): void {
    const waiting = this.pending.get(id);
    if (waiting === undefined) return;
    this.pending.delete(id);
    if (this.pending.size === 0) this.rest();
    waiting.resolve(outcome);
  }

  private sweep(): void {
    const now = performance.now();
    for (const [id, { deadline }] of this.pending) {
      if (deadline > now) break;
      this.settle(id, { kind: 'unknown', reason: `no answer within ${this.answerTimeoutMs} ms` });
    }
    if (this.pending.size === 0) this.rest();
  }

  private rest(): void {
    clearInterval(this.sweeper);
    this.sweeper = undefined;
  }
}

function outcomeOf(message: Msg): AppendOutcome {
  const { seq, error } = message.json<PubAck>();
  if (error === undefined && seq !== undefined) return { kind: 'appended', sequence: seq };
  if (error?.err_code !== undefined && WRONG_LAST_SEQUENCE.has(error.err_code)) return { kind: 'refused' };
  if (error?.err_code === MESSAGE_TOO_LARGE) return { kind: 'too-large', reason: `${error.description}` };
  return { kind: 'unknown', reason: `${error?.description} (${error?.err_code ?? error?.code})` };
}

/**
 * The header as it goes over the wire. The client asks what it publishes for nothing but `encode`; its own headers, which look at each
 * character of each name, cost more than the rest of a publish.
 */
function headersOf(stream: string, options: AppendOptions): MsgHdrs {
  let text = `NATS/1.0\r\nNats-Expected-Stream: ${stream}\r\n`;
  if (options.messageId !== undefined) text += `Nats-Msg-Id: ${checked(options.messageId)}\r\n`;
  if (options.expectedLastSequence !== undefined) {
    text += `Nats-Expected-Last-Subject-Sequence: ${options.expectedLastSequence}\r\n`;
  }
  const bytes = Buffer.from(`${text}\r\n`);
  return { encode: () => bytes } as unknown as MsgHdrs;
}

function checked(messageId: string): string {
  if (LINE_END.test(messageId)) throw new Error(`assertion: ${JSON.stringify(messageId)} is no message id`);
  return messageId;
}

function unknownSoon(reason: string): Promise<AppendOutcome> {
  return new Promise((resolve) => setTimeout(() => resolve({ kind: 'unknown', reason }), OUT_OF_REACH_PAUSE_MS));
}

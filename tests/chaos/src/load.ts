/** Sends batches at a rate, each again under the same messageIds until it is acknowledged, and knows what became of every event. */
import { Agent, request } from 'node:http';
import type { Random } from '@attrium/testing/simulation';
import type { Customers } from './customers.js';
import { pause, untilTrue } from './until.js';

export interface LoadOptions {
  readonly eventsPerSecond: number;
  readonly writeKey: string;
  readonly customers: Customers;
  readonly random: Random;
  readonly eventsMax: number;
  /** False while the line is so far behind that new events would only wait. */
  readonly hasRoom: () => boolean;
}

const BATCH_EVENTS = 50;
/** Batches on their way at once; while so many are, nothing new is sent. */
const BATCHES_OPEN_MAX = 256;
const REQUEST_LIMIT_MS = 30_000;
const RETRY_MS_MIN = 50;
const RETRY_MS_MAX = 400;
const BATCH_LIMIT_MS = 120_000;
const ID_PREFIX = 'chaos-';
/** Of the batches, how many are sent again though acknowledged, and how many are left after half a request. */
const SHARE_REPEATED = 0.03;
const SHARE_LEFT = 0.01;

const ACKNOWLEDGED = 1;
const LEFT = 2;

/** The number in a messageId of this load; undefined for any other. */
export function numberOfMessage(id: string): number | undefined {
  return id.startsWith(ID_PREFIX) ? Number(id.slice(ID_PREFIX.length)) : undefined;
}

export class Load {
  /** Where requests go; a request under way keeps its own. */
  url: string;
  /** Events sent so far; their numbers begin at 0. */
  count = 0;
  acknowledgedCount = 0;
  leftCount = 0;
  repeatedBatches = 0;
  /** Requests that were not answered 200, by what came instead; those that were left on purpose do not count. */
  readonly failures = new Map<string, number>();
  /** What can only be a fault of this program. */
  fault: string | undefined;
  private readonly state: Uint8Array;
  private readonly agent = new Agent({ keepAlive: true, maxSockets: 64 });
  private open = 0;
  private running: Promise<void> | undefined;
  private stopped = false;

  constructor(
    url: string,
    private readonly options: LoadOptions,
  ) {
    this.url = url;
    this.state = new Uint8Array(options.eventsMax + BATCH_EVENTS);
  }

  start(): void {
    this.stopped = false;
    this.running = this.run();
  }

  /** Sends nothing new and waits until all is acknowledged. */
  async stop(): Promise<void> {
    this.stopped = true;
    await this.running;
    await untilTrue(BATCH_LIMIT_MS * 1.5, () => this.open === 0);
  }

  close(): void {
    this.agent.destroy();
  }

  isAcknowledged(number: number): boolean {
    return this.state[number] === ACKNOWLEDGED;
  }

  /** It was sent, and nobody waited for the answer. */
  isLeft(number: number): boolean {
    return this.state[number] === LEFT;
  }

  get failureCount(): number {
    return [...this.failures.values()].reduce((sum, count) => sum + count, 0);
  }

  private async run(): Promise<void> {
    const { eventsPerSecond, eventsMax } = this.options;
    const everyMs = (1_000 * BATCH_EVENTS) / eventsPerSecond;
    let due = performance.now();
    while (!this.stopped && this.count < eventsMax) {
      const early = due - performance.now();
      if (early > 0) await pause(early);
      // What could not be sent in time is not made up for.
      due = Math.max(due + everyMs, performance.now() - 200);
      if (this.open >= BATCHES_OPEN_MAX || !this.options.hasRoom()) continue;
      this.open++;
      void this.send().finally(() => {
        this.open--;
      });
    }
  }

  private async send(): Promise<void> {
    const { customers, random } = this.options;
    const first = this.count;
    this.count += BATCH_EVENTS;
    const now = Date.now();
    const events = Array.from({ length: BATCH_EVENTS }, (_, index) =>
      customers.event(`${ID_PREFIX}${first + index}`, now),
    );
    // The same event twice in one batch.
    if (random.chance(0.1)) events.push(events[random.int(BATCH_EVENTS)]!);
    const body = Buffer.from(`{"batch":[${events.join(',')}],"sentAt":"${new Date(now).toISOString()}"}`);
    if (random.chance(SHARE_LEFT)) {
      await this.post(body, { leaveAfterMs: random.int(6) });
      this.state.fill(LEFT, first, first + BATCH_EVENTS);
      this.leftCount += BATCH_EVENTS;
      return;
    }
    const deadline = performance.now() + BATCH_LIMIT_MS;
    while (!(await this.sendOnce(body, events.length))) {
      if (performance.now() > deadline) {
        this.fault ??= `a batch was not taken within ${BATCH_LIMIT_MS} ms`;
        return;
      }
      await pause(RETRY_MS_MIN + random.int(RETRY_MS_MAX - RETRY_MS_MIN));
    }
    this.state.fill(ACKNOWLEDGED, first, first + BATCH_EVENTS);
    this.acknowledgedCount += BATCH_EVENTS;
    if (!random.chance(SHARE_REPEATED)) return;
    this.repeatedBatches++;
    await pause(random.int(1_000));
    await this.sendOnce(body, events.length);
  }

  /** Whether the batch was acknowledged. */
  private async sendOnce(body: Buffer, events: number): Promise<boolean> {
    const answer = await this.post(body);
    if (answer.status !== 200) {
      const what = answer.status === undefined ? answer.text : `${answer.status} ${codeOf(answer.text)}`;
      this.failures.set(what, (this.failures.get(what) ?? 0) + 1);
      return false;
    }
    const { accepted } = JSON.parse(answer.text) as { accepted?: number };
    if (accepted !== events) this.fault ??= `ingest rejected a good event: ${answer.text.slice(0, 500)}`;
    return true;
  }

  /** Resolves with the answer, or with what failed in place of one. */
  private post(
    body: Buffer,
    { leaveAfterMs }: { leaveAfterMs?: number } = {},
  ): Promise<{ status?: number; text: string }> {
    return new Promise((resolve) => {
      const headers = {
        'content-type': 'application/json',
        'content-length': body.length,
        'x-write-key': this.options.writeKey,
      };
      const sent = request(`${this.url}/v1/batch`, {
        method: 'POST',
        headers,
        agent: this.agent,
        timeout: REQUEST_LIMIT_MS,
      });
      sent.once('error', (error: NodeJS.ErrnoException) => resolve({ text: error.code ?? error.message }));
      sent.once('timeout', () => sent.destroy(new Error('no answer in time')));
      sent.once('response', (response) => {
        const parts: Buffer[] = [];
        response.on('data', (part: Buffer) => parts.push(part));
        response.once('error', (error: NodeJS.ErrnoException) => resolve({ text: error.code ?? error.message }));
        response.once('end', () =>
          resolve({ status: response.statusCode ?? 0, text: Buffer.concat(parts).toString() }),
        );
      });
      sent.end(body);
      if (leaveAfterMs !== undefined) setTimeout(() => sent.destroy(new Error('left')), leaveAfterMs);
    });
  }
}

function codeOf(text: string): string {
  return /"code":"([^"]+)"/.exec(text)?.[1] ?? '';
}

/** `npm start -- --demo`: the traffic of a shop through the Segment SDK, and its firings as the catalogue's webhook gets them. */
import { systemClock } from '@attrium/processor';
import { Analytics } from '@segment/analytics-node';
import { clockText, type Say } from '../console-lines.js';
import type { Endpoints } from '../data-folder.js';
import { type Firing, FiringReceiver } from './firing-receiver.js';
import { Shop, type ShopCall } from './shop.js';

const SEED = 1;
const EVENTS_PER_SECOND = 20;
const SUMMARY_MS = 30_000;

export class Demo {
  private readonly analytics: Analytics;
  private readonly shop = new Shop(Math.floor(systemClock.now() / 1_000).toString(36), SEED);
  private timers: NodeJS.Timeout[] = [];
  private sent = 0;
  private fired = 0;
  private failures = 0;

  private constructor(
    endpoints: Endpoints,
    private readonly say: Say,
    private readonly receiver: FiringReceiver,
  ) {
    // Each call is sent at once: the SDK would wait for 15 calls or 10 s.
    this.analytics = new Analytics({
      writeKey: endpoints.writeKey,
      host: endpoints.ingest,
      path: '/v1/batch',
      flushAt: 1,
    });
    this.analytics.on('error', () => {
      this.failures++;
    });
  }

  /** Listens where the quickstart's triggers deliver to. Throws ATR-START-002 when that port is taken. */
  static async open(endpoints: Endpoints, say: Say): Promise<Demo> {
    let demo: Demo | undefined;
    const receiver = await FiringReceiver.open(endpoints.webhookSecret, (firing) => demo?.show(firing));
    demo = new Demo(endpoints, say, receiver);
    return demo;
  }

  run(): void {
    this.say(`\nThe shop is open: about ${EVENTS_PER_SECOND} events a second. Firings, as their webhook gets them:\n`);
    this.timers = [
      setInterval(() => this.sendNext(), 1_000 / EVENTS_PER_SECOND),
      setInterval(() => this.summarise(), SUMMARY_MS),
    ];
  }

  /** Closes the shop; calls under way are sent. */
  async stop(): Promise<void> {
    for (const timer of this.timers) clearInterval(timer);
    await this.analytics.closeAndFlush({ timeout: 1_000 });
    await this.receiver.close();
  }

  private sendNext(): void {
    for (const call of this.shop.next()) {
      this.sent++;
      this.send(call);
    }
  }

  private send(call: ShopCall): void {
    const who = call.who as { userId: string };
    if (call.kind === 'identify') this.analytics.identify({ ...who, traits: call.traits });
    else this.analytics.track({ ...who, event: call.event, properties: call.properties });
  }

  private show({ trigger, who, values, effectiveAt, receivedAt, isSigned }: Firing): void {
    this.fired++;
    const shown = values
      .filter(([, value]) => value !== who)
      .map(([name, value]) => `${name} ${value}`)
      .join(', ');
    const delay = `${Math.max(0, receivedAt - effectiveAt)} ms`;
    const doubt = isSigned ? '' : '   (NOT SIGNED BY THIS WORKSPACE)';
    this.say(
      `${clockText(receivedAt)}  ${trigger.padEnd(20)} ${who.padEnd(36)} after ${delay.padEnd(8)} ${shown}${doubt}`,
    );
  }

  private summarise(): void {
    const failures = this.failures === 0 ? '' : `, ${this.failures} could not be sent`;
    this.say(`${clockText(systemClock.now())}  ${this.sent} events sent${failures}, ${this.fired} firings`);
  }
}

/** Statements of consent as clients send them, through ingest's own reading and all stages of a line, until they suppress a firing. */
import type { Event, FiringSuppressed, TriggerFired } from '@attrium/event';
import { DEFAULT_LIMITS, normaliseEvent, readConsentRequest, shapeCheck } from '@attrium/ingest';
import { decodePack } from '@attrium/processor';
import { Random } from '@attrium/testing/simulation';
import { describe, expect, it } from '@jest/globals';
import type { CatalogueText } from './definitions.js';
import { START_MS } from './draw-load.js';
import { Line } from './line.js';
import { checkNaive } from './naive-check.js';
import { Sender } from './sender.js';

const catalogue: CatalogueText = {
  consent: {
    purposes: [{ name: 'news', default: 'granted' }],
    channels: ['email', 'push'],
    from: [{ trait: 'newsletter', purpose: 'news', channel: 'email' }],
  },
  attributes: [{ name: 'orders', kind: 'user', type: 'number', compute: { count: 'Order' } }],
  segments: [],
  triggers: ['email', 'push'].map((channel) => ({
    name: channel,
    when: { attribute: 'orders', changes: true },
    purpose: 'news',
    channel,
    frequency: 'every',
    deliver: [{ stream: true }],
  })),
};

class Shop {
  readonly line = new Line({ random: new Random(1), startMs: START_MS, partitions: 4, shards: 1, settings: {} });
  private readonly sender = new Sender(this.line, { chance: () => false, int: () => 0 } as unknown as Random);
  private made = 0;

  constructor() {
    this.line.startAll();
    const bytes = new TextEncoder().encode(JSON.stringify(catalogue));
    const head = { kind: 'catalogue-activated', id: 'c1', workspace: 'shop', revision: 1 } as const;
    this.sender.activate({ ...head, author: 'test', activatedAt: START_MS, catalogue: bytes });
  }

  async takes(...given: readonly object[]): Promise<void> {
    const envelope = { workspace: 'shop', source: 'web', receivedAt: this.line.clock.now() };
    const events = given.map((each): Event => {
      const newMessageId = () => `m${++this.made}`;
      const normaliser = { limits: DEFAULT_LIMITS, checkShape: shapeCheck(DEFAULT_LIMITS), newMessageId };
      const read = normaliseEvent(each, envelope, { ...normaliser, encodeUtf8: (text) => Buffer.from(text) });
      if (read.kind === 'rejected') throw new Error(read.rejection.message);
      return read.event;
    });
    this.sender.send('shop', events);
    await this.line.run(2_000);
  }

  /** A body of `POST /v1/consent`. */
  async states(body: Readonly<Record<string, unknown>>): Promise<void> {
    const read = readConsentRequest(body);
    if (read.kind === 'faulty') throw new Error(JSON.stringify(read.faults));
    await this.takes(...read.events);
  }

  /** What the triggers said to an order, by channel. */
  async orders(who: object): Promise<string[]> {
    const before = this.said().length;
    await this.takes({ type: 'track', event: 'Order', ...who });
    return this.said().slice(before);
  }

  private said(): string[] {
    const records = this.line.storedAll('firings').flatMap(({ payload }) => decodePack(payload).records);
    return records
      .filter((record): record is TriggerFired | FiringSuppressed =>
        /^(trigger-fired|firing-suppressed)$/.test(record.kind),
      )
      .map((fact) => `${fact.trigger} ${fact.kind === 'trigger-fired' ? 'fired' : `suppressed: ${fact.why}`}`);
  }
}

const email = [{ type: 'email', value: 'Ada@Example.com' }];
const at = (seconds: number): string => new Date(START_MS + seconds * 1_000).toISOString();

describe('consent, from the request to the firing', () => {
  it('is withdrawn at once by whatever identifier, granted again by a trait, and an old statement changes nothing', async () => {
    const shop = new Shop();
    await shop.line.run(10_000);
    const ada = { userId: 'ada', context: { traits: { email: 'ada@example.com' } } };
    expect(await shop.orders(ada)).toEqual(['email fired', 'push fired']);
    const withdrawal = { purpose: 'news', channel: 'email', status: 'withdrawn' };
    await shop.states({ identifiers: email, messageId: 'w', consent: [{ ...withdrawal, at: at(5) }] });
    expect(await shop.orders(ada)).toEqual(['email suppressed: consent', 'push fired']);
    await shop.states({ identifiers: email, consent: [{ ...withdrawal, status: 'granted', at: at(4) }] });
    expect(await shop.orders(ada)).toEqual(['email suppressed: consent', 'push fired']);
    await shop.takes({ type: 'identify', userId: 'ada', timestamp: at(6), traits: { newsletter: true } });
    expect(await shop.orders(ada)).toEqual(['email fired', 'push fired']);
    // The same request again, and one for everything.
    await shop.states({ identifiers: email, messageId: 'w', consent: [{ ...withdrawal, at: at(7) }] });
    expect(await shop.orders(ada)).toEqual(['email fired', 'push fired']);
    await shop.states({ userId: 'ada', consent: [{ ...withdrawal, channel: '*' }] });
    expect(await shop.orders(ada)).toEqual(['email suppressed: consent', 'push suppressed: consent']);
    expect(await checkNaive(shop.line)).toEqual([]);
  });

  it('comes along when profiles are merged: the later statement holds, whichever profile it was made by', async () => {
    const shop = new Shop();
    await shop.line.run(10_000);
    const granted = { purpose: 'news', status: 'granted' };
    await shop.states({ userId: 'ada', consent: [{ ...granted, at: at(1) }] });
    await shop.states({ anonymousId: 'phone', consent: [{ ...granted, status: 'withdrawn', at: at(2) }] });
    expect(await shop.orders({ userId: 'ada' })).toEqual(['email fired', 'push fired']);
    await shop.takes({ type: 'identify', userId: 'ada', anonymousId: 'phone' });
    expect(await shop.orders({ userId: 'ada' })).toEqual(['email suppressed: consent', 'push suppressed: consent']);
    expect(await checkNaive(shop.line)).toEqual([]);
  });
});

/** A storm of merges through all stages of a line, from the first merge that is held to the values after somebody's decision. */
import type { Event, LogRecord, QuarantineDecision } from '@attrium/event';
import { decodePack } from '@attrium/processor';
import { Random } from '@attrium/testing/simulation';
import { describe, expect, it } from '@jest/globals';
import type { CatalogueText } from './definitions.js';
import { describeDifference } from './difference.js';
import { START_MS } from './draw-load.js';
import { Line } from './line.js';
import { checkNaive } from './naive-check.js';
import { Sender } from './sender.js';
import { checkStraight } from './straight-check.js';

const catalogue: CatalogueText = {
  identity: {
    types: ['email', 'anonymous_id'].map((name) => ({ name, limit: 100 })),
    quarantine: { merges: 2, within: '1h' },
  },
  attributes: [{ name: 'orders', kind: 'user', type: 'number', compute: { count: 'Order' } }],
  segments: [{ name: 'keen', of: 'user', where: { attribute: 'orders', gte: 5 } }],
  triggers: [
    { name: 'thanks', when: { segment: 'keen', enters: true }, frequency: 'once', deliver: [{ stream: true }] },
  ],
};

/** A shop whose customers are seen by their device, and then all give the same email. */
class Shop {
  readonly line = new Line({ random: new Random(1), startMs: START_MS, partitions: 4, shards: 1, settings: {} });
  private readonly sender = new Sender(this.line, { chance: () => false, int: () => 0 } as unknown as Random);
  private sent = 0;

  constructor() {
    this.line.startAll();
    const bytes = new TextEncoder().encode(JSON.stringify(catalogue));
    const head = { kind: 'catalogue-activated', id: 'c1', workspace: 'shop', revision: 1 } as const;
    this.sender.activate({ ...head, author: 'test', activatedAt: START_MS, catalogue: bytes });
  }

  async order(...identifiers: readonly string[]): Promise<void> {
    const now = this.line.clock.now();
    const event: Event = {
      ...{ kind: 'event', id: `m${++this.sent}`, workspace: 'shop', source: 'web', type: 'track', name: 'Order' },
      ...{ occurredAt: now, receivedAt: now, payload: new TextEncoder().encode('{}') },
      identifiers: identifiers.map((value) => ({ type: value.includes('@') ? 'email' : 'anonymous_id', value })),
    };
    this.sender.send('shop', [event]);
    await this.line.run(500);
  }

  async share(from: number, to: number): Promise<void> {
    for (let number = from; number < to; number++) {
      await this.order(`a${number}`);
      await this.order(`a${number}`, 'info@shop.test');
    }
  }

  async decide(decision: QuarantineDecision): Promise<void> {
    const at = this.line.clock.now();
    const identifier = { type: 'email', value: 'Info@Shop.test ' };
    const head = { kind: 'quarantine-decided', id: `d${at}`, workspace: 'shop' } as const;
    this.sender.decide({ ...head, identifier, decision, author: 'ops', decidedAt: at });
    await this.line.run(500);
  }

  facts<K extends LogRecord['kind']>(log: 'resolved' | 'firings', kind: K): Extract<LogRecord, { kind: K }>[] {
    return this.line
      .storedAll(log)
      .flatMap(({ payload }) => decodePack(payload).records)
      .filter((record): record is Extract<LogRecord, { kind: K }> => record.kind === kind);
  }

  /** Profiles that were merged away. */
  get gone(): number {
    return new Set(this.facts('resolved', 'profiles-merged').map(({ loser }) => loser.ordinal)).size;
  }

  /** Holds the line to the straight fold and to the naive recomputation. */
  async end(): Promise<void> {
    await this.line.comeToRest(this.line.clock.now() + 15_000);
    const differences = [...(await checkStraight(this.line)), ...(await checkNaive(this.line))];
    expect(differences.map(describeDifference)).toEqual([]);
    expect(this.line.fatal).toEqual([]);
  }
}

describe('a storm of merges', () => {
  it('is held from the threshold on, released as one merge of all, and held no more', async () => {
    const shop = new Shop();
    await shop.share(0, 6);
    expect(shop.gone).toBe(2);
    expect(shop.facts('resolved', 'identifier-quarantined')).toHaveLength(1);
    // Three profiles as one have six orders; each of the others has its own two.
    expect(shop.facts('firings', 'trigger-fired')).toHaveLength(1);
    await shop.decide('release');
    expect(shop.gone).toBe(5);
    expect(shop.facts('resolved', 'quarantine-ended')).toMatchObject([{ merged: 3, limited: 0, author: 'ops' }]);
    await shop.share(6, 9);
    expect(shop.gone).toBe(8);
    expect(shop.facts('resolved', 'identifier-quarantined')).toHaveLength(1);
    await shop.end();
    expect(shop.facts('firings', 'trigger-fired')).toHaveLength(1);
  });

  it('and a decision that comes while identity is down, and twice, are decided once when it is there again', async () => {
    const shop = new Shop();
    await shop.share(0, 4);
    shop.line.crash('identity', 0);
    await shop.share(4, 6);
    await shop.decide('release');
    await shop.decide('release');
    await shop.order('a5', 'info@shop.test');
    expect(shop.gone).toBe(2);
    shop.line.start('identity', 0);
    await shop.line.run(5_000);
    expect(shop.gone).toBe(5);
    expect(shop.facts('resolved', 'quarantine-ended')).toHaveLength(1);
    await shop.line.wipe('identity', 0);
    shop.line.start('identity', 0);
    await shop.share(6, 8);
    await shop.end();
    expect(shop.gone).toBe(7);
  });

  it('that is refused leaves everybody apart, and events that have nothing else without a profile', async () => {
    const shop = new Shop();
    await shop.share(0, 4);
    await shop.decide('refuse');
    await shop.share(4, 6);
    await shop.order('info@shop.test');
    await shop.end();
    expect(shop.gone).toBe(2);
    const blocked = shop.facts('resolved', 'identifier-refused').filter(({ why }) => why === 'blocked');
    expect(blocked.map(({ entity }) => entity === undefined)).toEqual([false, false, true]);
  });
});

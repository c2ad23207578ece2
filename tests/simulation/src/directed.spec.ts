import { type Event, type LogRecord, partitionOf, type StageName } from '@attrium/event';
import { decodePack, type StageSettings } from '@attrium/processor';
import { Random } from '@attrium/testing/simulation';
import { describe, expect, it } from '@jest/globals';
import type { CatalogueText } from './definitions.js';
import { describeDifference } from './difference.js';
import { START_MS } from './draw-load.js';
import { Line } from './line.js';
import { checkNaive } from './naive-check.js';
import { Sender } from './sender.js';
import { checkStraight } from './straight-check.js';

const HOUR_MS = 3_600_000;
const catalogue: CatalogueText = {
  attributes: [
    { name: 'orders', kind: 'user', type: 'number', compute: { count: 'Order' } },
    { name: 'recent', kind: 'user', type: 'number', compute: { count: 'Order', within: '10s' } },
  ],
  segments: [
    { name: 'busy', of: 'user', where: { attribute: 'recent', gte: 2 } },
    { name: 'bought', of: 'user', where: { event: 'Order', did: true } },
  ],
  triggers: [
    { name: 'calm', when: { segment: 'busy', exits: true }, frequency: 'every', deliver: [{ stream: true }] },
    { name: 'hello', when: { segment: 'bought', enters: true }, frequency: 'once', deliver: [{ stream: true }] },
  ],
};

/** A line of four partitions without faults but those that a test makes. */
class Stage {
  readonly line: Line;
  private readonly sender: Sender;
  private events = 0;

  constructor(settings: Partial<StageSettings> = {}) {
    const random = new Random(1);
    this.line = new Line({ random, startMs: START_MS, partitions: 4, shards: 1, settings });
    // Its own generator never repeats a pack.
    this.sender = new Sender(this.line, { chance: () => false, int: () => 0 } as unknown as Random);
    this.line.startAll();
    const bytes = new TextEncoder().encode(JSON.stringify(catalogue));
    const head = { kind: 'catalogue-activated', id: 'c1', workspace: 'shop', revision: 1 } as const;
    this.sender.activate({ ...head, author: 'test', activatedAt: START_MS, catalogue: bytes });
  }

  /** An order of who has these identifiers. */
  order(identifiers: readonly string[], more: { id?: string; at?: number } = {}): void {
    const now = this.line.clock.now();
    const event: Event = {
      kind: 'event',
      id: more.id ?? `m${++this.events}`,
      workspace: 'shop',
      source: 'web',
      type: 'track',
      name: 'Order',
      occurredAt: more.at ?? now,
      receivedAt: now,
      identifiers: identifiers.map((value) => ({ type: value.startsWith('u') ? 'user_id' : 'anonymous_id', value })),
      payload: new TextEncoder().encode('{}'),
    };
    this.sender.send('shop', [event]);
  }

  /** Somebody asks for whoever has this identifier to be erased. */
  erase(value: string): void {
    const identifier = { type: value.startsWith('u') ? 'user_id' : 'anonymous_id', value };
    const head = { kind: 'erasure-requested', id: `r-${value}`, workspace: 'shop', author: 'test' } as const;
    const record = { ...head, identifier, requestedAt: this.line.clock.now() };
    this.sender.erase({ at: 0, nth: undefined, record });
  }

  facts<K extends LogRecord['kind']>(
    log: 'resolved' | 'attributes' | 'memberships' | 'firings',
    kind: K,
  ): Extract<LogRecord, { kind: K }>[] {
    return this.line
      .storedAll(log)
      .flatMap(({ payload }) => decodePack(payload).records)
      .filter((record): record is Extract<LogRecord, { kind: K }> => record.kind === kind);
  }

  /** Firings of a trigger: the times at which they are effective, from the start. */
  firings(trigger: string): number[] {
    return this.facts('firings', 'trigger-fired')
      .filter((fired) => fired.trigger === trigger)
      .map(({ effectiveAt }) => effectiveAt - START_MS);
  }

  /** Runs to the end of all windows and holds the line to the straight fold and to the naive recomputation. */
  async end(): Promise<void> {
    await this.line.comeToRest(this.line.clock.now() + 15_000);
    const differences = [...(await checkStraight(this.line)), ...(await checkNaive(this.line))];
    expect(differences.map(describeDifference)).toEqual([]);
    expect(this.line.fatal).toEqual([]);
  }
}

/** Devices whose profiles get into as many partitions as asked for; the profile id depends on the first event. */
async function devices(stage: Stage, count: number): Promise<{ names: string[]; ordinals: number[] }> {
  const partitions = new Set<number>();
  const names: string[] = [];
  const ordinals: number[] = [];
  for (let number = 0; names.length < count; number++) {
    if (number === 100) throw new Error('no such devices');
    stage.order([`a${number}`]);
    await stage.line.run(100);
    const { entity } = stage.facts('resolved', 'profile-created').at(-1)!;
    const partition = partitionOf(entity.id, 4);
    if (partitions.has(partition)) continue;
    partitions.add(partition);
    names.push(`a${number}`);
    ordinals.push(entity.ordinal);
  }
  return { names, ordinals };
}

describe('directed cases of the whole line', () => {
  it.each<StageName>(['attribute-compute', 'segment', 'journey-trigger'])(
    'a transfer of %s is sent again after a crash between its commit and its relay, and folded once',
    async (name) => {
      const stage = new Stage();
      await stage.line.run(100);
      const { names } = await devices(stage, 2);
      const binding = stage.line.bindings.find((each) => each.name === name)!;
      const transfers = (log: 'resolved' | 'attributes' | 'memberships' | 'firings'): number =>
        stage.facts(log, 'state-transferred').filter((transfer) => transfer.stage === name).length;
      stage.line.log.faults = { ...stage.line.log.faults, answerDelayMsMax: 500 };
      stage.order(names);
      while (transfers(binding.output) === 0) await stage.line.run(1);
      // The answer to the commit is still under way, so nothing was relayed yet.
      expect(transfers(binding.input as 'resolved')).toBe(0);
      stage.line.crash(name, 0);
      await stage.line.run(5_000);
      expect(transfers(binding.input as 'resolved')).toBe(0);
      stage.line.start(name, 0);
      await stage.end();
      expect(transfers(binding.output)).toBe(1);
      expect(transfers(binding.input as 'resolved')).toBe(1);
    },
  );

  it('a window ends at its due time although the owner was down over it', async () => {
    const stage = new Stage();
    await stage.line.run(1_000 - (stage.line.clock.now() - START_MS));
    stage.order(['u1']);
    stage.order(['u1']);
    await stage.line.run(3_000);
    stage.line.crash('attribute-compute', 0);
    await stage.line.run(60_000);
    expect(stage.firings('calm')).toEqual([]);
    stage.line.start('attribute-compute', 0);
    await stage.end();
    expect(stage.firings('calm')).toEqual([11_000]);
  });

  it('an event after the due time finds the window already ended, without any tick', async () => {
    const stage = new Stage();
    await stage.line.run(1_000 - (stage.line.clock.now() - START_MS));
    stage.order(['u1']);
    stage.order(['u1']);
    await stage.line.run(3_000);
    stage.line.crash('attribute-compute', 0);
    await stage.line.run(20_000);
    stage.order(['u1']);
    stage.order(['u1']);
    await stage.line.run(100);
    stage.line.start('attribute-compute', 0);
    await stage.end();
    expect(stage.firings('calm')).toEqual([11_000, 34_000]);
  });

  it('merges one after the other fold each state once, whether a transfer comes before its merge, late or again', async () => {
    for (const late of ['none', 'attribute-compute', 'segment', 'journey-trigger'] as const) {
      for (const again of [false, true]) {
        const stage = new Stage();
        await stage.line.run(100);
        const { names } = await devices(stage, 3);
        const [survivor, middle, last] = names as [string, string, string];
        if (late !== 'none') stage.line.crash(late, 0);
        stage.order([last, middle]);
        await stage.line.run(5);
        stage.order([middle, survivor]);
        await stage.line.run(2_000);
        if (late !== 'none') stage.line.start(late, 0);
        await stage.line.run(2_000);
        if (again) {
          for (const log of ['resolved', 'attributes', 'memberships'] as const) {
            const relayed = /\.(attribute-compute|segment|journey-trigger)-\d+$/;
            for (const { subject, payload } of stage.line.storedAll(log)) {
              const kinds = new Set(decodePack(payload).records.map(({ kind }) => kind));
              if (!relayed.test(subject) || kinds.size > 1 || !kinds.has('state-transferred')) continue;
              stage.line.log.store(`${subject}-again`, payload);
            }
          }
        }
        stage.order([last]);
        await stage.end();
        const orders = stage.facts('attributes', 'attributes-changed').flatMap(({ changes }) => changes);
        const total = orders.filter(({ name }) => name === 'orders').map(({ after }) => after);
        // One order a device, two that merged, one at the end.
        expect(Math.max(...(total as number[]))).toBe(6);
        expect(new Set(stage.facts('firings', 'trigger-fired').map(({ id }) => id)).size).toBe(
          stage.facts('firings', 'trigger-fired').length,
        );
      }
    }
  });

  it.each<StageName>(['attribute-compute', 'segment', 'journey-trigger'])(
    'a profile that is erased while its merge is open in %s does not come back with the transfer, nor does it leave a segment',
    async (name) => {
      const stage = new Stage();
      await stage.line.run(100);
      const { names, ordinals } = await devices(stage, 2);
      await stage.line.run(20_000);
      for (const device of [...names, ...names]) stage.order([device]);
      await stage.line.run(500);
      const input = stage.line.bindings.find((each) => each.name === name)!.input as 'resolved';
      const late = (): number => {
        const records = stage.line.storedAll(input).flatMap(({ payload }) => decodePack(payload).records);
        const isErased = ({ kind }: LogRecord): boolean => kind === 'profile-erased';
        const isOwn = (record: LogRecord): boolean => record.kind === 'state-transferred' && record.stage === name;
        return records.slice(records.findIndex(isErased)).filter(isOwn).length;
      };
      stage.line.crash(name, 0);
      stage.order(names);
      stage.erase(names[1]!);
      await stage.line.run(2_000);
      stage.line.start(name, 0);
      await stage.line.run(2_000);
      expect(late()).toBe(1);
      const gone = new Set(ordinals);
      const erasedAt = stage.facts('memberships', 'profile-erased')[0]!.erasedAt;
      stage.order([names[0]!]);
      await stage.end();
      const exits = stage
        .facts('memberships', 'segment-changed')
        .filter(
          ({ entity, exited, recordedAt }) => gone.has(entity.ordinal) && exited.length > 0 && recordedAt >= erasedAt,
        );
      expect(exits).toEqual([]);
      const values = stage.facts('attributes', 'attributes-changed').filter(({ entity }) => !gone.has(entity.ordinal));
      const orders = values.flatMap(({ changes }) => changes).filter(({ name: of }) => of === 'orders');
      expect(orders.at(-1)).toMatchObject({ after: 1 });
    },
  );

  it('the same message id is dropped for 24 hours and more, and counts again after 26', async () => {
    const stage = new Stage({ checkpointIntervalMs: 600_000 });
    await stage.line.run(30 * 60_000);
    stage.order(['u1'], { id: 'same' });
    for (const hours of [23, 24, 26]) {
      await stage.line.run(START_MS + (hours + 0.5) * HOUR_MS - stage.line.clock.now());
      stage.order(['u1'], { id: 'same' });
      await stage.line.run(1_000);
      const resolved = stage.facts('resolved', 'event-resolved').length;
      expect({ hours, resolved }).toEqual({ hours, resolved: hours < 26 ? 1 : 2 });
    }
  });

  it('a window that ends while a merge is open ends in the merge, with the values of both, and says nothing before', async () => {
    const stage = new Stage();
    await stage.line.run(100);
    const { names, ordinals } = await devices(stage, 2);
    await stage.line.run(20_000);
    const [survivor, loser] = names as [string, string];
    stage.order([loser]);
    stage.order([survivor]);
    stage.order([survivor]);
    await stage.line.run(8_000);
    // What the owner of the loser hands over is not relayed before it is there again.
    stage.line.crash('segment', 0);
    stage.order([survivor, loser]);
    await stage.line.run(60_000);
    stage.line.start('segment', 0);
    await stage.end();
    const flips = stage
      .facts('memberships', 'segment-changed')
      .filter(({ entity, entered, exited }) => {
        const both = [...entered, ...exited].some(({ segment }) => segment === 'busy');
        return entity.ordinal === ordinals[0] && both;
      })
      .map(({ entered, reason }) => `${entered.length > 0 ? 'entered' : 'exited'} by ${reason}`);
    expect(flips).toEqual(['entered by event', 'exited by merge']);
    expect(stage.firings('calm')).toHaveLength(1);
  });
});

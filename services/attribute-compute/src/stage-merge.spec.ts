import type { Entity, EventResolved, LogRecord, StateTransferred } from '@attrium/event';
import { type Emitted, type StageHarness, stageHarness } from '@attrium/testing';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { EVERY_KIND, payloadOf, skuOf } from '../test/naive-values.js';
import { catalogueRecord, changesIn, merged, profileIn, resolved, T0 } from '../test/records.js';
import { newAttributeCounters } from './counters.js';
import type { AttributesAnswer } from './domain/question.js';
import { bindingWith } from './stage.js';

const WITHIN_MS = 60_000;
const attributes = [
  { name: 'plan', kind: 'user', type: 'string', from: [{ property: 'plan' }] },
  { name: 'first_plan', kind: 'user', type: 'string', merge: 'first_stored', from: [{ property: 'plan' }] },
  { name: 'orders', kind: 'user', type: 'number', compute: { count: 'Order' } },
  { name: 'revenue', kind: 'user', type: 'number', compute: { sum: 'Order', of: 'revenue' } },
  { name: 'revenue_1m', kind: 'user', type: 'number', compute: { sum: 'Order', of: 'revenue', within: '1m' } },
  { name: 'last_order', kind: 'user', type: 'timestamp', compute: { last_time: 'Order' } },
];

/** Partitions of the stage, with what they relay waiting to be delivered. */
class Partitions {
  readonly counters = newAttributeCounters();
  readonly waiting: { readonly to: number; readonly record: LogRecord }[] = [];
  readonly emitted: LogRecord[] = [];
  private readonly harnesses: StageHarness[];

  constructor(
    readonly count: number,
    definitions: readonly unknown[] = attributes,
  ) {
    this.harnesses = Array.from({ length: count }, (_, partition) =>
      stageHarness(bindingWith(this.counters), { partition, partitions: count }),
    );
    for (const harness of this.harnesses) harness.read(catalogueRecord(definitions), T0);
  }

  read(partition: number, record: LogRecord, at = T0): Emitted[] {
    return this.keep(this.harnesses[partition]!.read(record, at));
  }

  tick(at: number): void {
    for (const harness of this.harnesses) this.keep(harness.tick(at));
  }

  deliver(index = 0, at = T0): Emitted[] {
    const [relayed] = this.waiting.splice(index, 1);
    return this.read(relayed!.to, relayed!.record, at);
  }

  restart(): void {
    for (const harness of this.harnesses) harness.restart();
  }

  attributesOf(partition: number, entity: Entity): AttributesAnswer {
    return this.harnesses[partition]!.answer({
      kind: 'attributes',
      workspace: entity.workspace,
      ordinal: entity.ordinal,
    }) as AttributesAnswer;
  }

  timerOf(partition: number, entity: Entity): number | undefined {
    return this.harnesses[partition]!.timerOf(entity.ordinal);
  }

  private keep(emitted: Emitted[]): Emitted[] {
    for (const { fact, relayTo } of emitted) {
      this.emitted.push(fact);
      if (relayTo !== undefined) this.waiting.push({ to: relayTo, record: fact });
    }
    return emitted;
  }
}

const kinds = (emitted: readonly Emitted[]): string[] => emitted.map(({ fact }) => fact.kind);
const orderOf = (entity: Entity, id: string, at: number, revenue: number) =>
  resolved(entity, { id, name: 'Order', at, payload: { properties: { revenue, plan: id } } });

const survivor = profileIn(0, 1);
const loser = profileIn(1, 2);
const last = profileIn(2, 3);

describe('a merge of two profiles', () => {
  it('hands the state over, holds the survivor until it is folded, then evaluates once', () => {
    const partitions = new Partitions(4);
    partitions.read(0, orderOf(survivor, 'a', T0 - 20, 1));
    partitions.read(1, orderOf(loser, 'b', T0 - 10, 2));
    const merge = merged('m', survivor, loser, T0 + 1);
    expect(kinds(partitions.read(0, merge))).toEqual(['profiles-merged']);
    expect(partitions.read(0, orderOf(survivor, 'c', T0 + 2, 4))).toEqual([]);
    expect(partitions.attributesOf(0, survivor)).toMatchObject({ merging: true });
    const handedOver = partitions.read(1, merge);
    expect(kinds(handedOver)).toEqual(['state-transferred', 'profiles-merged']);
    expect(handedOver[0]).toMatchObject({
      relayTo: 0,
      fact: { stage: 'attribute-compute', mergeId: 'm', from: loser, to: survivor },
    });
    expect((handedOver[0]!.fact as StateTransferred).published).toEqual([
      'plan',
      'first_plan',
      'orders',
      'revenue',
      'revenue_1m',
      'last_order',
    ]);
    expect(partitions.timerOf(1, loser)).toBeUndefined();
    expect(partitions.attributesOf(1, loser)).toEqual({ kind: 'merged', mergedInto: survivor });
    const released = partitions.deliver();
    expect(kinds(released)).toEqual(['attributes-changed', 'merge-completed']);
    expect(released[0]!.fact).toMatchObject({ reason: 'merge', cause: 'm', effectiveAt: T0 + 1, recordedAt: T0 });
    expect(released[1]!.fact).toMatchObject({ entity: survivor, mergeIds: ['m'] });
    expect(changesIn(released)).toEqual([
      ['plan', 'a', 'c'],
      ['orders', 1, 3],
      ['revenue', 1, 7],
      ['revenue_1m', 1, 7],
      ['last_order', { ms: T0 - 20 }, { ms: T0 + 2 }],
    ]);
    expect(partitions.timerOf(0, survivor)).toBe(T0 - 20 + WITHIN_MS);
  });

  it('keeps a transfer that comes before the merge, and drops one that comes again', () => {
    const partitions = new Partitions(4);
    partitions.read(1, orderOf(loser, 'b', T0, 2));
    const merge = merged('m', survivor, loser, T0);
    partitions.read(1, merge);
    const transfer = partitions.waiting[0]!.record;
    expect(partitions.deliver()).toEqual([]);
    partitions.restart();
    expect(kinds(partitions.read(0, merge))).toEqual(['profiles-merged', 'attributes-changed', 'merge-completed']);
    expect(partitions.read(0, transfer)).toEqual([]);
    expect(partitions.counters.repeatedTransfers).toBe(1);
    expect(partitions.attributesOf(0, survivor)).toMatchObject({ merging: false });
  });

  it('sends a transfer for a loser without any state, and completes without a change', () => {
    const partitions = new Partitions(4);
    const merge = merged('m', survivor, loser, T0);
    partitions.read(0, merge);
    partitions.read(1, merge);
    expect(kinds(partitions.deliver())).toEqual(['merge-completed']);
  });

  it('in one partition passes the merge on once', () => {
    const partitions = new Partitions(1);
    const [a, b] = [profileIn(0, 1, 1), profileIn(0, 2, 1)];
    partitions.read(0, orderOf(a, 'a', T0, 1));
    partitions.read(0, orderOf(b, 'b', T0, 2));
    const merge = merged('m', a, b, T0);
    expect(kinds(partitions.read(0, merge))).toEqual(['state-transferred', 'profiles-merged']);
    expect(kinds(partitions.deliver())).toEqual(['attributes-changed', 'merge-completed']);
    expect(partitions.attributesOf(0, a)).toMatchObject({ merging: false });
  });

  it('fires what is due of a loser in the same partition before the merge', () => {
    const partitions = new Partitions(1);
    const [a, b] = [profileIn(0, 1, 1), profileIn(0, 2, 1)];
    partitions.read(0, orderOf(b, 'b', T0, 2));
    const facts = partitions.read(0, merged('m', a, b, T0), T0 + WITHIN_MS);
    expect(facts[0]!.fact).toMatchObject({ reason: 'window', entity: b, effectiveAt: T0 + WITHIN_MS });
    expect(partitions.timerOf(0, b)).toBeUndefined();
  });

  it('a window that ends while the survivor is held is told by the merge', () => {
    const partitions = new Partitions(4);
    partitions.read(0, orderOf(survivor, 'a', T0, 1));
    const merge = merged('m', survivor, loser, T0);
    partitions.read(0, merge);
    partitions.tick(T0 + WITHIN_MS);
    partitions.read(1, merge, T0 + WITHIN_MS);
    const released = partitions.deliver(0, T0 + WITHIN_MS);
    expect(changesIn(released)).toEqual([['revenue_1m', 1, 0]]);
  });
});

describe('a chain of merges', () => {
  it('forwards what comes for a profile that was merged away itself', () => {
    const partitions = new Partitions(4);
    for (const [index, entity] of [survivor, loser, last].entries()) {
      partitions.read(index, orderOf(entity, `e${index}`, T0 + index, 10 ** index));
    }
    const [first, second] = [merged('m1', loser, last, T0), merged('m2', survivor, loser, T0 + 1)];
    partitions.read(2, first);
    partitions.read(1, first);
    partitions.read(1, second);
    partitions.read(0, second);
    // The transfer of the first merge finds a pointer; its forwarding comes before or after that of the second.
    expect(partitions.deliver()).toMatchObject([{ relayTo: 0, fact: { mergeId: 'm1', to: survivor } }]);
    expect(partitions.deliver()).toEqual([]);
    expect(partitions.attributesOf(0, survivor)).toMatchObject({ merging: true });
    const released = partitions.deliver();
    expect(released.at(-1)!.fact).toMatchObject({ kind: 'merge-completed', mergeIds: ['m1', 'm2'] });
    expect(changesIn(released)).toContainEqual(['revenue', 1, 111]);
  });

  it('gives what one profile with all events has, for every kind, in whatever order records and transfers come', () => {
    const event = fc.record({
      to: fc.nat({ max: 3 }),
      /** How many of the merges identity had done before this event. */
      after: fc.nat({ max: 3 }),
      age: fc.nat({ max: 90 }),
      revenue: fc.nat({ max: 99 }),
    });
    const choices = fc.array(fc.nat(), { minLength: 64, maxLength: 64 });
    fc.assert(
      fc.property(fc.array(event, { maxLength: 12 }), choices, fc.boolean(), (list, order, restarts) => {
        const records = list.map(({ to, after, age, revenue }, index) => {
          const owner = PROFILES[Math.min(to, 3 - after)]!;
          const cents = revenue * 50;
          const occurredAt = T0 - age * 1_000;
          const arrival = { id: `e${index}`, occurredAt, appendedAt: T0, name: 'Order', cents, tags: [skuOf(cents)] };
          const payload = payloadOf(arrival);
          return { after, record: resolved(owner, { id: arrival.id, at: occurredAt, name: 'Order', payload }) };
        });
        const partitions = new Partitions(4, EVERY_KIND);
        interleave(partitions, inputsOf(records), order, restarts);
        const single = new Partitions(4, EVERY_KIND);
        for (const { record } of records) single.read(0, { ...record, entity: PROFILES[0]! });
        const [found, wanted] = [partitions, single].map((all) => valuesIn(all.attributesOf(0, PROFILES[0]!)));
        expect(found).toEqual(wanted);
        expect(partitions.timerOf(0, PROFILES[0]!)).toBe(single.timerOf(0, PROFILES[0]!));
        const completed = partitions.emitted.flatMap((fact) => (fact.kind === 'merge-completed' ? fact.mergeIds : []));
        expect(completed.sort()).toEqual(['m1', 'm2', 'm3']);
      }),
      { numRuns: 60 },
    );
  });
});

const HOMES = [0, 1, 1, 0];
const PROFILES = HOMES.map((home, index) => profileIn(home, index + 1));
/** The youngest goes into the next older one, until only the first is left. */
const MERGES = [3, 2, 1].map((index, number) =>
  merged(`m${number + 1}`, PROFILES[index - 1]!, PROFILES[index]!, T0 + number),
);

/** What identity writes into each partition: the events in the order of the merges that came before them. */
function inputsOf(records: readonly { readonly after: number; readonly record: EventResolved }[]): LogRecord[][] {
  const inputs: LogRecord[][] = [[], []];
  for (let done = 0; done <= MERGES.length; done++) {
    for (const { after, record } of records) {
      if (after === done) inputs[HOMES[record.entity.ordinal - 1]!]!.push(record);
    }
    const merge = MERGES[done];
    if (merge === undefined) break;
    const homes = [merge.survivor, merge.loser].map(({ ordinal }) => HOMES[ordinal - 1]!);
    for (const home of new Set(homes)) inputs[home]!.push(merge);
  }
  return inputs;
}

/** Reads the inputs of both partitions and what is relayed between them in the order that `choices` gives, some of it twice. */
function interleave(
  partitions: Partitions,
  inputs: LogRecord[][],
  choices: readonly number[],
  restarts: boolean,
): void {
  for (let step = 0; ; step++) {
    const choice = choices[step] ?? 0;
    const ready = [0, 1].filter((partition) => inputs[partition]!.length > 0);
    const options = ready.length + partitions.waiting.length;
    if (options === 0) return;
    const chosen = choice % options;
    if (chosen < ready.length) partitions.read(ready[chosen]!, inputs[ready[chosen]!]!.shift()!);
    else {
      const again = partitions.waiting[chosen - ready.length]!;
      partitions.deliver(chosen - ready.length);
      if (choice % 5 === 1) partitions.read(again.to, again.record);
    }
    if (restarts && choice % 4 === 0) partitions.restart();
  }
}

function valuesIn(answer: AttributesAnswer): unknown {
  if (answer.kind !== 'attributes') return {};
  expect(answer.merging).toBe(false);
  return Object.fromEntries([...answer.attributes].map(([name, { value }]) => [name, value]));
}

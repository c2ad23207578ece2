import type {
  BackfillOrdered,
  CatalogueActivated,
  DefinitionsSwitched,
  EventResolved,
  LogRecord,
  Seeded,
} from '@attrium/event';
import { type Emitted, type StageHarness, stageHarness } from '@attrium/testing';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { catalogueRecord, changesIn, isChange, merged, profileIn, resolved, T0 } from '../test/records.js';
import { newAttributeCounters } from './counters.js';
import type { AttributesAnswer } from './domain/question.js';
import type { BackfillsAnswer } from './seeding.js';
import { bindingWith } from './stage.js';

const computed = (name: string, compute: object, type = 'number') => ({ name, kind: 'user', type, compute });
const COUNT = computed('orders', { count: 'Order' });
const BIG = computed('orders', { count: 'Order', where: { property: 'revenue', gt: 10 } });
const LATE = computed('spent', { sum: 'Order', of: 'revenue' });
const WINDOW = computed('lately', { count: 'Order', within: '1m' });
const ada = profileIn(0, 1, 2);
const bob = profileIn(0, 2, 2);
const eve = profileIn(1, 3, 2);

let ids = 0;
const order = (entity: typeof ada, revenue: number, at = T0): EventResolved =>
  resolved(entity, { id: `e${++ids}`, name: 'Order', at, payload: { properties: { revenue } } });

const historic = (attributes: readonly object[], revision: number): CatalogueActivated => ({
  ...catalogueRecord(attributes, revision),
  historic: true,
});

function chunk(events: readonly EventResolved[], more: Partial<Seeded> = {}): Seeded {
  const seeds = events.map(({ entity, event }) => ({ entity, event }));
  const head = { kind: 'seeded', id: `s${++ids}`, workspace: 'shop', revision: 2, keys: [], step: 0 } as const;
  return { ...head, after: '', upTo: 'end', isLast: true, events: seeds, ...more };
}

function catalogueOf(
  attributes: readonly object[],
  segments: readonly object[],
): Pick<CatalogueActivated, 'catalogue'> {
  return { catalogue: new Uint8Array(Buffer.from(JSON.stringify({ attributes, segments, triggers: [] }))) };
}

/** The switch, and the sweep that follows: what the stage relays to itself. */
function takeEffect(harness: StageHarness, at = T0, revision = 2, partition = 0): Emitted[] {
  const first: DefinitionsSwitched = { kind: 'definitions-switched', id: 'sw', workspace: 'shop', revision, page: 0 };
  const all: Emitted[] = [];
  for (let next: LogRecord | undefined = first; next !== undefined; ) {
    const emitted = harness.read(next, at);
    all.push(...emitted);
    next = emitted.find(({ fact, relayTo }) => fact.kind === 'definitions-switched' && relayTo === partition)?.fact;
  }
  return all;
}

function open(attributes: readonly object[] = [COUNT], partition = 0): StageHarness {
  const harness = stageHarness(bindingWith(newAttributeCounters()), { partition, partitions: 2 });
  harness.read(catalogueRecord(attributes, 1), T0);
  return harness;
}

function valuesOf(harness: StageHarness, { ordinal }: typeof ada): Record<string, unknown> {
  const answer = harness.answer({ kind: 'attributes', workspace: 'shop', ordinal }) as AttributesAnswer;
  if (answer.kind !== 'attributes') throw new Error(answer.kind);
  return Object.fromEntries([...answer.attributes].map(([name, { value }]) => [name, value]));
}

const backfillsOf = (harness: StageHarness) =>
  (harness.answer({ kind: 'backfills', workspace: 'shop' }) as BackfillsAnswer).backfills;

describe('a definition in preparation', () => {
  it('says nothing until the switch, and then the value of all events, with reason backfill', () => {
    const harness = open();
    const before = [order(ada, 5), order(ada, 7), order(bob, 1)];
    for (const each of before) harness.read(each, T0);
    harness.read(historic([COUNT, LATE], 2), T0);
    expect(changesIn(harness.read(order(ada, 100), T0))).toEqual([['orders', 2, 3]]);
    expect(changesIn(harness.read(chunk(before), T0))).toEqual([]);
    expect(valuesOf(harness, ada)).toEqual({ orders: 3 });
    const emitted = takeEffect(harness, T0 + 9);
    const changes = emitted.map(({ fact }) => fact).filter(isChange);
    expect(changes).toMatchObject([
      { entity: ada, reason: 'backfill', effectiveAt: T0 + 9, cause: 'sw', changes: [{ name: 'spent', after: 112 }] },
      { entity: bob, reason: 'backfill', changes: [{ name: 'spent', after: 1 }] },
    ]);
    expect(valuesOf(harness, bob)).toEqual({ orders: 1, spent: 1 });
    expect(backfillsOf(harness)).toEqual([]);
  });

  it('sends down the line what serves, and at the switch the whole revision with a higher step', () => {
    const harness = open();
    harness.read(order(ada, 1), T0);
    const catalogues = (emitted: readonly Emitted[]): unknown[] =>
      emitted.flatMap(({ fact }) =>
        fact.kind !== 'catalogue-activated'
          ? []
          : [[fact.revision, fact.step, JSON.parse(Buffer.from(fact.catalogue).toString()).attributes]],
      );
    expect(catalogues(harness.read(historic([BIG, LATE], 2), T0))).toEqual([[2, undefined, [COUNT]]]);
    harness.read(chunk([]), T0);
    expect(catalogues(takeEffect(harness))).toEqual([[2, 3, [BIG, LATE]]]);
  });

  it('leaves an edited one its old value until the switch, also where the new one counts nothing', () => {
    const harness = open();
    const before = [order(ada, 50), order(ada, 1), order(bob, 1)];
    for (const each of before) harness.read(each, T0);
    harness.read(historic([BIG], 2), T0);
    expect(changesIn(harness.read(order(ada, 1), T0))).toEqual([['orders', 2, 3]]);
    harness.read(chunk(before), T0);
    expect(changesIn(takeEffect(harness))).toEqual([
      ['orders', 3, 1],
      ['orders', 1, undefined],
    ]);
    expect(changesIn(harness.read(order(bob, 99), T0))).toEqual([['orders', undefined, 1]]);
  });

  it('is published before anything else is done with the entity after the switch', () => {
    const harness = open();
    const before = [order(ada, 5)];
    for (const each of before) harness.read(each, T0);
    harness.read(historic([COUNT, LATE], 2), T0);
    harness.read(chunk(before), T0);
    harness.read({ kind: 'definitions-switched', id: 'sw', workspace: 'shop', revision: 2, page: 0 }, T0);
    const facts = harness.read(order(ada, 1), T0).map(({ fact }) => fact);
    expect(facts.filter(isChange)).toMatchObject([
      { reason: 'backfill', changes: [{ name: 'spent', after: 5 }] },
      { reason: 'event', changes: [{ name: 'orders' }, { name: 'spent', before: 5, after: 6 }] },
    ]);
  });

  it('drops a chunk that does not begin where the partition stands', () => {
    const harness = open();
    const before = [order(ada, 5), order(ada, 6)];
    for (const each of before) harness.read(each, T0);
    harness.read(historic([COUNT, LATE], 2), T0);
    const first = chunk(before.slice(0, 1), { upTo: 'one', isLast: false });
    harness.read(first, T0);
    harness.read({ ...first, id: 'again' }, T0);
    harness.read(chunk(before.slice(1), { after: 'elsewhere' }), T0);
    expect(backfillsOf(harness)).toMatchObject([{ cursor: 'one', chunks: 1, rows: 1, done: false }]);
    harness.read(chunk(before.slice(1), { after: 'one' }), T0);
    harness.restart();
    expect(changesIn(takeEffect(harness))).toEqual([['spent', undefined, 11]]);
  });

  it('lets windows of seeded events end when they are due', () => {
    const harness = open();
    const before = [order(ada, 1, T0), order(ada, 1, T0 + 20_000)];
    for (const each of before) harness.read(each, T0 + 20_000);
    harness.read(historic([COUNT, WINDOW], 2), T0 + 30_000);
    harness.read(chunk(before), T0 + 30_000);
    expect(changesIn(takeEffect(harness, T0 + 30_000))).toEqual([['lately', undefined, 2]]);
    expect(changesIn(harness.tick(T0 + 80_000))).toEqual([
      ['lately', 2, 1],
      ['lately', 1, 0],
    ]);
  });

  it('ends with its definition; an edit back to what serves needs no history', () => {
    const harness = open();
    harness.read(order(ada, 1), T0);
    harness.read(historic([BIG, LATE], 2), T0);
    harness.read(historic([COUNT, LATE], 3), T0);
    expect(backfillsOf(harness).map(({ revision, keys }) => [revision, keys.length])).toEqual([[2, 1]]);
    harness.read(historic([COUNT], 4), T0);
    expect(backfillsOf(harness)).toEqual([]);
    expect(takeEffect(harness)).toEqual([]);
    expect(valuesOf(harness, ada)).toEqual({ orders: 1 });
  });

  it('that is complete and read only together with another one goes on until that is complete too', () => {
    const harness = open();
    harness.read(order(ada, 1), T0);
    const both = { attribute: 'orders', gt: 0 };
    const did = { event: 'Order', did: true };
    const segments = (where: object) => [{ name: 'both', of: 'user', where }];
    const second = { ...historic([COUNT], 2), ...catalogueOf([COUNT], segments({ all: [both, did] })) };
    harness.read(second, T0);
    harness.read({ ...historic([], 3), ...catalogueOf([BIG], segments({ all: [both, did] })) }, T0);
    harness.read(chunk([order(ada, 1)]), T0);
    takeEffect(harness);
    harness.read(order(bob, 50), T0);
    harness.read(chunk([], { revision: 3 }), T0);
    const changes = changesIn(takeEffect(harness, T0, 3));
    expect(changes.filter((change) => String((change as unknown[])[0]).startsWith('~'))).toHaveLength(2);
  });

  it('that is cancelled leaves what served, and begins anew with a later revision that has it', () => {
    const harness = open();
    const before = [order(ada, 50), order(ada, 1)];
    for (const each of before) harness.read(each, T0);
    harness.read(historic([BIG, LATE], 2), T0);
    harness.read(chunk(before.slice(0, 1), { upTo: 'one', isLast: false }), T0);
    const say = (order_: BackfillOrdered['order'], revision = 2): Emitted[] =>
      harness.read(
        { kind: 'backfill-ordered', id: `o${++ids}`, workspace: 'shop', revision, order: order_, author: 'test' },
        T0,
      );
    say('pause');
    expect(backfillsOf(harness)).toMatchObject([{ revision: 2, paused: true, rows: 1 }]);
    say('resume');
    expect(backfillsOf(harness)).toMatchObject([{ revision: 2, paused: false, rows: 1 }]);
    say('cancel', 1);
    expect(backfillsOf(harness)).toHaveLength(1);
    say('cancel');
    expect(backfillsOf(harness)).toEqual([]);
    expect(takeEffect(harness)).toEqual([]);
    harness.read(chunk(before.slice(1), { after: 'one' }), T0);
    expect(changesIn(harness.read(order(ada, 99), T0))).toEqual([['orders', 2, 3]]);
    harness.read(historic([BIG, LATE], 3), T0);
    expect(backfillsOf(harness)).toMatchObject([{ revision: 3, cursor: '', rows: 0 }]);
    harness.read(chunk([...before, order(ada, 99)], { revision: 3 }), T0);
    takeEffect(harness, T0, 3);
    expect(valuesOf(harness, ada)).toEqual({ orders: 2, spent: 150 });
  });

  it('that is a formula is calculated at the switch in everyone who has a value that it reads, and in nobody else', () => {
    const twice = { name: 'twice', kind: 'user', type: 'number', compute: { formula: 'orders * 2' } };
    const harness = open([COUNT, LATE]);
    const before = [order(ada, 5)];
    for (const each of before) harness.read(each, T0);
    harness.read(resolved(bob, { id: 'other', name: 'Visit', at: T0 }), T0);
    harness.read(historic([COUNT, LATE, twice], 2), T0);
    expect(backfillsOf(harness)[0]!.filter).toMatchObject({ users: true, names: ['Order'], everything: false });
    expect(valuesOf(harness, ada)).toEqual({ orders: 1, spent: 5 });
    harness.read(chunk(before), T0);
    expect(changesIn(takeEffect(harness))).toEqual([['twice', undefined, 2]]);
    expect(valuesOf(harness, ada)).toEqual({ orders: 1, spent: 5, twice: 2 });
    expect(changesIn(harness.read(order(ada, 1), T0))).toEqual([
      ['orders', 1, 2],
      ['spent', 5, 6],
      ['twice', 2, 4],
    ]);
  });

  it('sends the history of an entity that was merged away on to the survivor, who takes it once', () => {
    const [left, right] = [open([COUNT], 0), open([COUNT], 1)];
    const before = [order(ada, 5), order(ada, 6)];
    for (const each of before) left.read(each, T0);
    for (const harness of [left, right]) harness.read(historic([COUNT, LATE], 2), T0);
    left.read(chunk(before.slice(0, 1), { upTo: 'one', isLast: false }), T0);
    const merge = merged('m1', eve, ada, T0);
    const transfer = left.read(merge, T0).find(({ relayTo }) => relayTo === 1)!.fact;
    const [forwarded] = left.read(chunk(before.slice(1), { after: 'one' }), T0);
    expect(forwarded).toMatchObject({ relayTo: 1, fact: { kind: 'seeded', events: [{ entity: eve }] } });
    // It may come before the merge, and again.
    right.read(forwarded!.fact, T0);
    right.read(forwarded!.fact, T0);
    right.read(merge, T0);
    right.read(transfer, T0);
    right.read(chunk([]), T0);
    takeEffect(right, T0, 2, 1);
    expect(valuesOf(right, eve)).toEqual({ orders: 2, spent: 11 });
  });
});

describe('an attribute of accounts in preparation', () => {
  const acme = { ...profileIn(1, 9, 2), kind: 'account' } as const;
  const deals = { ...COUNT, name: 'deals', kind: 'account' };

  it('is seeded by the partitions of the profiles whose events name the account, each event once', () => {
    const [left, right] = [open([COUNT], 0), open([COUNT], 1)];
    const before = [order(ada, 1), order(bob, 2)];
    for (const each of before) left.read(each, T0);
    for (const { event } of before) right.read({ ...before[0]!, entity: acme, event }, T0);
    for (const harness of [left, right]) harness.read(historic([COUNT, deals], 2), T0);
    expect(backfillsOf(left)[0]!.filter).toMatchObject({ users: false, accounts: true });
    const ofAcme = before.map((each) => ({ ...each, entity: acme }));
    const first = left.read(chunk(ofAcme.slice(0, 1), { upTo: 'one', isLast: false }), T0);
    const second = left.read(chunk(ofAcme.slice(1), { after: 'one' }), T0);
    const forwarded = [...first, ...second].filter(({ relayTo }) => relayTo === 1).map(({ fact }) => fact);
    expect(forwarded).toHaveLength(2);
    // What comes again is dropped, also when others came since.
    for (const each of [forwarded[0]!, forwarded[1]!, forwarded[0]!, forwarded[1]!]) right.read(each, T0);
    expect(valuesOf(right, acme)).toEqual({});
    for (const harness of [left, right]) harness.read(chunk([]), T0);
    takeEffect(right, T0, 2, 1);
    expect(valuesOf(right, acme)).toEqual({ deals: 2 });
  });
});

describe('merge of seeded and shadow', () => {
  const definitions = [
    COUNT,
    LATE,
    WINDOW,
    computed('most', { max: 'Order', of: 'revenue' }),
    computed('mean', { average: 'Order', of: 'revenue' }),
    computed('last', { last_value: 'Order', of: 'revenue' }),
    computed('kinds', { distinct_count: 'Order', of: 'revenue' }),
    computed('usual', { most_frequent: 'Order', of: 'revenue' }),
    computed('first', { first_time: 'Order' }, 'timestamp'),
  ];

  it('is the fold of all events, however history and live events are split and chunks are cut', () => {
    const someEvent = fc.record({
      who: fc.constantFrom(ada, bob),
      revenue: fc.integer({ min: -5, max: 5 }),
      ago: fc.nat(90_000),
    });
    fc.assert(
      fc.property(
        fc.array(someEvent, { maxLength: 25 }),
        fc.nat(25),
        fc.nat(25),
        fc.infiniteStream(fc.nat()),
        (drawn, split, cut, order_) => {
          const events = drawn.map(({ who, revenue, ago }) => order(who, revenue, T0 - ago));
          const straight = stageHarness(bindingWith(newAttributeCounters()), { partition: 0, partitions: 2 });
          straight.read(catalogueRecord(definitions, 1), T0);
          for (const each of events) straight.read(each, T0);
          const late = open();
          const past = events.slice(0, split);
          for (const each of past) late.read(each, T0);
          late.read(historic(definitions, 2), T0);
          const shuffled = past
            .map((each) => ({ each, at: order_.next().value }))
            .sort((a, b) => a.at - b.at)
            .map(({ each }) => each);
          const live = events.slice(split);
          late.read(chunk(shuffled.slice(0, cut), { upTo: 'cut', isLast: false }), T0);
          for (const each of live.slice(0, cut)) late.read(each, T0);
          late.read(chunk(shuffled.slice(cut), { after: 'cut' }), T0);
          for (const each of live.slice(cut)) late.read(each, T0);
          takeEffect(late);
          for (const who of [ada, bob]) {
            if (events.some(({ entity }) => entity === who))
              expect(valuesOf(late, who)).toEqual(valuesOf(straight, who));
          }
        },
      ),
      { numRuns: 150 },
    );
  });
});

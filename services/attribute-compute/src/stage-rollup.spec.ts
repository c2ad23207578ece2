import type { Entity, LogRecord } from '@attrium/event';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { catalogueRecord, isChange, plain, profileIn, T0 } from '../test/records.js';
import { accountIn, PARTITIONS, RollupWorld } from '../test/rollup-world.js';
import { MEMBERS_PAGE, MEMBERS_PAGE_EACH_MS } from './domain/limits.js';

const user = { kind: 'user', type: 'number' } as const;
const account = { kind: 'account', type: 'number' } as const;
const USERS = [
  { name: 'spend', ...user, compute: { sum: 'Order', of: 'revenue' } },
  { name: 'twice', ...user, compute: { formula: 'spend * 2' } },
  { name: 'vip', kind: 'user', type: 'boolean', from: [{ property: 'vip' }] },
  { name: 'first', kind: 'user', type: 'timestamp', compute: { first_time: 'Order' } },
];
const ROLLUPS = [
  { name: 'people', ...account, rollup: { count: 'members' } },
  { name: 'spenders', ...account, rollup: { count: 'members', where: { attribute: 'spend', gt: 50 } } },
  { name: 'total', ...account, rollup: { sum: 'spend' } },
  { name: 'total_vip', ...account, rollup: { sum: 'spend', where: { attribute: 'vip', equals: true } } },
  { name: 'mean', ...account, rollup: { average: 'twice' } },
  { name: 'least', ...account, rollup: { min: 'spend' } },
  { name: 'most', ...account, rollup: { max: 'spend' } },
  { name: 'since', kind: 'account', type: 'timestamp', rollup: { min: 'first' } },
  { name: 'some_vip', kind: 'account', type: 'boolean', rollup: { any: 'vip' } },
  { name: 'all_vip', kind: 'account', type: 'boolean', rollup: { all: 'vip' } },
  { name: 'each', ...account, compute: { formula: 'total / people' } },
];
const ONLY = (...names: string[]) => [...USERS, ...ROLLUPS.filter(({ name }) => names.includes(name))];

const acme = accountIn(2, 11);
const umbrella = accountIn(0, 12);
const [ada, bob, eve, dan] = [profileIn(0, 1), profileIn(1, 2), profileIn(3, 3), profileIn(2, 4)] as [
  Entity,
  Entity,
  Entity,
  Entity,
];

function worldOf(definitions: readonly unknown[]): RollupWorld {
  const world = new RollupWorld();
  world.activate(catalogueRecord(definitions));
  world.settle();
  return world;
}

/** The changes of accounts: name, before, after. */
function changesOf(facts: readonly LogRecord[]): unknown[] {
  return facts
    .filter(isChange)
    .filter(({ entity }) => entity.kind === 'account')
    .flatMap(({ changes }) => changes.map(({ name, before, after }) => [name, plain(before), plain(after)]));
}

describe('a roll-up', () => {
  it('has what members have when they join, and each change of it, with the cause and the time of the change', () => {
    const world = worldOf(ONLY('people', 'total', 'each'));
    world.order(ada, 30);
    world.join(ada, acme);
    expect(changesOf(world.settle())).toEqual([
      ['people', undefined, 1],
      ['total', undefined, 30],
      ['each', undefined, 30],
    ]);
    world.join(bob, acme);
    expect(changesOf(world.settle())).toEqual([
      ['people', 1, 2],
      ['each', 30, 15],
    ]);
    world.now += 5;
    world.order(bob, 10);
    const facts = world.settle();
    expect(changesOf(facts)).toEqual([
      ['total', 30, 40],
      ['each', 15, 20],
    ]);
    const [change, given, made] = facts as [LogRecord, LogRecord, LogRecord];
    expect(change).toMatchObject({ kind: 'attributes-changed', entity: bob });
    expect(given).toMatchObject({ kind: 'member-contributed', entity: acme, member: bob });
    expect(made).toMatchObject({
      entity: acme,
      reason: 'event',
      cause: (change as { cause: string }).cause,
      effectiveAt: T0 + 5,
    });
  });

  it('says nothing when what is read stays as it is', () => {
    const world = worldOf(ONLY('spenders'));
    world.join(ada, acme);
    world.settle();
    world.order(ada, 10);
    expect(world.settle().map(({ kind }) => kind)).toEqual(['attributes-changed']);
    world.order(ada, 41);
    expect(changesOf(world.settle())).toEqual([['spenders', 0, 1]]);
  });

  it('loses what a member that leaves had given', () => {
    const world = worldOf(ONLY('people', 'total', 'most'));
    for (const [profile, revenue] of [
      [ada, 3],
      [bob, 7],
    ] as const) {
      world.join(profile, acme);
      world.order(profile, revenue);
    }
    world.settle();
    world.leave(bob, acme);
    expect(changesOf(world.settle())).toEqual([
      ['most', 7, 3],
      ['people', 2, 1],
      ['total', 10, 3],
    ]);
    world.order(bob, 100);
    expect(changesOf(world.settle())).toEqual([]);
  });

  it('adds up exactly', () => {
    const world = worldOf(ONLY('total'));
    for (const profile of [ada, bob, eve]) world.join(profile, acme);
    world.order(ada, 0.1);
    world.order(bob, 0.2);
    world.settle();
    expect(world.valuesOf(acme)).toEqual({ total: 0.3 });
    world.order(ada, -0.1);
    world.settle();
    expect(world.valuesOf(acme)).toEqual({ total: 0.2 });
  });
});

describe('a merge of members', () => {
  it('takes the place of both at once: the account is never short of one', () => {
    const world = worldOf(ONLY('people', 'total'));
    for (const [profile, revenue] of [
      [ada, 3],
      [bob, 7],
      [eve, 10],
    ] as const) {
      world.join(profile, acme);
      world.order(profile, revenue);
    }
    world.settle();
    world.merge(ada, bob);
    const facts = world.settle();
    expect(changesOf(facts)).toEqual([['people', 3, 2]]);
    expect(facts.filter(isChange).at(-1)).toMatchObject({ entity: acme, reason: 'merge', cause: `m:${bob.id}:1` });
  });

  it('brings the accounts of the loser to the survivor with all that both have', () => {
    const world = worldOf(ONLY('people', 'total'));
    world.order(ada, 3);
    world.order(bob, 7);
    world.join(bob, umbrella);
    world.settle();
    expect(world.valuesOf(umbrella)).toEqual({ people: 1, total: 7 });
    world.merge(ada, bob);
    expect(changesOf(world.settle())).toEqual([['total', 7, 10]]);
  });

  it('of a chain leaves the last one', () => {
    const world = worldOf(ONLY('people', 'total'));
    for (const [profile, revenue] of [
      [ada, 1],
      [bob, 10],
      [eve, 100],
    ] as const) {
      world.join(profile, acme);
      world.order(profile, revenue);
    }
    world.settle();
    world.merge(bob, eve);
    world.merge(ada, bob);
    world.settle();
    expect(world.valuesOf(acme)).toEqual({ people: 1, total: 111 });
  });
});

describe('an erasure', () => {
  it('takes away what the profile gave, and what comes late of those that were merged into it', () => {
    const world = worldOf(ONLY('people', 'total'));
    for (const [profile, revenue] of [
      [ada, 1],
      [bob, 10],
      [eve, 100],
    ] as const) {
      world.join(profile, acme);
      world.order(profile, revenue);
    }
    world.settle();
    // The merge is still open for the survivor when it is erased, and the loser's last words are on their way.
    world.merge(ada, bob);
    world.erase(ada, [bob]);
    world.settle();
    expect(world.valuesOf(acme)).toEqual({ people: 1, total: 100 });
    world.activate(catalogueRecord(ONLY('people', 'total', 'most'), 2));
    world.settle();
    world.tick(MEMBERS_PAGE_EACH_MS);
    world.settle();
    expect(world.valuesOf(acme)).toEqual({ people: 1, total: 100, most: 100 });
  });
});

describe('a roll-up that is new', () => {
  it('gets what the members have, page after page, as a backfill', () => {
    const world = worldOf(USERS);
    const count = MEMBERS_PAGE + 10;
    const members = Array.from({ length: count }, (_, index) => profileIn(1, 100 + index));
    for (const member of members) {
      world.join(member, acme);
      world.order(member, 2);
    }
    world.settle();
    world.activate(catalogueRecord(ONLY('people', 'total'), 2));
    world.settle();
    expect(world.valuesOf(acme)).toEqual({});
    world.tick(MEMBERS_PAGE_EACH_MS);
    const first = world.settle();
    expect(world.valuesOf(acme)).toEqual({ people: MEMBERS_PAGE, total: 2 * MEMBERS_PAGE });
    expect(first.filter(isChange).every(({ reason, cause }) => reason === 'backfill' && cause === 'catalogue:2')).toBe(
      true,
    );
    world.restart();
    world.tick(MEMBERS_PAGE_EACH_MS);
    world.settle();
    expect(world.valuesOf(acme)).toEqual({ people: count, total: 2 * count });
    world.tick(MEMBERS_PAGE_EACH_MS * 100);
    expect(world.settle()).toEqual([]);
  });

  it('and came back has the values of now', () => {
    const world = worldOf(ONLY('total'));
    world.join(ada, acme);
    world.order(ada, 5);
    world.settle();
    world.activate(catalogueRecord(USERS, 2));
    world.order(ada, 6);
    world.settle();
    world.activate(catalogueRecord(ONLY('total'), 3));
    world.settle();
    world.tick(MEMBERS_PAGE_EACH_MS);
    world.settle();
    expect(world.valuesOf(acme)).toEqual({ total: 11 });
  });
});

describe('contributions that come again', () => {
  it('are dropped, whatever came meanwhile', () => {
    const world = worldOf(ONLY('total'));
    world.join(ada, acme);
    world.order(ada, 5);
    world.settle();
    world.leave(ada, acme);
    world.settle();
    for (let at = 0; at < 3; at++) expect(world.repeat(at)).toEqual([]);
    expect(world.valuesOf(acme)).toEqual({});
    expect(world.counters.repeatedContributions).toBe(3);
  });
});

const PROFILES = [ada, bob, eve, dan];
const ACCOUNTS = [acme, umbrella];
const command = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('order' as const),
      who: fc.nat(3),
      revenue: fc.integer({ min: -9, max: 60 }),
      vip: fc.option(fc.boolean()),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('join' as const), who: fc.nat(3), to: fc.nat(1) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('leave' as const), who: fc.nat(3), to: fc.nat(1) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('merge' as const), who: fc.nat(3) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('catalogue' as const), with: fc.boolean() }) },
);

describe('however records and contributions come, and come again', () => {
  it('accounts have at the end what their members of then add up to', () => {
    fc.assert(
      fc.property(
        fc.array(command, { maxLength: 25 }),
        fc.array(fc.nat(), { minLength: 300, maxLength: 300 }),
        (commands, choices) => {
          const world = new RollupWorld();
          const groups = new Map(PROFILES.map((profile) => [profile, { orders: [] as Order[], merged: false }]));
          let revision = 1;
          world.activate(catalogueRecord([...USERS, ...ROLLUPS], 1));
          let step = 0;
          const go = (steps: number): void => {
            for (; steps > 0; steps--) goOn(world, choices[step++ % choices.length]!);
          };
          for (const each of commands) {
            world.now += 1;
            if (each.do === 'catalogue') {
              // The one with the roll-ups is in force at the end.
              world.activate(catalogueRecord(each.with ? [...USERS, ...ROLLUPS] : USERS, ++revision));
            } else perform(world, groups, each);
            go(choices[step]! % 5);
          }
          world.activate(catalogueRecord([...USERS, ...ROLLUPS], ++revision));
          go(20);
          world.settle();
          world.tick(MEMBERS_PAGE_EACH_MS * 4);
          world.settle();
          for (const each of ACCOUNTS)
            expect(world.valuesOf(each)).toEqual(naive(world.membersOf(each).map((who) => groups.get(who)!)));
        },
      ),
      { numRuns: 80 },
    );
  });
});

interface Order {
  readonly at: number;
  readonly revenue: number;
  readonly vip: boolean | null;
}

interface Group {
  readonly orders: Order[];
  merged: boolean;
}

function perform(
  world: RollupWorld,
  groups: Map<Entity, Group>,
  each: { do: string; who: number; revenue?: number; vip?: boolean | null; to?: number },
): void {
  const alive = [...groups.keys()];
  const who = alive[each.who % alive.length]!;
  const group = groups.get(who)!;
  const account = ACCOUNTS[each.to ?? 0]!;
  if (each.do === 'order') {
    const { revenue = 0, vip = null } = each;
    group.orders.push({ at: world.now, revenue, vip });
    world.order(who, revenue, vip === null ? {} : { vip });
  } else if (each.do === 'join') world.join(who, account);
  else if (each.do === 'leave') {
    // Identity ends memberships in merges only.
    if (world.accountsOf(who).includes(account) && !group.merged) world.leave(who, account);
  } else if (who !== alive[0]) {
    const survivor = alive[alive.indexOf(who) - 1]!;
    world.merge(survivor, who);
    const into = groups.get(survivor)!;
    into.orders.push(...group.orders);
    into.merged = true;
    groups.delete(who);
  }
}

/** One step of one of the partitions: its next record, one that was sent to it, one that came already; or all start again. */
function goOn(world: RollupWorld, choice: number): void {
  if (choice % 17 === 0) world.restart();
  if (choice % 5 === 0) world.repeat(choice);
  if (choice % 3 === 0 && world.relays.length > 0) world.deliver(choice % world.relays.length);
  else world.read(choice % PARTITIONS);
}

function naive(members: readonly Group[]): Record<string, unknown> {
  if (members.length === 0) return {};
  const lists = members.map(({ orders }) => [...orders].sort((a, b) => a.at - b.at)).filter(({ length }) => length > 0);
  const sum = (orders: readonly Order[]): number => orders.reduce((total, { revenue }) => total + revenue, 0);
  const vipOf = (orders: readonly Order[]): boolean | undefined =>
    orders.findLast(({ vip }) => vip !== null)?.vip ?? undefined;
  const spends = lists.map(sum);
  const vips = lists.map(vipOf).filter((vip) => vip !== undefined);
  const total = sum(lists.flat());
  const some = <T>(list: readonly unknown[], of: () => T): T | undefined => (list.length === 0 ? undefined : of());
  const values = {
    people: members.length,
    spenders: spends.filter((spend) => spend > 50).length,
    total,
    total_vip: sum(lists.filter((orders) => vipOf(orders) === true).flat()),
    mean: some(spends, () => rounded((2 * total) / spends.length)),
    least: some(spends, () => Math.min(...spends)),
    most: some(spends, () => Math.max(...spends)),
    since: some(spends, () => ({ ms: Math.min(...lists.flat().map(({ at }) => at)) })),
    some_vip: some(vips, () => vips.some((vip) => vip)),
    all_vip: some(vips, () => vips.every((vip) => vip)),
    each: rounded(total / members.length),
  };
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}

const rounded = (value: number): number => Number(value.toPrecision(15));

import type { RollupReducer } from '@attrium/catalogue';
import { Decimal, type Entity, type MemberContributed, Timestamp, type Value } from '@attrium/event';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { profileIn, T0 } from '../../test/records.js';
import { accountIn } from '../../test/rollup-world.js';
import { memberBookCodec } from '../store/member-book-codec.js';
import { ROLLED_UP_MEMBERS_MAX } from './limits.js';
import { type MemberBook, newMemberBook, takeContribution, totalOf } from './member-book.js';

const REDUCERS: readonly RollupReducer[] = ['count', 'sum', 'min', 'max', 'average', 'any', 'all'];
const account = accountIn(0, 1);

type Given = Readonly<Record<string, Value>>;
type More = Partial<Pick<MemberContributed, 'left' | 'mergedBy' | 'mergeIds'>>;

function contribution(ordinal: number, given: Given, more: More = {}): MemberContributed {
  const member: Entity = { ...profileIn(0, 2), ordinal };
  const values = Object.entries(given).map(([name, value]) => ({ name, value }));
  const why = { reason: 'event', cause: 'e', effectiveAt: T0 } as const;
  return {
    kind: 'member-contributed',
    id: 'a0-1-0-0',
    entity: account,
    member,
    values,
    mergeIds: [],
    left: false,
    ...why,
    ...more,
  };
}

function totalsOf(book: MemberBook, key: string): unknown {
  return Object.fromEntries(REDUCERS.map((reducer) => [reducer, totalOf(book, key, reducer)]));
}

/** Recomputed from the values alone. */
function naive(values: readonly Value[]): Record<RollupReducer, unknown> {
  const numbers = values.filter((value) => typeof value === 'number');
  const times = values.filter((value) => value instanceof Timestamp).map(({ ms }) => ms);
  const sum = numbers.reduce((total, each) => total + each, 0);
  const extreme = (of: (...all: number[]) => number): unknown => {
    if (numbers.length > 0) return of(...numbers);
    return times.length > 0 ? new Timestamp(of(...times)) : undefined;
  };
  const some = <T>(value: T): T | undefined => (values.length === 0 ? undefined : value);
  return {
    count: values.length,
    sum,
    min: extreme(Math.min),
    max: extreme(Math.max),
    average: some(Number((sum / Math.max(1, values.length)).toPrecision(15))),
    any: some(values.includes(true)),
    all: some(values.every((value) => value === true)),
  };
}

const NOTHING = Object.fromEntries(REDUCERS.map((reducer) => [reducer, undefined]));

const values = {
  number: fc.integer({ min: -4, max: 4 }),
  boolean: fc.boolean(),
  timestamp: fc.nat(5).map((at) => new Timestamp(T0 + at)),
};

describe('what an account keeps of its members', () => {
  it.each(Object.keys(values) as (keyof typeof values)[])(
    'adds up the latest contributions, %ss, whatever came before and however it was stored',
    (type) => {
      const step = fc.record({
        ordinal: fc.integer({ min: 1, max: 6 }),
        left: fc.boolean(),
        given: fc.record({ k: values[type], other: values[type] }, { requiredKeys: [] }),
        stored: fc.boolean(),
      });
      fc.assert(
        fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
          let book = newMemberBook();
          const latest = new Map<number, Given>();
          for (const { ordinal, left, given, stored } of steps) {
            takeContribution(book, contribution(ordinal, left ? {} : given, { left }));
            if (left) latest.delete(ordinal);
            else latest.set(ordinal, given);
            if (stored) book = memberBookCodec.decode(memberBookCodec.encode(book));
            for (const key of ['k', 'other']) {
              const now = [...latest.values()].flatMap((each) => (each[key] === undefined ? [] : [each[key]]));
              expect(totalsOf(book, key)).toEqual(latest.size === 0 ? NOTHING : naive(now));
            }
          }
        }),
        { numRuns: 100 },
      );
    },
  );

  it('adds up exactly, and holds a sum at the ends of what a number may be', () => {
    const book = newMemberBook();
    const most = new Decimal(10n ** 38n - 1n);
    takeContribution(book, contribution(1, { k: 0.1 }));
    takeContribution(book, contribution(2, { k: 0.2 }));
    expect(totalOf(book, 'k', 'sum')).toBe(0.3);
    takeContribution(book, contribution(3, { k: most }));
    expect(totalOf(book, 'k', 'sum')).toEqual(most);
    takeContribution(book, contribution(3, {}, { left: true }));
    expect(totalOf(book, 'k', 'sum')).toBe(0.3);
  });

  it('is the same whether a merge is heard of from the loser or from the survivor first, also over a chain', () => {
    const [a, b, c] = [contribution(1, { k: 1 }), contribution(2, { k: 10 }), contribution(3, { k: 100 })];
    const [aLeft, bLeft] = [
      contribution(1, {}, { left: true, mergedBy: 'm1' }),
      contribution(2, {}, { left: true, mergedBy: 'm2' }),
    ];
    const heirs = contribution(3, { k: 111 }, { mergeIds: ['m1', 'm2'] });
    fc.assert(
      fc.property(
        fc.shuffledSubarray(
          [
            [a, aLeft],
            [b, bLeft],
            [c, heirs],
          ].flatMap((pair, at) => pair.map(() => at)),
          { minLength: 6 },
        ),
        (order) => {
          const queues = [
            [a, aLeft],
            [b, bLeft],
            [c, heirs],
          ];
          const book = newMemberBook();
          for (const at of order) takeContribution(book, queues[at]!.shift()!);
          expect(totalsOf(book, 'k')).toEqual(naive([111]));
          expect([...book.entries.keys()]).toEqual([3]);
        },
      ),
    );
  });

  it('lets a loser count until the survivor gives what both have', () => {
    const book = newMemberBook();
    takeContribution(book, contribution(1, { k: 1 }));
    takeContribution(book, contribution(2, { k: 10 }));
    takeContribution(book, contribution(2, {}, { left: true, mergedBy: 'm1' }));
    const stored = memberBookCodec.decode(memberBookCodec.encode(book));
    expect(totalOf(stored, 'k', 'sum')).toBe(11);
    takeContribution(stored, contribution(1, { k: 11 }, { mergeIds: ['m1'] }));
    expect(totalsOf(stored, 'k')).toEqual(naive([11]));
  });

  it('takes no more than so many members, and one more when one has left', () => {
    const book = newMemberBook();
    for (let ordinal = 1; ordinal <= ROLLED_UP_MEMBERS_MAX; ordinal++)
      takeContribution(book, contribution(ordinal, { k: true }));
    const oneMore = contribution(ROLLED_UP_MEMBERS_MAX + 1, { k: true });
    expect(takeContribution(book, oneMore)).toBe('refused');
    expect(takeContribution(book, contribution(1, { k: false }))).toBe('taken');
    expect(totalOf(book, 'k', 'count')).toBe(ROLLED_UP_MEMBERS_MAX);
    takeContribution(book, contribution(7, {}, { left: true }));
    expect(takeContribution(book, oneMore)).toBe('taken');
    expect(totalOf(book, 'k', 'count')).toBe(ROLLED_UP_MEMBERS_MAX);
  });

  it('of another version is not read', () => {
    const bytes = memberBookCodec.encode(newMemberBook());
    bytes[0] = 9;
    expect(() => memberBookCodec.decode(bytes)).toThrow('contributions of version 9');
  });
});

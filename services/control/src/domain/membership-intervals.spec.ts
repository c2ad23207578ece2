import { describe, expect, it } from '@jest/globals';
import { type Interval, intervalAt, intervalsOf, type MembershipChange } from './membership-intervals.js';

const entered = (profileId: string, after: number): MembershipChange => ({
  ...{ profileId, segment: 's', change: 'entered', before: undefined, after },
});
const exited = (profileId: string, before: number): MembershipChange => ({
  ...{ profileId, segment: 's', change: 'exited', before, after: undefined },
});
const corrected = (profileId: string, before: number | undefined, after: number | undefined): MembershipChange => ({
  ...{ profileId, segment: 's', change: 'corrected', before, after },
});
const of = (changes: readonly MembershipChange[], mergedInto: Record<string, string> = {}): readonly Interval[] =>
  intervalsOf({ profileId: 'p', mergedInto: new Map(Object.entries(mergedInto)) }, changes).get('s') ?? [];
const interval = (from: number, to?: number): Interval => ({ from, to });

describe('the intervals of a membership', () => {
  it('begin with an entry, end with an exit, and follow corrections of the past', () => {
    expect(of([entered('p', 1), exited('p', 3), entered('p', 5)])).toEqual([interval(1, 3), interval(5)]);
    expect(of([entered('p', 5), corrected('p', 5, 2), exited('p', 9)])).toEqual([interval(2, 9)]);
    expect(of([entered('p', 5), corrected('p', 5, undefined)])).toEqual([]);
    expect(of([entered('p', 5), exited('p', 5)])).toEqual([]);
  });

  it('are those of all that were merged into the profile, without overlaps; what was open then is told by the survivor', () => {
    const loser = [entered('l', 1), exited('l', 4), entered('l', 6)];
    expect(of([...loser, corrected('p', undefined, 6)], { l: 'p' })).toEqual([interval(1, 4), interval(6)]);
    expect(of([...loser, entered('p', 3), exited('p', 5)], { l: 'p' })).toEqual([interval(1, 5)]);
    expect(of([...loser, entered('p', 2)], { l: 'p' })).toEqual([interval(2)].map(({ to }) => interval(1, to)));
  });

  it('end, where the survivor left as it inherited, at its exit', () => {
    expect(of([entered('l', 6), exited('p', 8)], { l: 'p' })).toEqual([interval(6, 8)]);
    expect(of([entered('m', 2), exited('p', 8)], { l: 'p', m: 'l' })).toEqual([interval(2, 8)]);
    expect(
      of([entered('m', 2), corrected('l', undefined, 2), exited('l', 5), exited('p', 8)], { l: 'p', m: 'l' }),
    ).toEqual([interval(2, 5)]);
  });

  it('contain their beginning and not their end', () => {
    const all = [interval(1, 3), interval(5)];
    expect([0, 1, 2, 3, 4, 5, 99].map((at) => intervalAt(all, at) !== undefined)).toEqual([
      false,
      true,
      true,
      false,
      false,
      true,
      true,
    ]);
  });
});

import { DEFAULT_IDENTITY } from '@attrium/catalogue';
import type { Identifier } from '@attrium/event';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { device, email, NO_CAPS, ResolvedWorkspace, user, withLimit } from '../../test/resolved-workspace.js';
import { identifierHomes } from './profile-history.js';
import { compileRules, IDENTITY_CAPS, type IdentityRules } from './rules.js';

const HOUR_MS = 3_600_000;
const day = 24 * HOUR_MS;
const week = 7 * day;

/** The default types, and of one of them so many values within a window. */
function withWindow(type: string, limit: number, windowMs: number | undefined): IdentityRules {
  const types = DEFAULT_IDENTITY.types.map((each) =>
    each.name === type ? { ...each, limit, ...(windowMs === undefined ? {} : { windowMs }) } : each,
  );
  return compileRules({ ...DEFAULT_IDENTITY, types });
}

const reasons = ({ refused }: { refused: readonly { why: string; hit?: string | undefined }[] }): string[] =>
  refused.map(({ why, hit }) => `${why} ${hit}`);

describe('a limit in a window of time', () => {
  it('lets a profile gain so many values within it, and more when these are outside of it', () => {
    const workspace = new ResolvedWorkspace(withWindow('email', 2, day));
    workspace.send(user('u'), email('1'));
    workspace.now += HOUR_MS;
    workspace.send(user('u'), email('2'));
    expect(reasons(workspace.send(user('u'), email('3')))).toEqual(['limit-in-window window']);
    // The first was linked at 1, so that it counts up to and with log time day.
    workspace.now = day - 1;
    expect(reasons(workspace.send(user('u'), email('3')))).toEqual(['limit-in-window window']);
    expect(workspace.send(user('u'), email('3')).linked).toEqual([email('3')]);
    expect(reasons(workspace.send(user('u'), email('4')))).toEqual(['limit-in-window window']);
    expect(workspace.identifiersOf(workspace.ownerOf(user('u'))!)).toHaveLength(4);
  });

  it('unites the windows of profiles that become one', () => {
    const workspace = new ResolvedWorkspace(withWindow('email', 2, day));
    workspace.send(device('a'), email('1'), email('2'));
    workspace.send(user('u'), email('3'));
    const refused = workspace.send(user('u'), device('a'));
    expect(refused.merges).toEqual([]);
    expect(reasons(refused)).toEqual(['limit-in-window window']);
    workspace.now = day;
    workspace.send(user('u'), email('4'));
    // Two of three are outside: with the fourth there are two within.
    workspace.now = day + 1;
    expect(workspace.send(user('u'), device('a')).merges).toHaveLength(1);
    expect(reasons(workspace.send(user('u'), email('5'), email('6')))).toEqual(['limit-in-window window']);
    expect(workspace.ownerOf(email('5'))).toBe(workspace.ownerOf(user('u')));
  });

  it('counts from the revision on that sets it, also when it is made longer', () => {
    const workspace = new ResolvedWorkspace(withWindow('email', 5, undefined));
    workspace.send(user('u'), email('1'), email('2'), email('3'));
    workspace.rules = withWindow('email', 1, day);
    workspace.send(user('u'), email('4'));
    expect(reasons(workspace.send(user('u'), email('5')))).toEqual(['limit-in-window window']);
    workspace.now += 2 * day;
    workspace.rules = withWindow('email', 1, week);
    expect(reasons(workspace.send(user('u'), email('5')))).toEqual(['limit-in-window window']);
    workspace.rules = withWindow('email', 4, undefined);
    expect(reasons(workspace.send(user('u'), email('5')))).toEqual(['limit values']);
  });

  it('leaves the caps of a profile as they are', () => {
    const workspace = new ResolvedWorkspace(withWindow('anonymous_id', 1_000, day));
    for (let index = 0; index < 1_100; index++) {
      workspace.send(user('u'), device(`a${index}`));
      workspace.now += day;
    }
    expect(workspace.identifiersOf(workspace.ownerOf(user('u'))!)).toHaveLength(IDENTITY_CAPS.identifiersPerProfileMax);
  });

  it('shows in no fact and in no answer', () => {
    const workspace = new ResolvedWorkspace(withWindow('email', 2, day));
    workspace.send(user('u'));
    workspace.send(email('1'), device('a'));
    expect(workspace.send(user('u'), email('1')).merges[0]!.identifiers).toEqual([email('1'), device('a')]);
    const shown = identifierHomes(workspace.state, workspace.ownerOf(user('u'))!).map(({ identifier }) => identifier);
    expect(shown).toEqual([user('u'), email('1'), device('a')]);
  });
});

describe('limits in windows of time, whatever comes', () => {
  const TYPES = ['user_id', 'email', 'anonymous_id', 'device_id'];
  const rules = fc
    .array(
      fc.record({
        limit: fc.integer({ min: 1, max: 4 }),
        windowMs: fc.option(fc.constantFrom(3, 10, 40), { nil: undefined }),
      }),
      { minLength: 6, maxLength: 6 },
    )
    .map((limits) => {
      const { types, ...rest } = withLimit(1);
      return compileRules({ ...rest, types: types.map((type, index) => ({ ...type, ...limits[index] })) }, NO_CAPS);
    });
  const identifier = fc.record({
    type: fc.constantFrom(...TYPES),
    value: fc.constantFrom(...Array.from({ length: 12 }, (_, index) => `v${index}`)),
  });
  const step = fc.record({
    identifiers: fc.array(identifier, { minLength: 1, maxLength: 4 }),
    passes: fc.integer({ min: 0, max: 6 }),
  });

  it('no profile has ever gained more of a type than it may within the window that ends now', () => {
    const seen = { refused: 0, waited: 0, merged: 0 };
    fc.assert(
      fc.property(rules, fc.array(step, { maxLength: 60 }), (own, steps) => {
        const workspace = new ResolvedWorkspace(own);
        const linkedAt = new Map<string, number>();
        const refusedOnce = new Set<string>();
        const textOf = ({ type, value }: Identifier): string => `${type}:${value}`;
        for (const { identifiers, passes } of steps) {
          workspace.now += passes;
          const { linked, merges, refused } = workspace.sendEvent({ identifiers });
          for (const each of linked) {
            linkedAt.set(textOf(each), workspace.now);
            if (refusedOnce.has(textOf(each))) seen.waited++;
          }
          for (const each of refused) if (each.hit === 'window') refusedOnce.add(textOf(each.identifier));
          seen.refused += refused.filter(({ hit }) => hit === 'window').length;
          seen.merged += merges.length;
          for (const [ordinal] of workspace.liveProfiles()) {
            const held = workspace.identifiersOf(ordinal);
            for (const [type, { limit, windowMs = Number.POSITIVE_INFINITY }] of own.types) {
              const within = held.filter(
                (text) => text.startsWith(`${type}:`) && linkedAt.get(text)! > workspace.now - windowMs,
              );
              expect(within.length).toBeLessThanOrEqual(limit);
            }
          }
        }
      }),
      { numRuns: 300 },
    );
    // It is about something: windows refused, let the same in later, and merges came in between.
    expect(Math.min(...Object.values(seen))).toBeGreaterThan(10);
  });

  it('that is longer than everything says the same as a limit for ever, but for the reason', () => {
    fc.assert(
      fc.property(rules, fc.array(step, { maxLength: 40 }), (own, steps) => {
        const withWindows = (windowMs: number | undefined): ResolvedWorkspace =>
          new ResolvedWorkspace({
            ...own,
            types: new Map([...own.types].map(([type, rule]) => [type, { ...rule, windowMs }])),
            byName: new Map([...own.byName].map(([type, rule]) => [type, { ...rule, windowMs }])),
          });
        const [windows, ever] = [withWindows(1e9), withWindows(undefined)];
        for (const { identifiers, passes } of steps) {
          windows.now += passes;
          const [left, right] = [windows.sendEvent({ identifiers }), ever.sendEvent({ identifiers })];
          const plain = { ...left, refused: left.refused.map(({ identifier: each }) => each) };
          expect(plain).toEqual({ ...right, refused: right.refused.map(({ identifier: each }) => each) });
        }
      }),
      { numRuns: 150 },
    );
  });
});

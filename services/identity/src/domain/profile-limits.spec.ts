import type { Identifier } from '@attrium/event';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { device, email, NO_CAPS, ResolvedWorkspace, user, withLimit } from '../../test/resolved-workspace.js';
import { compileRules, DEFAULT_RULES, IDENTITY_CAPS, type IdentityRules } from './rules.js';

const TYPES = ['user_id', 'email', 'anonymous_id', 'device_id', 'loyalty_no'];
const countsOf = (identifiers: readonly Identifier[]): Map<string, number> => {
  const counts = new Map<string, number>();
  for (const { type } of identifiers) counts.set(type, (counts.get(type) ?? 0) + 1);
  return counts;
};

const rules = fc
  .record({
    limits: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 6, maxLength: 7 }),
    identifiersPerProfileMax: fc.integer({ min: 1, max: 12 }),
    mergesPerProfileMax: fc.integer({ min: 0, max: 4 }),
  })
  .map(({ limits, ...caps }): IdentityRules => {
    const { types, ...rest } = withLimit(1, limits.length > 6 ? ['loyalty_no'] : []);
    const limited = types.map((type, index) => ({ ...type, limit: limits[index]! }));
    return compileRules({ ...rest, types: limited }, { ...NO_CAPS, ...caps });
  });
const identifier = fc.record({
  type: fc.constantFrom(...TYPES),
  value: fc.constantFrom('1', '2', '3', '4', '5', '6', '7', '8'),
});
const sent = fc.record({
  identifiers: fc.array(identifier, { minLength: 1, maxLength: 5 }),
  previous: fc.option(
    fc.record({ type: fc.constantFrom('previous_id', 'anonymous_id'), value: fc.constantFrom('1', '9') }),
    {
      nil: undefined,
      freq: 4,
    },
  ),
});
const sendTo = (workspace: ResolvedWorkspace, event: typeof sent extends fc.Arbitrary<infer E> ? E : never): void => {
  const known = event.identifiers.filter(({ type }) => workspace.rules.types.has(type));
  if (known.length === 0) return;
  workspace.sendEvent({ ...event, type: event.previous === undefined ? 'track' : 'alias' });
};

describe('limits and caps', () => {
  it('are never exceeded by any profile, whatever comes', () => {
    fc.assert(
      fc.property(rules, fc.array(sent, { maxLength: 60 }), (own, events) => {
        const workspace = new ResolvedWorkspace(own);
        for (const event of events) sendTo(workspace, event);
        for (const [, { identifiers, merges }] of workspace.liveProfiles()) {
          expect(identifiers.length).toBeLessThanOrEqual(own.caps.identifiersPerProfileMax);
          expect(merges).toBeLessThanOrEqual(own.caps.mergesPerProfileMax);
          for (const [type, count] of countsOf(identifiers))
            expect(count).toBeLessThanOrEqual(own.types.get(type)!.limit);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('that are lowered take nothing away, and let a profile gain nothing of a type that it has too many of', () => {
    fc.assert(
      fc.property(
        rules,
        rules,
        fc.array(sent, { maxLength: 40 }),
        fc.array(sent, { maxLength: 20 }),
        (first, then, before, after) => {
          const workspace = new ResolvedWorkspace(first);
          for (const event of before) sendTo(workspace, event);
          workspace.rules = { ...then, caps: NO_CAPS };
          for (const event of after) {
            const known = [...workspace.profiles].map(
              ([ordinal, row]) => [ordinal, countsOf(row.identifiers)] as const,
            );
            const live = new Map(
              known.filter(([ordinal]) => workspace.profiles.get(ordinal)!.mergedInto === undefined),
            );
            sendTo(workspace, event);
            for (const [ordinal, row] of workspace.liveProfiles()) {
              const parts = [...live].filter(
                ([part]) => part === ordinal || workspace.profiles.get(part)!.mergedInto === ordinal,
              );
              for (const [type, count] of countsOf(row.identifiers)) {
                const most = Math.max(0, ...parts.map(([, counts]) => counts.get(type) ?? 0));
                const limit = then.types.get(type)?.limit ?? Number.POSITIVE_INFINITY;
                expect(count).toBeLessThanOrEqual(Math.max(limit, most));
              }
            }
          }
          for (const [ordinal, { identifiers }] of workspace.liveProfiles()) {
            for (const held of identifiers) expect(workspace.ownerOf(held)).toBe(ordinal);
          }
        },
      ),
      { numRuns: 200 },
    );
  });

  it('of a type that has left the rules keep no profiles apart', () => {
    const workspace = new ResolvedWorkspace(compileRules(withLimit(2, ['loyalty_no'])));
    const card = (value: string): Identifier => ({ type: 'loyalty_no', value });
    workspace.send(email('a'), card('1'), card('2'));
    workspace.send(email('b'), card('3'), card('4'));
    workspace.rules = compileRules(withLimit(2));
    expect(workspace.send(email('a'), email('b')).merges).toHaveLength(1);
  });
});

describe('a merge storm', () => {
  /** Rows that one event may look at: two or three for each identifier, and the way to a survivor. */
  const READS_PER_EVENT_MAX = 120;

  it.each([
    ['the default limits', DEFAULT_RULES],
    ['the highest limits', compileRules(withLimit(1_000))],
  ])('of 10,000 anonymous ids that log in as one user is bounded by %s, and others go on', (_name, own) => {
    const workspace = new ResolvedWorkspace(own);
    const refused = new Map<string, number>();
    for (let index = 0; index < 10_000; index++) {
      workspace.send(device(`a${index}`));
      const before = workspace.reads;
      const decision = workspace.send(user('u'), device(`a${index}`));
      expect(workspace.reads - before).toBeLessThan(READS_PER_EVENT_MAX);
      expect(decision.merges.length + decision.linked.length).toBeLessThanOrEqual(2);
      for (const { hit } of decision.refused) refused.set(hit!, (refused.get(hit!) ?? 0) + 1);
      if (index % 1_000 === 0) expect(workspace.send(user(`other-${index}`)).created).toBe(true);
    }
    const held = workspace.profiles.get(workspace.ownerOf(user('u'))!)!;
    expect(held.merges).toBeLessThanOrEqual(IDENTITY_CAPS.mergesPerProfileMax);
    expect(held.identifiers.length).toBeLessThanOrEqual(IDENTITY_CAPS.identifiersPerProfileMax);
    // The first login links the user; each that follows merges, until the limit says no.
    const taken = own === DEFAULT_RULES ? 5 : IDENTITY_CAPS.mergesPerProfileMax + 1;
    expect(held.identifiers).toHaveLength(taken + 1);
    expect([...refused]).toEqual([[own === DEFAULT_RULES ? 'values' : 'merges', 10_000 - taken]]);
  });

  it('of new identifiers ends at the cap of a profile', () => {
    const workspace = new ResolvedWorkspace(compileRules(withLimit(1_000)));
    for (let index = 0; index < 5_000; index++) {
      const before = workspace.reads;
      workspace.send(user('u'), device(`a${index}`), email(`e${index}`));
      expect(workspace.reads - before).toBeLessThan(READS_PER_EVENT_MAX);
    }
    expect(workspace.identifiersOf(workspace.ownerOf(user('u'))!)).toHaveLength(1_000);
  });

  it('of 1,000 users on one device keeps 1,000 profiles, and the device with the first', () => {
    const workspace = new ResolvedWorkspace();
    const tablet: Identifier = { type: 'device_id', value: 'tablet' };
    for (let index = 0; index < 1_000; index++) {
      const before = workspace.reads;
      const decision = workspace.send(user(`u${index}`), device(`a${index}`), tablet);
      expect(workspace.reads - before).toBeLessThan(READS_PER_EVENT_MAX);
      expect(decision.created).toBe(true);
      expect(decision.refused.map(({ hit }) => hit)).toEqual(index === 0 ? [] : ['values']);
    }
    expect(workspace.liveProfiles()).toHaveLength(1_000);
    expect(workspace.ownerOf(tablet)).toBe(workspace.ownerOf(user('u0')));
  });

  it('of a chain of merges leaves every old profile a short way to the live one', () => {
    const workspace = new ResolvedWorkspace(compileRules(withLimit(1_000)));
    const devices = Array.from({ length: 400 }, (_, index) => device(`a${index}`));
    for (const each of devices) workspace.send(each);
    for (let index = devices.length - 1; index > 0; index--) workspace.send(devices[index]!, devices[index - 1]!);
    for (const each of devices) {
      const before = workspace.reads;
      workspace.ownerOf(each);
      expect(workspace.reads - before).toBeLessThan(READS_PER_EVENT_MAX);
    }
  });
});

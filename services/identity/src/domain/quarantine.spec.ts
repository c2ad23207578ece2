import type { Identifier } from '@attrium/event';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { device, email, NO_CAPS, ResolvedWorkspace, user, withLimit } from '../../test/resolved-workspace.js';
import { quarantineEntryAt, quarantineListOf } from './quarantine-rows.js';
import type { QuarantineEntry } from './quarantine-state.js';
import { compileRules, DEFAULT_RULES, type IdentityRules } from './rules.js';

const DAY_MS = 86_400_000;
const office = email('office@example.com');
const whys = ({ refused }: { refused: readonly { why: string; identifier: Identifier }[] }): string[] =>
  refused.map(({ why, identifier }) => `${identifier.value} ${why}`);

/** Many values of each type; merges beyond so many within the window are held. */
function holding(merges: number, windowMs = DAY_MS, caps: Partial<IdentityRules['caps']> = {}): IdentityRules {
  return compileRules({ ...withLimit(1_000), quarantine: { merges, windowMs } }, { ...NO_CAPS, ...caps });
}

/** People who are first seen by their device, and then give one and the same email. */
function storm(workspace: ResolvedWorkspace, from: number, to: number) {
  return Array.from({ length: to - from }, (_, index) => {
    workspace.send(device(`a${from + index}`));
    return workspace.send(office, device(`a${from + index}`));
  });
}

function entryOf(workspace: ResolvedWorkspace, identifier: Identifier): QuarantineEntry | undefined {
  const { quarantine } = workspace.identifiers.get(`w/${identifier.type}/${identifier.value}`) ?? {};
  return quarantine === undefined ? undefined : quarantineEntryAt(workspace.state, 'w', quarantine);
}

describe('the quarantine of merges', () => {
  it('holds what would merge more into one profile than the threshold, and the event goes where it would without', () => {
    const workspace = new ResolvedWorkspace(holding(3));
    const before = storm(workspace, 0, 4);
    expect(before.map(({ merges }) => merges.length)).toEqual([0, 1, 1, 1]);
    workspace.send(device('late'));
    const held = workspace.send(office, device('late'), user('late'));
    expect(held.merges).toEqual([]);
    expect(whys(held)).toEqual(['office@example.com quarantined']);
    expect(held.linked).toEqual([user('late')]);
    expect(held.entity.ordinal).toBe(workspace.ownerOf(device('late')));
    expect(held.held).toMatchObject([{ identifier: office, merges: 3, entry: 1, isNew: true }]);
    expect(entryOf(workspace, office)).toMatchObject({ status: 'held', events: 1, profiles: [held.entity.ordinal] });
  });

  it('holds by the identifiers of the profile that had the most merges, whatever their priority', () => {
    const workspace = new ResolvedWorkspace(holding(2));
    const tablet = { type: 'device_id', value: 'tablet' };
    workspace.send(tablet);
    for (const name of ['1', '2', '3']) {
      workspace.send(user(name));
      workspace.send(user(name), tablet);
    }
    // The last of the three is held already.
    expect(workspace.ownerOf(user('3'))).not.toBe(workspace.ownerOf(tablet));
    expect(entryOf(workspace, tablet)?.status).toBe('held');
    expect(entryOf(workspace, user('3'))).toBeUndefined();
    expect(workspace.send(user('4'), tablet)).toMatchObject({ created: false, linked: [user('4')] });
  });

  it('holds merges only: the identifier still finds its profile, and new ones are linked to it', () => {
    const workspace = new ResolvedWorkspace(holding(1));
    storm(workspace, 0, 3);
    const owner = workspace.ownerOf(office)!;
    expect(workspace.send(office).entity.ordinal).toBe(owner);
    expect(workspace.send(office, device('new'))).toMatchObject({ linked: [device('new')], refused: [] });
  });

  it('goes on holding after the window, until somebody decides', () => {
    const workspace = new ResolvedWorkspace(holding(1));
    storm(workspace, 0, 3);
    workspace.now += 10 * DAY_MS;
    expect(storm(workspace, 3, 4)[0]!.merges).toEqual([]);
    expect(entryOf(workspace, office)).toMatchObject({ events: 2, heldAt: 6, lastAt: workspace.now });
  });

  it('forgets merges that are outside of the window', () => {
    const workspace = new ResolvedWorkspace(holding(1, 100));
    storm(workspace, 0, 2);
    workspace.now += 100;
    expect(storm(workspace, 2, 3)[0]!.merges).toHaveLength(1);
    expect(storm(workspace, 3, 4)[0]!.merges).toEqual([]);
  });

  it('counts the merges of both that become one', () => {
    const workspace = new ResolvedWorkspace(holding(3));
    for (const group of ['x', 'y']) {
      for (const name of ['1', '2']) workspace.send(device(`${group}${name}`));
      workspace.send(user(group), device(`${group}1`), device(`${group}2`));
    }
    expect(workspace.send(user('x'), user('y')).merges).toHaveLength(1);
    workspace.send(device('z'));
    expect(whys(workspace.send(user('x'), device('z')))).toEqual(['x quarantined']);
  });

  it('is not for a workspace that has switched it off, which merges from then on by what was held', () => {
    const workspace = new ResolvedWorkspace(holding(1));
    storm(workspace, 0, 3);
    workspace.rules = { ...workspace.rules, quarantine: undefined };
    expect(storm(workspace, 3, 9).every(({ merges }) => merges.length === 1)).toBe(true);
    expect(entryOf(workspace, office)).toMatchObject({ status: 'held', events: 1 });
  });

  it('stays out of the way of limits: with the defaults they are hit long before', () => {
    const workspace = new ResolvedWorkspace(DEFAULT_RULES);
    const refused = storm(workspace, 0, 50).flatMap(whys);
    expect(new Set(refused.map((why) => why.split(' ')[1]))).toEqual(new Set(['limit']));
  });

  it('leaves an event with nothing but held identifiers to the first of them', () => {
    const workspace = new ResolvedWorkspace(holding(1));
    storm(workspace, 0, 3);
    for (const name of ['1', '2', '3']) {
      workspace.send(device(`b${name}`));
      workspace.send(user('u'), device(`b${name}`));
    }
    expect(entryOf(workspace, user('u'))?.status).toBe('held');
    const decision = workspace.send(office, user('u'));
    expect(decision).toMatchObject({ merges: [], created: false });
    expect(whys(decision)).toEqual(['office@example.com quarantined']);
    expect(decision.entity.ordinal).toBe(workspace.ownerOf(user('u')));
  });
});

describe('a decision about an identifier in quarantine', () => {
  it('that releases it merges what was held, and holds nothing by it again', () => {
    const workspace = new ResolvedWorkspace(holding(1));
    storm(workspace, 0, 6);
    expect(workspace.liveProfiles()).toHaveLength(5);
    const outcome = workspace.decideAbout(office, 'release');
    expect(outcome).toMatchObject({ kind: 'decided', limited: 0, entity: { ordinal: workspace.ownerOf(office) } });
    expect(workspace.liveProfiles()).toHaveLength(1);
    expect(workspace.identifiersOf(workspace.ownerOf(office)!)).toHaveLength(7);
    expect(storm(workspace, 6, 20).every(({ merges }) => merges.length === 1)).toBe(true);
    expect(entryOf(workspace, office)).toMatchObject({ status: 'released', profiles: [], decision: { by: 'ops' } });
    expect(quarantineListOf(workspace.state, 'w')).toMatchObject({ held: [], decided: [1] });
  });

  it('that releases it breaks no limit: what would, stays apart', () => {
    const rules = holding(1, DAY_MS, { mergesPerProfileMax: 3 });
    const workspace = new ResolvedWorkspace(rules);
    storm(workspace, 0, 6);
    expect(workspace.decideAbout(office, 'release')).toMatchObject({ kind: 'decided', limited: 2 });
    expect(workspace.liveProfiles()).toHaveLength(3);
  });

  it('that refuses it leaves it out of every event, for good, and keeps what it has linked', () => {
    const workspace = new ResolvedWorkspace(holding(1));
    storm(workspace, 0, 4);
    const live = workspace.liveProfiles().length;
    expect(workspace.decideAbout(office, 'refuse')).toMatchObject({ kind: 'decided', resolution: { merges: [] } });
    expect(workspace.liveProfiles()).toHaveLength(live);
    workspace.now += 100 * DAY_MS;
    const decision = workspace.send(office, device('new'));
    expect(decision).toMatchObject({ created: true, linked: [device('new')] });
    expect(whys(decision)).toEqual(['office@example.com blocked']);
    expect(() => workspace.send(office)).toThrow('unresolved');
    workspace.rules = { ...workspace.rules, quarantine: undefined };
    expect(whys(workspace.send(office, device('new')))).toEqual(['office@example.com blocked']);
    expect(workspace.ownerOf(office)).toBe(workspace.ownerOf(device('a0')));
  });

  it('can be changed, and changes nothing when it stands already or there is nothing to decide', () => {
    const workspace = new ResolvedWorkspace(holding(1));
    storm(workspace, 0, 4);
    expect(workspace.decideAbout(device('a0'), 'release')).toEqual({ kind: 'unknown' });
    expect(workspace.decideAbout(user('nobody'), 'refuse')).toEqual({ kind: 'unknown' });
    expect(workspace.decideAbout(email(' Office@Example.com'), 'refuse').kind).toBe('decided');
    expect(workspace.decideAbout(office, 'refuse')).toEqual({ kind: 'unchanged' });
    // What was held is forgotten by then: released, it merges from the next event on.
    expect(workspace.decideAbout(office, 'release')).toMatchObject({ resolution: { merges: [] } });
    expect(storm(workspace, 4, 5)[0]!.merges).toHaveLength(1);
    expect(quarantineListOf(workspace.state, 'w')).toMatchObject({ held: [], decided: [1] });
  });
});

describe('the quarantine is bounded', () => {
  it('in identifiers of a workspace: further merges are held without being listed', () => {
    const workspace = new ResolvedWorkspace(holding(1, DAY_MS, { heldPerWorkspaceMax: 2 }));
    for (const name of ['x', 'y', 'z']) {
      for (let index = 0; index < 3; index++) {
        workspace.send(device(`${name}${index}`));
        const { held, merges } = workspace.send(user(name), device(`${name}${index}`));
        expect(merges).toHaveLength(index === 1 ? 1 : 0);
        const entry = { x: 1, y: 2, z: undefined }[name];
        expect(held).toMatchObject(index < 2 ? [] : [{ entry, isNew: entry !== undefined }]);
      }
    }
    expect(quarantineListOf(workspace.state, 'w')).toEqual({ next: 3, held: [1, 2], decided: [], unlisted: 1 });
    workspace.decideAbout(user('x'), 'refuse');
    workspace.send(user('z'), device('z2'));
    expect(quarantineListOf(workspace.state, 'w')).toEqual({ next: 4, held: [2, 3], decided: [1], unlisted: 1 });
  });

  it('in profiles that are remembered, and in decisions', () => {
    const workspace = new ResolvedWorkspace(holding(1, DAY_MS, { profilesPerHeldMax: 2, decidedPerWorkspaceMax: 1 }));
    storm(workspace, 0, 6);
    expect(entryOf(workspace, office)).toMatchObject({ events: 4, unremembered: 2 });
    storm(workspace, 5, 6);
    expect(entryOf(workspace, office)).toMatchObject({ events: 5, unremembered: 3 });
    for (const name of ['1', '2', '3']) {
      workspace.send(device(`b${name}`));
      workspace.send(user('u'), device(`b${name}`));
    }
    expect(workspace.decideAbout(office, 'release').kind).toBe('decided');
    expect(workspace.decideAbout(user('u'), 'refuse')).toEqual({ kind: 'full' });
    expect(workspace.decideAbout(office, 'refuse').kind).toBe('decided');
    expect(entryOf(workspace, user('u'))?.status).toBe('held');
  });

  it('in what one event reads, in a storm of 3,000', () => {
    const workspace = new ResolvedWorkspace(
      compileRules({ ...withLimit(1_000), quarantine: { merges: 10, windowMs: DAY_MS } }),
    );
    let merged = 0;
    for (let index = 0; index < 3_000; index++) {
      workspace.send(device(`a${index}`));
      const before = workspace.reads;
      merged += workspace.send(office, device(`a${index}`)).merges.length;
      expect(workspace.reads - before).toBeLessThan(120);
    }
    expect(merged).toBe(10);
    expect(entryOf(workspace, office)).toMatchObject({ events: 2_989, unremembered: 2_889 });
    expect(quarantineListOf(workspace.state, 'w').held).toEqual([1]);
  });
});

describe('the quarantine, whatever comes', () => {
  const identifier = fc.record({
    type: fc.constantFrom('user_id', 'email', 'anonymous_id'),
    value: fc.constantFrom(...Array.from({ length: 12 }, (_, index) => `v${index}`)),
  });
  const step = fc.oneof(
    {
      weight: 8,
      arbitrary: fc.record({
        // Mostly one: so that there are profiles to merge.
        identifiers: fc.oneof(fc.tuple(identifier), fc.array(identifier, { minLength: 2, maxLength: 3 })),
        passes: fc.nat(8),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ pick: fc.nat(5), decision: fc.constantFrom('release' as const, 'refuse' as const) }),
    },
  );
  const rules = fc.record({ merges: fc.integer({ min: 1, max: 3 }), windowMs: fc.constantFrom(5, 20, 1_000) });

  /** Merges into each living profile by their log times, told from outside. */
  class MergeTimes {
    private readonly times = new Map<number, number[]>();

    note(survivor: number, losers: readonly number[], now: number): void {
      const all = [survivor, ...losers].flatMap((ordinal) => this.times.get(ordinal) ?? []);
      this.times.set(survivor, [...all, ...losers.map(() => now)]);
      for (const loser of losers) this.times.delete(loser);
    }

    /** The most within any window that ends now. */
    most(windowMs: number, now: number): number {
      return Math.max(0, ...[...this.times.values()].map((all) => all.filter((at) => at > now - windowMs).length));
    }
  }

  it('no profile gets more merges within a window than the threshold, while nobody releases anything', () => {
    const seen = { held: 0, merged: 0, refused: 0 };
    fc.assert(
      fc.property(rules, fc.array(step, { maxLength: 80, size: 'max' }), (quarantine, steps) => {
        const workspace = new ResolvedWorkspace(holding(quarantine.merges, quarantine.windowMs));
        const times = new MergeTimes();
        for (const each of steps) {
          if ('decision' in each) {
            if (decidedAbout(workspace, each.pick, 'refuse')) seen.refused++;
            continue;
          }
          workspace.now += each.passes;
          const decision = resolved(workspace, each.identifiers);
          if (decision === undefined) continue;
          times.note(
            decision.entity.ordinal,
            decision.merges.map(({ loser }) => loser.ordinal),
            workspace.now,
          );
          seen.held += decision.held.length;
          seen.merged += decision.merges.length;
          expect(times.most(quarantine.windowMs, workspace.now)).toBeLessThanOrEqual(quarantine.merges);
        }
      }),
      { numRuns: 300 },
    );
    expect(Object.entries(seen).filter(([, count]) => count <= 10)).toEqual([]);
  });

  it('the lists, the entries and the rows of identifiers tell the same', () => {
    fc.assert(
      fc.property(rules, fc.array(step, { maxLength: 80, size: 'max' }), (quarantine, steps) => {
        const caps = { heldPerWorkspaceMax: 2, profilesPerHeldMax: 2, decidedPerWorkspaceMax: 2 };
        const workspace = new ResolvedWorkspace(holding(quarantine.merges, quarantine.windowMs, caps));
        for (const each of steps) {
          if ('decision' in each) decidedAbout(workspace, each.pick, each.decision);
          else resolved(workspace, each.identifiers);
          const { held, decided, next } = quarantineListOf(workspace.state, 'w');
          expect(held.length).toBeLessThanOrEqual(2);
          expect(decided.length).toBeLessThanOrEqual(2);
          expect([...held, ...decided].sort((a, b) => a - b)).toEqual(
            Array.from({ length: next - 1 }, (_, index) => index + 1),
          );
          for (const list of [held, decided]) expect([...list].sort((a, b) => a - b)).toEqual(list);
          for (const number of [...held, ...decided]) {
            const entry = quarantineEntryAt(workspace.state, 'w', number);
            expect(entry.status === 'held').toBe(held.includes(number));
            expect(entryOf(workspace, entry.identifier)).toBe(entry);
            expect(entry.profiles.length).toBeLessThanOrEqual(2);
          }
        }
      }),
      { numRuns: 60 },
    );
  });

  /** About one of those in quarantine, if there is any. */
  function decidedAbout(workspace: ResolvedWorkspace, pick: number, decision: 'release' | 'refuse'): boolean {
    const { next } = quarantineListOf(workspace.state, 'w');
    if (next === 1) return false;
    const { identifier: about } = quarantineEntryAt(workspace.state, 'w', (pick % (next - 1)) + 1);
    return workspace.decideAbout(about, decision).kind === 'decided';
  }

  function resolved(workspace: ResolvedWorkspace, identifiers: readonly Identifier[]) {
    try {
      return workspace.sendEvent({ identifiers });
    } catch (error) {
      // All of them were refused for good.
      if ((error as Error).message === 'unresolved') return undefined;
      throw error;
    }
  }
});

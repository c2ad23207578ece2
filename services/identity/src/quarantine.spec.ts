import { type Event, type Identifier, type LogRecord, partitionOf, type QuarantineDecision } from '@attrium/event';
import { type Emitted, type StageHarness, stageHarness } from '@attrium/testing';
import { describe, expect, it } from '@jest/globals';
import { IDENTITY_CAPS } from './domain/rules.js';
import { createIdentityBinding, type Occurrence } from './stage.js';

const HOUR_MS = 3_600_000;
const PARTITIONS = 8;
const device = (value: string): Identifier => ({ type: 'anonymous_id', value });
const office: Identifier = { type: 'email', value: 'office@example.com' };
const kinds = (emitted: Emitted[]): string[] => emitted.map(({ fact }) => fact.kind);
const factsOf = <K extends LogRecord['kind']>(emitted: Emitted[], kind: K) =>
  emitted.flatMap(({ fact, partition }) =>
    fact.kind === kind ? [{ ...(fact as Extract<LogRecord, { kind: K }>), partition }] : [],
  );

const IDENTITY = {
  types: [
    { name: 'email', limit: 100 },
    { name: 'anonymous_id', limit: 100 },
  ],
  quarantine: { merges: 1, within: '1h' },
};

/** A workspace whose people are first seen by their device, and then give one and the same email. */
class Workspace {
  readonly harness: StageHarness;
  readonly seen: Occurrence[] = [];
  now = 1;
  private events = 0;
  private revision = 0;

  constructor(options: Parameters<typeof createIdentityBinding>[0] = {}) {
    const binding = createIdentityBinding({ ...options, observe: (occurrence) => this.seen.push(occurrence) });
    this.harness = stageHarness(binding, { partitions: PARTITIONS });
    this.activate(IDENTITY);
  }

  activate(identity: object): void {
    const catalogue = new TextEncoder().encode(JSON.stringify({ identity }));
    const head = { kind: 'catalogue-activated', id: 'c', workspace: 'w', author: 'a', activatedAt: 0 } as const;
    this.harness.read({ ...head, revision: ++this.revision, catalogue }, this.now);
  }

  send(...identifiers: Identifier[]): Emitted[] {
    const event: Event = {
      kind: 'event',
      id: `m${++this.events}`,
      workspace: 'w',
      source: 's',
      type: 'group',
      name: 'group',
      groupId: `g${this.events}`,
      occurredAt: 7,
      receivedAt: 8,
      identifiers,
      payload: new TextEncoder().encode('{}'),
    };
    return this.harness.read(event, ++this.now);
  }

  share(name: string): Emitted[] {
    this.send(device(name));
    return this.send(office, device(name));
  }

  decide(identifier: Identifier, decision: QuarantineDecision, decidedAt = this.now): Emitted[] {
    const head = { kind: 'quarantine-decided', id: `d${++this.now}`, workspace: 'w' } as const;
    return this.harness.read({ ...head, identifier, decision, author: 'ops', decidedAt }, this.now);
  }

  erase(identifier: Identifier): void {
    const head = { kind: 'erasure-requested', id: `r${++this.now}`, workspace: 'w' } as const;
    this.harness.read({ ...head, identifier, author: 'ops', requestedAt: this.now }, this.now);
  }

  list(status: string, page: object = {}) {
    const question = { kind: 'quarantine', workspace: 'w', status, after: 0, limit: 10, ...page };
    return this.harness.answer(question) as {
      entries: { identifier: Identifier; profileId: string; profileIds: string[]; events: number }[];
      next?: number;
      held: number;
      decided: number;
      unlisted: number;
    };
  }

  profileOf(identifier: Identifier): string {
    const question = { kind: 'resolve', workspace: 'w', identifier };
    return (this.harness.answer(question) as { profileId: string }).profileId;
  }
}

describe('identity with a quarantine', () => {
  it('has nothing of an identifier whose profile was erased, held or decided about', () => {
    for (const decision of [undefined, 'release', 'refuse'] as const) {
      const workspace = new Workspace();
      for (const name of ['a', 'b', 'c']) workspace.share(name);
      if (decision !== undefined) workspace.decide(office, decision);
      workspace.erase(device('a'));
      for (const status of ['held', 'released', 'refused']) {
        expect(workspace.list(status)).toMatchObject({ entries: [], held: 0, decided: 0 });
      }
      expect(workspace.harness.dump()).not.toContain(office.value);
      expect(workspace.decide(office, 'release')).toEqual([]);
      // Who comes with it is somebody new, of whom nothing is held.
      expect(kinds(workspace.send(office, device('z')))).not.toContain('identifier-refused');
    }
  });

  it('merges nobody by a release who was erased meanwhile, and shows them no more', () => {
    const workspace = new Workspace();
    for (const name of ['a', 'b', 'c', 'd']) workspace.share(name);
    const left = workspace.profileOf(device('d'));
    expect(workspace.list('held').entries[0]!.profileIds).toHaveLength(2);
    workspace.erase(device('c'));
    workspace.harness.restart();
    expect(workspace.list('held').entries[0]!.profileIds).toEqual([left]);
    const released = workspace.decide(office, 'release');
    expect(factsOf(released, 'profiles-merged').map(({ loser }) => loser.id)).toContain(left);
    expect(factsOf(released, 'quarantine-ended')[0]).toMatchObject({ merged: 1, limited: 0 });
    expect(workspace.profileOf(device('d'))).toBe(workspace.profileOf(office));
  });

  it('says once that merges by an identifier are held, and of each event that it was left out', () => {
    const workspace = new Workspace();
    workspace.share('a');
    expect(kinds(workspace.share('b'))).toContain('profiles-merged');
    const first = workspace.share('c');
    expect(kinds(first).filter((kind) => !kind.includes('account'))).toEqual([
      'identifier-quarantined',
      'identifier-refused',
      'event-resolved',
      'event-resolved',
    ]);
    const profileId = workspace.profileOf(office);
    expect(factsOf(first, 'identifier-quarantined')).toMatchObject([
      { entity: { id: profileId }, partition: partitionOf(profileId, PARTITIONS), identifier: office, merges: 1 },
    ]);
    const own = workspace.profileOf(device('c'));
    expect(factsOf(first, 'identifier-refused')).toMatchObject([
      { why: 'quarantined', identifier: office, entity: { id: own }, partition: partitionOf(own, PARTITIONS) },
    ]);
    expect(factsOf(first, 'event-resolved')[0]).toMatchObject({ entity: { id: own }, origin: own });
    const second = workspace.share('d');
    expect(kinds(second)).not.toContain('identifier-quarantined');
    expect(factsOf(second, 'identifier-refused')).toMatchObject([{ why: 'quarantined' }]);
    expect(workspace.seen.filter(({ kind }) => kind === 'merge-held')).toEqual([
      { kind: 'merge-held', isNew: true, listed: true },
      { kind: 'merge-held', isNew: false, listed: true },
    ]);
  });

  it('merges on a release what was held, with all that a merge does, and says what came of it', () => {
    const workspace = new Workspace();
    for (const name of ['a', 'b', 'c', 'd']) workspace.share(name);
    const [survivor, ...others] = ['a', 'c', 'd'].map((name) => workspace.profileOf(device(name)));
    const emitted = workspace.decide(office, 'release');
    const merges = factsOf(emitted, 'profiles-merged');
    expect(new Set(merges.map(({ loser }) => loser.id))).toEqual(new Set(others));
    for (const { loser, survivor: kept, cause, mergeId } of merges) {
      expect({ kept: kept.id, cause, mergeId }).toEqual({
        kept: survivor,
        cause: `d${workspace.now}`,
        mergeId: `m:${loser.id}:1`,
      });
      const partitions = merges.filter((each) => each.loser.id === loser.id).map(({ partition }) => partition);
      expect(new Set(partitions)).toEqual(new Set([kept.id, loser.id].map((id) => partitionOf(id, PARTITIONS))));
    }
    // Each of the two had been seen twice with a group.
    expect(new Set(factsOf(emitted, 'account-linked').map(({ account }) => account.id)).size).toBe(4);
    expect(factsOf(emitted, 'quarantine-ended')).toMatchObject([
      {
        ...{ entity: { id: survivor }, partition: partitionOf(survivor!, PARTITIONS), identifier: office },
        ...{ decision: 'release', author: 'ops', merged: 2, limited: 0, cause: `d${workspace.now}` },
      },
    ]);
    expect(kinds(workspace.share('e'))).toContain('profiles-merged');
    expect(workspace.decide(office, 'release')).toEqual([]);
    expect(workspace.seen.filter(({ kind }) => kind === 'quarantine-decided')).toEqual([
      { kind: 'quarantine-decided', outcome: 'released' },
      { kind: 'quarantine-decided', outcome: 'unchanged' },
    ]);
  });

  it('blocks on a refusal for good, and says so of each event', () => {
    const workspace = new Workspace();
    for (const name of ['a', 'b', 'c']) workspace.share(name);
    expect(kinds(workspace.decide(office, 'refuse'))).toEqual(['quarantine-ended']);
    workspace.now += 100 * HOUR_MS;
    workspace.activate({ ...IDENTITY, quarantine: 'off' });
    expect(factsOf(workspace.share('d'), 'identifier-refused')).toMatchObject([{ why: 'blocked', identifier: office }]);
    const alone = workspace.send(office);
    expect(kinds(alone)).toEqual(['identifier-refused']);
  });

  it('is never of a time that the log has not come to', () => {
    const workspace = new Workspace();
    for (const name of ['a', 'b', 'c']) workspace.share(name);
    const emitted = workspace.decide(office, 'release', workspace.now + 100 * HOUR_MS);
    for (const { fact } of emitted) expect(fact).toMatchObject({ occurredAt: workspace.now });
  });

  it('decides about nothing that is not there', () => {
    const workspace = new Workspace();
    workspace.share('a');
    for (const identifier of [office, device('none'), { type: 'phone', value: 'call me' }]) {
      expect(workspace.decide(identifier, 'release')).toEqual([]);
    }
    expect(workspace.seen.filter(({ kind }) => kind === 'quarantine-decided')).toHaveLength(3);
  });

  it('answers who is held, page by page, and the same after a restart', () => {
    const workspace = new Workspace({ caps: { ...IDENTITY_CAPS, decidedPerWorkspaceMax: 1 } });
    const shared = ['x', 'y', 'z'].map((value): Identifier => ({ type: 'email', value: `${value}@example.com` }));
    for (const identifier of shared) {
      for (const name of ['1', '2', '3']) {
        workspace.send(device(`${identifier.value}${name}`));
        workspace.send(identifier, device(`${identifier.value}${name}`));
      }
    }
    const before = workspace.list('held');
    workspace.harness.restart();
    expect(workspace.list('held')).toEqual(before);
    expect(before).toMatchObject({ held: 3, decided: 0, unlisted: 0 });
    expect(before.entries.map(({ identifier }) => identifier)).toEqual(shared);
    expect(before.entries[0]).toEqual({
      identifier: shared[0],
      status: 'held',
      profileId: workspace.profileOf(shared[0]!),
      heldAt: 7,
      lastAt: 7,
      events: 1,
      profileIds: [workspace.profileOf(device(`${shared[0]!.value}3`))],
      unremembered: 0,
    });
    const first = workspace.list('held', { limit: 2 });
    expect([first.entries.length, first.next]).toEqual([2, 2]);
    const rest = workspace.list('held', { after: first.next });
    expect(rest.entries.map(({ identifier }) => identifier)).toEqual([shared[2]]);
    expect(rest.next).toBeUndefined();
    workspace.decide(shared[1]!, 'refuse');
    expect(workspace.list('refused').entries).toMatchObject([
      { identifier: shared[1], decidedBy: 'ops', profileIds: [] },
    ]);
    expect(workspace.list('released').entries).toEqual([]);
    const one = (identifier: Identifier) =>
      workspace.harness.answer({ kind: 'quarantined', workspace: 'w', identifier });
    expect(one({ type: 'email', value: ' X@example.com' })).toMatchObject({ status: 'held', decidable: false });
    expect(one(shared[1]!)).toMatchObject({ status: 'refused', decidable: true });
    expect(one(device('nobody'))).toBeNull();
    expect(workspace.decide(shared[0]!, 'release')).toEqual([]);
    expect(workspace.seen.at(-1)).toEqual({ kind: 'quarantine-decided', outcome: 'full' });
  });

  it('refuses what is no question about it', () => {
    const { harness } = new Workspace();
    for (const more of [{ status: 'lost' }, { status: 'held', after: -1 }, { status: 'held', limit: 'few' }]) {
      const question = { kind: 'quarantine', workspace: 'w', after: 0, limit: 10, ...more };
      expect(() => harness.answer(question)).toThrow('cannot answer');
    }
  });
});

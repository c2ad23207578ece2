import { type Event, type Identifier, type LogRecord, partitionOf } from '@attrium/event';
import { type Emitted, type StageHarness, stageHarness } from '@attrium/testing';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { InvalidQuestionError } from './errors.js';
import { createIdentityBinding, identityBinding, type Occurrence } from './stage.js';

const HOUR = 3_600_000;
const user = (value: string): Identifier => ({ type: 'user_id', value });
const email = (value: string): Identifier => ({ type: 'email', value });
const device = (value: string): Identifier => ({ type: 'anonymous_id', value });
const event = (id: string, identifiers: readonly Identifier[], over: Partial<Event> = {}): Event => ({
  kind: 'event',
  id,
  workspace: 'w',
  source: 's',
  type: 'track',
  name: 'Seen',
  occurredAt: 7,
  receivedAt: 8,
  identifiers,
  payload: new TextEncoder().encode('{}'),
  ...over,
});
const kinds = (emitted: Emitted[]): string[] => emitted.map(({ fact }) => fact.kind);
const resolvedIn = (emitted: Emitted[]) => {
  const last = emitted[emitted.length - 1]!;
  if (last.fact.kind !== 'event-resolved') throw new Error('not resolved');
  return { ...last.fact, partition: last.partition };
};
const resolve = (harness: StageHarness, identifier: Identifier, workspace = 'w') =>
  harness.answer({ kind: 'resolve', workspace, identifier }) as { profileId: string; partition: number } | null;

describe('identity', () => {
  it('emits what was created and linked before the resolved event, into the partition of the profile', () => {
    const harness = stageHarness(identityBinding, { partitions: 16 });
    const sent = event('m1', [user('u'), device('a')]);
    const emitted = harness.read(sent, 10);
    expect(kinds(emitted)).toEqual(['profile-created', 'identifier-linked', 'identifier-linked', 'event-resolved']);
    const { entity, event: passed, partition } = resolvedIn(emitted);
    expect(passed).toBe(sent);
    expect(new Set(emitted.map((each) => each.partition))).toEqual(new Set([partition]));
    expect(partition).toBe(partitionOf(entity.id, 16));
    expect(emitted[0]!.fact).toMatchObject({ entity, cause: 'm1', occurredAt: 7 });
  });

  it('emits a merge into the partitions of both profiles, once if they are one, then the event for the survivor', () => {
    for (const partitions of [1, 64]) {
      const harness = stageHarness(identityBinding, { partitions });
      const survivor = resolvedIn(harness.read(event('m1', [device('a')]), 1)).entity;
      const loser = resolvedIn(harness.read(event('m2', [user('u')]), 2)).entity;
      const emitted = harness.read(event('m3', [user('u'), device('a')]), 3);
      const merges = emitted.filter(({ fact }) => fact.kind === 'profiles-merged');
      const expected = [...new Set([survivor.id, loser.id].map((id) => partitionOf(id, partitions)))];
      expect(merges.map(({ partition }) => partition)).toEqual(expected);
      for (const { fact } of merges) {
        expect(fact).toMatchObject({
          mergeId: `m:${loser.id}:1`,
          survivor,
          loser,
          identifiers: [user('u')],
          cause: 'm3',
        });
      }
      expect(kinds(emitted)).toEqual([...merges.map(() => 'profiles-merged'), 'event-resolved']);
      expect(resolvedIn(emitted)).toMatchObject({ entity: survivor, origin: loser.id });
    }
  });

  it('an alias links, and an alias to itself is only an event', () => {
    const harness = stageHarness(identityBinding);
    const { entity } = resolvedIn(harness.read(event('m1', [device('a')]), 1));
    const alias = { type: 'alias', previous: { type: 'previous_id', value: 'a' } } as const;
    const emitted = harness.read(event('m2', [user('u')], alias), 2);
    expect(kinds(emitted)).toEqual(['identifier-linked', 'event-resolved']);
    expect(resolvedIn(emitted).entity).toEqual(entity);
    const self = event('m3', [user('u')], { type: 'alias', previous: { type: 'previous_id', value: 'u' } });
    expect(kinds(harness.read(self, 3))).toEqual(['event-resolved']);
  });

  it('an alias that comes late joins what was apart until then, also through an id that is no type', () => {
    for (const previous of [device('a'), { type: 'previous_id', value: 'a' }, { type: 'previous_id', value: 'old' }]) {
      const harness = stageHarness(identityBinding);
      harness.read(event('m0', [user('old')]), 1);
      const visitor = resolvedIn(harness.read(event('m1', [device('a')]), 1)).entity;
      const buyer = resolvedIn(harness.read(event('m2', [email('ann@x')]), 2)).entity;
      const emitted = harness.read(event('m3', [email('ann@x')], { type: 'alias', previous }), 3);
      const survivor = previous.value === 'old' ? resolve(harness, user('old'))!.profileId : visitor.id;
      const merged = emitted.flatMap(({ fact }) => (fact.kind === 'profiles-merged' ? [fact] : []));
      expect(merged.map(({ survivor: kept, loser }) => [kept.id, loser.id])).toContainEqual([survivor, buyer.id]);
      expect(resolvedIn(emitted)).toMatchObject({ entity: { id: survivor }, origin: buyer.id });
    }
  });

  it('an event whose identifiers are all blocked creates no profile and is observed', () => {
    const seen: Occurrence[] = [];
    const harness = stageHarness(createIdentityBinding({ observe: (occurrence) => seen.push(occurrence) }));
    const emitted = harness.read(event('m1', [user('null'), device('0000')]), 1);
    expect(kinds(emitted)).toEqual(['identifier-refused', 'identifier-refused']);
    const refused = { workspace: 'w', entity: undefined, why: 'blocked', cause: 'm1' };
    expect(emitted[1]).toMatchObject({
      partition: partitionOf('w', 4),
      fact: { ...refused, identifier: device('0000') },
    });
    expect(resolve(harness, device('0000'))).toBeNull();
    expect(seen).toContainEqual({ kind: 'unresolved' });
    expect(seen.filter(({ kind }) => kind === 'identifier-refused')).toHaveLength(2);
  });
});

describe('refusals', () => {
  it('are told before the resolved event, with the profile that it went to', () => {
    const harness = stageHarness(identityBinding);
    harness.read(event('m1', [user('ann'), device('shared')]), 1);
    const emitted = harness.read(event('m2', [user('bob'), device('shared'), email('null')]), 2);
    expect(kinds(emitted).slice(2)).toEqual(['identifier-refused', 'identifier-refused', 'event-resolved']);
    const { entity, partition } = resolvedIn(emitted);
    const told = emitted.slice(2, 4).map(({ fact }) => fact);
    expect(told).toMatchObject([
      { entity, identifier: email('null'), why: 'blocked', cause: 'm2', occurredAt: 7 },
      { entity, identifier: device('shared'), why: 'limit', cause: 'm2', occurredAt: 7 },
    ]);
    expect(emitted.map((each) => each.partition)).toEqual(emitted.map(() => partition));
  });

  it('cut a value that is too long', () => {
    const harness = stageHarness(identityBinding);
    const [refused] = harness.read(event('m1', [user('x'.repeat(40_000))]), 1);
    expect(refused!.fact).toMatchObject({ why: 'too-long', identifier: user('x'.repeat(512)) });
  });
});

describe('dedup', () => {
  const count = (emitted: Emitted[]) => kinds(emitted).filter((kind) => kind === 'event-resolved').length;

  it('drops a repeated message id for 24 hours of log time at any minute, and no longer than 25', () => {
    fc.assert(
      fc.property(fc.nat({ max: 10 * HOUR }), fc.nat({ max: 24 * HOUR }), (first, later) => {
        const harness = stageHarness(identityBinding);
        expect(count(harness.read(event('m', [user('u')]), first))).toBe(1);
        expect(harness.read(event('m', [user('u')]), first + later)).toEqual([]);
        expect(count(harness.read(event('m', [user('u')]), first + 25 * HOUR))).toBe(1);
      }),
    );
  });

  it('is per workspace', () => {
    const harness = stageHarness(identityBinding);
    expect(count(harness.read(event('m', [user('u')]), 1))).toBe(1);
    expect(count(harness.read(event('m', [user('u')], { workspace: 'v' }), 1))).toBe(1);
    expect(count(harness.read(event('m', [user('u')], { workspace: 'v' }), 1))).toBe(0);
  });

  it('remembers across many chunks and a restart', () => {
    const harness = stageHarness(identityBinding);
    const ids = Array.from({ length: 5_000 }, (_, index) => `m${index}`);
    for (const [index, id] of ids.entries()) harness.read(event(id, [user('u')]), index * 4_000);
    const before = harness.dump();
    harness.restart();
    expect(harness.dump()).toBe(before);
    for (const id of ids) expect(harness.read(event(id, [user('u')]), 5_000 * 4_000)).toEqual([]);
    expect(count(harness.read(event('new', [user('u')]), 5_000 * 4_000))).toBe(1);
  });

  it('forgets the oldest ids first when the cap is reached, and says how long the window is', () => {
    const seen: Occurrence[] = [];
    const options = { dedupIdsMax: 160, observe: (occurrence: Occurrence) => void seen.push(occurrence) };
    const harness = stageHarness(createIdentityBinding(options));
    for (let index = 0; index < 161; index++) harness.read(event(`m${index}`, [user('u')]), index * (HOUR / 40));
    expect(seen.filter(({ kind }) => kind === 'dedup-window-shrunk')).toEqual([
      { kind: 'dedup-window-shrunk', windowMs: 4 * HOUR },
    ]);
    const now = 161 * (HOUR / 40);
    expect(harness.read(event('m160', [user('u')]), now)).toEqual([]);
    expect(harness.read(event('m10', [user('u')]), now)).toEqual([]);
    expect(count(harness.read(event('m0', [user('u')]), now))).toBe(1);
  });

  it('counts no repetition against the dedup of an event that belongs to nobody', () => {
    const seen: Occurrence[] = [];
    const harness = stageHarness(createIdentityBinding({ observe: (occurrence) => seen.push(occurrence) }));
    harness.read(event('m', [user('null')]), 1);
    expect(harness.read(event('m', [user('null')]), 2)).toEqual([]);
    expect(seen.map(({ kind }) => kind)).toEqual(['identifier-refused', 'unresolved', 'duplicate']);
  });
});

describe('catalogue and logic', () => {
  const activated = (revision: number, workspace = 'w'): LogRecord => ({
    kind: 'catalogue-activated',
    id: `c${revision}`,
    workspace,
    revision,
    author: 'ann',
    activatedAt: 5,
    catalogue: new TextEncoder().encode('{"attributes":"not for identity to read"}'),
  });

  it('a revision goes to all partitions, one that is not above the last is dropped', () => {
    const harness = stageHarness(identityBinding, { partitions: 3 });
    const emitted = harness.read(activated(2), 1);
    expect(emitted.map(({ partition }) => partition)).toEqual([0, 1, 2]);
    expect(emitted[2]!.fact).toMatchObject({ kind: 'catalogue-activated', workspace: 'w', revision: 2, author: 'ann' });
    expect(harness.read(activated(2), 2)).toEqual([]);
    expect(harness.read(activated(1), 3)).toEqual([]);
    harness.restart();
    expect(harness.read(activated(2), 4)).toEqual([]);
    expect(harness.read(activated(1, 'v'), 5)).toHaveLength(3);
    expect(harness.read(activated(3), 6)).toHaveLength(3);
  });

  it('a logic version goes to all partitions', () => {
    const harness = stageHarness(identityBinding, { partitions: 3 });
    const emitted = harness.read({ kind: 'logic-activated', id: 'l', version: 2 }, 1);
    expect(emitted.map(({ partition, fact }) => [partition, fact.kind])).toEqual([
      [0, 'logic-activated'],
      [1, 'logic-activated'],
      [2, 'logic-activated'],
    ]);
  });
});

describe('the identity section of a catalogue', () => {
  const activated = (revision: number, identity: unknown, workspace = 'w'): LogRecord => ({
    kind: 'catalogue-activated',
    id: `c${revision}`,
    workspace,
    revision,
    author: 'ann',
    activatedAt: 5,
    catalogue: new TextEncoder().encode(JSON.stringify({ identity })),
  });
  const loyalty = (value: string): Identifier => ({ type: 'LoyaltyNo', value });
  const types = [
    { name: 'loyalty_no', limit: 2, normalise: 'lower_case', from: [{ external_id: 'LoyaltyNo' }, { trait: 'card' }] },
    { name: 'user_id' },
  ];

  it('holds from its place in the log on, in its workspace only, and after a restart', () => {
    const harness = stageHarness(identityBinding);
    const send = (id: string, over: Partial<Event> = {}) =>
      harness.read(event(id, [user('u'), loyalty('AB')], over), 1);
    expect(kinds(send('m1'))).toContain('identifier-refused');
    harness.read(activated(1, { types }), 2);
    const linked = send('m2').map(({ fact }) => (fact.kind === 'identifier-linked' ? fact.identifier : fact.kind));
    expect(linked).toEqual([{ type: 'loyalty_no', value: 'ab' }, 'event-resolved']);
    harness.restart();
    expect(resolve(harness, { type: 'LoyaltyNo', value: ' AB' })).not.toBeNull();
    expect(resolve(harness, { type: 'loyalty_no', value: 'Ab' })).not.toBeNull();
    expect(kinds(send('m3', { workspace: 'v' }))).toContain('identifier-refused');
    expect(kinds(send('m4'))).toEqual(['event-resolved']);
    harness.read(activated(2, undefined), 3);
    expect(kinds(send('m5'))).toEqual(['identifier-refused', 'event-resolved']);
  });

  it('finds identifiers in traits, and says when there is nothing that can be read', () => {
    const seen: Occurrence[] = [];
    const harness = stageHarness(createIdentityBinding({ observe: (occurrence) => seen.push(occurrence) }));
    harness.read(activated(1, { types }), 1);
    const payload = new TextEncoder().encode('{"traits":{"card":"C-1"}}');
    const { entity } = resolvedIn(harness.read(event('m1', [user('u')], { type: 'identify', payload }), 2));
    expect(resolve(harness, { type: 'loyalty_no', value: 'c-1' })!.profileId).toBe(entity.id);
    const broken = event('m2', [user('u')], { payload: new Uint8Array([123]) });
    expect(kinds(harness.read(broken, 3))).toEqual(['event-resolved']);
    expect(seen).toContainEqual({ kind: 'payload-unreadable' });
  });

  it('that is invalid is a bug: nothing is taken up', () => {
    const harness = stageHarness(identityBinding);
    expect(() => harness.read(activated(1, { types: [] }), 1)).toThrow('catalogue 1 of w is invalid');
    expect(harness.read(activated(1, { types }), 2)).toHaveLength(4);
  });

  it('sets how long message ids are remembered, for its workspace, also after a restart and back again', () => {
    const harness = stageHarness(identityBinding);
    const isDropped = (id: string, hour: number, workspace: string): boolean =>
      harness.read(event(id, [user('u')], { workspace }), hour * HOUR).length === 0;
    harness.read(activated(1, { dedup: '3d' }), 0);
    for (const workspace of ['w', 'v']) expect(isDropped('m', 1, workspace)).toBe(false);
    harness.restart();
    expect(['w', 'v'].map((workspace) => isDropped('m', 25, workspace))).toEqual([true, true]);
    expect(['w', 'v'].map((workspace) => isDropped('m', 26, workspace))).toEqual([true, false]);
    harness.restart();
    expect(['w', 'v'].map((workspace) => isDropped('m', 50, workspace))).toEqual([true, true]);
    expect(['w', 'v'].map((workspace) => isDropped('m', 73, workspace))).toEqual([true, false]);
    expect(isDropped('m', 74, 'w')).toBe(false);
    harness.read(activated(2, {}), 75 * HOUR);
    expect(isDropped('m', 98, 'w')).toBe(true);
    expect(isDropped('m', 99, 'w')).toBe(false);
  });
});

describe('questions', () => {
  it('an identifier, in any spelling, names its profile with all identifiers; an unknown one nobody', () => {
    const harness = stageHarness(identityBinding, { partitions: 8 });
    const { entity } = resolvedIn(harness.read(event('m1', [user('u'), email('Ann@x')]), 1));
    expect(resolve(harness, email(' ANN@X '))).toEqual({
      profileId: entity.id,
      ordinal: entity.ordinal,
      partition: partitionOf(entity.id, 8),
      identifiers: [user('u'), email('ann@x')],
    });
    expect(resolve(harness, user('nobody'))).toBeNull();
    expect(resolve(harness, user('u'), 'v')).toBeNull();
  });

  it('a profile lists its identifiers with their homes, and its merges, under any id that it ever had', () => {
    const harness = stageHarness(identityBinding);
    const survivor = resolvedIn(harness.read(event('m1', [device('a')]), 1)).entity;
    const loser = resolvedIn(harness.read(event('m2', [user('u')]), 2)).entity;
    harness.read(event('m3', [user('u'), device('a')]), 3);
    harness.restart();
    for (const identifier of [user('u'), { type: 'profile_id', value: loser.id }]) {
      const ask = (kind: string) => harness.answer({ kind, workspace: 'w', identifier });
      expect(ask('identifiers')).toEqual({
        profileId: survivor.id,
        identifiers: [
          { identifier: device('a'), homeProfileId: survivor.id },
          { identifier: user('u'), homeProfileId: loser.id },
        ],
      });
      expect(ask('merges')).toEqual({
        profileId: survivor.id,
        merges: [
          {
            mergeId: `m:${loser.id}:1`,
            survivorProfileId: survivor.id,
            loserProfileId: loser.id,
            identifiers: [user('u')],
            cause: 'm3',
            occurredAt: 7,
            mergedAt: 3,
          },
        ],
      });
    }
    expect(harness.answer({ kind: 'merges', workspace: 'w', identifier: user('nobody') })).toBeNull();
    expect(harness.answer({ kind: 'merges', workspace: 'v', identifier: user('u') })).toBeNull();
  });

  it('what is no question is refused with a code', () => {
    const harness = stageHarness(identityBinding);
    for (const question of [null, 7, {}, { kind: 'resolve', workspace: 'w' }, { kind: 'profile', profileId: 'p' }]) {
      expect(() => harness.answer(question)).toThrow(InvalidQuestionError);
    }
  });

  it('every profile id that ever was leads to one live profile, and a restart changes no answer and no fact', () => {
    const value = fc.constantFrom('1', '2', '3', '4', '5', '6');
    const sent = fc.array(fc.record({ type: fc.constantFrom('user_id', 'email', 'anonymous_id'), value }), {
      minLength: 1,
      maxLength: 3,
    });
    fc.assert(
      fc.property(fc.array(sent, { maxLength: 30 }), fc.nat({ max: 30 }), (events, restartAt) => {
        const harness = stageHarness(identityBinding);
        const oracle = stageHarness(identityBinding);
        const ids = new Set<string>();
        for (const [index, identifiers] of events.entries()) {
          if (index === restartAt) harness.restart();
          const emitted = harness.read(event(`m${index}`, identifiers), index * HOUR);
          expect(emitted).toEqual(oracle.read(event(`m${index}`, identifiers), index * HOUR));
          for (const { fact } of emitted) if (fact.kind === 'profile-created') ids.add(fact.entity.id);
        }
        expect(harness.dump()).toBe(oracle.dump());
        for (const profileId of ids) {
          const question = { kind: 'profile', workspace: 'w', profileId };
          const live = harness.answer(question) as { profileId: string; identifiers: Identifier[] };
          expect(live.identifiers.length).toBeGreaterThan(0);
          for (const held of live.identifiers) expect(resolve(harness, held)!.profileId).toBe(live.profileId);
        }
      }),
    );
  });
});

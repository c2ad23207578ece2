import { type ErasureRequested, type Event, type Identifier, type ProfileErased, partitionOf } from '@attrium/event';
import { type Emitted, type StageHarness, stageHarness } from '@attrium/testing';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Answer, ErasureAnswer } from './question.js';
import { createIdentityBinding, identityBinding, type Occurrence } from './stage.js';

const user = (value: string): Identifier => ({ type: 'user_id', value });
const email = (value: string): Identifier => ({ type: 'email', value });
const device = (value: string): Identifier => ({ type: 'anonymous_id', value });
const idOf = (value: string): Identifier => ({ type: 'profile_id', value });

let ids = 0;
const event = (identifiers: readonly Identifier[], over: Partial<Event> = {}): Event => ({
  kind: 'event',
  id: `m${++ids}`,
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
const group = (of: Identifier, groupId: string): Event => event([of], { type: 'group', name: 'group', groupId });
const request = (identifier: Identifier, id = `r${++ids}`, workspace = 'w'): ErasureRequested => ({
  kind: 'erasure-requested',
  id,
  workspace,
  identifier,
  author: 'ops',
  requestedAt: 9,
});
const resolve = (harness: StageHarness, identifier: Identifier): Answer =>
  harness.answer({ kind: 'resolve', workspace: 'w', identifier }) as Answer;
const statusOf = (harness: StageHarness, requestId: string): ErasureAnswer | null =>
  harness.answer({ kind: 'erasure', workspace: 'w', requestId }) as ErasureAnswer | null;
const profileIn = (emitted: Emitted[]) => {
  const resolved = emitted.find(({ fact }) => fact.kind === 'event-resolved')?.fact;
  if (resolved?.kind !== 'event-resolved') throw new Error('the event went nowhere');
  return resolved.entity;
};
const erasedIn = (emitted: Emitted[]): ProfileErased[] =>
  emitted.flatMap(({ fact }) => (fact.kind === 'profile-erased' ? [fact] : []));

/** Two devices that turn out to be one person, who is a member of an account. */
function merged(harness: StageHarness) {
  const loserOf = profileIn(harness.read(event([user('u')]), 1));
  const survivor = profileIn(harness.read(event([device('a')]), 2));
  harness.read(group(user('u'), 'acme'), 3);
  harness.read(event([user('u'), device('a'), email('U@x.com')]), 4);
  return { survivor: loserOf, loser: survivor };
}

describe('the erasure of a profile', () => {
  it('goes to the partitions of all that the profile was, after the ends of its memberships of accounts', () => {
    for (const partitions of [1, 64]) {
      const harness = stageHarness(identityBinding, { partitions });
      const { survivor, loser } = merged(harness);
      const emitted = harness.read(request(email('u@X.com'), 'r'), 10);
      const erased = erasedIn(emitted);
      expect(erased[0]).toMatchObject({ entity: survivor, former: [loser], requestId: 'r', erasedAt: 10 });
      const last = emitted.findLastIndex(({ fact }) => fact.kind !== 'profile-erased');
      expect(emitted.slice(last + 1)).toHaveLength(erased.length);
      const kinds = emitted.slice(0, last + 1).map(({ fact }) => fact.kind);
      expect(new Set(kinds)).toEqual(new Set(['account-unlinked', 'current-account-changed']));
      const account = emitted.find(({ fact }) => fact.kind === 'account-unlinked')!.fact;
      const accountId = account.kind === 'account-unlinked' ? account.account.id : '';
      const into = emitted.flatMap(({ fact, partition }) => (fact.kind === 'profile-erased' ? [partition] : []));
      const wanted = [survivor.id, loser.id, accountId].map((id) => partitionOf(id, partitions));
      expect(new Set(into)).toEqual(new Set(wanted));
      expect(into).toHaveLength(new Set(wanted).size);
    }
  });

  it('takes every identifier, so the next event with one of them is of a new profile, with no trace of the old', () => {
    const harness = stageHarness(identityBinding);
    const { survivor, loser } = merged(harness);
    harness.read(request(user('u')), 10);
    for (const identifier of [user('u'), device('a'), email('u@x.com')])
      expect(resolve(harness, identifier)).toBeNull();
    harness.restart();
    const again = harness.read(event([device('a')]), 11);
    const profile = profileIn(again);
    expect(again.map(({ fact }) => fact.kind)).toEqual(['profile-created', 'identifier-linked', 'event-resolved']);
    expect([survivor.ordinal, loser.ordinal]).not.toContain(profile.ordinal);
    expect([survivor.id, loser.id]).not.toContain(profile.id);
    expect(resolve(harness, device('a'))).toMatchObject({ profileId: profile.id, identifiers: [device('a')] });
    expect(harness.answer({ kind: 'merges', workspace: 'w', identifier: device('a') })).toMatchObject({ merges: [] });
  });

  it('takes the profile whole when it is named by an old id, and all its ids say from then on that it is erased', () => {
    for (const pick of ['survivor', 'loser'] as const) {
      const harness = stageHarness(identityBinding);
      const both = merged(harness);
      expect(erasedIn(harness.read(request(idOf(both[pick].id)), 10))[0]).toMatchObject({ entity: both.survivor });
      for (const { id } of [both.survivor, both.loser]) {
        const gone = { profileId: both.survivor.id, erasedAt: 10 };
        expect(harness.answer({ kind: 'profile', workspace: 'w', profileId: id })).toEqual(gone);
        for (const kind of ['resolve', 'identifiers', 'merges', 'accounts']) {
          expect(harness.answer({ kind, workspace: 'w', identifier: idOf(id) })).toEqual(gone);
        }
      }
    }
  });

  it('leaves nothing in the state but ids', () => {
    const harness = stageHarness(identityBinding);
    merged(harness);
    expect(harness.dump()).toContain('u@x.com');
    harness.read(request(user('u')), 10);
    expect(harness.dump()).not.toMatch(/u@x\.com|user_id|anonymous_id/);
    expect(
      harness.answer({
        kind: 'members',
        workspace: 'w',
        identifier: { type: 'group_id', value: 'acme' },
        after: 0,
        limit: 9,
      }),
    ).toMatchObject({
      members: 0,
      profileIds: [],
    });
  });

  it('happens once: the same request again says nothing, though its identifier is of somebody else by then', () => {
    const seen: string[] = [];
    const observe = (each: Occurrence): void => void (each.kind === 'erasure' && seen.push(each.outcome));
    const harness = stageHarness(createIdentityBinding({ observe }));
    const { survivor, loser } = merged(harness);
    harness.read(request(user('u'), 'r1'), 10);
    const profile = profileIn(harness.read(event([user('u')]), 11));
    expect(harness.read(request(user('u'), 'r1'), 12)).toEqual([]);
    expect(resolve(harness, user('u'))).toMatchObject({ profileId: profile.id });
    expect(harness.read(request(idOf(loser.id), 'r2'), 13)).toEqual([]);
    expect(harness.read(request(user('nobody'), 'r3'), 14)).toEqual([]);
    expect(harness.read(request(user('u'), 'r4', 'v'), 15)).toEqual([]);
    expect(seen).toEqual(['erased', 'known', 'gone', 'nobody', 'nobody']);
    const erased = { profileId: survivor.id, erasedAt: 10 };
    expect(statusOf(harness, 'r1')).toMatchObject({ decidedAt: 10, erased });
    expect(statusOf(harness, 'r2')).toMatchObject({ decidedAt: 13, erased });
    expect(statusOf(harness, 'r3')).toEqual({ decidedAt: 14, places: [] });
    expect(statusOf(harness, 'r4')).toBeNull();
    const places = statusOf(harness, 'r1')!.places.flatMap(({ ordinals }) => ordinals);
    expect(places.sort()).toEqual([survivor.ordinal, loser.ordinal].sort());
  });

  it('is named by no import of a static list, and by none of its ids', () => {
    const harness = stageHarness(identityBinding);
    const { survivor, loser } = merged(harness);
    const listed = (identifier: Identifier) => event([identifier], { name: '$list:vips' });
    const match = (identifier: Identifier) =>
      harness.answer({ kind: 'match', of: 'profile', workspace: 'w', identifiers: [identifier] });
    expect(profileIn(harness.read(listed(idOf(loser.id)), 5))).toEqual(survivor);
    harness.read(request(user('u')), 10);
    for (const identifier of [idOf(survivor.id), idOf(loser.id), user('u')]) {
      expect(harness.read(listed(identifier), 11)).toEqual([]);
      expect(match(identifier)).toEqual({ matches: [{ why: 'unknown' }] });
    }
  });

  it('a duplicate of an event from before it stays a duplicate', () => {
    const harness = stageHarness(identityBinding);
    const once = event([user('u')]);
    harness.read(once, 1);
    harness.read(request(user('u')), 2);
    expect(harness.read(once, 3)).toEqual([]);
    expect(resolve(harness, user('u'))).toBeNull();
  });

  it('as a set of identifiers, told by a list of groups: who is together after events and erasures in any order', () => {
    const name = fc.nat({ max: 4 });
    const step = fc.oneof(
      { weight: 4, arbitrary: fc.tuple(fc.constant('event' as const), name, name) },
      { weight: 1, arbitrary: fc.tuple(fc.constant('erase' as const), name, name) },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
        const harness = stageHarness(identityBinding);
        let groups: Set<number>[] = [];
        const old = new Map<string, boolean>();
        for (const [index, [kind, a, b]] of steps.entries()) {
          const at = index + 1;
          if (kind === 'event') {
            const { id } = profileIn(harness.read(event([device(`d${a}`), device(`d${b}`)]), at));
            expect(old.get(id)).not.toBe(true);
            const joined = new Set([
              a,
              b,
              ...groups.filter((each) => each.has(a) || each.has(b)).flatMap((each) => [...each]),
            ]);
            groups = [...groups.filter((each) => ![...each].some((one) => joined.has(one))), joined];
            if (!old.has(id)) old.set(id, false);
          } else {
            const erased = erasedIn(harness.read(request(device(`d${a}`)), at));
            const found = groups.find((each) => each.has(a));
            expect(erased.length > 0).toBe(found !== undefined);
            groups = groups.filter((each) => each !== found);
            for (const { entity, former } of erased) for (const { id } of [entity, ...former]) old.set(id, true);
          }
        }
        for (let one = 0; one <= 4; one++) {
          const found = groups.find((each) => each.has(one));
          const answer = resolve(harness, device(`d${one}`)) as { identifiers?: Identifier[] } | null;
          const held = (answer?.identifiers ?? []).map(({ value }) => Number(value.slice(1))).sort();
          expect(held).toEqual([...(found ?? [])].sort());
        }
        for (const [id, gone] of old) {
          const answer = harness.answer({ kind: 'profile', workspace: 'w', profileId: id }) as object | null;
          expect(answer !== null && 'erasedAt' in answer).toBe(gone);
        }
      }),
      { numRuns: 150 },
    );
  });
});

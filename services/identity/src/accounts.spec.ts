import { type Event, type Identifier, partitionOf } from '@attrium/event';
import { type Emitted, type StageHarness, stageHarness } from '@attrium/testing';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { IDENTITY_CAPS } from './domain/rules.js';
import type { AccountsAnswer, Answer } from './question.js';
import { createIdentityBinding, identityBinding, type Occurrence } from './stage.js';

const user = (value: string): Identifier => ({ type: 'user_id', value });
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
const group = (id: string, of: Identifier, groupId: string, occurredAt = 7): Event =>
  event(id, [of], { type: 'group', name: 'group', groupId, occurredAt });
const shown = (emitted: Emitted[]): string[] =>
  emitted.map(({ fact }) => `${fact.kind}${'entity' in fact && fact.entity?.kind === 'account' ? ' of account' : ''}`);
const accountsOf = (harness: StageHarness, identifier: Identifier) =>
  harness.answer({ kind: 'accounts', workspace: 'w', identifier }) as AccountsAnswer | null;
const ask = <T = Answer>(harness: StageHarness, kind: string, groupId: string, more: object = {}): T =>
  harness.answer({ kind, workspace: 'w', identifier: { type: 'group_id', value: groupId }, ...more }) as T;
const membersOf = (harness: StageHarness, groupId: string): string[] => {
  const profileIds: string[] = [];
  for (let after: number | undefined = 0; after !== undefined; ) {
    const page: { profileIds: string[]; next?: number } = ask(harness, 'members', groupId, { after, limit: 2 });
    profileIds.push(...page.profileIds);
    after = page.next;
  }
  return profileIds;
};

describe('accounts', () => {
  it('a group creates the account in its own partition, links the profile in both, and the event goes to both', () => {
    for (const partitions of [1, 64]) {
      const harness = stageHarness(identityBinding, { partitions });
      const emitted = harness.read(group('m1', user('u'), 'acme'), 1);
      const resolved = emitted.flatMap(({ fact, partition }) =>
        fact.kind === 'event-resolved' ? [{ ...fact.entity, partition, origin: fact.origin }] : [],
      );
      expect(resolved.map(({ kind }) => kind)).toEqual(['profile', 'account']);
      const [profile, account] = resolved;
      expect(resolved.map(({ partition }) => partition)).toEqual(resolved.map(({ id }) => partitionOf(id, partitions)));
      expect(account!.ordinal).not.toBe(profile!.ordinal);
      expect(account!.origin).toBe(account!.id);
      const links = emitted.filter(({ fact }) => fact.kind === 'account-linked');
      expect(links.map(({ partition }) => partition)).toEqual([...new Set([profile!.partition, account!.partition])]);
      expect(shown(emitted)).toEqual([
        'profile-created',
        'identifier-linked',
        'account-created of account',
        ...links.map(() => 'account-linked'),
        'current-account-changed',
        'event-resolved',
        'event-resolved of account',
      ]);
    }
  });

  it('any event that names an account belongs to it too; only a group makes a member', () => {
    const harness = stageHarness(identityBinding);
    expect(shown(harness.read(event('m1', [user('u')], { groupId: 'acme' }), 1))).toEqual([
      'profile-created',
      'identifier-linked',
      'account-created of account',
      'event-resolved',
      'event-resolved of account',
    ]);
    expect(accountsOf(harness, user('u'))!.accounts).toEqual([]);
    expect(ask(harness, 'account', 'acme')).toMatchObject({ groupId: 'acme', members: 0 });
    expect(shown(harness.read(event('m2', [user('u')]), 1))).toEqual(['event-resolved']);
  });

  it('the same group again says nothing but the event', () => {
    const harness = stageHarness(identityBinding);
    harness.read(group('m1', user('u'), 'acme'), 1);
    expect(shown(harness.read(group('m2', user('u'), 'acme', 9), 1))).toEqual([
      'event-resolved',
      'event-resolved of account',
    ]);
    expect(harness.read(group('m2', user('u'), 'acme', 9), 1)).toEqual([]);
  });

  it('the current account is that of the latest group event, however late it comes', () => {
    const harness = stageHarness(identityBinding);
    harness.read(group('m1', user('u'), 'new', 20), 1);
    expect(shown(harness.read(group('m2', user('u'), 'old', 10), 1))).not.toContain('current-account-changed');
    expect(accountsOf(harness, user('u'))!.accounts.map(({ groupId, current }) => [groupId, current])).toEqual([
      ['new', true],
      ['old', false],
    ]);
    expect(shown(harness.read(group('m3', user('u'), 'old', 30), 1))).toContain('current-account-changed');
    expect(accountsOf(harness, user('u'))!.accounts.find(({ current }) => current)).toMatchObject({
      groupId: 'old',
      groupedAt: 30,
    });
  });

  it('a merge unites the memberships: each account counts the one who stays once', () => {
    const harness = stageHarness(identityBinding, { partitions: 8 });
    harness.read(group('m1', device('a'), 'acme', 10), 1);
    harness.read(group('m2', user('u'), 'acme', 11), 1);
    harness.read(group('m3', user('u'), 'umbrella', 12), 1);
    expect(ask(harness, 'account', 'acme')).toMatchObject({ members: 2 });
    const facts = harness.read(event('m4', [user('u'), device('a')]), 1);
    const of = (kind: string) => facts.filter(({ fact }) => fact.kind === kind).map(({ fact }) => fact);
    expect(new Set(of('account-unlinked').map((fact) => (fact as { account: { id: string } }).account.id)).size).toBe(
      2,
    );
    const [merge] = of('profiles-merged') as { mergeId: string; loser: { id: string } }[];
    expect(of('account-unlinked').every((fact) => (fact as { mergeId?: string }).mergeId === merge!.mergeId)).toBe(
      true,
    );
    expect(new Set(of('account-linked').map((fact) => (fact as { account: { id: string } }).account.id)).size).toBe(1);
    expect(of('current-account-changed')).toHaveLength(2);
    const first = facts.findIndex(({ fact }) => fact.kind === 'profiles-merged');
    expect(facts.findLastIndex(({ fact }) => fact.kind === 'account-unlinked')).toBeLessThan(first);
    const { profileId } = accountsOf(harness, device('a'))!;
    expect(accountsOf(harness, user('u'))!.accounts.map(({ groupId, current }) => [groupId, current])).toEqual([
      ['acme', false],
      ['umbrella', true],
    ]);
    for (const groupId of ['acme', 'umbrella']) {
      expect(ask(harness, 'account', groupId)).toMatchObject({ members: 1 });
      expect(membersOf(harness, groupId)).toEqual([profileId]);
    }
  });

  it('a group id that names nothing, or is too long, is refused, and the event goes to its profile all the same', () => {
    const harness = stageHarness(identityBinding);
    for (const [groupId, why] of [
      ['null', 'blocked'],
      ['x'.repeat(513), 'too-long'],
    ] as const) {
      const emitted = harness.read(group(`m-${why}`, user('u'), groupId), 1);
      expect(shown(emitted).slice(-2)).toEqual(['identifier-refused', 'event-resolved']);
      const refused = emitted.at(-2)!.fact;
      expect(refused).toMatchObject({ why, identifier: { type: 'group_id', value: groupId.slice(0, 512) } });
    }
  });

  it('at the limit a profile joins no further account, and an account gains no further member; both say so', () => {
    const seen: Occurrence[] = [];
    const caps = { ...IDENTITY_CAPS, accountsPerProfileMax: 2, membersPerAccountMax: 1 };
    const harness = stageHarness(createIdentityBinding({ caps, observe: (each) => seen.push(each) }));
    harness.read(group('m1', user('u'), 'a'), 1);
    harness.read(group('m2', user('u'), 'b'), 1);
    for (const [id, of, groupId] of [
      ['m3', 'u', 'c'],
      ['m4', 'v', 'a'],
    ] as const) {
      const emitted = harness.read(group(id, user(of), groupId), 1);
      expect(shown(emitted)).not.toContain('account-linked');
      expect(shown(emitted)).toContain('identifier-refused');
      expect(shown(emitted).at(-1)).toBe('event-resolved of account');
    }
    expect(seen.flatMap((each) => (each.kind === 'identifier-refused' ? [each.hit] : []))).toEqual([
      'accounts',
      'members',
    ]);
    // A merge that would break the limit leaves both as they are.
    harness.read(group('m5', device('d'), 'e'), 1);
    expect(shown(harness.read(event('m6', [user('u'), device('d')]), 1))).toEqual([
      'identifier-refused',
      'event-resolved',
    ]);
    expect(accountsOf(harness, device('d'))!.accounts).toHaveLength(1);
  });

  it('the same events in any order make the same members and the same current accounts', () => {
    const person = fc.nat({ max: 4 });
    const drawn = fc.oneof(
      fc.record({ of: person, groupId: fc.constantFrom('a', 'b', 'c'), at: fc.nat({ max: 3 }) }),
      fc.record({ of: person, with: person }),
    );
    const picture = (events: readonly Event[]): string => {
      const harness = stageHarness(identityBinding);
      for (const [index, each] of events.entries()) harness.read(each, index + 1);
      const lines = [0, 1, 2, 3, 4].map((number) => {
        const answer = accountsOf(harness, device(`${number}`));
        const accounts = (answer?.accounts ?? []).map((each) => `${each.groupId} ${each.groupedAt} ${each.current}`);
        const together = [0, 1, 2, 3, 4].filter(
          (other) => answer !== null && accountsOf(harness, device(`${other}`))?.profileId === answer.profileId,
        );
        const listed = ['a', 'b', 'c'].filter(
          (groupId) =>
            answer !== null &&
            ask(harness, 'account', groupId) !== null &&
            membersOf(harness, groupId).includes(answer.profileId),
        );
        expect(listed).toEqual(accounts.map((text) => text[0]).sort());
        return `${number} with ${together.join()}: ${accounts.sort().join('; ')}`;
      });
      for (const groupId of ['a', 'b', 'c']) {
        const account = ask<{ members: number } | null>(harness, 'account', groupId);
        const members = account === null ? [] : membersOf(harness, groupId);
        expect(new Set(members).size).toBe(members.length);
        expect(account?.members ?? 0).toBe(members.length);
      }
      return lines.join('\n');
    };
    fc.assert(
      fc.property(fc.array(drawn, { maxLength: 14 }), fc.infiniteStream(fc.nat()), (draws, ranks) => {
        const events = draws.map((draw, index) =>
          'with' in draw
            ? event(`m${index}`, [device(`${draw.of}`), device(`${draw.with}`)])
            : group(`m${index}`, device(`${draw.of}`), draw.groupId, draw.at),
        );
        const order = events.map((each) => ({ each, rank: ranks.next().value as number }));
        const shuffled = order.sort((a, b) => a.rank - b.rank).map(({ each }) => each);
        expect(picture(shuffled)).toBe(picture(events));
      }),
    );
  });
});

import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { device, email, NO_CAPS, NO_LIMITS, ResolvedWorkspace, user } from '../../test/resolved-workspace.js';
import { identifierKey } from './identifier.js';
import { profileAt, survivorOf } from './state.js';

describe('resolution', () => {
  it('creates a profile for identifiers that nobody has, with a new ordinal of its shard', () => {
    const workspace = new ResolvedWorkspace();
    const first = workspace.send(user('u1'), device('a1'));
    expect(first).toMatchObject({ created: true, linked: [user('u1'), device('a1')], merges: [], refused: [] });
    expect(first.origin).toBe(first.entity.id);
    expect(first.entity.ordinal).toBe(6);
    expect(workspace.send(device('a2')).entity.ordinal).toBe(10);
  });

  it('derives the profile id from the first identifier and the event', () => {
    expect(new ResolvedWorkspace().send(user('u1')).entity.id).toBe(new ResolvedWorkspace().send(user('u1')).entity.id);
    expect(new ResolvedWorkspace().send(user('u2')).entity.id).not.toBe(
      new ResolvedWorkspace().send(user('u1')).entity.id,
    );
    expect(new ResolvedWorkspace().send(user('u1')).entity.id).toMatch(/^[0-9a-f]{32}$/);
  });

  it('gives another id when the derived one is taken', () => {
    const taken = new ResolvedWorkspace().send(user('u1')).entity.id;
    const workspace = new ResolvedWorkspace();
    workspace.state.profileIds.put(`w/${taken}`, 99);
    const { id } = workspace.send(user('u1')).entity;
    expect(id).not.toBe(taken);
    expect(id).toMatch(/^[0-9a-f]{32}$/);
  });

  it('links new identifiers to the one profile that is known', () => {
    const workspace = new ResolvedWorkspace();
    const { entity } = workspace.send(device('a1'));
    expect(workspace.send(device('a1'), user('u1'))).toMatchObject({ entity, created: false, linked: [user('u1')] });
    expect(workspace.send(user('u1'))).toMatchObject({ entity, linked: [] });
  });

  it('keeps workspaces apart', () => {
    const workspace = new ResolvedWorkspace();
    const one = workspace.send(user('u1'));
    const other = workspace.sendEvent({ workspace: 'v', identifiers: [user('u1')] });
    expect(other.created).toBe(true);
    expect(other.entity.id).not.toBe(one.entity.id);
  });

  it('merges several profiles into the one that was created first', () => {
    const workspace = new ResolvedWorkspace();
    const first = workspace.send(device('a1')).entity;
    const second = workspace.send(email('e1')).entity;
    const third = workspace.send(user('u1'), device('a3')).entity;
    const decision = workspace.send(user('u1'), email('e1'), device('a1'));
    expect(decision.entity).toEqual(first);
    expect(decision.merges).toEqual([
      { mergeId: `m:${second.id}:1`, loser: second, identifiers: [email('e1')] },
      { mergeId: `m:${third.id}:1`, loser: third, identifiers: [user('u1'), device('a3')] },
    ]);
    expect(workspace.identifiersOf(first.ordinal)).toEqual([
      'anonymous_id:a1',
      'email:e1',
      'user_id:u1',
      'anonymous_id:a3',
    ]);
    expect(workspace.send(device('a3')).entity).toEqual(first);
    expect(survivorOf(workspace.state, third.ordinal)).toBe(first.ordinal);
  });

  it('follows chains of merges, and an identifier that was looked up names the survivor at once', () => {
    const workspace = new ResolvedWorkspace(NO_LIMITS);
    const devices = Array.from({ length: 30 }, (_, index) => device(`a${index}`));
    for (const each of devices) workspace.send(each);
    for (let index = devices.length - 1; index > 0; index--) workspace.send(devices[index]!, devices[index - 1]!);
    const first = workspace.ownerOf(devices[0]!)!;
    const last = workspace.state.identifiers.get(identifierKey('w', devices[29]!))!;
    expect(last.ordinal).not.toBe(first);
    expect(workspace.send(devices[29]!).entity.ordinal).toBe(first);
    expect(last.ordinal).toBe(first);
    expect(profileAt(workspace.state, first).merges).toBe(29);
  });
});

describe('limits', () => {
  it('a second user id is not merged in: the lowest priority is dropped, and said', () => {
    const workspace = new ResolvedWorkspace();
    const ann = workspace.send(user('ann'), device('shared')).entity;
    const bob = workspace.send(user('bob'), device('shared'));
    expect(bob).toMatchObject({
      created: true,
      merges: [],
      refused: [{ identifier: device('shared'), why: 'limit', hit: 'values' }],
    });
    expect(workspace.send(device('shared')).entity).toEqual(ann);
  });

  it('identifiers are dropped from the lowest priority up until no limit is broken', () => {
    const workspace = new ResolvedWorkspace();
    const ann = workspace.send(user('ann'), email('ann@x')).entity;
    const bob = workspace.send(user('bob')).entity;
    const decision = workspace.send(user('bob'), email('ann@x'), device('new'));
    expect(decision).toMatchObject({ entity: bob, linked: [], merges: [] });
    expect(decision.refused.map(({ identifier }) => identifier)).toEqual([email('ann@x'), device('new')]);
    expect(workspace.send(email('ann@x')).entity).toEqual(ann);
  });

  it('a sixth email is refused, and what the profile holds already is not', () => {
    const workspace = new ResolvedWorkspace();
    for (let index = 1; index <= 5; index++) workspace.send(user('u'), email(`e${index}`), device('a'));
    const decision = workspace.send(user('u'), email('e6'), device('a'));
    expect(decision.refused).toEqual([{ identifier: email('e6'), why: 'limit', hit: 'values' }]);
    expect(workspace.send(user('u'), email('e5')).refused).toEqual([]);
  });

  it('an event with more values of a type than a profile may hold keeps the first ones', () => {
    const decision = new ResolvedWorkspace().send(user('u1'), user('u2'));
    expect(decision).toMatchObject({
      linked: [user('u1')],
      refused: [{ identifier: user('u2'), why: 'limit', hit: 'values' }],
    });
  });

  it('the caps on merges and identifiers are probed before anything is decided', () => {
    const caps = { ...NO_CAPS, mergesPerProfileMax: 2, identifiersPerProfileMax: 4 };
    const rules = { ...NO_LIMITS, caps };
    const merges = new ResolvedWorkspace(rules);
    for (const value of ['a', 'b', 'c', 'd']) merges.send(device(value));
    merges.send(device('a'), device('b'));
    merges.send(device('c'), device('b'));
    const third = merges.send(device('a'), device('d'));
    expect(third).toMatchObject({ merges: [], refused: [{ identifier: device('d'), why: 'limit', hit: 'merges' }] });
    const held = new ResolvedWorkspace(rules);
    held.send(device('a'), device('b'), device('c'));
    held.send(device('d'), device('e'));
    expect(held.send(device('a'), device('d'))).toMatchObject({
      merges: [],
      refused: [{ identifier: device('d'), hit: 'identifiers' }],
    });
    expect(held.send(device('a'), device('f')).linked).toEqual([device('f')]);
  });

  it('an alias that would join two user ids is refused, and gives up the previous id first', () => {
    const workspace = new ResolvedWorkspace();
    workspace.send(user('u1'));
    const alias = { type: 'alias', previous: { type: 'previous_id', value: 'u1' } } as const;
    const decision = workspace.sendEvent({ ...alias, identifiers: [user('u2'), device('a')] });
    expect(decision.linked).toEqual([user('u2'), device('a')]);
    expect(decision.refused).toEqual([{ identifier: user('u1'), why: 'limit', hit: 'values' }]);
  });
});

describe('origin', () => {
  it('is the profile that the event would belong to without the merges', () => {
    const workspace = new ResolvedWorkspace();
    const visitor = workspace.send(device('a')).entity;
    const buyer = workspace.send(user('u')).entity;
    expect(workspace.send(user('u'), device('a'))).toMatchObject({ entity: visitor, origin: buyer.id });
    expect(workspace.send(device('a'))).toMatchObject({ entity: visitor, origin: visitor.id });
    expect(workspace.send(user('u'))).toMatchObject({ entity: visitor, origin: buyer.id });
  });

  it('of a new identifier is that of the highest-priority known one beside it, for good', () => {
    const workspace = new ResolvedWorkspace();
    workspace.send(device('a'));
    const buyer = workspace.send(user('u')).entity;
    workspace.send(user('u'), device('a'));
    workspace.send(user('u'), device('new'));
    expect(workspace.send(device('new')).origin).toBe(buyer.id);
  });
});

describe('grouping', () => {
  const identifier = fc.record({
    type: fc.constantFrom('user_id', 'email', 'anonymous_id', 'device_id', 'loyalty_no', 'crm_id'),
    value: fc.constantFrom('1', '2', '3', '4', '5'),
  });
  const sent = fc.record({
    identifiers: fc.array(identifier, { minLength: 1, maxLength: 3 }),
    previous: fc.option(
      fc.record({ type: fc.constantFrom('user_id', 'anonymous_id'), value: fc.constantFrom('1', '2', '6') }),
      { nil: undefined, freq: 4 },
    ),
  });
  const groupsOf = (workspace: ResolvedWorkspace): string[][] => {
    const groups = new Map<number, string[]>();
    for (const key of workspace.identifiers.keys()) {
      const [, type, value] = key.split('/') as [string, string, string];
      const owner = workspace.ownerOf({ type, value })!;
      groups.set(owner, [...(groups.get(owner) ?? []), key]);
    }
    return [...groups.values()].map((group) => group.sort()).sort((a, b) => (a[0]! < b[0]! ? -1 : 1));
  };

  it('is the same for any order of arrival while no limit is hit, and no identifier is lost', () => {
    const shuffled = fc
      .array(sent, { maxLength: 25 })
      .chain((events) =>
        fc.tuple(
          fc.constant(events),
          fc.shuffledSubarray(events, { minLength: events.length, maxLength: events.length }),
        ),
      );
    fc.assert(
      fc.property(shuffled, ([events, others]) => {
        const [one, other] = [events, others].map((order) => {
          const workspace = new ResolvedWorkspace(NO_LIMITS);
          for (const { identifiers, previous } of order) {
            workspace.sendEvent({ identifiers, previous, type: previous === undefined ? 'track' : 'alias' });
          }
          return groupsOf(workspace);
        });
        expect(one).toEqual(other);
      }),
    );
  });

  it('lists each identifier with exactly its live profile, within all limits', () => {
    fc.assert(
      fc.property(fc.array(sent, { maxLength: 40 }), (events) => {
        const workspace = new ResolvedWorkspace();
        for (const { identifiers } of events) workspace.send(...identifiers, device('1'));
        for (const [ordinal, row] of workspace.liveProfiles()) {
          expect(row.identifiers.filter(({ type }) => type === 'user_id').length).toBeLessThanOrEqual(1);
          for (const held of row.identifiers) expect(workspace.ownerOf(held)).toBe(ordinal);
        }
      }),
    );
  });
});

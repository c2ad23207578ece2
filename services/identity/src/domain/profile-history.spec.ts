import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { device, email, NO_LIMITS, ResolvedWorkspace, user } from '../../test/resolved-workspace.js';
import { identifierHomes, mergeLog } from './profile-history.js';
import { profileAt, survivorOf } from './state.js';

describe('the history of a profile', () => {
  it('says of each identifier where it would be without merges', () => {
    const workspace = new ResolvedWorkspace();
    const visitor = workspace.send(device('a')).entity;
    const buyer = workspace.send(user('u'), email('e')).entity;
    workspace.send(user('u'), device('a'));
    expect(identifierHomes(workspace.state, visitor.ordinal)).toEqual([
      { identifier: device('a'), homeProfileId: visitor.id },
      { identifier: user('u'), homeProfileId: buyer.id },
      { identifier: email('e'), homeProfileId: buyer.id },
    ]);
  });

  it('lists its merges in the order of their decisions, with what each loser held', () => {
    const workspace = new ResolvedWorkspace();
    const [c, b, a] = ['c', 'b', 'a'].map((value) => workspace.send(device(value)).entity);
    workspace.send(device('a'), device('b'));
    workspace.send(device('b'), device('c'));
    const note = (index: number) => ({ cause: `m${index}`, occurredAt: 1, mergedAt: index });
    expect(mergeLog(workspace.state, c!.ordinal)).toEqual([
      {
        mergeId: `m:${a!.id}:1`,
        survivorProfileId: b!.id,
        loserProfileId: a!.id,
        identifiers: [device('a')],
        ...note(4),
      },
      {
        mergeId: `m:${b!.id}:1`,
        survivorProfileId: c!.id,
        loserProfileId: b!.id,
        identifiers: [device('b'), device('a')],
        ...note(5),
      },
    ]);
  });

  it('is complete: every profile that ever was ends at one live profile, and stands in its log once', () => {
    const identifier = fc.record({
      type: fc.constantFrom('user_id', 'anonymous_id', 'loyalty_no'),
      value: fc.constantFrom('1', '2', '3', '4', '5', '6'),
    });
    const events = fc.array(fc.array(identifier, { minLength: 1, maxLength: 3 }), { maxLength: 40 });
    fc.assert(
      fc.property(events, (sent) => {
        const workspace = new ResolvedWorkspace(NO_LIMITS);
        for (const identifiers of sent) workspace.send(...identifiers);
        const ended = new Map<string, string>();
        for (const [ordinal, row] of workspace.liveProfiles()) {
          const log = mergeLog(workspace.state, ordinal);
          expect(log).toHaveLength(row.merges);
          for (const { loserProfileId } of log) {
            expect(ended.has(loserProfileId)).toBe(false);
            ended.set(loserProfileId, row.id);
          }
        }
        for (const [ordinal, row] of workspace.profiles) {
          const live = profileAt(workspace.state, survivorOf(workspace.state, ordinal));
          expect(live.mergedInto).toBeUndefined();
          expect(ended.get(row.id) ?? row.id).toBe(live.id);
        }
      }),
    );
  });
});

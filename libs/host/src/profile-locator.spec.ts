import { type Entity, partitionOf, type StageName } from '@attrium/event';
import { describe, expect, it } from '@jest/globals';
import { identifierFault, ProfileLocator } from './profile-locator.js';
import { OwnerSilentError } from './stage-client.js';

const PARTITIONS = 4;
const SHARDS = 2;
const profile = (id: string, ordinal: number): Entity => ({ workspace: 'shop', kind: 'profile', id, ordinal });

interface Asked {
  readonly stage: StageName;
  readonly partition: number;
  readonly question: unknown;
}

/** A locator over owners that answer by `reply`, and what they were asked. */
function locatorOf(reply: (asked: Asked) => unknown): { locator: ProfileLocator; asked: Asked[] } {
  const asked: Asked[] = [];
  const ask = async <T>(stage: StageName, partition: number, question: unknown): Promise<T> => {
    asked.push({ stage, partition, question });
    return reply({ stage, partition, question }) as T;
  };
  return { locator: new ProfileLocator({ ask, partitions: PARTITIONS, shards: SHARDS }), asked };
}

describe('a locator', () => {
  it('asks the shard of the workspace, by identifier or by profile id, and says undefined for nobody', async () => {
    const { locator, asked } = locatorOf(() => null);
    const email = { type: 'email', value: 'ada@example.com' };
    expect(await locator.find('shop', email)).toBeUndefined();
    expect(await locator.find('shop', { type: 'profile_id', value: 'p-1' })).toBeUndefined();
    const at = { stage: 'identity', partition: partitionOf('shop', SHARDS) };
    expect(asked).toEqual([
      { ...at, question: { kind: 'resolve', workspace: 'shop', identifier: email } },
      { ...at, question: { kind: 'profile', workspace: 'shop', profileId: 'p-1' } },
    ]);
  });

  it('asks how a profile came about, and refuses for an API what is no identifier and nobody', async () => {
    const ada = { type: 'user_id', value: 'ada' };
    const { locator, asked } = locatorOf(({ question }) =>
      JSON.stringify(question).includes('ada') ? { merges: [] } : null,
    );
    expect(await locator.history('merges', 'shop', ada)).toEqual({ merges: [] });
    expect(asked[0]!.question).toEqual({ kind: 'merges', workspace: 'shop', identifier: ada });
    const nobody = { type: 'profile_id', value: 'p-0' };
    expect(await locator.history('identifiers', 'shop', nobody)).toBeUndefined();
    await expect(locator.requireHistory('identifiers', 'shop', nobody)).rejects.toMatchObject({ code: 'ATR-HOST-022' });
    const none = { type: 'user_id', value: '' };
    await expect(locator.requireHistory('identifiers', 'shop', none)).rejects.toMatchObject({ code: 'ATR-HOST-021' });
  });

  const place = { profileId: 'p-1', ordinal: 1, partition: partitionOf('p-1', PARTITIONS) };
  const question = { kind: 'memberships', workspace: 'shop' };
  const mergedInto = (answer: { mergedInto?: Entity }): Entity | undefined => answer.mergedInto;

  it('goes from survivor to survivor, each in its own partition', async () => {
    const survivors: Record<number, Entity> = { 1: profile('p-2', 2), 2: profile('p-3', 3) };
    const { locator, asked } = locatorOf((each) => ({
      mergedInto: survivors[(each.question as { ordinal: number }).ordinal],
    }));
    const found = await locator.followed<{ mergedInto?: Entity }>('segment', place, { question, mergedInto });
    expect(found.at).toEqual({ profileId: 'p-3', ordinal: 3, partition: partitionOf('p-3', PARTITIONS) });
    expect(asked).toEqual(
      ['p-1', 'p-2', 'p-3'].map((id, index) => ({
        stage: 'segment',
        partition: partitionOf(id, PARTITIONS),
        question: { ...question, ordinal: index + 1 },
      })),
    );
  });

  it('gives up, retryably, on merges without an end', async () => {
    const { locator, asked } = locatorOf(() => ({ mergedInto: profile('p-1', 1) }));
    const following = locator.followed<{ mergedInto?: Entity }>('segment', place, { question, mergedInto });
    await expect(following).rejects.toThrow(OwnerSilentError);
    expect(asked).toHaveLength(9);
  });
});

describe('an identifier', () => {
  it.each([
    ['user_id', 'ada', true],
    ['user_id', 'a'.repeat(512), true],
    ['user_id', 'a'.repeat(513), false],
    ['user_id', '', false],
    ['', 'ada', false],
    ['User', 'ada', false],
    [`a${'b'.repeat(64)}`, 'ada', false],
  ])('of type %s and value %s may be asked for: %s', (type, value, fine) => {
    expect(identifierFault({ type, value }) === undefined).toBe(fine);
  });
});

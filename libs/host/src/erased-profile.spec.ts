import { describe, expect, it } from '@jest/globals';
import { grpcStatusOf, httpStatusOf } from './errors.js';
import { ErasedProfileError, ProfileLocator } from './profile-locator.js';

const erased = { profileId: 'p1', erasedAt: Date.UTC(2026, 0, 1) };
const locatorOf = (answer: unknown) =>
  new ProfileLocator({ ask: async <T>() => answer as T, partitions: 4, shards: 1 });
const old = { type: 'profile_id', value: 'p0' };

describe('the id of an erased profile', () => {
  it('is answered with 410, the id of the profile and the time, whatever is asked', async () => {
    const locator = locatorOf(erased);
    for (const asked of [
      () => locator.find('shop', old),
      () => locator.require('shop', old),
      () => locator.history('merges', 'shop', old),
      () => locator.requireHistory('identifiers', 'shop', old),
    ]) {
      const error = (await asked().catch((thrown: unknown) => thrown)) as ErasedProfileError;
      expect(error).toBeInstanceOf(ErasedProfileError);
      expect(error).toMatchObject({
        code: 'ATR-HOST-023',
        retryable: false,
        details: { profileId: 'p1', erasedAt: '2026-01-01T00:00:00.000Z' },
      });
      expect([httpStatusOf(error), grpcStatusOf(error)]).toEqual([410, 5]);
    }
  });

  it('is something else than the id of nobody', async () => {
    await expect(locatorOf(null).find('shop', old)).resolves.toBeUndefined();
    await expect(locatorOf(null).require('shop', old)).rejects.toMatchObject({ code: 'ATR-HOST-022' });
  });
});

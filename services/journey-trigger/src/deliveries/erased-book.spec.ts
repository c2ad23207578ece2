import type { Entity, ProfileErased } from '@attrium/event';
import type { BucketEntry } from '@attrium/nats';
import { runSimulation, SimulatedClock } from '@attrium/testing';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { ErasedBook } from './erased-book.js';
import type { UndeliveredAt } from './undelivered.js';

const DAY_MS = 86_400_000;
const entity = (id: string): Entity => ({ workspace: 'shop', kind: 'profile', id, ordinal: 1 });
const erasure: ProfileErased = {
  ...{ kind: 'profile-erased', id: 'j0-1-0-0', entity: entity('p2'), former: [entity('p1')] },
  ...{ requestId: 'r', erasedAt: 0 },
};

let clock: SimulatedClock;
let stored: Map<string, Uint8Array>;
let watchers: ((entry: BucketEntry) => void)[];
let letters: UndeliveredAt[];
let isAway: boolean;
let told: number[];
let errors: object[];

const tell = (key: string, value: Uint8Array | undefined): void => {
  for (const watcher of watchers) watcher({ key, value, revision: 1 });
};
const bucket = {
  async put(key: string, value: Uint8Array) {
    stored.set(key, value);
    tell(key, value);
    return 1;
  },
  async delete(key: string) {
    stored.delete(key);
    tell(key, undefined);
  },
  watch(onEntry: (entry: BucketEntry) => void) {
    watchers.push(onEntry);
    for (const [key, value] of stored) onEntry({ key, value, revision: 1 });
    return { ready: Promise.resolve(), stop: () => {} };
  },
};
const undelivered = {
  async list({ workspace, after, limit }: { workspace: string; after: number; limit: number }) {
    if (isAway) throw new Error('away');
    return letters.filter((letter) => letter.workspace === workspace && letter.position > after).slice(0, limit);
  },
  async delete(position: number) {
    const before = letters.length;
    letters = letters.filter((letter) => letter.position !== position);
    return letters.length < before;
  },
};

async function opened(more: { profilesMax?: number } = {}): Promise<ErasedBook> {
  const logger = { warn: () => {}, error: (line: object) => errors.push(line) } as unknown as ConstructorParameters<
    typeof ErasedBook
  >[0]['logger'];
  const telemetry = { undeliveredErased: (count: number) => void told.push(count) };
  const book = new ErasedBook({ bucket, undelivered, clock, logger, telemetry, ...more });
  await book.open();
  return book;
}
async function pass(ms: number): Promise<void> {
  await runSimulation({ clock, untilMs: clock.now() + ms });
}

beforeEach(() => {
  clock = new SimulatedClock(0);
  stored = new Map();
  watchers = [];
  isAway = false;
  told = [];
  errors = [];
  letters = Array.from({ length: 1_203 }, (_, index) => ({
    ...{
      workspace: index % 3 === 0 ? 'bank' : 'shop',
      trigger: 't',
      destination: 'd',
      url: 'u',
      firingId: `f${index}`,
    },
    ...{ profileId: `p${index % 5}`, reason: 'no', givenUpAt: 0, body: '{}', position: index + 1 },
  }));
});

describe('the book of erased profiles', () => {
  it('knows a profile and those that were merged into it, in every instance, after a restart too', async () => {
    const [one, other] = [await opened(), await opened()];
    const told: string[] = [];
    other.onErased((...who) => told.push(who.join('/')));
    await one.add(erasure);
    await one.add(erasure);
    for (const book of [one, other, await opened()]) {
      expect(['p1', 'p2', 'p3'].map((id) => book.has('shop', id))).toEqual([true, true, false]);
      expect(book.has('bank', 'p1')).toBe(false);
    }
    expect([told.sort(), one.size]).toEqual([['shop/p1', 'shop/p2'], 2]);
  });

  it('deletes what was given up for them, of that workspace only, and once NATS answers', async () => {
    const isOf = ({ workspace, profileId }: UndeliveredAt) => workspace === 'shop' && ['p1', 'p2'].includes(profileId);
    const expected = letters.filter((letter) => !isOf(letter));
    const count = letters.length - expected.length;
    const book = await opened();
    isAway = true;
    await book.add(erasure);
    await pass(6_000);
    expect(letters.filter(isOf)).toHaveLength(count);
    isAway = false;
    await pass(6_000);
    expect(letters).toEqual(expected);
    expect(told).toEqual([count]);
  });

  it('forgets a profile once no stream of deliveries can hold anything of it', async () => {
    const book = await opened();
    await book.add(erasure);
    await pass(32 * DAY_MS);
    await book.add({ ...erasure, entity: entity('p9'), former: [], erasedAt: clock.now() });
    await pass(6_000);
    expect(['p1', 'p2', 'p9'].map((id) => book.has('shop', id))).toEqual([false, false, true]);
    expect([...stored.keys()]).toEqual(['erased.shop.p9']);
  });

  it('remembers so many at most, and says so', async () => {
    const book = await opened({ profilesMax: 2 });
    for (const id of ['a', 'b', 'c']) await book.add({ ...erasure, entity: entity(id), former: [] });
    await pass(6_000);
    expect(['a', 'b', 'c'].map((id) => book.has('shop', id))).toEqual([false, true, true]);
    expect(errors).toEqual([{ profiles: 1 }]);
  });
});

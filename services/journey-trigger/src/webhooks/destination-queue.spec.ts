import { SimulatedClock } from '@attrium/testing';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { type Delivery, DestinationQueue, type QueueOccurrence } from './destination-queue.js';
import type { AttemptOutcome } from './webhook-attempt.js';

const DELIVERED: AttemptOutcome = { kind: 'delivered', status: 204 };
const FAILED: AttemptOutcome = { kind: 'failed', why: 'server-error', detail: 'status 500' };
const DAY_MS = 86_400_000;

const SETTINGS = {
  delayMsMin: 5_000,
  delayMsMax: 6 * 3_600_000,
  ageMsMax: 3 * DAY_MS,
  attemptsMax: 4,
  breakerFailuresMax: 3,
  probeDelayMsMax: 60_000,
};

let clock: SimulatedClock;
let queue: DestinationQueue;
/** `<sequence>@<time>` of each attempt, in order. */
let attempts: string[];
let done: number[];
let givenUp: string[];
let seen: QueueOccurrence[];
let obstacle: string | undefined;
let wantsNoMore: boolean;
let erased: Set<string>;
/** Attempts that nobody has answered yet. */
let open: Map<number, (outcome: AttemptOutcome) => void>;
/** The answer to an attempt; undefined leaves it open. */
let answer: (sequence: number) => AttemptOutcome | undefined;

beforeEach(() => {
  clock = new SimulatedClock(0);
  queue = queueOf();
  attempts = [];
  done = [];
  givenUp = [];
  seen = [];
  obstacle = undefined;
  wantsNoMore = false;
  erased = new Set();
  open = new Map();
  answer = () => DELIVERED;
});

function queueOf(more: { perSecond?: number } = {}): DestinationQueue {
  return new DestinationQueue({
    settings: { ...SETTINGS, ...more },
    clock,
    random: () => 0.5,
    attempt: ({ sequence }) => {
      attempts.push(`${sequence}@${clock.now()}`);
      const outcome = answer(sequence);
      if (outcome !== undefined) return Promise.resolve(outcome);
      return new Promise((resolve) => open.set(sequence, resolve));
    },
    obstacle: () => obstacle,
    isErased: ({ profile }) => erased.has(profile),
    giveUp: async ({ sequence }, reason) => {
      givenUp.push(`${sequence}: ${reason}`);
      return true;
    },
    gone: () => {
      wantsNoMore = true;
    },
    observe: (occurrence) => seen.push(occurrence),
  });
}

function delivery(sequence: number, profile: string, storedAt = 0): Delivery {
  return {
    sequence,
    profile,
    firingId: `f${sequence}`,
    body: '{}',
    storedAt,
    recordedAt: 0,
    done: () => done.push(sequence),
  };
}

async function settle(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

async function runUntil(time: number): Promise<void> {
  await settle();
  for (let at = clock.nextAt(); at !== undefined && at <= time; at = clock.nextAt()) {
    clock.runNext();
    await settle();
  }
  clock.advanceTo(time);
}

describe('the queue of a destination', () => {
  it('tries nothing before it is released, and then in the order of the log however it arrived', async () => {
    for (const sequence of [3, 1, 2]) queue.add(delivery(sequence, 'p'));
    await settle();
    expect(attempts).toEqual([]);
    queue.release();
    await settle();
    expect(done).toEqual([1, 2, 3]);
  });

  it('holds back the later deliveries of a profile while an earlier one fails, and not those of others', async () => {
    queue.release();
    answer = (sequence) => (sequence === 1 && clock.now() < 12_000 ? FAILED : DELIVERED);
    queue.add(delivery(1, 'p'));
    queue.add(delivery(2, 'p'));
    queue.add(delivery(3, 'q'));
    await runUntil(60_000);
    expect(done).toEqual([3, 1, 2]);
    expect(attempts).toEqual(['1@0', '3@0', '1@5000', '1@10000', '1@20000', '2@20000']);
  });

  it('makes no more attempts at once than it may, and one of a profile', async () => {
    queue.release();
    answer = () => undefined;
    for (let sequence = 1; sequence <= 12; sequence++) queue.add(delivery(sequence, `p${sequence % 6}`));
    await settle();
    expect([...open.keys()]).toEqual([1, 2, 3, 4]);
    open.get(2)!(DELIVERED);
    await settle();
    expect([...open.keys()]).toEqual([1, 2, 3, 4, 5]);
  });

  it('begins no more attempts a second than it may, evenly spread, whether they fail or not', async () => {
    queue = queueOf({ perSecond: 4 });
    queue.release();
    answer = (sequence) => (sequence === 2 && clock.now() < 1_000 ? FAILED : DELIVERED);
    for (let sequence = 1; sequence <= 6; sequence++) queue.add(delivery(sequence, `p${sequence}`));
    await runUntil(10_000);
    expect(attempts).toEqual(['1@0', '2@250', '3@500', '4@750', '5@1000', '6@1250', '2@5250']);
  });

  it('stops after some failures in a row, probes one at a time with the least tried, and goes on at the first success', async () => {
    queue.release();
    answer = () => FAILED;
    for (const sequence of [1, 2, 3, 4, 5]) queue.add(delivery(sequence, `p${sequence}`));
    await settle();
    // Four were under way before the third failure was known.
    expect(attempts).toEqual(['1@0', '2@0', '3@0', '4@0']);
    expect(queue.isOpen).toBe(true);
    await runUntil(10_000);
    expect(attempts.slice(4)).toEqual(['5@5000', '1@10000']);
    answer = () => DELIVERED;
    await runUntil(20_000);
    expect(attempts.slice(6)).toEqual(['2@20000', '1@20000', '3@20000', '4@20000', '5@20000']);
    expect(queue.isOpen).toBe(false);
    expect(queue.size).toBe(0);
    expect(seen.filter(({ kind }) => kind === 'breaker')).toEqual([
      { kind: 'breaker', open: true },
      { kind: 'breaker', open: false },
    ]);
  });

  it('waits as long as Retry-After says, with all of the destination', async () => {
    queue.release();
    answer = (sequence) =>
      sequence === 1 && clock.now() === 0
        ? { kind: 'failed', why: 'throttled', detail: 'status 429', retryAfterMs: 90_000 }
        : DELIVERED;
    queue.add(delivery(1, 'p'));
    await settle();
    queue.add(delivery(2, 'q'));
    await runUntil(89_999);
    expect(attempts).toEqual(['1@0']);
    await runUntil(90_000);
    expect(done).toEqual([1, 2]);
  });

  it('asks a receiver that is down for hours ever more rarely, and hands over in order when it is back', async () => {
    queue.release();
    const backAt = 4 * 3_600_000;
    answer = () => (clock.now() < backAt ? FAILED : DELIVERED);
    for (let sequence = 1; sequence <= 200; sequence++) queue.add(delivery(sequence, `p${sequence % 20}`));
    await runUntil(backAt - 1);
    expect(done).toEqual([]);
    // The first attempts before the breaker opened, then a probe a minute at most.
    expect(attempts.length).toBeLessThan(4 * 60 * 1.5);
    await runUntil(backAt + 2 * 60_000);
    expect(done).toHaveLength(200);
    const ofProfile = (profile: number): number[] => done.filter((sequence) => sequence % 20 === profile);
    for (let profile = 0; profile < 20; profile++) {
      expect(ofProfile(profile)).toEqual([...ofProfile(profile)].sort((a, b) => a - b));
    }
  });

  it('tries a delivery that waited long behind another again soon when it fails for the first time', async () => {
    queue.release();
    answer = (sequence) =>
      clock.now() < 3_600_000 || (sequence === 2 && clock.now() < 7_000_000) ? FAILED : DELIVERED;
    queue.add(delivery(1, 'p'));
    queue.add(delivery(2, 'p'));
    queue.add(delivery(3, 'q'));
    await runUntil(6_900_000);
    const ofSecond = attempts.filter((attempt) => attempt.startsWith('2@')).map((attempt) => Number(attempt.slice(2)));
    const waits = ofSecond.slice(1, 3).map((at, index) => at - ofSecond[index]!);
    expect(waits).toEqual([5_000, 10_000]);
  });

  it('gives up what still fails after three days, keeps it with the reason, and goes on with the profile', async () => {
    queue.release();
    answer = (sequence) => (sequence === 1 ? FAILED : DELIVERED);
    queue.add(delivery(1, 'p'));
    queue.add(delivery(2, 'p'));
    await runUntil(3 * DAY_MS - 1);
    expect(givenUp).toEqual([]);
    expect(done).toEqual([]);
    await runUntil(4 * DAY_MS);
    expect(givenUp).toEqual(['1: status 500']);
    expect(done).toEqual([1, 2]);
  });

  it('tries what is older than three days once more before it gives it up', async () => {
    clock.advanceTo(5 * DAY_MS);
    queue.release();
    queue.add(delivery(1, 'p', 0));
    await settle();
    expect([done, givenUp]).toEqual([[1], []]);
  });

  it('makes no attempt while there is an obstacle, and goes on when it is told that there is none', async () => {
    obstacle = 'no secret';
    queue.release();
    queue.add(delivery(1, 'p'));
    await runUntil(DAY_MS);
    expect(attempts).toEqual([]);
    obstacle = undefined;
    queue.proceed();
    await settle();
    expect(done).toEqual([1]);
  });

  it('says when the receiver wants no more, and drops the rest when told to', async () => {
    queue.release();
    answer = () => ({ kind: 'gone' });
    queue.add(delivery(1, 'p'));
    obstacle = 'disabled';
    queue.add(delivery(2, 'p'));
    await settle();
    expect(wantsNoMore).toBe(true);
    queue.drop();
    expect(done).toEqual([1, 2]);
    expect(seen).toMatchObject([{ kind: 'dropped', delivery: { sequence: 2 } }]);
  });

  it('drops what waits for an erased profile, visibly and untried, and what comes for it later', async () => {
    queue.release();
    answer = () => FAILED;
    queue.add(delivery(1, 'gone'));
    queue.add(delivery(2, 'gone'));
    queue.add(delivery(3, 'stays'));
    await settle();
    erased.add('gone');
    queue.dropErased('gone');
    expect(done).toEqual([1, 2]);
    queue.add(delivery(4, 'gone'));
    expect(done).toEqual([1, 2, 4]);
    expect(seen.filter(({ kind }) => kind === 'erased')).toMatchObject(
      [1, 2, 4].map((sequence) => ({ delivery: { sequence } })),
    );
    answer = () => DELIVERED;
    await runUntil(DAY_MS);
    expect(attempts.map((each) => each.split('@')[0])).toEqual(['1', '3', '3']);
    expect(queue.size).toBe(0);
  });

  it('makes no second attempt for a profile that was erased during the first, and does not keep it as given up', async () => {
    queue.release();
    answer = () => undefined;
    queue.add(delivery(1, 'gone'));
    queue.add(delivery(2, 'late', -4 * DAY_MS));
    await settle();
    erased = new Set(['gone', 'late']);
    for (const profile of erased) queue.dropErased(profile);
    expect(done).toEqual([]);
    for (const sequence of [1, 2]) open.get(sequence)!(FAILED);
    await runUntil(DAY_MS);
    expect(done.sort()).toEqual([1, 2]);
    expect([attempts.length, givenUp]).toEqual([2, []]);
  });

  it('ends a delivery that comes again after it was finished, without another attempt', async () => {
    queue.release();
    queue.add(delivery(1, 'p'));
    await settle();
    queue.add(delivery(1, 'p'));
    await settle();
    expect(attempts).toEqual(['1@0']);
    expect(done).toEqual([1, 1]);
  });

  it('takes a delivery that comes again while it waits as the same one', async () => {
    queue.release();
    answer = () => undefined;
    queue.add(delivery(1, 'p'));
    queue.add({ ...delivery(1, 'p'), done: () => done.push(100) });
    open.get(1)!(DELIVERED);
    await settle();
    expect(attempts).toEqual(['1@0']);
    expect(done).toEqual([100]);
  });
});

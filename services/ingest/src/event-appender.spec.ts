import type { Event } from '@attrium/event';
import { type AppendOptions, type AppendOutcome, decodePack, type Log, systemClock } from '@attrium/processor';
import { describe, expect, it } from '@jest/globals';
import { EventAppender, type EventAppenderOptions } from './event-appender.js';

interface Attempt {
  readonly subject: string;
  readonly ids: string[];
  readonly bytes: number;
  readonly messageId: string | undefined;
  answer(outcome: AppendOutcome): void;
}

/** A log whose answers the test gives. */
function scripted(): { log: Log; attempts: Attempt[]; nextAttempt(count: number): Promise<void> } {
  const attempts: Attempt[] = [];
  const append = (subject: string, payload: Uint8Array, options?: AppendOptions): Promise<AppendOutcome> =>
    new Promise((answer) => {
      const ids = decodePack(payload).records.map((record) => (record.kind === 'event' ? record.id : '?'));
      attempts.push({ subject, ids, bytes: payload.length, messageId: options?.messageId, answer });
    });
  const nextAttempt = async (count: number): Promise<void> => {
    while (attempts.length < count) await new Promise((resolve) => setTimeout(resolve, 1));
  };
  return { log: { append } as unknown as Log, attempts, nextAttempt };
}

let packIds = 0;
function appenderOver(log: Log, changes: Partial<EventAppenderOptions> = {}): EventAppender {
  return new EventAppender({
    log,
    clock: systemClock,
    shards: 1,
    instance: 'test',
    holdMs: 10_000,
    queueBytesMax: 1_000_000,
    newPackId: () => `pack-${++packIds}`,
    telemetry: { packAppended() {}, appendUnknown() {}, packAbandoned() {} },
    ...changes,
  });
}

function event(id: string, bytes = 10): Event {
  return {
    kind: 'event',
    id,
    workspace: 'shop',
    source: 'web',
    type: 'track',
    name: 'x',
    occurredAt: 1,
    receivedAt: 1,
    identifiers: [{ type: 'user_id', value: 'u' }],
    payload: Buffer.alloc(bytes, 'x'),
  };
}

const STORED: AppendOutcome = { kind: 'appended', sequence: 1 };
const UNKNOWN: AppendOutcome = { kind: 'unknown', reason: 'no answer' };

describe('appending events', () => {
  it('sends at once, keeps two packs in flight and makes one pack of all that came meanwhile', async () => {
    const { log, attempts } = scripted();
    const appender = appenderOver(log);
    const outcomes = ['a', 'b', 'c', 'd', 'e'].map((id) => appender.append('shop', [event(id)]));
    expect(attempts.map((attempt) => attempt.ids)).toEqual([['a'], ['b']]);
    attempts[0]!.answer(STORED);
    expect(await outcomes[0]).toBe('appended');
    expect(attempts[2]!.ids).toEqual(['c', 'd', 'e']);
    attempts[1]!.answer(STORED);
    attempts[2]!.answer(STORED);
    expect(await Promise.all(outcomes)).toEqual(Array(5).fill('appended'));
    expect([appender.queueBytes, appender.stalledMs]).toEqual([0, 0]);
  });

  it('confirms a request only when all of its packs are confirmed, none above 256 KiB', async () => {
    const { log, attempts, nextAttempt } = scripted();
    const appender = appenderOver(log);
    let outcome: string | undefined;
    const events = Array.from({ length: 20 }, (_, index) => event(`e${index}`, 30_000));
    const done = appender.append('shop', events).then((value) => {
      outcome = value;
    });
    await nextAttempt(2);
    attempts[1]!.answer(STORED);
    await nextAttempt(3);
    attempts[2]!.answer(STORED);
    await new Promise((resolve) => setImmediate(resolve));
    expect(outcome).toBeUndefined();
    attempts[0]!.answer(STORED);
    await done;
    expect(outcome).toBe('appended');
    expect(attempts.flatMap((attempt) => attempt.ids)).toEqual(events.map(({ id }) => id));
    for (const attempt of attempts) expect(attempt.bytes).toBeLessThanOrEqual(256 * 1024);
  });

  it('sends a pack again under the same id until it is confirmed', async () => {
    const { log, attempts, nextAttempt } = scripted();
    const outcome = appenderOver(log).append('shop', [event('a')]);
    attempts[0]!.answer(UNKNOWN);
    await nextAttempt(2);
    attempts[1]!.answer({ kind: 'refused' });
    await nextAttempt(3);
    attempts[2]!.answer(STORED);
    expect(await outcome).toBe('appended');
    expect(new Set(attempts.map((attempt) => attempt.messageId)).size).toBe(1);
    expect(attempts.every((attempt) => attempt.ids.join() === 'a')).toBe(true);
  });

  it('gives up when the hold time is over', async () => {
    const { log } = scripted();
    let tries = 0;
    const append = () => {
      tries++;
      return Promise.resolve(UNKNOWN);
    };
    expect(await appenderOver({ ...log, append } as Log, { holdMs: 150 }).append('shop', [event('a')])).toBe(
      'unavailable',
    );
    expect(tries).toBeGreaterThan(1);
  });

  it('holds a request for its own time, however long another of the same pack has been waiting', async () => {
    const { log, attempts, nextAttempt } = scripted();
    let now = 0;
    const clock = { ...systemClock, monotonic: () => now };
    const appender = appenderOver(log, { holdMs: 15_000, clock });
    const [first, second, early] = ['a', 'b', 'c'].map((id) => appender.append('shop', [event(id)]));
    now = 14_000;
    const late = appender.append('shop', [event('d')]);
    now = 15_000;
    attempts[0]!.answer(UNKNOWN);
    expect(await first).toBe('unavailable');
    await nextAttempt(3);
    expect(attempts[2]!.ids).toEqual(['c', 'd']);
    attempts[2]!.answer(UNKNOWN);
    expect(await early).toBe('unavailable');
    await nextAttempt(4);
    attempts[3]!.answer(STORED);
    expect(await late).toBe('appended');
    attempts[1]!.answer(STORED);
    expect(await second).toBe('appended');
    expect(appender.queueBytes).toBe(0);
  });

  it('takes nothing when more would wait than may', async () => {
    const { log, attempts } = scripted();
    const appender = appenderOver(log, { queueBytesMax: 50_000 });
    const first = appender.append('shop', [event('a', 30_000)]);
    expect(await appender.append('shop', [event('b', 30_000)])).toBe('full');
    attempts[0]!.answer(STORED);
    await first;
    const again = appender.append('shop', [event('b', 30_000)]);
    attempts[1]!.answer(STORED);
    expect(await again).toBe('appended');
  });

  it('drains when the last pack is confirmed', async () => {
    const { log, attempts } = scripted();
    const appender = appenderOver(log);
    const outcome = appender.append('shop', [event('a')]);
    let drained = false;
    const drain = appender.drain().then(() => {
      drained = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(drained).toBe(false);
    attempts[0]!.answer(STORED);
    await drain;
    expect(await outcome).toBe('appended');
  });

  it('keeps the events of a workspace on one shard', async () => {
    const { log, attempts } = scripted();
    const appender = appenderOver(log, { shards: 8 });
    const outcomes = [appender.append('shop', [event('a')]), appender.append('shop', [event('b')])];
    for (const attempt of attempts) attempt.answer(STORED);
    await Promise.all(outcomes);
    expect(new Set(attempts.map((attempt) => attempt.subject)).size).toBe(1);
  });
});

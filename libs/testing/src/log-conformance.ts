/** What every log promises, as tests that run against any adapter. */

import type { Log, LogReader, ReadOptions, StoredMessage } from '@attrium/processor';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

export interface LogUnderTest {
  readonly log: Log;
  close(): Promise<void>;
  /** Takes the server down hard and brings it back with what it had stored. */
  restart?(): Promise<void>;
  /** Loses the messages of a stream up to and including a sequence. */
  purge?(stream: string, upTo: number): Promise<void>;
}

const STREAM = 'attrium-resolved';
const A = 'attrium.resolved.0.identity-0';
const B = 'attrium.resolved.1.identity-0';
const C = 'attrium.resolved.1.attribute-compute-1';
const TEST_TIMEOUT_MS = 60_000;

/** `makeLog` gives a log whose streams `attrium-events` and `attrium-resolved` exist and are empty. */
export function logConformance(name: string, makeLog: () => Promise<LogUnderTest>): void {
  describe(`log: ${name}`, () => {
    let made: LogUnderTest;
    let log: Log;
    const readers: LogReader[] = [];

    beforeEach(async () => {
      made = await makeLog();
      log = made.log;
    }, TEST_TIMEOUT_MS);

    afterEach(async () => {
      await Promise.all(readers.splice(0).map((reader) => reader.close()));
      await made.close();
    }, TEST_TIMEOUT_MS);

    const open = (subjects: readonly string[], fromSequence = 1): Inbox => {
      const inbox = new Inbox(log, STREAM, { subjects, fromSequence });
      readers.push(inbox.reader);
      return inbox;
    };
    const rule = (text: string, run: () => Promise<void>): void => it(text, run, TEST_TIMEOUT_MS);

    describe('append', () => {
      rule('gives rising sequences from 1 on, over all subjects of the stream', async () => {
        expect(await log.append(A, bytes('one'))).toEqual({ kind: 'appended', sequence: 1 });
        expect(await log.append(B, bytes('two'))).toEqual({ kind: 'appended', sequence: 2 });
        expect(await log.append(A, bytes('three'))).toEqual({ kind: 'appended', sequence: 3 });
      });

      rule('is refused when the last message of the subject is another than expected, and stores nothing', async () => {
        expect(await log.append(A, bytes('1'), { expectedLastSequence: 0 })).toEqual({ kind: 'appended', sequence: 1 });
        expect(await log.append(A, bytes('zombie'), { expectedLastSequence: 0 })).toEqual({ kind: 'refused' });
        expect(await log.append(A, bytes('ahead'), { expectedLastSequence: 7 })).toEqual({ kind: 'refused' });
        expect(await log.append(B, bytes('2'), { expectedLastSequence: 0 })).toEqual({ kind: 'appended', sequence: 2 });
        expect(await log.append(A, bytes('3'), { expectedLastSequence: 1 })).toEqual({ kind: 'appended', sequence: 3 });
        expect((await log.bounds(STREAM)).lastSequence).toBe(3);
      });

      rule('lets exactly one of many writers pass that expect the same', async () => {
        const outcomes = await Promise.all(
          Array.from({ length: 20 }, (_, writer) => log.append(A, bytes(`${writer}`), { expectedLastSequence: 0 })),
        );
        expect(outcomes.filter((outcome) => outcome.kind === 'appended')).toHaveLength(1);
        expect(outcomes.filter((outcome) => outcome.kind === 'refused')).toHaveLength(19);
      });

      rule('stores a message id once, and answers a retry with the sequence of the first', async () => {
        expect(await log.append(A, bytes('x'), { messageId: 'm1' })).toEqual({ kind: 'appended', sequence: 1 });
        expect(await log.append(A, bytes('x'), { messageId: 'm1' })).toEqual({ kind: 'appended', sequence: 1 });
        expect(await log.append(A, bytes('y'), { messageId: 'm2' })).toEqual({ kind: 'appended', sequence: 2 });
      });

      rule('never stores a message twice when a compare-and-set is retried with its message id', async () => {
        await log.append(A, bytes('x'), { messageId: 'm1', expectedLastSequence: 0 });
        const retry = await log.append(A, bytes('x'), { messageId: 'm1', expectedLastSequence: 0 });
        expect(retry.kind === 'refused' || (retry.kind === 'appended' && retry.sequence === 1)).toBe(true);
        expect((await log.bounds(STREAM)).lastSequence).toBe(1);
      });

      rule('takes an empty payload and one of a mebibyte', async () => {
        const large = new Uint8Array(1 << 20).map((_, index) => index % 251);
        await log.append(A, new Uint8Array(0));
        expect((await log.last(A))!.payload).toHaveLength(0);
        await log.append(A, large);
        expect(Buffer.compare((await log.last(A))!.payload, large)).toBe(0);
        const messages = await open(['attrium.resolved.>']).take(2);
        expect(Buffer.compare(messages[1]!.payload, large)).toBe(0);
      });
    });

    describe('last and bounds', () => {
      rule('last gives the last message of exactly this subject, right after its append', async () => {
        expect(await log.last(A)).toBeUndefined();
        for (let turn = 0; turn < 20; turn++) {
          await log.append(A, bytes(`a${turn}`));
          await log.append(B, bytes(`b${turn}`));
          const last = (await log.last(A))!;
          expect({ subject: last.subject, sequence: last.sequence, text: text(last) }).toEqual({
            subject: A,
            sequence: turn * 2 + 1,
            text: `a${turn}`,
          });
        }
        expect(await log.last(C)).toBeUndefined();
      });

      rule('is that of all subjects that a filter selects', async () => {
        await log.append(A, bytes('other partition'));
        await log.append(B, bytes('earlier'));
        await log.append(C, bytes('last'));
        await log.append(A, bytes('other partition again'));
        const last = (await log.last('attrium.resolved.1.>'))!;
        expect([last.sequence, last.subject]).toEqual([3, C]);
        expect(await log.last('attrium.resolved.2.>')).toBeUndefined();
      });

      rule('bounds of a stream that never had a message are 1 and 0', async () => {
        expect(await log.bounds(STREAM)).toEqual({ firstSequence: 1, lastSequence: 0 });
        await log.append(A, bytes('1'));
        await log.append(A, bytes('2'));
        expect(await log.bounds(STREAM)).toEqual({ firstSequence: 1, lastSequence: 2 });
      });
    });

    describe('read', () => {
      rule('gives what is stored and what comes later, in order, each once', async () => {
        for (let index = 0; index < 100; index++) await log.append(A, bytes(`${index}`));
        const inbox = open([A]);
        expect((await inbox.take(100)).map(text)).toEqual(Array.from({ length: 100 }, (_, index) => `${index}`));
        for (let index = 100; index < 200; index++) void log.append(A, bytes(`${index}`));
        expect((await inbox.take(100)).map((message) => message.sequence)).toEqual(
          Array.from({ length: 100 }, (_, index) => index + 101),
        );
        expect(await inbox.nothingMore(log)).toBe(true);
      });

      rule('starts at the sequence asked for, which may be the next one', async () => {
        for (let index = 1; index <= 5; index++) await log.append(A, bytes(`${index}`));
        expect((await open([A], 4).take(2)).map(text)).toEqual(['4', '5']);
        const next = open([A], 6);
        await log.append(A, bytes('6'));
        expect((await next.take(1)).map(text)).toEqual(['6']);
      });

      rule('gives only the subjects of its filters, merged in log order', async () => {
        for (const subject of [A, B, C, A, C, B]) await log.append(subject, bytes(subject));
        expect((await open(['attrium.resolved.1.>']).take(4)).map((message) => message.sequence)).toEqual([2, 3, 5, 6]);
        expect((await open([A, C]).take(4)).map((message) => message.subject)).toEqual([A, C, A, C]);
        expect((await open(['attrium.resolved.*.identity-0']).take(4)).map((message) => message.sequence)).toEqual([
          1, 2, 4, 6,
        ]);
      });

      rule('filters of events select a shard and what is below it', async () => {
        for (const subject of ['attrium.events.0', 'attrium.events.1', 'attrium.events.0.catalogue.shop']) {
          await log.append(subject, bytes(subject));
        }
        const inbox = new Inbox(log, 'attrium-events', {
          subjects: ['attrium.events.0', 'attrium.events.0.>'],
          fromSequence: 1,
        });
        readers.push(inbox.reader);
        expect((await inbox.take(2)).map((message) => message.sequence)).toEqual([1, 3]);
      });

      rule('a reader and last agree on when a message was appended', async () => {
        await log.append(A, bytes('1'));
        const [read] = await open([A]).take(1);
        expect(Number.isInteger(read!.appendedAt)).toBe(true);
        expect(read!.appendedAt).toBe((await log.last(A))!.appendedAt);
      });

      rule('a closed reader wakes nobody any more', async () => {
        await log.append(A, bytes('1'));
        const inbox = open([A]);
        await inbox.take(1);
        await inbox.reader.close();
        const wakes = inbox.wakes;
        await log.append(A, bytes('2'));
        await open([A]).take(2);
        expect(inbox.wakes).toBe(wakes);
      });

      rule('keeps 50,000 messages of mixed sizes in order for two readers', async () => {
        const count = 50_000;
        const sent = fill(log, count);
        const [all, half] = await Promise.all([open([A, B]).take(count), open([B]).take(count / 2)]);
        await sent;
        expect(all.every((message, index) => message.sequence === index + 1)).toBe(true);
        expect(all.every((message, index) => message.payload.length === sizeOf(index))).toBe(true);
        expect(half.every((message, index) => message.sequence === index * 2 + 2)).toBe(true);
      });

      rule('fails when its needed sequence is gone, or when the log ends before it', async () => {
        for (let index = 1; index <= 5; index++) await log.append(A, bytes(`${index}`));
        expect(await open([A], 9).failure()).toMatchObject({ code: 'ATR-LOG-011' });
        if (made.purge === undefined) return;
        await made.purge(STREAM, 3);
        expect(await log.bounds(STREAM)).toEqual({ firstSequence: 4, lastSequence: 5 });
        expect(await open([A], 3).failure()).toMatchObject({ code: 'ATR-LOG-010' });
        expect((await open([A], 4).take(2)).map(text)).toEqual(['4', '5']);
      });
    });

    rule(
      'readers and writers go on after the server was killed, with nothing lost, doubled or out of order',
      async () => {
        if (made.restart === undefined) return;
        const inbox = open([A]);
        const acknowledged = new Map<number, string>();
        let stop = false;
        const writing = (async () => {
          for (let index = 0; !stop || acknowledged.size < 600; index++) {
            const outcome = await log.append(A, bytes(`${index}`));
            if (outcome.kind === 'appended') acknowledged.set(outcome.sequence, `${index}`);
          }
        })();
        await inbox.take(200);
        await made.restart();
        await inbox.take(200);
        await made.restart();
        stop = true;
        await writing;
        // The connection that is asked may come back later than the one that is written to.
        const { lastSequence } = await log.bounds(STREAM).catch(() => log.bounds(STREAM));
        await inbox.take(lastSequence - inbox.taken.length);
        expect(inbox.taken.map((message) => message.sequence)).toEqual(
          Array.from({ length: lastSequence }, (_, index) => index + 1),
        );
        for (const [sequence, payload] of acknowledged) expect(text(inbox.taken[sequence - 1]!)).toBe(payload);
      },
    );
  });
}

/** Sizes from nothing to 40 kB, mostly small. */
function sizeOf(index: number): number {
  return index % 500 === 0 ? 40_000 : index % 7 === 0 ? 900 : index % 100;
}

async function fill(log: Log, count: number): Promise<void> {
  const payload = new Uint8Array(40_000);
  for (let from = 0; from < count; from += 250) {
    const outcomes = await Promise.all(
      Array.from({ length: 250 }, (_, offset) =>
        log.append((from + offset) % 2 === 0 ? A : B, payload.subarray(0, sizeOf(from + offset))),
      ),
    );
    if (outcomes.some((outcome) => outcome.kind !== 'appended')) throw new Error('an append was not taken');
  }
}

/** A reader whose messages can be awaited. */
class Inbox {
  readonly reader: LogReader;
  readonly taken: StoredMessage[] = [];
  wakes = 0;
  private failed: Error | undefined;
  private changed: () => void = () => {};

  constructor(log: Log, stream: string, options: Pick<ReadOptions, 'subjects' | 'fromSequence'>) {
    this.reader = log.read(stream, {
      ...options,
      wake: () => {
        this.wakes++;
        this.changed();
      },
      failed: (error) => {
        this.failed = error;
        this.changed();
      },
    });
  }

  /** The next `count` messages. */
  async take(count: number): Promise<StoredMessage[]> {
    const until = this.taken.length + count;
    while (this.taken.length < until) {
      const message = this.reader.next();
      if (message !== undefined) this.taken.push(message);
      else if (this.failed !== undefined) throw this.failed;
      else await this.change();
    }
    return this.taken.slice(until - count);
  }

  async failure(): Promise<Error> {
    while (this.failed === undefined) await this.change();
    return this.failed;
  }

  /** Whether nothing arrives while other questions to the log are answered. */
  async nothingMore(log: Log): Promise<boolean> {
    for (let turn = 0; turn < 5; turn++) await log.bounds(STREAM);
    return this.reader.next() === undefined && this.reader.buffered === 0;
  }

  private change(): Promise<void> {
    return new Promise((resolve) => {
      this.changed = resolve;
    });
  }
}

function bytes(content: string): Uint8Array {
  return new TextEncoder().encode(content);
}

function text(message: StoredMessage): string {
  return new TextDecoder().decode(message.payload);
}

import type { AppendOutcome, StoredMessage } from '@attrium/processor';
import { describe, expect, it } from '@jest/globals';
import { Random } from './random.js';
import { runSimulation } from './run-simulation.js';
import { SimulatedClock } from './simulated-clock.js';
import { SimulatedLog } from './simulated-log.js';
import { type SimulatedProcess, startProcess } from './simulated-process.js';
import { SimulatedStore } from './simulated-store.js';
import { matchesSubject } from './subject-filter.js';

const SUBJECT = 'attrium.resolved.0.identity-0';
const STREAM = 'attrium-resolved';
const FAULTS = {
  appendDelayMsMax: 30,
  answerDelayMsMax: 30,
  deliveryDelayMsMax: 30,
  answerLostChance: 0.1,
  requestLostChance: 0.1,
  requestStalledChance: 0.1,
  clockStepChance: 0.1,
  clockStepMsMax: 5_000,
};

async function faultyRun(
  seed: number,
): Promise<{ outcomes: AppendOutcome[]; log: SimulatedLog; read: StoredMessage[] }> {
  const clock = new SimulatedClock(1_000_000);
  const log = new SimulatedLog({ clock, random: new Random(seed), faults: FAULTS });
  const outcomes: AppendOutcome[] = [];
  const read: StoredMessage[] = [];
  const reader = log.read(STREAM, {
    subjects: ['attrium.resolved.0.>'],
    fromSequence: 1,
    wake: () => {
      for (let message = reader.next(); message !== undefined; message = reader.next()) read.push(message);
    },
    failed: (error) => {
      throw error;
    },
  });
  for (let index = 0; index < 200; index++) {
    clock.after(index * 10, () => {
      void log.append(SUBJECT, Uint8Array.of(index)).then((outcome) => outcomes.push(outcome));
    });
  }
  await runSimulation({ clock });
  return { outcomes, log, read };
}

describe('simulated log', () => {
  it('answers every publish, and some of them with unknown, of which some were stored and some were not', async () => {
    const { outcomes, log } = await faultyRun(3);
    const unknown = outcomes.filter((outcome) => outcome.kind === 'unknown').length;
    const stored = log.stored(STREAM).length;
    expect(outcomes).toHaveLength(200);
    expect(unknown).toBeGreaterThan(10);
    expect(stored).toBeGreaterThan(200 - unknown);
    expect(stored).toBeLessThan(200);
  });

  it('gives readers everything that is stored, once and in order', async () => {
    const { log, read } = await faultyRun(4);
    expect(read).toEqual(log.stored(STREAM));
    expect(read.some((message, index) => index > 0 && message.appendedAt < read[index - 1]!.appendedAt)).toBe(true);
  });

  it('does the same again for the same seed, and other things for another', async () => {
    const [first, again, other] = [await faultyRun(5), await faultyRun(5), await faultyRun(6)];
    expect(again.log.stored(STREAM)).toEqual(first.log.stored(STREAM));
    expect(again.outcomes).toEqual(first.outcomes);
    expect(other.log.stored(STREAM)).not.toEqual(first.log.stored(STREAM));
  });

  it('answers nothing during an outage and goes on after it', async () => {
    const clock = new SimulatedClock();
    const log = new SimulatedLog({ clock });
    log.addOutage(0, 5_000);
    const during = log.append(SUBJECT, Uint8Array.of(1));
    const question = expect(log.last(SUBJECT)).rejects.toMatchObject({ code: 'ATR-LOG-001', retryable: true });
    await runSimulation({ clock, untilMs: 6_000 });
    await question;
    expect(await during).toMatchObject({ kind: 'unknown' });
    expect(log.stored(STREAM)).toEqual([]);
    const after = log.append(SUBJECT, Uint8Array.of(2));
    await runSimulation({ clock });
    expect(await after).toEqual({ kind: 'appended', sequence: 1 });
  });

  it('a fault that was drawn and is not admitted does not happen, and those after it are as they were', async () => {
    const faults = { answerLostChance: 0.3, requestLostChance: 0.3, answerTimeoutMs: 50 };
    const outcomes = async (admitted: (number: number) => boolean): Promise<string[]> => {
      const clock = new SimulatedClock();
      let drawn = 0;
      const log = new SimulatedLog({ clock, random: new Random(3), faults, admits: () => admitted(++drawn) });
      const kinds: string[] = [];
      for (let index = 0; index < 20; index++) {
        void log.append(SUBJECT, Uint8Array.of(index)).then(({ kind }) => {
          kinds[index] = kind;
        });
      }
      await runSimulation({ clock });
      return kinds;
    };
    const all = await outcomes(() => true);
    const without = await outcomes((number) => number !== 1);
    const first = all.indexOf('unknown');
    expect(all.filter((kind) => kind === 'unknown').length).toBeGreaterThan(3);
    expect(without).toEqual(all.with(first, 'appended'));
    expect(await outcomes(() => false)).toEqual(Array.from({ length: 20 }, () => 'appended'));
  });

  it('a log that has lost its tail gives the lost sequences again, and readers that were further fail', async () => {
    const clock = new SimulatedClock();
    const log = new SimulatedLog({ clock });
    const failures: Error[] = [];
    for (let index = 1; index <= 5; index++) log.store(SUBJECT, Uint8Array.of(index));
    log.read(STREAM, { subjects: ['>'], fromSequence: 6, wake: () => {}, failed: (error) => failures.push(error) });
    await runSimulation({ clock });
    expect(failures).toEqual([]);
    log.truncateTail(STREAM, 2);
    await runSimulation({ clock });
    expect(failures).toMatchObject([{ code: 'ATR-LOG-011' }]);
    expect(log.store(SUBJECT, Uint8Array.of(6), { expectedLastSequence: 3 })).toEqual({
      kind: 'appended',
      sequence: 4,
    });
  });
});

describe('simulated process', () => {
  it('hears and does nothing any more after a crash, but what it sent may still be stored', async () => {
    const clock = new SimulatedClock();
    const log = new SimulatedLog({ clock, faults: { appendDelayMsMax: 10 } });
    const store = new SimulatedStore({ clock, commitDelayMsMax: 100, random: new Random(2) });
    const process = startProcess({ clock, log, store });
    const heard: string[] = [];
    process.clock.after(5, () => heard.push('timer'));
    void process.log.append(SUBJECT, Uint8Array.of(1)).then(() => heard.push('answer'));
    void process.store
      .partition(0)
      .commit([], Uint8Array.of(1))
      .then(() => heard.push('commit'));
    process.log.read(STREAM, { subjects: ['>'], fromSequence: 1, wake: () => heard.push('wake'), failed: () => {} });
    process.crash();
    void process.log.append(SUBJECT, Uint8Array.of(2)).then(() => heard.push('late'));
    await runSimulation({ clock });
    expect(heard).toEqual([]);
    expect(log.stored(STREAM).map((message) => message.payload[0])).toEqual([1]);
  });

  it('can be killed at every step of a publish and of a save, and does not hear what follows', async () => {
    const expected = {
      publish: { stored: 0, saved: undefined },
      sent: { stored: 1, saved: undefined },
      stored: { stored: 1, saved: undefined },
      answered: { stored: 1, saved: undefined },
      save: { stored: 1, saved: undefined },
      saved: { stored: 1, saved: 1 },
    };
    for (const [kind, { stored, saved }] of Object.entries(expected)) {
      const clock = new SimulatedClock();
      const log = new SimulatedLog({ clock });
      const store = new SimulatedStore({ clock });
      const heard: string[] = [];
      const process: SimulatedProcess = startProcess({
        clock,
        log,
        store,
        step: (step) => {
          heard.push(step.kind);
          if (step.kind === kind) process.crash();
        },
      });
      const work = async (): Promise<void> => {
        await process.log.append(SUBJECT, Uint8Array.of(1));
        await process.store.partition(0).commit([], Uint8Array.of(1));
        heard.push('end');
      };
      void work();
      await runSimulation({ clock });
      expect(heard.at(-1)).toBe(kind);
      expect(log.stored(STREAM)).toHaveLength(stored);
      expect(store.partition(0).checkpoint()?.[0]).toBe(saved);
    }
  });

  it('finds after a crash either all of a commit or nothing of it', async () => {
    const seen = new Set<string>();
    for (let seed = 0; seed < 40; seed++) {
      const clock = new SimulatedClock();
      const store = new SimulatedStore({ clock, commitDelayMsMax: 100, random: new Random(seed) });
      void store.partition(0).commit([{ table: 't', key: 1, value: Uint8Array.of(1) }], Uint8Array.of(1));
      void store.partition(0).commit([{ table: 't', key: 1, value: Uint8Array.of(2) }], Uint8Array.of(2));
      clock.advanceTo(seed);
      store.crash();
      const checkpoint = store.partition(0).checkpoint()?.[0];
      expect(store.partition(0).get('t', 1)?.[0]).toBe(checkpoint);
      seen.add(String(checkpoint));
    }
    expect([...seen].sort()).toEqual(['1', '2', 'undefined']);
  });
});

describe('simulated clock', () => {
  it('runs callbacks by time, those of one time in the order of the calls, and cancelled ones never', () => {
    const clock = new SimulatedClock(100);
    const ran: string[] = [];
    for (const [name, delay] of [
      ['b', 5],
      ['a', 1],
      ['c', 5],
      ['gone', 2],
      ['d', 9],
    ] as const) {
      const alarm = clock.after(delay, () => ran.push(`${name}${clock.now()}`));
      if (name === 'gone') alarm.cancel();
    }
    clock.advanceTo(107);
    expect(ran).toEqual(['a101', 'b105', 'c105']);
    expect(clock.now()).toBe(107);
    expect(clock.runNext()).toBe(true);
    expect(clock.runNext()).toBe(false);
    expect(ran[3]).toBe('d109');
  });
});

describe('subject filters', () => {
  it.each([
    ['a.b', 'a.b', true],
    ['a.*', 'a.b', true],
    ['a.*', 'a.b.c', false],
    ['a.>', 'a.b.c', true],
    ['a.>', 'a', false],
    ['*.b', 'a.c', false],
    ['>', 'a', true],
  ])('%s selects %s: %s', (filter, subject, selected) => {
    expect(matchesSubject(filter, subject)).toBe(selected);
  });
});

import { catalogueSubject } from '@attrium/event';
import { decodePack } from '@attrium/processor';
import { keepRunning, Random, SimulatedClock, SimulatedLog } from '@attrium/testing';
import { afterEach, describe, expect, it } from '@jest/globals';
import { CatalogueLog, type CommitOutcome } from './catalogue-log.js';

let running: { stop(): void } | undefined;

afterEach(() => running?.stop());

interface Attempt {
  readonly json: string;
  readonly expectedRevision: number;
  readonly outcome: CommitOutcome;
}

/** Writers that each read the revision in force and put their own after it, over and over. */
async function race(seed: number, writers: number, rounds: number) {
  const clock = new SimulatedClock();
  const log = new SimulatedLog({
    clock,
    random: new Random(seed),
    faults: {
      appendDelayMsMax: 20,
      answerDelayMsMax: 20,
      answerLostChance: 0.2,
      requestLostChance: 0.2,
      requestStalledChance: 0.1,
    },
  });
  running = keepRunning(clock);
  const attempts: Attempt[] = [];
  const write = async (writer: number): Promise<void> => {
    const catalogues = new CatalogueLog({ log, clock, shards: 1, owner: `writer-${writer}` });
    for (let round = 0; round < rounds; round++) {
      const expectedRevision = (await catalogues.current('shop')).revision;
      const json = JSON.stringify({ writer, round });
      const outcome = await catalogues.commit('shop', { expectedRevision, json, author: 'test' });
      attempts.push({ json, expectedRevision, outcome });
    }
  };
  await Promise.all(Array.from({ length: writers }, (_, writer) => write(writer)));
  // What a writer gave up on may still arrive.
  const { faults } = log;
  await new Promise<void>((resolve) => clock.after(2 * faults.answerTimeoutMs, resolve));
  const { lastSequence } = await log.bounds('attrium-events');
  const stored: { revision: number; json: string }[] = [];
  const reader = log.read('attrium-events', {
    subjects: [catalogueSubject(0, 'shop')],
    fromSequence: 1,
    wake: () => {},
    failed: (error) => {
      throw error;
    },
  });
  while (stored.length < lastSequence) {
    const message = reader.next();
    if (message === undefined) await new Promise<void>((resolve) => clock.after(1, resolve));
    else {
      for (const record of decodePack(message.payload).records) {
        if (record.kind === 'catalogue-activated')
          stored.push({ revision: record.revision, json: new TextDecoder().decode(record.catalogue) });
      }
    }
  }
  await reader.close();
  return { attempts, stored };
}

describe('the catalogue log', () => {
  it.each(Array.from({ length: 15 }, (_, seed) => seed))(
    'has every revision once, in order, and each that a writer was told of, whatever gets lost (seed %i)',
    async (seed) => {
      const { attempts, stored } = await race(seed, 4, 6);
      expect(stored.map(({ revision }) => revision)).toEqual(stored.map((_, index) => index + 1));
      expect(new Set(stored.map(({ json }) => json)).size).toBe(stored.length);
      const byRevision = new Map(stored.map(({ revision, json }) => [revision, json]));
      const told = attempts.filter(({ outcome }) => outcome.kind === 'committed');
      expect(told.length).toBeGreaterThan(0);
      for (const { json, expectedRevision, outcome } of told) {
        expect(outcome).toMatchObject({ kind: 'committed', catalogue: { revision: expectedRevision + 1, json } });
        expect(byRevision.get(expectedRevision + 1)).toBe(json);
      }
    },
  );

  it('tells a writer that is late which revision is in force, without writing', async () => {
    const clock = new SimulatedClock();
    const log = new SimulatedLog({ clock });
    running = keepRunning(clock);
    const catalogues = new CatalogueLog({ log, clock, shards: 1, owner: 'one' });
    await catalogues.commit('shop', { expectedRevision: 0, json: '{}', author: 'ada' });
    expect(await catalogues.commit('shop', { expectedRevision: 0, json: '{}', author: 'bob' })).toEqual({
      kind: 'outdated',
      revision: 1,
    });
    expect((await log.bounds('attrium-events')).lastSequence).toBe(1);
    expect(await catalogues.current('shop')).toMatchObject({ revision: 1, author: 'ada', json: '{}' });
    expect(await catalogues.current('bank')).toMatchObject({ revision: 0 });
  });
});

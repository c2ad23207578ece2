import { eventsSubject, type LogRecord, partitionFilters } from '@attrium/event';
import { DEFAULT_STAGE_SETTINGS, decodePack, encodePack, NO_POSITION, StageProcessor } from '@attrium/processor';
import {
  Random,
  runSimulation,
  SimulatedClock,
  SimulatedLog,
  SimulatedStore,
  stageHarness,
  startProcess,
} from '@attrium/testing';
import { describe, expect, it } from '@jest/globals';
import { identityBinding } from './stage.js';

const PARTITIONS = 3;
const HOUR = 3_600_000;
const header = {
  schemaVersion: 1,
  logicVersion: 1,
  stage: 'ingest',
  writer: 'ingest-0',
  owner: 'test',
  commit: 1,
  reached: NO_POSITION,
};
const FAULTS = {
  appendDelayMsMax: 5,
  answerDelayMsMax: 5,
  deliveryDelayMsMax: 10,
  answerLostChance: 0.03,
  requestLostChance: 0.03,
  answerTimeoutMs: 100,
};

/** Events of a few people with colliding identifiers, some of them sent again. */
function randomEvents(random: Random, sent: LogRecord[]): LogRecord[] {
  return Array.from({ length: 1 + random.int(4) }, () => {
    if (sent.length > 0 && random.int(5) === 0) return sent[random.int(sent.length)]!;
    const types = ['user_id', 'email', 'anonymous_id'];
    const identifiers = Array.from({ length: 1 + random.int(3) }, () => ({
      type: types[random.int(3)]!,
      value: `${random.int(12) || 'null'}`,
    }));
    const record: LogRecord = {
      kind: 'event',
      id: `m${sent.length}`,
      workspace: 'w',
      source: 's',
      type: 'track',
      name: 'Seen',
      occurredAt: 1,
      receivedAt: 1,
      identifiers,
      payload: new Uint8Array(0),
    };
    sent.push(record);
    return record;
  });
}

/** A fact without what only the log gives it. */
function bare(fact: LogRecord): unknown {
  const { id: _id, ...body } = fact;
  if (body.kind !== 'event-resolved') return body;
  return { ...body, event: fact.kind === 'event-resolved' ? fact.event.id : '' };
}

describe('identity in the stage loop', () => {
  it.each([1, 2, 3, 4, 5, 6])(
    'gives the facts of one undisturbed reading, through crashes and evicted rows (seed %d)',
    async (seed) => {
      const random = new Random(seed);
      const clock = new SimulatedClock(1_000_000);
      const log = new SimulatedLog({ clock, random: random.fork(), faults: FAULTS });
      const store = new SimulatedStore({ clock, random: random.fork(), commitDelayMsMax: 20 });
      const fatal: Error[] = [];
      const run = (ms: number) => runSimulation({ clock, untilMs: clock.now() + ms });
      const start = async (owner: string) => {
        const process = startProcess({ clock, log, store });
        const stage = new StageProcessor({
          binding: identityBinding,
          log: process.log,
          store: process.store,
          clock: process.clock,
          partitions: PARTITIONS,
          shards: 1,
          owned: [0],
          owner,
          settings: { ...DEFAULT_STAGE_SETTINGS, checkpointIntervalMs: 100, packBytesMax: 500, cacheRowsMax: 4 },
          observe: () => {},
          fatal: (error) => fatal.push(error),
        });
        const started = stage.start();
        await run(500);
        void started.catch((error: Error) => fatal.push(error));
        return process;
      };
      let owner = await start('o0');
      const sent: LogRecord[] = [];
      for (let message = 0; message < 80; message++) {
        log.store(eventsSubject(0), encodePack(header, randomEvents(random, sent)));
        await run(random.int(20) === 0 ? HOUR : random.int(60));
        if (random.int(8) !== 0) continue;
        owner.crash();
        owner = await start(`o${message + 1}`);
      }
      await run(5_000);
      expect(fatal).toEqual([]);

      const oracle = stageHarness(identityBinding, { partitions: PARTITIONS });
      const expected = log
        .stored('attrium-events', partitionFilters('events', 0))
        .flatMap(({ payload, appendedAt }) =>
          decodePack(payload).records.map((record) => oracle.read(record, appendedAt)),
        )
        .flat();
      expect(new Set(expected.map(({ fact }) => fact.kind)).size).toBe(5);
      for (let partition = 0; partition < PARTITIONS; partition++) {
        const facts = log
          .stored('attrium-resolved', partitionFilters('resolved', partition))
          .flatMap(({ payload }) => decodePack(payload).records);
        expect(new Set(facts.map(({ id }) => id)).size).toBe(facts.length);
        expect(facts.map(bare)).toEqual(
          expected.filter((each) => each.partition === partition).map(({ fact }) => bare(fact)),
        );
      }
      owner.crash();
    },
  );
});

import { LOG_NAMES, type LogRecord } from '@attrium/event';
import { decodeHeader, decodePack, encodedRecords, type StageBinding } from '@attrium/processor';
import { Line, lineBindings } from '@attrium/simulation';
import { Random } from '@attrium/testing/simulation';
import { describe, expect, it } from '@jest/globals';
import { RECORDED_KINDS } from './record-line.js';
import {
  LOG_BYTES_MAX,
  logNameOf,
  type RecordedLog,
  readLog,
  recordedLogs,
  textOfLog,
  writeLog,
} from './recorded-log.js';
import { differencesOf, encoded, replayStage } from './replay-log.js';

const current = logNameOf(lineBindings());

const payloadsOf = ({ messages }: RecordedLog): Uint8Array[] =>
  [...messages.values()].flatMap((stored) => stored.map(({ payload }) => payload));

/** The record without its encoded form, so that writing it again shows the codec and not a copy. */
function withoutBytes(record: LogRecord): LogRecord {
  if (record.kind === 'event') return { ...record, bytes: undefined };
  return record.kind === 'event-resolved' ? { ...record, event: { ...record.event, bytes: undefined } } : record;
}

/** The line as it was at the end of the recording, with the state of all stages lost. */
function recordedLine(log: RecordedLog): Line {
  const stored = [...log.messages.values()].flat().sort((a, b) => a.appendedAt - b.appendedAt);
  const { partitions, shards } = log;
  const line = new Line({ random: new Random(1), startMs: stored[0]!.appendedAt, partitions, shards });
  for (const { appendedAt, subject, payload } of stored) {
    line.clock.advanceTo(appendedAt);
    line.log.store(subject, payload);
  }
  return line;
}

describe.each(recordedLogs())('the recorded log %s', (name) => {
  const log = readLog(name);

  it('is read by this release, record by record', () => {
    for (const payload of payloadsOf(log)) {
      expect(decodePack(payload).records).toHaveLength(encodedRecords(payload).length);
      expect(`schema-${decodeHeader(payload).schemaVersion}`).toBe(/^schema-\d+/.exec(name)![0]);
    }
  });

  it.each(lineBindings().map((binding) => [binding.name, binding] as const))(
    'gives the same facts of %s, byte for byte, in order',
    (_name, binding) => {
      const subjects = replayStage(binding, log);
      for (const subject of subjects) {
        const { recorded, replayed } = differencesOf(subject);
        expect(replayed).toEqual(recorded);
      }
      expect(subjects.flatMap(({ recorded }) => recorded).length).toBeGreaterThan(0);
    },
  );

  it('is left as it is by stages that have lost all state and rebuild it', async () => {
    const line = recordedLine(log);
    line.startAll();
    await line.comeToRest(line.clock.now() + 5_000);
    expect(line.fatal).toEqual([]);
    const letters = line.log.stored('attrium-dead-letters').map(({ payload }) => new TextDecoder().decode(payload));
    expect(letters).toEqual([]);
    for (const each of LOG_NAMES) {
      const before = log.messages.get(each)!;
      const after = line.storedAll(each);
      expect(after.slice(0, before.length)).toEqual(before);
      expect(after.slice(before.length).flatMap(({ payload }) => decodePack(payload).records)).toEqual([]);
    }
  });
});

describe('the recorded log of this release', () => {
  it('is there, small, and holds the kinds of records that it is to hold', () => {
    expect(recordedLogs()).toContain(current);
    const log = readLog(current);
    expect(textOfLog(log).length).toBeLessThanOrEqual(LOG_BYTES_MAX);
    const kinds = new Set(payloadsOf(log).flatMap((payload) => decodePack(payload).records.map(({ kind }) => kind)));
    expect([...kinds]).toEqual(expect.arrayContaining([...RECORDED_KINDS]));
  });

  it('is written again by the codec as it stands', () => {
    for (const payload of payloadsOf(readLog(current))) {
      const again = encoded(decodePack(payload).records.map(withoutBytes));
      expect(again.map((bytes) => Buffer.from(bytes).toString('hex'))).toEqual(
        encodedRecords(payload).map((bytes) => Buffer.from(bytes).toString('hex')),
      );
    }
  });

  it('is never overwritten', () => {
    const log = readLog(current);
    expect(() => writeLog(current, textOfLog(log))).toThrow('never overwritten');
  });

  it('shows a stage that decides otherwise, fact by fact, as text', () => {
    const [, , segment] = lineBindings();
    const subjects = replayStage(leavingEarly(segment!), readLog(current));
    const differences = subjects.map(differencesOf);
    const recorded = differences.flatMap((difference) => difference.recorded);
    const replayed = differences.flatMap((difference) => difference.replayed);
    expect(recorded).not.toEqual(replayed);
    expect(replayed).toHaveLength(recorded.length);
    const changed = recorded.filter((line, index) => line !== replayed[index] && !line.startsWith('  bytes: '));
    expect(changed.length).toBeGreaterThan(0);
    expect(changed.filter((line) => !line.startsWith('    effectiveAt: '))).toEqual([]);
  });
});

/** The same stage, whose facts are effective a millisecond early. */
function leavingEarly(binding: StageBinding): StageBinding {
  return {
    ...binding,
    open: (environment) => {
      const stage = binding.open(environment);
      return {
        timersBefore: (record) => stage.timersBefore(record),
        expire: (ordinal, dueAt, context) => stage.expire(ordinal, dueAt, context),
        decide: (record, context) =>
          stage.decide(
            record,
            Object.create(context, {
              emit: {
                value: (fact: Parameters<typeof context.emit>[0]) =>
                  context.emit(fact.kind === 'segment-changed' ? { ...fact, effectiveAt: fact.effectiveAt - 1 } : fact),
              },
            }),
          ),
      };
    },
  };
}

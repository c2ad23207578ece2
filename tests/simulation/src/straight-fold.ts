/** Folds the stored input of one partition of a stage from its first record on: no crashes, no cycles, no cache, plain maps for tables. */
import { type FactBody, type LogRecord, partitionSubject, writerOf } from '@attrium/event';
import {
  type Context,
  compareKeys,
  decodePack,
  type PartitionStage,
  type StageBinding,
  type StoredMessage,
  type StoreKey,
  type Table,
} from '@attrium/processor';

export interface StraightFold {
  /** What each subject must hold, in order. */
  readonly written: ReadonlyMap<string, readonly LogRecord[]>;
  readonly stage: PartitionStage;
  /** The greatest log time or tick read. */
  readonly now: number;
}

export interface FoldPlace {
  readonly partition: number;
  readonly partitions: number;
  readonly shards: number;
}

export function foldStraight(binding: StageBinding, place: FoldPlace, input: readonly StoredMessage[]): StraightFold {
  const written = new Map<string, LogRecord[]>();
  const timers = new Map<number, number>();
  const at = { now: 0, logicVersion: 1, sequence: 0, record: 0, fact: 0 };
  const write = (log: StageBinding['output'] | StageBinding['input'], partition: number, record: LogRecord): void => {
    if (log === 'events') throw new Error('no stage writes events');
    const subject = partitionSubject(log, partition, writerOf(binding.name, place.partition));
    const records = written.get(subject);
    if (records === undefined) written.set(subject, [record]);
    else records.push(record);
  };
  const named = (body: FactBody): LogRecord =>
    ({ ...body, id: `${binding.name[0]}${place.partition}-${at.sequence}-${at.record}-${at.fact++}` }) as LogRecord;
  const relay = (record: LogRecord, partition: number): void => {
    write(binding.output, place.partition, record);
    write(binding.input, partition, record);
  };
  const context: Context = {
    get now() {
      return at.now;
    },
    get logicVersion() {
      return at.logicVersion;
    },
    get place() {
      return { sequence: at.sequence, record: at.record };
    },
    emit: (body, partition = place.partition) => {
      const record = named(body);
      write(binding.output, partition, record);
      return record.id;
    },
    relay: (body, partition) => {
      const record = named(body);
      relay(record, partition);
      return record.id;
    },
    forward: (record, partition) => {
      at.fact++;
      relay(record, partition);
    },
    setTimer: (ordinal, dueAt) => {
      if (dueAt === undefined) timers.delete(ordinal);
      else timers.set(ordinal, dueAt);
    },
  };
  const stage = binding.open({ ...place, table: plainTable });
  const expire = (ordinal: number, dueAt: number): void => {
    timers.delete(ordinal);
    stage.expire(ordinal, dueAt, context);
  };
  for (const message of input) {
    at.sequence = message.sequence;
    at.now = Math.max(at.now, message.appendedAt);
    for (const [index, record] of decodePack(message.payload).records.entries()) {
      at.record = index;
      at.fact = 0;
      if (record.kind === 'tick') {
        at.now = Math.max(at.now, record.dueAt);
        for (let due = firstDue(timers, record.dueAt); due !== undefined; due = firstDue(timers, record.dueAt)) {
          expire(...due);
        }
        continue;
      }
      if (record.kind === 'logic-activated') at.logicVersion = Math.max(at.logicVersion, record.version);
      const ordinal = stage.timersBefore(record);
      while (ordinal !== undefined && (timers.get(ordinal) ?? Number.POSITIVE_INFINITY) <= at.now) {
        expire(ordinal, timers.get(ordinal)!);
      }
      stage.decide(record, context);
    }
  }
  return { written, stage, now: at.now };
}

function firstDue(timers: ReadonlyMap<number, number>, until: number): [ordinal: number, dueAt: number] | undefined {
  return [...timers].filter(([, dueAt]) => dueAt <= until).sort((a, b) => a[1] - b[1] || a[0] - b[0])[0];
}

function plainTable<K extends StoreKey, V>(): Table<K, V> {
  const rows = new Map<string, V>();
  return {
    get: (key) => rows.get(JSON.stringify(key)),
    edit: (key) => rows.get(JSON.stringify(key)),
    put: (key, value) => {
      rows.set(JSON.stringify(key), value);
    },
    delete: (key) => {
      rows.delete(JSON.stringify(key));
    },
    page: (after, rowsMax) =>
      [...rows]
        .map(([text, value]) => ({ key: JSON.parse(text) as K, value }))
        .filter(({ key }) => after === undefined || compareKeys(key, after) > 0)
        .sort((a, b) => compareKeys(a.key, b.key))
        .slice(0, rowsMax),
  };
}

/** Check (a): each log holds exactly the facts of a straight fold of its input, each once, in order; and owners answer as the fold does. */

import { type LogRecord, streamOf } from '@attrium/event';
import { decodeRecord, encodedRecords, encodePack, NO_POSITION, type StageBinding } from '@attrium/processor';
import { canonicalJson } from '@attrium/testing/simulation';
import type { Difference } from './difference.js';
import type { Line } from './line.js';
import { recordsOf } from './stored-records.js';
import { foldStraight, type StraightFold } from './straight-fold.js';

/** Compares until the first difference. */
export async function checkStraight(line: Line): Promise<Difference[]> {
  for (const binding of line.bindings) {
    const expected = new Map<string, readonly LogRecord[]>();
    for (const partition of line.inputs(binding)) {
      const place = { partition, partitions: line.partitions, shards: line.shards };
      const fold = foldStraight(binding, place, line.stored(binding.input, partition));
      for (const [subject, records] of fold.written) expected.set(subject, records);
      const answers = await checkAnswers(line, binding, partition, fold);
      if (answers !== undefined) return [answers];
    }
    const difference = checkSubjects(line, binding, expected);
    if (difference !== undefined) return [difference];
  }
  return [];
}

function checkSubjects(
  line: Line,
  { name, input, output }: StageBinding,
  expected: ReadonlyMap<string, readonly LogRecord[]>,
): Difference | undefined {
  const found = new Map<string, Uint8Array[]>();
  const own = new RegExp(`\\.${name}-\\d+$`);
  for (const log of [output, input]) {
    for (const { subject, payload } of line.log.stored(streamOf(log))) {
      if (!own.test(subject)) continue;
      const records = found.get(subject) ?? [];
      found.set(subject, records);
      records.push(...encodedRecords(payload));
    }
  }
  for (const subject of new Set([...expected.keys(), ...found.keys()])) {
    const facts = expected.get(subject) ?? [];
    const left = encodedRecords(encodePack(HEADER, facts));
    const right = found.get(subject) ?? [];
    for (let index = 0; index < Math.max(left.length, right.length); index++) {
      const [one, other] = [left[index], right[index]];
      if (one !== undefined && other !== undefined && Buffer.compare(one, other) === 0) continue;
      const position = `${subject} fact ${index}`;
      return { check: 'straight fold', stage: name, position, expected: textOf(one), found: textOf(other) };
    }
  }
  return undefined;
}

const HEADER = {
  schemaVersion: 1,
  logicVersion: 1,
  stage: '',
  writer: '',
  owner: '',
  commit: 1,
  reached: NO_POSITION,
};

/** A fact of the log, to be read. */
function textOf(encoded: Uint8Array | undefined): string | undefined {
  return encoded === undefined ? undefined : canonicalJson(plain(decodeRecord(encoded)));
}

/** Without the encoded form that an event carries along. */
function plain(record: LogRecord): LogRecord {
  if (record.kind === 'event') return { ...record, bytes: undefined };
  return record.kind === 'event-resolved' ? { ...record, event: { ...record.event, bytes: undefined } } : record;
}

async function checkAnswers(
  line: Line,
  binding: StageBinding,
  partition: number,
  fold: StraightFold,
): Promise<Difference | undefined> {
  for (const question of questionsTo(line, binding, partition)) {
    const expected = canonicalJson(fold.stage.answer!(question));
    const found = canonicalJson(await line.ask(binding.name, partition, question));
    if (expected === found) continue;
    const position = `partition ${partition}, asked ${JSON.stringify(question)}`;
    return { check: 'answers of a recovered stage', stage: binding.name, position, expected, found };
  }
  return undefined;
}

/** One question for every identifier or entity that the input names. */
function* questionsTo(line: Line, { name, input }: StageBinding, partition: number): Iterable<unknown> {
  const asked = new Map<string, unknown>();
  for (const message of line.stored(input, partition)) {
    for (const record of recordsOf(message)) {
      if (record.kind === 'event' && name === 'identity') {
        for (const status of ['held', 'released', 'refused']) {
          const { workspace } = record;
          asked.set(`${workspace}/${status}`, { kind: 'quarantine', workspace, status, after: 0, limit: 100 });
        }
        for (const identifier of record.identifiers) {
          const question = { kind: 'resolve', workspace: record.workspace, identifier };
          asked.set(JSON.stringify(question), question);
        }
      }
      if (record.kind === 'erasure-requested') {
        asked.set(`erasure ${record.id}`, { kind: 'erasure', workspace: record.workspace, requestId: record.id });
      }
      if (record.kind === 'profile-erased') {
        const ordinals = record.former.map(({ ordinal }) => ordinal);
        asked.set(`erasure ${record.entity.ordinal}`, { kind: 'erasure', ordinals });
      }
      const entities = record.kind === 'profiles-merged' ? [record.survivor, record.loser] : [];
      if ('entity' in record && record.entity !== undefined) entities.push(record.entity);
      for (const { ordinal, workspace } of entities) {
        const kind =
          name === 'attribute-compute' ? 'attributes' : name === 'segment' ? 'memberships' : ('firings' as const);
        if (name !== 'identity') asked.set(`${ordinal}`, { kind, workspace, ordinal });
      }
    }
  }
  yield* asked.values();
}

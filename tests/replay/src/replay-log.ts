/** Replays a recorded log: folds each stage from the first record on, and sets what it says beside what the log has. */
import type { LogRecord } from '@attrium/event';
import {
  decodeRecord,
  encodedRecords,
  encodePack,
  NO_POSITION,
  type PackHeader,
  type StageBinding,
} from '@attrium/processor';
import { foldStraight } from '@attrium/simulation';
import { readableRecord } from './readable-record.js';
import { messagesOf, type RecordedLog } from './recorded-log.js';

/** What one subject holds, fact by fact. */
export interface ReplayedSubject {
  readonly subject: string;
  readonly recorded: readonly Uint8Array[];
  readonly replayed: readonly Uint8Array[];
}

export function replayStage(binding: StageBinding, log: RecordedLog): ReplayedSubject[] {
  const { partitions, shards } = log;
  const recorded = new Map<string, Uint8Array[]>();
  const own = new RegExp(`\\.${binding.name}-\\d+$`);
  for (const name of [binding.output, binding.input]) {
    for (const { subject, payload } of log.messages.get(name) ?? []) {
      if (!own.test(subject)) continue;
      recorded.set(subject, [...(recorded.get(subject) ?? []), ...encodedRecords(payload)]);
    }
  }
  const replayed = new Map<string, Uint8Array[]>();
  const inputs = binding.input === 'events' ? shards : partitions;
  for (let partition = 0; partition < inputs; partition++) {
    const input = messagesOf(log, binding.input, partition);
    const { written } = foldStraight(binding, { partition, partitions, shards }, input);
    for (const [subject, records] of written) replayed.set(subject, encoded(records));
  }
  const subjects = [...new Set([...recorded.keys(), ...replayed.keys()])].sort();
  return subjects.map((subject) => {
    const found = recorded.get(subject) ?? [];
    return { subject, recorded: found, replayed: inVersionsOf(found, replayed.get(subject) ?? []) };
  });
}

/** Where the two differ, to be read: empty when every byte is the same. */
export function differencesOf({ subject, recorded, replayed }: ReplayedSubject): {
  recorded: string[];
  replayed: string[];
} {
  const differences = { recorded: [] as string[], replayed: [] as string[] };
  for (let index = 0; index < Math.max(recorded.length, replayed.length); index++) {
    const [one, other] = [recorded[index], replayed[index]];
    if (one !== undefined && other !== undefined && Buffer.compare(one, other) === 0) continue;
    for (const [bytes, texts] of [[one, differences.recorded] as const, [other, differences.replayed] as const]) {
      if (bytes === undefined) continue;
      const text = readableRecord(decodeRecord(bytes));
      texts.push(`${subject} fact ${index}`, ...text, `  bytes: ${Buffer.from(bytes).toString('hex')}`);
    }
  }
  return differences;
}

/** The records of a pack as this release writes them, one each. An event that carries its bytes is written from them. */
export function encoded(records: readonly LogRecord[]): Uint8Array[] {
  return encodedRecords(encodePack(HEADER, records));
}

/**
 * A transfer says in which version its state is written. Where the log has an older one, it is what the log's release wrote and what this
 * one has to read; everything else about it is compared.
 */
function inVersionsOf(recorded: readonly Uint8Array[], replayed: readonly Uint8Array[]): readonly Uint8Array[] {
  return replayed.map((bytes, index) => {
    const other = recorded[index];
    if (other === undefined || Buffer.compare(bytes, other) === 0) return bytes;
    const [now, before] = [decodeRecord(bytes), decodeRecord(other)];
    if (now.kind !== 'state-transferred' || before.kind !== 'state-transferred') return bytes;
    if (before.stateVersion >= now.stateVersion) return bytes;
    return encoded([{ ...now, state: before.state, stateVersion: before.stateVersion }])[0]!;
  });
}

const HEADER: PackHeader = {
  schemaVersion: 1,
  logicVersion: 1,
  stage: '',
  writer: '',
  owner: '',
  commit: 1,
  reached: NO_POSITION,
};

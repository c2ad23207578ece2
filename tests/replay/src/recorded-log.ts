/** Recorded logs as files: JSON lines, the shape of the line first, then one line a message. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LOG_NAMES, type LogName, partitionOfSubject } from '@attrium/event';
import { PACK_SCHEMA_VERSION, type StageBinding, type StoredMessage } from '@attrium/processor';

export const LOGS_FOLDER = fileURLToPath(new URL('../logs/', import.meta.url));
/** A log is read by people in a diff and by everyone who clones. */
export const LOG_BYTES_MAX = 600_000;

export interface RecordedLog {
  readonly partitions: number;
  readonly shards: number;
  readonly messages: ReadonlyMap<LogName, readonly StoredMessage[]>;
}

type Head = Pick<RecordedLog, 'partitions' | 'shards'>;
/** The payload is in base64. */
type MessageLine = readonly [log: LogName, sequence: number, appendedAt: number, subject: string, payload: string];

/** Named after who wrote it: the version of packs, and the highest version of the logic that any stage knows. */
export function logNameOf(bindings: readonly StageBinding[]): string {
  return `schema-${PACK_SCHEMA_VERSION}-logic-${Math.max(...bindings.map(({ logicVersion }) => logicVersion))}`;
}

export function recordedLogs(): string[] {
  const files = readdirSync(LOGS_FOLDER).filter((file) => file.endsWith('.jsonl'));
  return files.map((file) => basename(file, '.jsonl')).sort();
}

export function readLog(name: string): RecordedLog {
  const [head, ...lines] = readFileSync(pathOf(name), 'utf8').trimEnd().split('\n');
  const messages = new Map<LogName, StoredMessage[]>(LOG_NAMES.map((log) => [log, []]));
  for (const line of lines) {
    const [log, sequence, appendedAt, subject, payload] = JSON.parse(line) as MessageLine;
    messages.get(log)!.push({ subject, sequence, appendedAt, payload: new Uint8Array(Buffer.from(payload, 'base64')) });
  }
  return { ...(JSON.parse(head!) as Head), messages };
}

export function textOfLog({ partitions, shards, messages }: RecordedLog): string {
  const lines: (Head | MessageLine)[] = [{ partitions, shards }];
  for (const [log, stored] of messages) {
    for (const { sequence, appendedAt, subject, payload } of stored) {
      lines.push([log, sequence, appendedAt, subject, Buffer.from(payload).toString('base64')]);
    }
  }
  return `${lines.map((line) => JSON.stringify(line)).join('\n')}\n`;
}

/** Throws when there is such a log: what a release wrote is not written again. Returns the path. */
export function writeLog(name: string, text: string): string {
  const path = pathOf(name);
  if (existsSync(path)) throw new Error(`${path} is there already: a recorded log is never overwritten`);
  writeFileSync(path, text, { flag: 'wx' });
  return path;
}

/** Of one partition (or shard) of a log, in order. */
export function messagesOf({ messages }: RecordedLog, log: LogName, partition: number): readonly StoredMessage[] {
  return messages.get(log)!.filter(({ subject }) => partitionOfSubject(subject) === partition);
}

function pathOf(name: string): string {
  return join(LOGS_FOLDER, `${name}.jsonl`);
}

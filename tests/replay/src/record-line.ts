/** Lets the real stages write a small log that has everything: drawn load on the simulated log, transfers that come again, all kinds of records. */
import { LOG_NAMES, type LogName, type LogRecord, logicSubject } from '@attrium/event';
import { decodePack, encodePack, NO_POSITION, PACK_SCHEMA_VERSION, type StoredMessage } from '@attrium/processor';
import {
  checkNaive,
  checkStraight,
  coveredByRecords,
  describeDifference,
  drawLoad,
  Line,
  lineBindings,
  type Path,
  Sender,
  START_MS,
} from '@attrium/simulation';
import { Random } from '@attrium/testing/simulation';
import type { RecordedLog } from './recorded-log.js';

const EVENTS = 48;
const PARTITIONS = 3;
const SHARDS = 1;
/** Longer than every window that ends within a run. */
const REST_MS = 62_000;

/** What the log has of all that the simulation goes through: everything at once is more than one small log of few people holds. */
const RECORDED_PATHS: readonly Path[] = [
  'a late event',
  'a repeated message',
  'an identifier that was refused',
  'an event without a profile',
  'an alias',
  'a merge within a partition',
  'a merge over partitions',
  'a chain of merges',
  'a transfer before its merge',
  'a transfer that was forwarded',
  'a tick',
  'a window that ended',
  'a change of a value in a merge',
  'a later revision',
  'an entry and an exit',
  'a correction of a membership',
  'an entry or an exit in a merge',
  'a firing',
  'a firing that was suppressed',
  'a firing on an event',
  'a chunk of history',
  'a change of a value in a backfill',
  'an account',
  'a value of an account',
  'an erasure',
];

/** Kinds of records that the log holds at least. */
export const RECORDED_KINDS: readonly LogRecord['kind'][] = [
  'event',
  'event-resolved',
  'attributes-changed',
  'segment-changed',
  'profile-created',
  'identifier-linked',
  'identifier-refused',
  'profiles-merged',
  'state-transferred',
  'merge-completed',
  'trigger-fired',
  'firing-suppressed',
  'catalogue-activated',
  'logic-activated',
  'tick',
  'event-matched',
  'account-created',
  'account-linked',
  'seeded',
  'definitions-switched',
  'profile-erased',
];

export interface Recording {
  readonly log: RecordedLog;
  /** Paths and kinds of records that it lacks. */
  readonly lacks: readonly string[];
}

export async function recordLine(seed: number): Promise<Recording> {
  const random = new Random(seed);
  const line = new Line({ random: random.fork(), startMs: START_MS, partitions: PARTITIONS, shards: SHARDS });
  // Slow enough that merges are open while the next ones come.
  line.log.faults = { ...line.log.faults, appendDelayMsMax: 300, answerDelayMsMax: 20, deliveryDelayMsMax: 300 };
  const load = drawLoad(random.fork(), { events: EVENTS, only: undefined, workspaces: ['shop', 'blog'] });
  const sender = new Sender(line, random.fork());
  line.startAll();
  const steps = [
    ...load.activations.map(({ at, record }) => ({ at, run: () => sender.activate(record) })),
    ...load.erasures.map((erasure) => ({ at: erasure.at, run: () => sender.erase(erasure) })),
    ...load.decisions.map(({ at, record }) => ({ at, run: () => sender.decide(record) })),
    ...load.packs.map(({ at, workspace, records }) => ({ at, run: () => sender.send(workspace, records) })),
    { at: START_MS + 1_000, run: () => activateLogic(line) },
    { at: load.endsAt + 1, run: () => repeatTransfers(line) },
  ].sort((a, b) => a.at - b.at);
  for (const step of steps) {
    await line.run(Math.max(0, step.at - line.clock.now()));
    step.run();
  }
  await line.comeToRest(line.clock.now() + REST_MS);
  const differences = [...(await checkStraight(line)), ...(await checkNaive(line))];
  if (line.fatal.length + differences.length > 0) {
    throw new Error([...line.fatal, ...differences.map(describeDifference)].join('\n'));
  }
  const messages = new Map<LogName, StoredMessage[]>(LOG_NAMES.map((log) => [log, line.storedAll(log)]));
  return { log: { partitions: PARTITIONS, shards: SHARDS, messages }, lacks: lacksOf(line) };
}

function activateLogic(line: Line): void {
  const version = Math.max(...lineBindings().map(({ logicVersion }) => logicVersion));
  const position = { schemaVersion: PACK_SCHEMA_VERSION, logicVersion: 1, reached: NO_POSITION };
  const header = { ...position, stage: 'control', writer: 'control', owner: 'control-1', commit: 1 };
  const record = { kind: 'logic-activated', id: 'l1', version } as const;
  for (let shard = 0; shard < SHARDS; shard++) line.log.store(logicSubject(shard), encodePack(header, [record]));
}

/** State on its way to a survivor arrives once more. */
function repeatTransfers(line: Line): void {
  const relayed = /\.(attribute-compute|segment|journey-trigger)-\d+$/;
  for (const log of ['resolved', 'attributes', 'memberships'] as const) {
    for (const { subject, payload } of line.storedAll(log)) {
      const kinds = new Set(decodePack(payload).records.map(({ kind }) => kind));
      if (relayed.test(subject) && kinds.size === 1 && kinds.has('state-transferred')) {
        line.log.store(`${subject}-again`, payload);
      }
    }
  }
}

function lacksOf(line: Line): string[] {
  const kinds = new Set<string>();
  for (const log of LOG_NAMES) {
    for (const { payload } of line.storedAll(log)) for (const { kind } of decodePack(payload).records) kinds.add(kind);
  }
  const covered = coveredByRecords(line, () => false);
  return [...RECORDED_KINDS.filter((kind) => !kinds.has(kind)), ...RECORDED_PATHS.filter((path) => !covered.has(path))];
}

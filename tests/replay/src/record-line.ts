/** Lets the real stages write a small log that has everything: drawn load on the simulated log, transfers that come again, all kinds of records. */
import { LOG_NAMES, type LogName, type LogRecord, logicSubject } from '@attrium/event';
import { decodePack, encodePack, NO_POSITION, PACK_SCHEMA_VERSION, type StoredMessage } from '@attrium/processor';
import {
  checkNaive,
  checkStraight,
  coveredByRecords,
  describeDifference,
  drawLoad,
  LINE_PATHS,
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

/** Nothing goes wrong here, so nobody is ever away. */
const NEEDS_FAULTS: ReadonlySet<Path> = new Set<Path>([
  'a window that ended while nobody owned it',
  'a time of a schedule that was reached late',
  'a time of a schedule that was reached too late',
  'a day of a schedule that was reached again',
  'a time of a schedule that was due while a merge was open',
]);

/** All of them together are more than one small log of few people has; that there are erasures is enough. */
const SELDOM: ReadonlySet<Path> = new Set<Path>([
  'an erasure of a profile that was merged',
  'an erasure by the id of a profile that was merged away',
  'an erasure of nobody',
  'an erasure of who was erased already',
  'an erasure that was asked for again',
  'an erasure of a member of an account',
  'a transfer that came for an erased profile',
  'an erased identifier that came again',
]);

/** The kinds of records that the log holds. It is older than EventMatched and the facts about accounts. */
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
  return [
    ...RECORDED_KINDS.filter((kind) => !kinds.has(kind)),
    ...LINE_PATHS.filter((path) => !NEEDS_FAULTS.has(path) && !SELDOM.has(path) && !covered.has(path)),
  ];
}

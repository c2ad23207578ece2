/** Which paths the runs of many seeds went through: so that nobody takes a path for covered that no seed has taken. */
import { COMMIT_STEPS } from './commit-steps.js';
import { FAULT_KINDS } from './fault-kinds.js';

const CRASHES = COMMIT_STEPS.map((step) => `killed ${step}` as const);
const FAULTS = FAULT_KINDS.map((kind) => `fault: ${kind}` as const);

const LOOP = [
  'two owners of a partition at once',
  'a fenced owner',
  'a publish of unknown fate',
  'a save that a crash took away',
  'a save that reached the disk as its process died',
  'state rebuilt from the log',
  'several partitions in one process',
] as const;

/** What events, definitions and stages do, whatever goes wrong. */
export const LINE_PATHS = [
  'a late event',
  'a repeated message',
  'an identifier that was refused',
  'an event without a profile',
  'a limit in a window',
  'an identifier that a limit in a window let in later',
  'an alias',
  'a merge that was held',
  'a release from quarantine',
  'a release that merged',
  'a refusal from quarantine',
  'a merge within a partition',
  'a merge over partitions',
  'a chain of merges',
  'a transfer before its merge',
  'a transfer that was forwarded',
  'a tick',
  'a window that ended',
  'a window that ended while nobody owned it',
  'a change of a value in a merge',
  'a later revision',
  'a revision that was overtaken',
  'an entry and an exit',
  'a correction of a membership',
  'an entry or an exit in a merge',
  'a firing',
  'a firing that was suppressed',
  'a chunk of history',
  'a chunk that came twice',
  'a seed that was forwarded',
  'a seed of an account',
  'a change of a value in a backfill',
  'an account',
  'a merge of members',
  'a value of an account',
  'an account in a segment',
  'a firing for an account',
  'a member of today in their turn',
  'a member of today before their turn',
  'a member of today after a hold',
  'a firing for a member of today',
  'a member of today who waits',
  'a roll-up that a member moved',
  'a roll-up that the window of a member moved',
  'a roll-up that a merge of members moved',
  'a member that was merged away',
  'a member that was erased',
  'a roll-up that was new to members',
  'a contribution before its account',
  'a contribution that came again',
  'a firing that consent suppressed',
  'a firing in quiet hours',
  'a firing on an event',
  'a firing after a delay',
  'a wait that ended in time',
  'a wait that timed out',
  'a wait of an account',
  'two waits that a merge made one',
  'an import that names nobody',
  'an entry and an exit of a static list',
  'an account in a static list',
  'a static list in a merge',
  'a firing for a static list',
  'a firing on a schedule',
  'a firing on a schedule for an account',
  'a time of a schedule that was reached late',
  'a time of a schedule that was reached too late',
  'a day of a schedule that was reached again',
  'a time of a schedule that was due while a merge was open',
  'a firing that quiet hours deferred',
  'an erasure',
  'an erasure of a profile that was merged',
  'an erasure by the id of a profile that was merged away',
  'an erasure of nobody',
  'an erasure of who was erased already',
  'an erasure that was asked for again',
  'an erasure of a member of an account',
  'a transfer that came for an erased profile',
  'an erased identifier that came again',
] as const;

export const PATHS = [...CRASHES, ...FAULTS, ...LOOP, ...LINE_PATHS] as const;
export type Path = (typeof PATHS)[number];

/** By path, how many seeds went through it. */
export type Coverage = ReadonlyMap<Path, number>;

export function addCoverage(coverage: Map<Path, number>, covered: Iterable<Path>): void {
  for (const path of covered) coverage.set(path, (coverage.get(path) ?? 0) + 1);
}

export function uncovered(coverage: Coverage): Path[] {
  return PATHS.filter((path) => (coverage.get(path) ?? 0) === 0);
}

/** One line a path, in their order; then the paths that no seed took. */
export function describeCoverage(coverage: Coverage, seeds: number): string {
  const width = String(seeds).length;
  const lines = PATHS.map((path) => `  ${String(coverage.get(path) ?? 0).padStart(width)}  ${path}`);
  const missing = uncovered(coverage);
  const taken = PATHS.length - missing.length;
  const rest = missing.length === 0 ? '' : `; not: ${missing.join('; ')}`;
  return ['seeds that went through', ...lines, `coverage ${taken} of ${PATHS.length} paths${rest}`].join('\n');
}

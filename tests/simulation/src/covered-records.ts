/** Which paths a run went through, as its logs tell. */
import { isListEvent } from '@attrium/catalogue';
import {
  type ChangeReason,
  type Entity,
  type LogRecord,
  partitionOfSubject,
  type SegmentChanged,
} from '@attrium/event';
import type { Path } from './coverage.js';
import { coverErasures } from './covered-erasures.js';
import { isList } from './draw-lists.js';
import type { Line } from './line.js';
import { recordsOf } from './stored-records.js';

interface Stored {
  readonly record: LogRecord;
  readonly partition: number;
  readonly subject: string;
  /** As ids of facts that the record causes name it. */
  readonly place: string;
}

type Log = 'events' | 'resolved' | 'attributes' | 'memberships' | 'firings';

/** `unowned`: whether nobody owned attribute-compute at that time, ms. */
export function coveredByRecords(line: Line, unowned: (at: number) => boolean): Set<Path> {
  const paths = new Set<Path>();
  const storedOf = (log: Log): Stored[] =>
    line.storedAll(log).flatMap((message) => {
      const { subject, sequence } = message;
      const partition = partitionOfSubject(subject);
      return recordsOf(message).map((record, index) => {
        return { record, partition, subject, place: `${partition}-${sequence}-${index}` };
      });
    });
  const resolved = storedOf('resolved');
  const attributes = storedOf('attributes');
  const memberships = storedOf('memberships');
  const events = storedOf('events');
  coverEvents(events, paths);
  const known = new Set(resolved.map(({ record }) => (record.kind === 'event-resolved' ? record.event.id : '')));
  if (events.some(({ record }) => record.kind === 'event' && isListEvent(record) && !known.has(record.id))) {
    paths.add('an import that names nobody');
  }
  coverResolved(resolved, paths);
  const inputs = [resolved, attributes, memberships];
  for (const input of inputs) coverTransfers(input, paths);
  coverErasures({ events, resolved, inputs }, paths);
  coverContributions(resolved, paths);
  for (const { record } of attributes) {
    if (record.kind !== 'attributes-changed') continue;
    if (record.reason === 'backfill') paths.add('a change of a value in a backfill');
    if (record.reason === 'merge') paths.add('a change of a value in a merge');
    if (record.entity.kind === 'account') paths.add('a value of an account');
    if (record.reason !== 'window') continue;
    paths.add('a window that ended');
    if (unowned(record.effectiveAt)) paths.add('a window that ended while nobody owned it');
  }
  const completed = new Set(
    memberships.flatMap(({ record }) => (record.kind === 'merge-completed' ? [placeOf(record)] : [])),
  );
  for (const { record } of memberships) {
    coverSchedules(record, paths, completed);
    if (record.kind !== 'segment-changed') continue;
    const isFlip = record.entered.length + record.exited.length > 0;
    if (isFlip) paths.add('an entry and an exit');
    if (isFlip && record.entity.kind === 'account') paths.add('an account in a segment');
    if (isFlip && record.reason === 'merge') paths.add('an entry or an exit in a merge');
    coverLists(record, paths);
    if (record.corrected.length > 0) paths.add('a correction of a membership');
  }
  coverMembers(attributes, memberships, paths);
  for (const { record } of storedOf('firings')) {
    if (record.kind === 'trigger-fired' && record.on.kind === 'segment-present') {
      paths.add(record.outcome === undefined ? 'a firing for a member of today' : 'a member of today who waits');
    }
    if (record.kind === 'trigger-fired') {
      paths.add(record.entity.kind === 'account' ? 'a firing for an account' : 'a firing');
    }
    coverWaits(record, paths);
    if (record.kind === 'trigger-fired' && 'segment' in record.on && isList(record.on.segment)) {
      paths.add('a firing for a static list');
    }
    if (record.kind !== 'firing-suppressed') continue;
    paths.add('a firing that was suppressed');
    if (record.why === 'consent') paths.add('a firing that consent suppressed');
    if (record.why === 'quiet_hours') paths.add('a firing in quiet hours');
  }
  return paths;
}

/** By what the record was of that told them: its place is in their ids. */
function coverMembers(attributes: readonly Stored[], memberships: readonly Stored[], paths: Set<Path>): void {
  const found = memberships.flatMap(({ record }) => (record.kind === 'member-found' ? [record] : []));
  if (found.length === 0) return;
  const kinds = new Map(attributes.map(({ record, place }) => [place, record.kind]));
  for (const { id } of found) {
    const kind = kinds.get(id.slice(1, id.lastIndexOf('-')));
    const isHold = kind === 'merge-completed' || kind === 'state-transferred';
    paths.add(
      kind === 'tick'
        ? 'a member of today in their turn'
        : isHold
          ? 'a member of today after a hold'
          : 'a member of today before their turn',
    );
  }
}

function coverLists({ entity, reason, entered, exited, corrected }: SegmentChanged, paths: Set<Path>): void {
  if (exited.some(({ segment }) => isList(segment))) paths.add('an entry and an exit of a static list');
  if (![...entered, ...exited, ...corrected].some(({ segment }) => isList(segment))) return;
  if (entity.kind === 'account') paths.add('an account in a static list');
  if (reason === 'merge') paths.add('a static list in a merge');
}

/** The place of the record that caused it, and whom it is of. */
function placeOf({ id, entity }: LogRecord & { readonly entity: Entity }): string {
  return `${id.slice(0, id.lastIndexOf('-'))} ${entity.id}`;
}

/** `completed`: places at which merges were completed. */
function coverSchedules(record: LogRecord, paths: Set<Path>, completed: ReadonlySet<string>): void {
  if (record.kind !== 'schedule-reached') return;
  if (completed.has(placeOf(record))) paths.add('a time of a schedule that was due while a merge was open');
  // An owner that is up ticks within the second.
  if (record.recordedAt > record.occurrence.at + 60_000) paths.add('a time of a schedule that was reached late');
}

function coverScheduled(record: LogRecord, paths: Set<Path>): void {
  if (record.kind === 'firing-suppressed') {
    if (record.why === 'late') paths.add('a time of a schedule that was reached too late');
    if (record.why === 'repeated') paths.add('a day of a schedule that was reached again');
  }
  if (record.kind !== 'trigger-fired' || record.on.kind !== 'schedule-reached') return;
  paths.add(record.entity.kind === 'account' ? 'a firing on a schedule for an account' : 'a firing on a schedule');
}

function coverWaits(record: LogRecord, paths: Set<Path>): void {
  coverScheduled(record, paths);
  if (record.kind === 'firing-suppressed' && record.why === 'merge') paths.add('two waits that a merge made one');
  if (record.kind !== 'trigger-fired') return;
  if (record.on.kind === 'event-occurred') paths.add('a firing on an event');
  if (record.entity.kind === 'account' && record.outcome !== undefined) paths.add('a wait of an account');
  if (record.outcome === 'happened') paths.add('a wait that ended in time');
  if (record.outcome === 'timed_out') paths.add('a wait that timed out');
  const { on, effectiveAt } = record;
  if (on.kind === 'attribute-changed' || on.kind === 'segment-present') return;
  const since =
    on.kind === 'event-occurred' ? on.event.occurredAt : on.kind === 'schedule-reached' ? on.occurrence.at : on.at;
  // Delays are of seconds, and events of quarters of them: only quiet hours end with a minute.
  if (on.kind !== 'schedule-reached' && effectiveAt > since && effectiveAt % 60_000 === 0) {
    paths.add('a firing that quiet hours deferred');
  }
  if (record.outcome === undefined && effectiveAt > since) paths.add('a firing after a delay');
}

function coverEvents(events: readonly Stored[], paths: Set<Path>): void {
  const seen = new Set<string>();
  const revisions = new Map<string, number>();
  for (const { record } of events) {
    if (record.kind === 'event') {
      const id = `${record.workspace}/${record.id}`;
      if (seen.has(id)) paths.add('a repeated message');
      seen.add(id);
      if (record.type === 'alias') paths.add('an alias');
    } else if (record.kind === 'catalogue-activated') {
      const before = revisions.get(record.workspace) ?? 0;
      if (record.revision > 1) paths.add('a later revision');
      if (record.revision <= before) paths.add('a revision that was overtaken');
      revisions.set(record.workspace, Math.max(before, record.revision));
    }
  }
}

function coverResolved(resolved: readonly Stored[], paths: Set<Path>): void {
  const newest = new Map<number, number>();
  const survivors = new Set<number>();
  const merges = new Map<string, Set<number>>();
  const chunks = new Set<string>();
  const refusedByWindow = new Set<string>();
  for (const { record, partition } of resolved) {
    if (record.kind === 'event-resolved') {
      const { ordinal } = record.entity;
      const before = newest.get(ordinal) ?? 0;
      if (record.event.occurredAt < before) paths.add('a late event');
      newest.set(ordinal, Math.max(before, record.event.occurredAt));
    } else if (record.kind === 'identifier-refused') {
      paths.add('an identifier that was refused');
      const key = `${record.workspace}/${record.identifier.type}/${record.identifier.value}`;
      if (record.why === 'limit-in-window') {
        paths.add('a limit in a window');
        refusedByWindow.add(key);
      }
      if (record.entity === undefined) paths.add('an event without a profile');
    } else if (record.kind === 'profiles-merged') {
      if (survivors.has(record.loser.ordinal)) paths.add('a chain of merges');
      survivors.add(record.survivor.ordinal);
      const partitions = merges.get(record.mergeId) ?? new Set();
      merges.set(record.mergeId, partitions.add(partition));
    } else if (record.kind === 'seeded') {
      if (record.events.some(({ entity }) => entity.kind === 'account')) paths.add('a seed of an account');
      if (record.step > 0) paths.add('a seed that was forwarded');
      else paths.add(chunks.has(`${partition} ${record.id}`) ? 'a chunk that came twice' : 'a chunk of history');
      chunks.add(`${partition} ${record.id}`);
    } else if (record.kind === 'identifier-quarantined') {
      paths.add('a merge that was held');
    } else if (record.kind === 'quarantine-ended') {
      paths.add(record.decision === 'release' ? 'a release from quarantine' : 'a refusal from quarantine');
      if (record.merged > 0) paths.add('a release that merged');
    } else if (record.kind === 'identifier-linked') {
      const { entity, identifier } = record;
      const key = `${entity.workspace}/${identifier.type}/${identifier.value}`;
      if (refusedByWindow.has(key)) paths.add('an identifier that a limit in a window let in later');
    } else if (record.kind === 'account-created') {
      paths.add('an account');
    } else if (record.kind === 'account-unlinked') {
      paths.add('a merge of members');
    } else if (record.kind === 'tick') {
      paths.add('a tick');
    }
  }
  for (const { size } of merges.values())
    paths.add(size > 1 ? 'a merge over partitions' : 'a merge within a partition');
}

/** Of the stage that reads this log. */
function coverTransfers(input: readonly Stored[], paths: Set<Path>): void {
  const merged = new Set<string>();
  const arrived = new Map<string, number>();
  for (const { record, partition } of input) {
    if (record.kind === 'profiles-merged') merged.add(`${partition}/${record.mergeId}`);
    if (record.kind !== 'state-transferred') continue;
    if (!merged.has(`${partition}/${record.mergeId}`)) paths.add('a transfer before its merge');
    const to = arrived.get(record.id);
    if (to !== undefined && to !== record.to.ordinal) paths.add('a transfer that was forwarded');
    arrived.set(record.id, record.to.ordinal);
  }
}

const REASONS: Readonly<Partial<Record<ChangeReason, Path>>> = {
  event: 'a roll-up that a member moved',
  window: 'a roll-up that the window of a member moved',
  merge: 'a roll-up that a merge of members moved',
  backfill: 'a roll-up that was new to members',
};

function coverContributions(resolved: readonly Stored[], paths: Set<Path>): void {
  const created = new Set<number>();
  const came = new Set<string>();
  for (const { record } of resolved) {
    if (record.kind === 'account-created') created.add(record.entity.ordinal);
    if (record.kind !== 'member-contributed') continue;
    const path = REASONS[record.reason];
    if (path !== undefined && !record.left) paths.add(path);
    if (record.left)
      paths.add(record.mergedBy === undefined ? 'a member that was erased' : 'a member that was merged away');
    if (!created.has(record.entity.ordinal)) paths.add('a contribution before its account');
    if (came.has(record.id)) paths.add('a contribution that came again');
    came.add(record.id);
  }
}

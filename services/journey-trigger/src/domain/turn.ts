/** What one record, one due time or the end of a hold does to an entity: what fires, what begins to wait, and which waits end. */

import type { WaitOutcome } from '@attrium/event';
import { type Ending, endedBy, endWait, type IsKept } from './ending.js';
import type { EntityRow } from './entity.js';
import { decideFirings, type Outcome } from './firing.js';
import { foldKnownNow, foldRecord, type Known, nothingKnown, subjectOfKnown } from './known.js';
import type { Plan, PlannedTrigger } from './plan.js';
import { type KeptRecord, recordedAtOf, type TellingRecord, toldBy } from './told.js';
import { compareWaiting, settleWaits, type WaitingFiring } from './waiting.js';

export interface Turn {
  readonly plan: Plan;
  readonly isKept: IsKept;
  /** Log time, ms. */
  readonly now: number;
  /** Carries an outcome out at once: later decisions of the same turn see it. */
  emit(outcome: Outcome): void;
}

/** The row may be made by what the turn emits. */
type RowOf = () => EntityRow | undefined;

/** A record of an entity that is not held: it ends waits, then fires, or begins waits. */
export function takeRecord(rowOf: RowOf, record: TellingRecord, turn: Turn): void {
  const row = rowOf();
  const waited = row !== undefined && row.waiting.length > 0;
  if (waited) {
    foldRecord(knownOf(row), turn.plan.needs, record);
    if (record.kind === 'event-matched') endAwaited(row, record, turn);
    if (record.kind === 'segment-changed') {
      endConditions(row, { outcome: 'happened', at: record.recordedAt, effectiveAt: record.effectiveAt }, turn);
    }
  }
  decideFirings(rowOf, turn, record, turn.plan.step);
  const after = rowOf();
  if (after === undefined || after.waiting.length === 0 || waited) return;
  after.known = nothingKnown();
  foldRecord(after.known, turn.plan.needs, record);
}

/**
 * The hold has ended, of merges that occurred last at `occurredAt`, ms: the waits of all that were merged become those of one, what was kept back is decided in order, and then what holds
 * of the merged entity. Records of those who were merged away say nothing of it.
 */
export function releaseRow(row: EntityRow, occurredAt: number, turn: Turn): void {
  const { plan, now } = turn;
  const known = knownOf(row);
  settle(row, turn);
  const kept = knownFirst(row.kept);
  row.kept = [];
  for (const record of kept) {
    if (record.kind === 'merge-completed') {
      if (record.known !== undefined && isOwn(row, record)) foldKnownNow(known, record.known);
      continue;
    }
    if (isOwn(row, record)) foldRecord(known, plan.needs, record);
    if (record.kind === 'event-matched') endAwaited(row, record, turn);
    decideFirings(() => row, turn, record, record.step ?? record.revision);
  }
  endConditions(row, { outcome: 'happened', at: now, effectiveAt: occurredAt }, turn);
}

/** What is known at an instant comes before the records of that instant: they were told of by the merged entity. The sort is stable. */
function knownFirst(kept: readonly KeptRecord[]): KeptRecord[] {
  const isKnown = ({ kind }: KeptRecord): number => (kind === 'merge-completed' ? 0 : 1);
  return [...kept].sort((a, b) => recordedAtOf(a) - recordedAtOf(b) || isKnown(a) - isKnown(b));
}

function isOwn(row: EntityRow, { entity }: { readonly entity: { readonly ordinal: number } }): boolean {
  return row.entity.ordinal === entity.ordinal;
}

/** Ends, in their order, the waits that are due up to a time. */
export function endDue(row: EntityRow, until: number, turn: Turn): void {
  for (;;) {
    const first = row.waiting[0];
    if (first === undefined || first.dueAt > until) return;
    row.waiting = row.waiting.slice(1);
    const { dueAt, deferred } = first;
    const outcome = deferred === undefined ? outcomeAtEnd(first, turn.plan) : deferred.outcome;
    end(row, first, { outcome, at: dueAt, effectiveAt: dueAt }, turn);
  }
}

/** Of a wait that lasted as long as it may. */
function outcomeAtEnd({ trigger }: WaitingFiring, { triggers }: Plan): WaitOutcome | undefined {
  const kind = triggers.get(trigger)?.waits?.kind ?? 'delay';
  return kind === 'delay' ? undefined : 'timed_out';
}

/** Adds a firing that waits; they are kept in the order in which they are due. */
export function addWait(row: EntityRow, firing: WaitingFiring): void {
  row.waiting = [...row.waiting, firing].sort(compareWaiting);
}

function settle(row: EntityRow, turn: Turn): void {
  const { plan } = turn;
  const isEvery = (trigger: string): boolean => plan.triggers.get(trigger)?.frequency.kind === 'every';
  const { stay, merged, beyond } = settleWaits(row.waiting, isEvery);
  row.waiting = stay;
  for (const firing of merged) turn.emit(dropped(firing, 'merge', plan));
  for (const firing of beyond) turn.emit(dropped(firing, 'limit', plan));
}

function dropped(firing: WaitingFiring, why: 'merge' | 'limit', { revision }: Plan): Outcome {
  const { trigger, effectiveAt, cause, on, values, memberships } = firing;
  const head = { trigger, revision, effectiveAt, cause, on };
  return { kind: 'suppressed', head, why, values, memberships, lastFiredAt: undefined };
}

/** An event that occurred before what began the wait, or that came after its end, is not what it waited for. */
function endAwaited(row: EntityRow, record: TellingRecord & { kind: 'event-matched' }, turn: Turn): void {
  const trigger = turn.plan.awaited.get(record.definition);
  if (trigger === undefined) return;
  const { effectiveAt, recordedAt: at } = toldBy(record);
  const isAwaited = (firing: WaitingFiring): boolean =>
    firing.trigger === trigger.name &&
    firing.deferred === undefined &&
    firing.effectiveAt <= effectiveAt &&
    at < firing.dueAt;
  endThose(
    row,
    { outcome: 'happened', at, effectiveAt },
    turn,
    (firing) => goesOn(firing, turn) === trigger && isAwaited(firing),
  );
}

function endConditions(row: EntityRow, ending: Ending, turn: Turn): void {
  if (row.waiting.length === 0) return;
  const subject = subjectOfKnown(knownOf(row));
  endThose(row, ending, turn, (firing) => {
    const trigger = goesOn(firing, turn);
    return firing.deferred === undefined && firing.dueAt > ending.at && trigger?.waits?.until?.(subject) === true;
  });
}

function endThose(row: EntityRow, ending: Ending, turn: Turn, isEnded: (firing: WaitingFiring) => boolean): void {
  const ended = row.waiting.filter(isEnded);
  if (ended.length === 0) return;
  row.waiting = row.waiting.filter((firing) => !ended.includes(firing));
  for (const firing of ended) {
    end(row, firing, { ...ending, effectiveAt: Math.max(ending.effectiveAt, firing.effectiveAt) }, turn);
  }
}

/** The trigger, if nothing happened to it that ends the wait. */
function goesOn(firing: WaitingFiring, { plan, isKept }: Turn): PlannedTrigger | undefined {
  const trigger = plan.triggers.get(firing.trigger);
  return endedBy(firing, trigger, isKept) === undefined ? trigger : undefined;
}

function end(row: EntityRow, firing: WaitingFiring, ending: Ending, turn: Turn): void {
  turn.emit(endWait(row, firing, knownOf(row), turn, ending));
}

function knownOf(row: EntityRow): Known {
  row.known ??= nothingKnown();
  return row.known;
}

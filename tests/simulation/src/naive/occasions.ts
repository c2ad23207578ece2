/** On which occasions a trigger fires, how often it may, and what its firings carry: read from catalogues as users write them. */
import type {
  AttributeChange,
  EventMatched,
  FiringCause,
  MemberFound,
  MergeCompleted,
  NamedValue,
  ScheduleReached,
  SegmentChanged,
} from '@attrium/event';
import type { ConditionText, DirectionsText, SideText, TriggerText } from '../definitions.js';
import { carriedNames, segmentsIn } from './needs.js';
import type { Rules } from './rules.js';
import type { Snapshot } from './segments.js';
import { type Asked, holds, millisecondsOf, type Plain, plainOf, show, unitsOfText } from './value.js';

export type Telling = SegmentChanged | EventMatched | ScheduleReached | MemberFound;

/** What somebody who is held keeps back, with what was true then. */
export interface Kept {
  readonly change: Telling | MergeCompleted;
  readonly snapshot: Snapshot;
  /** Of the catalogue that it came under. */
  readonly step: number;
}

export function textsOf(values: readonly NamedValue[]): string[] {
  return values.map(({ name, value }) => `${name}: ${show(plainOf(value))}`).sort();
}

export function causeText(on: FiringCause): string {
  if (on.kind === 'event-occurred') {
    const { id, name, occurredAt, properties } = on.event;
    return `${name} ${id} at ${occurredAt} with ${textsOf(properties).join(', ')}`;
  }
  if (on.kind === 'schedule-reached') {
    const { segment, at, day, timeZone } = on.occurrence;
    return `${segment} on ${day} at ${at} in ${timeZone}`;
  }
  if (on.kind !== 'attribute-changed') return `${on.kind} ${on.segment} at ${on.at}`;
  const { name, before, after } = on.change;
  return `${name}: ${show(plainOf(before))} → ${show(plainOf(after))}`;
}

export function occasionsOf({ name, when }: TriggerText, change: Telling): FiringCause[] {
  if (change.kind === 'member-found') {
    if (when.in === undefined || change.definition !== name) return [];
    return [{ kind: 'segment-present', ...change.member }];
  }
  if (change.kind === 'event-matched') {
    const { eventId: id, occurredAt, propertyValues: properties } = change;
    if (when.event === undefined || change.definition !== name) return [];
    return [{ kind: 'event-occurred', event: { id, name: change.name, occurredAt, properties } }];
  }
  if (change.kind === 'schedule-reached') {
    const isOf = when.schedule !== undefined && change.definition === name;
    return isOf ? [{ kind: 'schedule-reached', occurrence: change.occurrence }] : [];
  }
  if (when.attribute !== undefined) {
    const found = change.changes.find(({ name: changed }) => changed === when.attribute);
    return found === undefined || !isWatched(when, found) ? [] : [{ kind: 'attribute-changed', change: found }];
  }
  return [
    ...change.entered
      .filter(({ segment }) => when.enters === true && segment === when.segment)
      .map(({ segment, at }): FiringCause => ({ kind: 'segment-entered', segment, at })),
    ...change.exited
      .filter(({ segment }) => when.exits === true && segment === when.segment)
      .map(({ segment, at }): FiringCause => ({ kind: 'segment-exited', segment, at })),
  ];
}

/** Whether a value went the way that a trigger names. */
function isWatched({ from, to, crosses, by }: TriggerText['when'], { before, after }: AttributeChange): boolean {
  const [was, is] = [plainOf(before), plainOf(after)];
  if (crosses !== undefined) {
    const { up, down } = bothWays(crosses);
    const reaches = (value: Plain | undefined, least: bigint) => value?.is === 'number' && value.units >= least;
    return (
      (up !== undefined && !reaches(was, up) && reaches(is, up)) ||
      (down !== undefined && reaches(was, down) && !reaches(is, down))
    );
  }
  if (by !== undefined) {
    if (was?.is !== 'number' || is?.is !== 'number') return false;
    const { up, down } = bothWays(by);
    const rise = is.units - was.units;
    if (!((up !== undefined && rise >= up) || (down !== undefined && -rise >= down))) return false;
  }
  return (from === undefined || isOnSide(was, from)) && (to === undefined || isOnSide(is, to));
}

function bothWays(directions: DirectionsText): { up: bigint | undefined; down: bigint | undefined } {
  const { up, down } = typeof directions === 'number' ? { up: directions, down: directions } : directions;
  const units = (value: number | undefined) => (value === undefined ? undefined : unitsOfText(String(value)));
  return { up: units(up), down: units(down) };
}

function isOnSide(value: Plain | undefined, side: SideText): boolean {
  if (side === null) return value === undefined;
  const node: ConditionText = { attribute: '', ...(typeof side === 'object' ? side : { equals: side }) };
  return holds(node, { attribute: () => value });
}

/** Where a frequency has a key, each of its values counts for itself. */
export function keyedName({ name, frequency }: TriggerText, { values }: Snapshot, change: Telling): string {
  if (typeof frequency !== 'object' || frequency.key === undefined) return name;
  const { key } = frequency;
  if (typeof key === 'string') return `${name} for ${show(values.get(key))}`;
  const properties = change.kind === 'event-matched' ? change.propertyValues : [];
  return `${name} for ${show(plainOf(properties.find((each) => each.name === key.property)?.value))}`;
}

export function membershipsOf(trigger: TriggerText, snapshot: Snapshot): string[] {
  const named = new Set(segmentsIn(trigger.if));
  return [...named].filter((name) => snapshot.inSegment(name)).sort();
}

export function mayFire({ frequency }: TriggerText, times: readonly number[], at: number): boolean {
  if (frequency === 'every') return true;
  if (frequency === 'once' || 'once' in frequency) return times.length === 0;
  return times.every((time) => at - time >= millisecondsOf(frequency.once_per));
}

export function carriedBy(
  trigger: TriggerText,
  { values }: Pick<Snapshot, 'values'>,
  also: readonly string[] = [],
): string[] {
  return [...new Set([...carriedNames(trigger), ...also])]
    .filter((name) => values.has(name))
    .map((name) => `${name}: ${show(values.get(name))}`)
    .sort();
}

/** What was kept back may be decided by a later catalogue than it was told by: then nothing is known but what it carries. */
export function carriedIn(change: Telling, { unnamed }: Rules): Snapshot {
  const values = new Map(change.values.map(({ name, value }) => [name, plainOf(value)!]));
  const asked: Asked = {
    attribute: (name) => values.get(name),
    segment: (name) => change.memberships.includes(name),
    unnamed: (question) => values.get(unnamed(question)),
  };
  const identifiers = change.identifiers.map((each) => JSON.stringify(each)).sort();
  return { values, identifiers, inSegment: asked.segment!, holds: (node) => holds(node, asked) };
}

/** Of a schedule: the date that it is of. */
export function dayOf(on: FiringCause): string | undefined {
  return on.kind === 'schedule-reached' ? on.occurrence.day : undefined;
}

export function inOrder(kept: readonly Kept[]): Kept[] {
  const at = ({ change }: Kept): number =>
    change.kind === 'merge-completed' ? change.known!.recordedAt : change.recordedAt;
  return [...kept].sort((a, b) => at(a) - at(b));
}

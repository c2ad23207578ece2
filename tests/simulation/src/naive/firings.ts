/** Which triggers have to fire at each record of `memberships`, and which not: by what was true of the profile then. */
import type {
  AttributeChange,
  FiringCause,
  FiringSuppressed,
  LogRecord,
  NamedValue,
  SegmentChanged,
  TriggerFired,
} from '@attrium/event';
import type { StoredMessage } from '@attrium/processor';
import type { ConditionText, DirectionsText, SideText, TriggerText } from '../definitions.js';
import { lookedUp, refusal } from './consent.js';
import { type Holder, Merging } from './merging.js';
import { FactBook, isIn, type Place, replay } from './replay.js';
import { type Rules, rulesOf } from './rules.js';
import type { Snapshot } from './segments.js';
import { type Asked, holds, millisecondsOf, type Plain, plainOf, show, unitsOfText } from './value.js';

interface Kept {
  readonly change: SegmentChanged;
  readonly snapshot: Snapshot;
}

interface Person {
  /** Log times of the changes that fired, by trigger. */
  readonly fired: Map<string, number[]>;
  kept: Kept[];
}

export function expectFirings(
  memberships: readonly StoredMessage[],
  snapshots: ReadonlyMap<string, Snapshot>,
  partitions: number,
): FactBook {
  const replaying = new FiringReplay(snapshots, partitions);
  for (const { record, place } of replay(memberships)) replaying.read(record, place);
  return replaying.book;
}

export function firingFacts(facts: Iterable<TriggerFired | FiringSuppressed>): FactBook {
  const book = new FactBook();
  for (const fact of facts) {
    const { trigger, revision, effectiveAt, recordedAt, cause } = fact;
    const head = { of: fact.entity.id, trigger, revision, effectiveAt, recordedAt, cause, on: causeText(fact.on) };
    const more =
      fact.kind === 'firing-suppressed'
        ? {
            why: fact.why,
            values: textsOf(fact.values),
            memberships: [...fact.memberships].sort(),
            lastFiredAt: fact.lastFiredAt,
          }
        : {
            reason: fact.reason,
            values: textsOf(fact.values),
            identifiers: fact.identifiers.map((each) => JSON.stringify(each)).sort(),
          };
    book.add(fact.id.slice(1, fact.id.lastIndexOf('-')), { ...head, ...more });
  }
  return book;
}

function textsOf(values: readonly NamedValue[]): string[] {
  return values.map(({ name, value }) => `${name}: ${show(plainOf(value))}`).sort();
}

function causeText(on: FiringCause): string {
  if (on.kind !== 'attribute-changed') return `${on.kind} ${on.segment} at ${on.at}`;
  const { name, before, after } = on.change;
  return `${name}: ${show(plainOf(before))} → ${show(plainOf(after))}`;
}

class FiringReplay {
  readonly book = new FactBook();
  private readonly rules = new Map<string, Rules>();
  private readonly told = new Map<string, number>();
  private readonly merging = new Merging<Person>(
    () => ({ fired: new Map(), kept: [] }),
    ({ data: mine }, { data: theirs }) => {
      for (const [trigger, times] of theirs.fired) {
        mine.fired.set(trigger, [...(mine.fired.get(trigger) ?? []), ...times]);
      }
      mine.kept = inOrder([...mine.kept, ...theirs.kept]);
    },
  );

  constructor(
    private readonly snapshots: ReadonlyMap<string, Snapshot>,
    private readonly partitions: number,
  ) {}

  read(record: LogRecord, place: Place): void {
    const { merging, partitions } = this;
    switch (record.kind) {
      case 'catalogue-activated':
        this.rules.set(`${place.partition}/${record.workspace}`, rulesOf(record));
        return;
      case 'segment-changed': {
        const holder = merging.of(record.entity);
        if (holder.goneTo !== undefined) throw new Error(`${record.id} is of a profile that is gone`);
        const kept = { change: record, snapshot: this.snapshotOf(record) };
        if (merging.isHeld(holder)) holder.data.kept = inOrder([...holder.data.kept, kept]);
        else this.fire(holder, kept, place);
        return;
      }
      case 'profiles-merged': {
        const { loser, survivor, mergeId, occurredAt } = record;
        if (isIn(place, loser.id, partitions)) merging.lose(loser, survivor, mergeId);
        if (isIn(place, survivor.id, partitions)) this.settle(merging.win(survivor, mergeId, occurredAt), place);
        return;
      }
      case 'state-transferred': {
        const holder = record.stage === 'journey-trigger' ? merging.arrive(record.to, record.mergeId) : undefined;
        if (holder !== undefined) this.settle(holder, place);
        return;
      }
      case 'merge-completed': {
        const holder = merging.of(record.entity);
        if (holder.goneTo !== undefined) return;
        for (const mergeId of record.mergeIds) holder.done.add(mergeId);
        this.settle(holder, place);
        return;
      }
      default:
    }
  }

  private snapshotOf({ id, entity }: SegmentChanged): Snapshot {
    const position = `${id.slice(1, id.lastIndexOf('-'))}/${entity.id}`;
    const number = this.told.get(position) ?? 0;
    this.told.set(position, number + 1);
    const snapshot = this.snapshots.get(`${position}/${number}`);
    if (snapshot === undefined) throw new Error(`${id} was not expected`);
    return snapshot;
  }

  private settle(holder: Holder<Person>, place: Place): void {
    if (this.merging.settle(holder) === undefined) return;
    for (const kept of holder.data.kept.splice(0)) this.fire(holder, kept, place);
  }

  private fire(holder: Holder<Person>, { change, snapshot: then }: Kept, place: Place): void {
    const { entity, data } = holder;
    const rules = this.rules.get(`${place.partition}/${entity.workspace}`);
    const snapshot = rules === undefined || change.revision === rules.revision ? then : carriedIn(change, rules);
    for (const trigger of rules?.catalogue.triggers ?? []) {
      if (trigger.state === 'paused' || (change.reason === 'backfill' && trigger.on_backfill !== true)) continue;
      for (const on of occasionsOf(trigger, change)) {
        const { effectiveAt, cause, revision, recordedAt, reason } = change;
        const head = { of: entity.id, trigger: trigger.name, revision, effectiveAt, recordedAt: place.now, cause, on };
        const keyed = keyedName(trigger, snapshot);
        const times = data.fired.get(keyed) ?? [];
        const values = carriedBy(trigger, snapshot);
        const refused = refusal(trigger, rules!.catalogue, snapshot.values, place.now);
        const told = { values, memberships: membershipsOf(trigger, snapshot) };
        if (trigger.if !== undefined && !snapshot.holds(trigger.if)) {
          this.book.add(place.position, { ...head, why: 'condition', ...told });
        } else if (!mayFire(trigger, times, recordedAt)) {
          this.book.add(place.position, { ...head, why: 'frequency', ...told, lastFiredAt: Math.max(...times) });
        } else if (refused !== undefined) {
          const values = carriedBy(trigger, snapshot, lookedUp(trigger, rules!.catalogue));
          this.book.add(place.position, { ...head, why: refused, ...told, values });
        } else {
          data.fired.set(keyed, [...times, recordedAt]);
          this.book.add(place.position, { ...head, reason, values, identifiers: snapshot.identifiers });
        }
      }
    }
  }
}

/** What was kept back may be decided by a later catalogue than it was told by: then nothing is known but what it carries. */
function carriedIn(change: SegmentChanged, { unnamed }: Rules): Snapshot {
  const values = new Map(change.values.map(({ name, value }) => [name, plainOf(value)!]));
  const asked: Asked = {
    attribute: (name) => values.get(name),
    segment: (name) => change.memberships.includes(name),
    unnamed: (question) => values.get(unnamed(question)),
  };
  const identifiers = change.identifiers.map((each) => JSON.stringify(each)).sort();
  return { values, identifiers, inSegment: asked.segment!, holds: (node) => holds(node, asked) };
}

function occasionsOf({ when }: TriggerText, { entered, exited, changes }: SegmentChanged): string[] {
  if (when.attribute !== undefined) {
    const change = changes.find(({ name }) => name === when.attribute);
    if (change === undefined || !isWatched(when, change)) return [];
    return [causeText({ kind: 'attribute-changed', change })];
  }
  return [
    ...entered
      .filter(({ segment }) => when.enters === true && segment === when.segment)
      .map(({ segment, at }) => causeText({ kind: 'segment-entered', segment, at })),
    ...exited
      .filter(({ segment }) => when.exits === true && segment === when.segment)
      .map(({ segment, at }) => causeText({ kind: 'segment-exited', segment, at })),
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
function keyedName({ name, frequency }: TriggerText, { values }: Snapshot): string {
  if (typeof frequency !== 'object' || frequency.key === undefined) return name;
  return `${name} for ${show(values.get(frequency.key))}`;
}

function membershipsOf(trigger: TriggerText, snapshot: Snapshot): string[] {
  const named = new Set(segmentsIn(trigger.if));
  return [...named].filter((name) => snapshot.inSegment(name)).sort();
}

function segmentsIn(node: ConditionText | undefined): string[] {
  if (node === undefined) return [];
  if (node.segment !== undefined) return [node.segment];
  return [...(node.all ?? []), ...(node.any ?? []), node.not].flatMap(segmentsIn);
}

function mayFire({ frequency }: TriggerText, times: readonly number[], at: number): boolean {
  if (frequency === 'every') return true;
  if (frequency === 'once' || 'once' in frequency) return times.length === 0;
  return times.every((time) => at - time >= millisecondsOf(frequency.once_per));
}

function carriedBy(trigger: TriggerText, { values }: Snapshot, also: readonly string[] = []): string[] {
  const { frequency } = trigger;
  const key = typeof frequency === 'object' && frequency.key !== undefined ? [frequency.key] : [];
  const names = new Set([...(trigger.payload ?? []), ...key, ...attributesIn(trigger.if), ...also]);
  return [...names]
    .filter((name) => values.has(name))
    .map((name) => `${name}: ${show(values.get(name))}`)
    .sort();
}

function attributesIn(node: ConditionText | undefined): string[] {
  if (node === undefined) return [];
  if (node.attribute !== undefined) return [node.attribute];
  return [...(node.all ?? []), ...(node.any ?? []), node.not].flatMap(attributesIn);
}

function inOrder(kept: readonly Kept[]): Kept[] {
  return [...kept].sort((a, b) => a.change.recordedAt - b.change.recordedAt);
}

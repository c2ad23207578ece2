/** What segment has to say at each record of `attributes`: all segments of a profile evaluated anew from its values, nested ones too. */
import type { AttributesChanged, Entity, EventMatched, LogRecord } from '@attrium/event';
import type { StoredMessage } from '@attrium/processor';
import type { ConditionText } from '../definitions.js';
import { Asking } from './asking.js';
import { Catalogues } from './catalogues.js';
import { type Holder, Merging } from './merging.js';
import { isDefined, neededIn, propertyTexts, watchedIn } from './needs.js';
import { blank, type Cause, keep, type Person, unite } from './person.js';
import { FactBook, isIn, type Place, replay } from './replay.js';
import type { Rules } from './rules.js';
import { bind, loosen, scheduledIn, takeDue, textOfWhen, uniteBonds } from './schedules.js';
import { wanted } from './segment-facts.js';
import { type Asked, holds, type Plain, plainOf, show } from './value.js';

/** What was true of a profile when something was said of it. */
export interface Snapshot {
  readonly values: ReadonlyMap<string, Plain>;
  readonly identifiers: readonly string[];
  inSegment(name: string): boolean;
  holds(condition: ConditionText): boolean;
}

export interface NaiveSegments {
  readonly book: FactBook;
  /** By position, entity and number among what was said of the entity there. */
  readonly snapshots: ReadonlyMap<string, Snapshot>;
}

export function expectSegments(attributes: readonly StoredMessage[], partitions: number): NaiveSegments {
  const replaying = new SegmentReplay(partitions);
  for (const { record, place } of replay(attributes)) replaying.read(record, place);
  return replaying;
}

class SegmentReplay implements NaiveSegments {
  readonly book = new FactBook();
  readonly snapshots = new Map<string, Snapshot>();
  private readonly catalogues = new Catalogues();
  private readonly merging = new Merging<Person>(blank, ({ data: mine, entity }, { data: theirs }) => {
    const missed = this.catalogues.since(theirs.step, entity, this.partitions);
    unite(mine, theirs, (segment) => missed.every((rules) => hasSegment(rules, segment)));
    this.uniteBonds(entity, mine, theirs);
  });

  private readonly asking: Asking<Person>;

  constructor(private readonly partitions: number) {
    this.asking = new Asking({
      ...{ partitions, merging: this.merging },
      rulesFor: (holder, place) => this.rulesFor(holder, place),
      isInSegment: (holder, segment, place) =>
        askedOf(holder.data.values, this.rulesFor(holder, place)).segment!(segment),
      passTime: (holder, place) => this.passTime(holder, place.now, place),
      align: (holder, effectiveAt, place) => {
        const rules = this.rulesFor(holder, place);
        const cause = { reason: 'backfill', cause: `catalogue:${rules.revision}`, effectiveAt };
        this.say(holder, cause, this.flip(holder, rules, effectiveAt), [], place);
      },
      say: (holder, found, place) => {
        this.book.add(place.position, found);
        this.picture(holder, this.rulesFor(holder, place), place);
      },
    });
  }

  read(record: LogRecord, place: Place): void {
    const touched = this.touchedBy(record, place);
    // A tick wakes those who are due by what it says, whenever it is stored; whoever is awake looks at the time.
    const wakesBy = record.kind === 'tick' ? record.dueAt : place.now;
    for (const holder of touched) this.passTime(holder, wakesBy, place);
    this.take(record, place);
    for (const holder of touched) this.bind(holder, place);
  }

  /** Whose schedules are looked at before the record: all of the partition's at a tick. */
  private touchedBy(record: LogRecord, place: Place): Holder<Person>[] {
    const { merging, partitions } = this;
    const isHere = ({ id }: Entity): boolean => isIn(place, id, partitions);
    switch (record.kind) {
      case 'tick':
        return merging.all().filter(({ entity }) => isHere(entity));
      case 'attributes-changed':
      case 'event-matched':
      case 'identifier-linked':
      case 'merge-completed':
        return [merging.of(record.entity)];
      case 'state-transferred':
        return record.stage === 'segment' ? [merging.of(record.to)] : [];
      case 'profiles-merged':
        return [record.loser, record.survivor].filter(isHere).map((each) => merging.of(each));
      case 'profile-erased':
        return [record.entity].filter(isHere).map((each) => merging.of(each));
      default:
        return [];
    }
  }

  /** What schedules have come to since then. */
  private passTime(holder: Holder<Person>, wakesBy: number, place: Place): void {
    if (holder.goneTo !== undefined || this.merging.isHeld(holder)) return;
    const rules = this.rulesFor(holder, place);
    const { bonds } = holder.data;
    if (takeDue(new Map(bonds), rules, wakesBy).length === 0) return;
    const due = takeDue(bonds, rules, place.now);
    const at = due[0]!.first;
    this.asking.askAll(holder.entity, place);
    const cause = { reason: 'window', cause: `timer:${at}`, effectiveAt: at };
    this.say(holder, cause, this.flip(holder, rules, at), [], place);
    this.tellDue(holder, due, place);
  }

  private tellDue({ entity, data }: Holder<Person>, due: ReturnType<typeof takeDue>, place: Place): void {
    const rules = this.rulesFor({ entity } as Holder<Person>, place);
    for (const { trigger, zone, at, day } of due) {
      const segment = trigger.when.segment!;
      if (!data.members.has(segment)) continue;
      const head = { of: entity.id, scheduled: trigger.name, segment, at, day, zone };
      this.book.add(place.position, { ...head, recordedAt: place.now, revision: rules.revision });
      this.picture({ entity, data }, rules, place);
    }
  }

  private bind(holder: Holder<Person>, place: Place): void {
    if (holder.goneTo !== undefined || this.merging.isHeld(holder)) return;
    bind(holder.data.bonds, this.rulesFor(holder, place), holder.data, place.now);
  }

  /** The loser's bonds, as far as the survivor's partition has had their triggers all the time. */
  private uniteBonds(entity: Entity, mine: Person, theirs: Person): void {
    const { partitions } = this;
    const now = this.catalogues.since(-1, entity, partitions).at(-1)?.ofKind(entity.kind);
    if (now === undefined) return;
    const others = new Map(
      [...theirs.bonds].filter(([name, { text, step }]) =>
        [...this.catalogues.since(step, entity, partitions).map((rules) => rules.ofKind(entity.kind)), now].every(
          (rules) => scheduledIn(rules).some((each) => each.name === name && textOfWhen(each) === text),
        ),
      ),
    );
    uniteBonds(mine.bonds, others, now);
  }

  private take(record: LogRecord, place: Place): void {
    const { merging, partitions } = this;
    this.asking.touch(record, place);
    switch (record.kind) {
      case 'catalogue-activated': {
        const rules = this.catalogues.read(record, place);
        this.forget(rules, record.workspace, place);
        this.asking.begin(rules, record.workspace, place);
        return;
      }
      case 'tick':
        this.asking.tick(record.dueAt, place);
        return;
      case 'profile-created':
        merging.of(record.entity);
        return;
      case 'account-created': {
        const identifier = { type: 'group_id', value: record.groupId };
        merging.of(record.entity).data.identifiers.add(JSON.stringify(identifier));
        return;
      }
      case 'identifier-linked':
        merging.of(record.entity).data.identifiers.add(JSON.stringify(record.identifier));
        return;
      case 'attributes-changed':
        this.change(merging.of(record.entity), record, place);
        return;
      case 'event-matched':
        this.match(merging.of(record.entity), record, place);
        return;
      case 'profiles-merged': {
        const { loser, survivor, mergeId, occurredAt } = record;
        if (isIn(place, loser.id, partitions)) {
          const leaving = merging.of(loser);
          leaving.data.step = this.rulesFor(leaving, place).step;
          merging.lose(loser, survivor, mergeId);
        }
        if (!isIn(place, survivor.id, partitions)) return;
        const holder = merging.win(survivor, mergeId, occurredAt);
        for (const each of record.identifiers) holder.data.identifiers.add(JSON.stringify(each));
        this.settle(holder, place);
        return;
      }
      case 'profile-erased':
        merging.erase(record, ({ id }) => isIn(place, id, partitions));
        return;
      case 'state-transferred': {
        const holder = record.stage === 'segment' ? merging.arrive(record.to, record.mergeId) : undefined;
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

  private rulesFor({ entity }: Holder<Person>, { partition }: Place): Rules {
    const none = { revision: 0, step: 0, catalogue: { attributes: [], segments: [], triggers: [] }, rules: [] };
    const empty: Rules = { ...none, unnamed: () => '', ofKind: () => empty };
    return this.catalogues.of(entity.workspace, partition)?.ofKind(entity.kind) ?? empty;
  }

  /** At once, in everyone: values and memberships end with their definition. */
  private forget(rules: Rules, workspace: string, place: Place): void {
    for (const holder of this.merging.all()) {
      const { entity, data } = holder;
      if (entity.workspace !== workspace || !isIn(place, entity.id, this.partitions)) continue;
      data.values = new Map([...data.values].filter(([name]) => rules.rules.some((rule) => rule.name === name)));
      for (const [segment, since] of data.members) {
        if (hasSegment(rules, segment)) continue;
        data.members.delete(segment);
        data.gone.set(segment, since);
      }
      for (const segment of data.inherited.keys()) if (!hasSegment(rules, segment)) data.inherited.delete(segment);
      loosen(data.bonds, rules.ofKind(entity.kind));
      this.bind(holder, place);
    }
  }

  private change(holder: Holder<Person>, record: AttributesChanged, place: Place): void {
    if (holder.goneTo !== undefined) throw new Error(`${record.id} is of a profile that is gone`);
    const { data } = holder;
    const { effectiveAt, recordedAt, cause } = record;
    const rules = this.rulesFor(holder, place);
    const isLate = record.reason === 'event' && effectiveAt < data.newestAt;
    if (record.reason !== 'backfill') data.newestAt = Math.max(data.newestAt, effectiveAt);
    for (const { name, after } of record.changes) {
      if (after === undefined) data.values.delete(name);
      else data.values.set(name, plainOf(after)!);
    }
    const asked = watchedIn(rules);
    const changes = record.changes.filter(({ name }) => asked.has(name)).map(wanted);
    if (this.merging.isHeld(holder)) {
      if (changes.length > 0) keep(data, [{ reason: record.reason, cause, effectiveAt, recordedAt, changes }]);
      return;
    }
    const flips = this.flip(holder, rules, effectiveAt);
    const reason = isLate && flips.some((flip) => !flip.includes('→')) ? 'correction' : record.reason;
    this.say(holder, { reason, cause, effectiveAt }, flips, changes, place);
  }

  private match(holder: Holder<Person>, record: EventMatched, place: Place): void {
    if (holder.goneTo !== undefined) throw new Error(`${record.id} is of a profile that is gone`);
    const rules = this.rulesFor(holder, place);
    if (!isDefined(record.definition, rules)) return;
    const { eventId: cause, occurredAt: effectiveAt, recordedAt } = record;
    const instant = { reason: 'event', cause, effectiveAt };
    if (this.merging.isHeld(holder)) {
      keep(holder.data, [{ ...instant, recordedAt, changes: [], event: record }]);
      return;
    }
    this.say(holder, instant, this.flip(holder, rules, effectiveAt), [], place);
    this.tell(holder, record, place);
  }

  private tell({ entity, data }: Holder<Person>, record: EventMatched, place: Place): void {
    const rules = this.rulesFor({ entity } as Holder<Person>, place);
    const { definition, eventId, name, occurredAt, propertyValues } = record;
    if (!isDefined(definition, rules)) return;
    const head = { of: entity.id, definition, eventId, name, occurredAt, recordedAt: place.now };
    this.book.add(place.position, { ...head, revision: rules.revision, properties: propertyTexts(propertyValues) });
    this.picture({ entity, data }, rules, place);
  }

  private settle(holder: Holder<Person>, place: Place): void {
    const released = this.merging.settle(holder);
    if (released === undefined) return;
    const { data, entity } = holder;
    const { mergeIds, occurredAt: effectiveAt } = released;
    data.newestAt = Math.max(data.newestAt, effectiveAt);
    const rules = this.rulesFor(holder, place);
    const flips = this.flip(holder, rules, effectiveAt);
    const asked = watchedIn(rules);
    for (const kept of data.kept.splice(0)) {
      if (kept.event !== undefined) {
        this.tell(holder, kept.event, place);
        continue;
      }
      const changes = kept.changes.filter(({ name }) => asked.has(name));
      this.say(holder, kept, [], changes, place);
    }
    this.say(holder, { reason: 'merge', cause: mergeIds.at(-1)!, effectiveAt }, flips, [], place);
    this.tellDue(holder, takeDue(data.bonds, rules, place.now), place);
    this.asking.findOwed(holder, flips, place);
    this.book.add(place.position, { completed: mergeIds, of: entity.id, known: this.knownNow(data, rules, place) });
    this.picture({ entity, data }, rules, place);
  }

  private knownNow(data: Person, rules: Rules, place: Place): unknown {
    const needed = neededIn(rules);
    if (needed === undefined) return undefined;
    const values = [...data.values].filter(([name]) => needed.attributes.has(name));
    return {
      at: place.now,
      values: values.map(([name, value]) => `${name}: ${show(value)}`).sort(),
      memberships: [...data.members.keys()].filter((name) => needed.segments.has(name)).sort(),
      identifiers: [...data.identifiers].sort(),
    };
  }

  /** Brings the memberships in line with the values, and says how they change. */
  private flip({ data }: Holder<Person>, rules: Rules, effectiveAt: number): string[] {
    const { members, inherited, gone } = data;
    const { segments } = rules.catalogue;
    const flips: string[] = [];
    const asked = askedOf(data.values, rules);
    for (const { name, where } of segments) {
      const own = members.get(name);
      const sinces = [own, inherited.get(name)].filter((since) => since !== undefined);
      const since = sinces.length === 0 ? undefined : Math.min(...sinces);
      if (!holds(where, asked)) {
        if (since === undefined) continue;
        members.delete(name);
        flips.push(`out of ${name} since ${Math.max(effectiveAt, since)}`);
        continue;
      }
      members.set(name, since ?? effectiveAt);
      if (since === undefined) flips.push(`in ${name} since ${effectiveAt}`);
      else if (since !== own) {
        flips.push(`${name}: since ${own ?? gone.get(name)} → since ${since}`);
        gone.delete(name);
      }
    }
    for (const [segment, since] of gone) flips.push(`${segment}: since ${since} → since undefined`);
    gone.clear();
    inherited.clear();
    return flips.sort();
  }

  private say(
    { entity, data }: Holder<Person>,
    { reason, cause, effectiveAt }: Cause,
    flips: readonly string[],
    changes: readonly { readonly text: string }[],
    place: Place,
  ): void {
    if (flips.length + changes.length === 0) return;
    const rules = this.rulesFor({ entity } as Holder<Person>, place);
    const head = { of: entity.id, reason, cause, effectiveAt, recordedAt: place.now, revision: rules.revision };
    this.book.add(place.position, { ...head, flips, changes: changes.map(({ text }) => text) });
    this.picture({ entity, data }, rules, place);
  }

  /** What is true of the profile when something is said of it. */
  private picture({ entity, data }: Pick<Holder<Person>, 'entity' | 'data'>, rules: Rules, place: Place): void {
    const values = new Map(data.values);
    const asked = askedOf(values, rules);
    const snapshot = {
      values,
      identifiers: [...data.identifiers].sort(),
      inSegment: (name: string) => asked.segment!(name),
      holds: (node: ConditionText) => holds(node, asked),
    };
    for (let number = 0; ; number++) {
      const key = `${place.position}/${entity.id}/${number}`;
      if (this.snapshots.has(key)) continue;
      this.snapshots.set(key, snapshot);
      return;
    }
  }
}

export function askedOf(values: ReadonlyMap<string, Plain>, { catalogue, unnamed }: Rules): Asked {
  const asked: Asked = {
    attribute: (name) => values.get(name),
    segment: (name) => holds(catalogue.segments.find((segment) => segment.name === name)!.where, asked),
    unnamed: (question) => values.get(unnamed(question)),
  };
  return asked;
}

const hasSegment = ({ catalogue }: Rules, segment: string): boolean =>
  catalogue.segments.some(({ name }) => name === segment);

/** What attribute-compute has to say at each record of `resolved`: every value counted anew from the bag of events of its profile. */
import type {
  AttributesChanged,
  CatalogueActivated,
  Entity,
  Event,
  EventMatched,
  LogRecord,
  MemberContributed,
  MergeCompleted,
} from '@attrium/event';
import type { StoredMessage } from '@attrium/processor';
import { Catalogues } from './catalogues.js';
import type { NaiveFormula } from './formulas.js';
import { type Holder, Merging } from './merging.js';
import { matchedBy, propertyTexts } from './needs.js';
import type { Contribution } from './reducing.js';
import { FactBook, isIn, type Place, replay } from './replay.js';
import { contributionFact, type MemberNow, NaiveRollups, rollupsOf } from './rollups.js';
import type { Rule, Rules } from './rules.js';
import { type Plain, plainOf, show } from './value.js';

interface Counted extends Contribution {
  /** Log time of the partition that saw it last: what left its window by then is gone. */
  seenAt: number;
}

interface Bag {
  /** By the meaning of a rule. */
  readonly counted: Map<string, Counted[]>;
  /** What was said last, by name. */
  readonly said: Map<string, Plain>;
  /** Windows were looked at up to here, ms. */
  lookedUntil: number;
  /** The step of the partition's catalogue when a loser was handed over. */
  step: number;
}

interface Saying {
  readonly reason: string;
  readonly cause: string;
  readonly effectiveAt: number;
}

export function expectAttributes(resolved: readonly StoredMessage[], partitions: number): FactBook {
  const replaying = new AttributeReplay(partitions);
  for (const { record, place } of replay(resolved)) replaying.read(record, place);
  return replaying.book;
}

export type AttributeFact = AttributesChanged | EventMatched | MergeCompleted | MemberContributed;

export function attributeFacts(facts: Iterable<AttributeFact>): FactBook {
  const book = new FactBook();
  for (const fact of facts) {
    const position = fact.id.slice(1, fact.id.lastIndexOf('-'));
    if (fact.kind === 'merge-completed') {
      book.add(position, { completed: fact.mergeIds, of: fact.entity.id });
      continue;
    }
    if (fact.kind === 'member-contributed') {
      book.add(position, contributionFact(fact));
      continue;
    }
    if (fact.kind === 'event-matched') {
      const { definition, eventId: id, name, occurredAt: at, recordedAt, revision } = fact;
      const head = { of: fact.entity.id, id, name, at, recordedAt, revision };
      book.add(position, { ...head, definition, properties: propertyTexts(fact.propertyValues) });
      continue;
    }
    const { entity, reason, cause, effectiveAt, recordedAt, revision } = fact;
    const changes = fact.changes.map(({ name, before, after }) => changeText(name, plainOf(before), plainOf(after)));
    book.add(position, { of: entity.id, reason, cause, effectiveAt, recordedAt, revision, changes: changes.sort() });
  }
  return book;
}

const changeText = (name: string, before: Plain | undefined, after: Plain | undefined): string =>
  `${name}: ${show(before)} → ${show(after)}`;

class AttributeReplay {
  readonly book = new FactBook();
  private readonly catalogues = new Catalogues();
  private readonly merging = new Merging<Bag>(
    () => ({ counted: new Map(), said: new Map(), lookedUntil: 0, step: 0 }),
    ({ data: mine, entity }, { data: theirs }) => {
      const missed = this.catalogues.since(theirs.step, entity, this.partitions);
      for (const [meaning, list] of theirs.counted) {
        if (!missed.every(({ rules }) => rules.some((rule) => rule.meaning === meaning))) continue;
        for (const each of list) each.seenAt = Math.max(each.seenAt, theirs.lookedUntil);
        mine.counted.set(meaning, [...(mine.counted.get(meaning) ?? []), ...list]);
      }
    },
  );

  private readonly rollups: NaiveRollups;

  constructor(private readonly partitions: number) {
    this.rollups = new NaiveRollups(partitions, (place, fact) => this.book.add(place.position, fact));
  }

  read(record: LogRecord, place: Place): void {
    const { merging, partitions } = this;
    switch (record.kind) {
      case 'catalogue-activated':
        this.activate(record, place);
        return;
      case 'tick':
        for (let due = this.rollups.dueIn(place); due !== undefined && due <= record.dueAt; ) {
          // Of what is due at the same time it comes first.
          this.lookAll(due - 1, place);
          this.sweep(place);
          due = this.rollups.dueIn(place);
        }
        this.lookAll(record.dueAt, place);
        return;
      case 'account-linked':
      case 'account-unlinked': {
        if (!isIn(place, record.entity.id, partitions)) return;
        const holder = merging.of(record.entity);
        this.look(holder, place.now, place);
        if (record.kind === 'account-linked') this.rollups.join(record, this.nowOf(holder, place), place);
        else this.rollups.leave(record, place);
        return;
      }
      case 'member-contributed': {
        const holder = merging.of(record.entity);
        this.look(holder, place.now, place);
        if (!this.rollups.take(record, place)) return;
        const { reason, cause, effectiveAt } = record;
        this.sayMembers(holder, { reason, cause, effectiveAt }, place);
        return;
      }
      case 'event-resolved': {
        const holder = merging.of(record.entity);
        if (holder.goneTo !== undefined) throw new Error(`${record.id} is addressed to a profile that is gone`);
        this.look(holder, place.now, place);
        this.count(holder, record.event, place);
        this.match(holder, record.event, place);
        return;
      }
      case 'profiles-merged': {
        const { loser, survivor, mergeId, occurredAt } = record;
        for (const each of [loser, survivor]) {
          if (isIn(place, each.id, partitions)) this.look(merging.of(each), place.now, place);
        }
        if (isIn(place, loser.id, partitions)) {
          const leaving = merging.of(loser);
          leaving.data.step = this.rulesFor(leaving, place)?.step ?? 0;
          merging.lose(loser, survivor, mergeId);
        }
        if (!isIn(place, survivor.id, partitions)) return;
        const holder = merging.win(survivor, mergeId, occurredAt);
        holder.done.add(mergeId);
        this.settle(holder, place);
        return;
      }
      case 'profile-erased':
        if (isIn(place, record.entity.id, partitions)) this.look(merging.of(record.entity), place.now, place);
        merging.erase(record, ({ id }) => isIn(place, id, partitions));
        this.rollups.erase(record, place);
        return;
      case 'state-transferred': {
        if (record.stage !== 'attribute-compute') return;
        this.look(merging.of(record.to), place.now, place);
        const holder = merging.arrive(record.to, record.mergeId);
        if (holder !== undefined) this.settle(holder, place);
        return;
      }
      default:
    }
  }

  private activate(record: CatalogueActivated, place: Place): void {
    const before = this.catalogues.of(record.workspace, place.partition);
    const after = this.catalogues.read(record, place);
    this.forget(after, record.workspace, place);
    this.rollups.activated(before, after, record.workspace, place);
  }

  private lookAll(until: number, place: Place): void {
    for (const holder of this.merging.all()) {
      if (isIn(place, holder.entity.id, this.partitions)) this.look(holder, until, place);
    }
  }

  private sweep(place: Place): void {
    const nowOf = (entity: Entity): MemberNow => this.nowOf(this.merging.of(entity), place);
    const { workspace, why } = this.rollups.sweep(place, nowOf);
    for (const holder of this.merging.all()) {
      const { entity } = holder;
      if (entity.workspace !== workspace || !isIn(place, entity.id, this.partitions)) continue;
      if (this.rollups.knows(entity.ordinal)) this.sayMembers(holder, why, place, true);
    }
  }

  private nowOf(holder: Holder<Bag>, place: Place): MemberNow {
    const { entity, data, folded, goneTo } = holder;
    const rules = this.catalogues.of(entity.workspace, place.partition);
    return { rules, said: data.said, folded, isSilent: goneTo !== undefined || this.merging.isHeld(holder) };
  }

  private rulesFor({ entity }: Holder<Bag>, { partition }: Place): Rules | undefined {
    return this.catalogues.of(entity.workspace, partition)?.ofKind(entity.kind);
  }

  /** At once, in everyone: what a catalogue does not have was never counted. */
  private forget({ rules }: Rules, workspace: string, place: Place): void {
    for (const { entity, data } of this.merging.all()) {
      if (entity.workspace !== workspace || !isIn(place, entity.id, this.partitions)) continue;
      for (const meaning of data.counted.keys()) {
        if (!rules.some((rule) => rule.meaning === meaning)) data.counted.delete(meaning);
      }
      for (const name of data.said.keys()) if (!rules.some((rule) => rule.name === name)) data.said.delete(name);
    }
  }

  private count(holder: Holder<Bag>, event: Event, place: Place): void {
    const rules = this.rulesFor(holder, place);
    let counted = false;
    for (const rule of rules?.rules ?? []) {
      const contribution = rule.contribution(event);
      if (contribution === undefined) continue;
      const list = holder.data.counted.get(rule.meaning) ?? [];
      holder.data.counted.set(rule.meaning, [...list, { ...contribution, seenAt: place.now }]);
      counted = true;
    }
    if (!counted) return;
    this.say(holder, place.now, { reason: 'event', cause: event.id, effectiveAt: event.occurredAt }, place);
  }

  private match(holder: Holder<Bag>, event: Event, place: Place): void {
    const rules = this.rulesFor(holder, place);
    if (rules === undefined) return;
    const { id, name, occurredAt: at } = event;
    const head = { of: holder.entity.id, id, name, at, recordedAt: place.now, revision: rules.revision };
    for (const matched of matchedBy(event, rules)) this.book.add(place.position, { ...head, ...matched });
  }

  /** Every instant up to `until` at which an event leaves a window. */
  private look(holder: Holder<Bag>, until: number, place: Place): void {
    const { data } = holder;
    if (holder.goneTo !== undefined || until <= data.lookedUntil) return;
    const instants = new Set<number>();
    for (const { meaning, withinMs, flipsAt } of this.rulesFor(holder, place)?.rules ?? []) {
      for (const each of data.counted.get(meaning) ?? []) {
        const at = flipsAt?.(each) ?? 0;
        if (at > data.lookedUntil && at <= until) instants.add(at);
      }
      for (const { at, seenAt } of withinMs === undefined ? [] : (data.counted.get(meaning) ?? [])) {
        const leavesAt = at + withinMs!;
        if (leavesAt > Math.max(data.lookedUntil, seenAt) && leavesAt <= until) instants.add(leavesAt);
      }
    }
    data.lookedUntil = until;
    for (const at of [...instants].sort((a, b) => a - b)) {
      this.say(holder, at, { reason: 'window', cause: `timer:${at}`, effectiveAt: at }, place);
    }
  }

  private settle(holder: Holder<Bag>, place: Place): void {
    const released = this.merging.settle(holder);
    if (released === undefined) return;
    const { mergeIds, occurredAt: effectiveAt } = released;
    this.say(holder, place.now, { reason: 'merge', cause: mergeIds.at(-1)!, effectiveAt }, place);
    this.book.add(place.position, { completed: mergeIds, of: holder.entity.id });
    const why = { reason: 'merge', cause: mergeIds.at(-1)!, effectiveAt };
    this.rollups.give(holder.entity, this.nowOf(holder, place), why, place);
  }

  private say(holder: Holder<Bag>, asOf: number, saying: Saying, place: Place): void {
    if (this.merging.isHeld(holder)) return;
    const changed = this.publish(holder, saying, place, (rule) => {
      const counted = holder.data.counted.get(rule.meaning) ?? [];
      return counted.length === 0 ? undefined : { now: valueAt(rule, counted, asOf) };
    });
    const now = this.nowOf(holder, place);
    const isRead = rollupsOf(now.rules).some(({ reads }) => reads.some((read) => changed.has(read)));
    if (isRead) this.rollups.give(holder.entity, now, saying, place);
  }

  /** Of an account: what its members make of it. `isNew`: some formula may be new, and read what stays as it is. */
  private sayMembers(holder: Holder<Bag>, saying: Saying, place: Place, isNew = false): void {
    const valueNow = ({ rollup }: Rule) =>
      rollup === undefined ? undefined : { now: this.rollups.valueOf(holder.entity.ordinal, rollup) };
    this.publish(holder, { ...saying, isNew }, place, valueNow);
  }

  /** Says what is another value than before, and then the formulas over that; returns the names. */
  private publish(
    holder: Holder<Bag>,
    { reason, cause, effectiveAt, isNew = false }: Saying & { readonly isNew?: boolean },
    place: Place,
    valueNow: (rule: Rule) => { readonly now: Plain | undefined } | undefined,
  ): ReadonlySet<string> {
    const { rules, revision } = this.rulesFor(holder, place) ?? { rules: [], revision: 0 };
    const { said } = holder.data;
    const changes: string[] = [];
    const changed = new Set<string>();
    const put = (name: string, after: Plain | undefined, initial?: Plain): void => {
      const before = said.get(name);
      if (show(before ?? initial) === show(after)) return;
      if (after === undefined) said.delete(name);
      else said.set(name, after);
      changes.push(changeText(name, before, after));
      changed.add(name);
    };
    for (const rule of rules) {
      const value = valueNow(rule);
      if (value !== undefined) put(rule.name, value.now, rule.initial);
    }
    for (const { name, formula } of formulasIn(rules)) {
      const isMoved = formula.reads.some((read) => changed.has(read));
      if (!isMoved && !isNew) continue;
      const hasAny = isMoved || formula.reads.some((read) => said.has(read));
      const value = formula.value((read) => said.get(read));
      put(name, hasAny ? value : undefined);
    }
    if (changes.length === 0) return changed;
    const fact = { of: holder.entity.id, reason, cause, effectiveAt, recordedAt: place.now, revision };
    this.book.add(place.position, { ...fact, changes: changes.sort() });
    return changed;
  }
}

function valueAt(rule: Rule, counted: readonly Counted[], asOf: number): Plain | undefined {
  const { withinMs } = rule;
  const inside =
    withinMs === undefined ? counted : counted.filter(({ at, seenAt }) => at + withinMs > Math.max(asOf, seenAt));
  return rule.value(inside, counted.length > 0, asOf);
}

interface NamedFormula {
  readonly name: string;
  readonly formula: NaiveFormula;
}

/** What is read first comes first. */
export function formulasIn(rules: readonly Rule[]): NamedFormula[] {
  let left = rules.flatMap(({ name, formula }): NamedFormula[] => (formula === undefined ? [] : [{ name, formula }]));
  const ordered: NamedFormula[] = [];
  while (left.length > 0) {
    const names = new Set(left.map(({ name }) => name));
    const ready = left.filter(({ formula }) => !formula.reads.some((read) => names.has(read)));
    ordered.push(...ready);
    left = left.filter((each) => !ready.includes(each));
  }
  return ordered;
}

/** Which triggers have to fire at each record of `memberships`, and which not: by what was true of the profile then. */
import type { LogRecord, MergeCompleted } from '@attrium/event';
import { entityOf } from '@attrium/event';
import type { StoredMessage } from '@attrium/processor';
import type { TriggerText } from '../definitions.js';
import { DEFER_MS, isDeferring, lookedUp, quietEnd, refusal } from './consent.js';
import { type Holder, Merging } from './merging.js';
import { mayWait, neededBy } from './needs.js';
import {
  carriedBy,
  carriedIn,
  causeText,
  dayOf,
  inOrder,
  type Kept,
  keyedName,
  mayFire,
  membershipsOf,
  occasionsOf,
  type Telling,
} from './occasions.js';
import { FactBook, isIn, type Place, replay } from './replay.js';
import { type Rules, rulesOf } from './rules.js';
import { LATE_MS } from './schedules.js';
import type { Snapshot } from './segments.js';
import { millisecondsOf, show } from './value.js';
import { areOne, byDue, type Ending, instantOf, type Wait, waitingTrigger } from './waits.js';

interface Person {
  /** Log times of the changes that fired, by trigger. */
  readonly fired: Map<string, number[]>;
  kept: Kept[];
  waits: Wait[];
  /** What was true when something was said of the profile itself last. */
  latest: Snapshot | undefined;
  readonly linked: Set<string>;
  /** Of schedules, the days that a trigger has fired for, or waits to fire for. */
  readonly days: Map<string, string[]>;
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

const TOLD = ['segment-changed', 'event-matched', 'member-found', 'schedule-reached'];
const TOUCHING = [...TOLD, 'identifier-linked', 'merge-completed', 'profile-erased'];
class FiringReplay {
  readonly book = new FactBook();
  private readonly catalogues = new Map<string, Rules[]>();
  private readonly told = new Map<string, number>();
  private readonly merging = new Merging<Person>(
    () => ({ fired: new Map(), kept: [], waits: [], latest: undefined, linked: new Set(), days: new Map() }),
    ({ data: mine }, { data: theirs }) => {
      for (const [trigger, times] of theirs.fired) {
        mine.fired.set(trigger, [...(mine.fired.get(trigger) ?? []), ...times]);
      }
      mine.kept = inOrder([...mine.kept, ...theirs.kept]);
      mine.waits = [...mine.waits, ...theirs.waits];
      for (const [trigger, days] of theirs.days) mine.days.set(trigger, [...(mine.days.get(trigger) ?? []), ...days]);
    },
  );

  constructor(
    private readonly snapshots: ReadonlyMap<string, Snapshot>,
    private readonly partitions: number,
  ) {}

  read(record: LogRecord, place: Place): void {
    const { merging, partitions } = this;
    for (const each of this.touchedBy(record, place)) this.endDue(each, place.now, place);
    switch (record.kind) {
      case 'catalogue-activated': {
        const key = `${place.partition}/${record.workspace}`;
        this.catalogues.set(key, [...(this.catalogues.get(key) ?? []), rulesOf(record)]);
        return;
      }
      case 'tick':
        for (const holder of merging.all()) {
          if (isIn(place, holder.entity.id, partitions)) this.endDue(holder, record.dueAt, place);
        }
        return;
      case 'identifier-linked':
        merging.of(record.entity).data.linked.add(JSON.stringify(record.identifier));
        return;
      case 'segment-changed':
      case 'event-matched':
      case 'member-found':
      case 'schedule-reached': {
        const holder = merging.of(record.entity);
        if (holder.goneTo !== undefined) throw new Error(`${record.id} is of a profile that is gone`);
        const step = this.rulesFor(holder, place)?.step ?? 0;
        const kept = { change: record, snapshot: this.snapshotOf(record), step };
        if (merging.isHeld(holder)) {
          holder.data.kept = inOrder([...holder.data.kept, kept]);
          return;
        }
        this.take(holder, kept, place);
        if (record.kind === 'segment-changed') this.endConditions(holder, record, place);
        this.fire(holder, record, kept, place);
        this.endDue(holder, place.now, place);
        return;
      }
      case 'profiles-merged': {
        const { loser, survivor, mergeId, occurredAt } = record;
        if (isIn(place, loser.id, partitions)) merging.lose(loser, survivor, mergeId);
        if (isIn(place, survivor.id, partitions)) this.settle(merging.win(survivor, mergeId, occurredAt), place);
        return;
      }
      case 'profile-erased':
        merging.erase(record, ({ id }) => isIn(place, id, partitions));
        return;
      case 'state-transferred': {
        const holder = record.stage === 'journey-trigger' ? merging.arrive(record.to, record.mergeId) : undefined;
        if (holder !== undefined) this.settle(holder, place);
        return;
      }
      case 'merge-completed': {
        const holder = merging.of(record.entity);
        const snapshot = this.snapshotOf(record);
        if (holder.goneTo !== undefined) return;
        const { data } = holder;
        if (record.known !== undefined) data.kept = inOrder([...data.kept, { change: record, snapshot, step: 0 }]);
        for (const mergeId of record.mergeIds) holder.done.add(mergeId);
        this.settle(holder, place);
        return;
      }
      default:
    }
  }

  /** Whose timers come before the record. */
  private touchedBy(record: LogRecord, place: Place): Holder<Person>[] {
    const entities =
      record.kind === 'profiles-merged'
        ? [record.loser, record.survivor]
        : record.kind === 'state-transferred'
          ? record.stage === 'journey-trigger'
            ? [record.to]
            : []
          : TOUCHING.includes(record.kind)
            ? [entityOf(record)!]
            : [];
    return entities.filter(({ id }) => isIn(place, id, this.partitions)).map((each) => this.merging.of(each));
  }

  private rulesFor({ entity }: Holder<Person>, place: Place): Rules | undefined {
    return this.catalogues.get(`${place.partition}/${entity.workspace}`)?.at(-1)?.ofKind(entity.kind);
  }

  private snapshotOf({ id, entity }: Telling | MergeCompleted): Snapshot {
    const position = `${id.slice(1, id.lastIndexOf('-'))}/${entity.id}`;
    const number = this.told.get(position) ?? 0;
    this.told.set(position, number + 1);
    const snapshot = this.snapshots.get(`${position}/${number}`);
    if (snapshot === undefined) throw new Error(`${id} was not expected`);
    return snapshot;
  }

  private settle(holder: Holder<Person>, place: Place): void {
    const released = this.merging.settle(holder);
    if (released === undefined) {
      this.endDue(holder, place.now, place);
      return;
    }
    this.uniteWaits(holder, place);
    for (const kept of holder.data.kept.splice(0)) {
      this.take(holder, kept, place);
      if (kept.change.kind !== 'merge-completed') this.fire(holder, kept.change, kept, place);
    }
    this.endConditions(holder, { recordedAt: place.now, effectiveAt: released.occurredAt }, place);
    this.endDue(holder, place.now, place);
  }

  /** Of two who wait for the same, the one that is due first is enough. */
  private uniteWaits(holder: Holder<Person>, place: Place): void {
    const rules = this.rulesFor(holder, place);
    const { data, entity } = holder;
    const all = data.waits.sort(byDue);
    data.waits = all.filter((wait, index) => {
      const isEvery = rules?.catalogue.triggers.find(({ name }) => name === wait.trigger)?.frequency === 'every';
      const first = all.findIndex((other) => areOne(wait, other, isEvery));
      return first < 0 || first === index;
    });
    for (const wait of all.filter((each) => !data.waits.includes(each))) {
      const { trigger, effectiveAt, cause, on, values, memberships } = wait;
      const head = {
        of: entity.id,
        trigger,
        revision: rules?.revision ?? 0,
        effectiveAt,
        recordedAt: place.now,
        cause,
      };
      this.book.add(place.position, { ...head, on: causeText(on), why: 'merge', values, memberships });
    }
  }

  /** What is said of the profile itself is what is known of it; an event that was waited for ends the wait. */
  private take(holder: Holder<Person>, { change, snapshot }: Kept, place: Place): void {
    const { data, entity } = holder;
    if (change.entity.id === entity.id) data.latest = snapshot;
    if (change.kind !== 'event-matched') return;
    const { definition, occurredAt: effectiveAt, recordedAt: at } = change;
    this.endThose(holder, { outcome: 'happened', at, effectiveAt }, place, (wait) => {
      const isSuch = definition === `${wait.trigger}/wait_for` && this.goesOn(wait, holder, place)?.wait_for?.event;
      return (
        wait.deferred === undefined &&
        isSuch !== undefined &&
        isSuch !== false &&
        wait.effectiveAt <= effectiveAt &&
        at < wait.dueAt
      );
    });
  }

  private endConditions(
    holder: Holder<Person>,
    { recordedAt: at, effectiveAt }: { readonly recordedAt: number; readonly effectiveAt: number },
    place: Place,
  ): void {
    const { latest } = holder.data;
    this.endThose(holder, { outcome: 'happened', at, effectiveAt }, place, (wait) => {
      const condition = this.goesOn(wait, holder, place)?.wait_for?.condition;
      return (
        wait.deferred === undefined && condition !== undefined && wait.dueAt > at && latest?.holds(condition) === true
      );
    });
  }

  private endThose(holder: Holder<Person>, ending: Ending, place: Place, isEnded: (wait: Wait) => boolean): void {
    const { data } = holder;
    const ended = data.waits.sort(byDue).filter(isEnded);
    data.waits = data.waits.filter((wait) => !ended.includes(wait));
    for (const wait of ended) {
      this.end(holder, wait, { ...ending, effectiveAt: Math.max(ending.effectiveAt, wait.effectiveAt) }, place);
    }
  }

  private endDue(holder: Holder<Person>, until: number, place: Place): void {
    const { data } = holder;
    if (holder.goneTo !== undefined || this.merging.isHeld(holder)) return;
    const triggers = this.rulesFor(holder, place)?.catalogue.triggers;
    for (;;) {
      const wait = data.waits.filter(({ dueAt }) => dueAt <= until).sort(byDue)[0];
      if (wait === undefined) return;
      data.waits = data.waits.filter((each) => each !== wait);
      const trigger = triggers?.find(({ name, state }) => name === wait.trigger && state !== 'archived');
      const timedOut = trigger?.wait_for === undefined ? undefined : 'timed_out';
      const outcome = wait.deferred === undefined ? timedOut : wait.deferred.outcome;
      this.end(holder, wait, { outcome, at: wait.dueAt, effectiveAt: wait.dueAt }, place);
    }
  }

  private end(holder: Holder<Person>, wait: Wait, { outcome, at, effectiveAt }: Ending, place: Place): void {
    const { data, entity } = holder;
    const revision = this.rulesFor(holder, place)?.revision ?? 0;
    const { trigger: name, cause, on, keyed } = wait;
    const said = { of: entity.id, trigger: name, revision, effectiveAt, recordedAt: place.now, cause };
    const head = { ...said, on: causeText(on) };
    const ended = { ...head, ...(outcome === undefined ? {} : { outcome }) };
    const not = (why: string, told: object): void => this.book.add(place.position, { ...ended, why, ...told });
    const trigger = this.goesOn(wait, holder, place);
    if (trigger === undefined) {
      not(this.isThere(wait, holder, place) ? 'redefined' : 'archived', { values: [], memberships: [] });
      return;
    }
    const isAsked = trigger.recheck !== false;
    const latest = data.latest;
    const values = isAsked && latest !== undefined ? carriedBy(trigger, latest) : wait.values;
    const memberships = isAsked && latest !== undefined ? membershipsOf(trigger, latest) : wait.memberships;
    const told = { values, memberships };
    const times = data.fired.get(keyed) ?? [];
    const { catalogue } = this.rulesFor(holder, place)!;
    const known = latest?.values ?? new Map();
    const refused = refusal(trigger, catalogue, known, at);
    const quietUntil = refused === 'quiet_hours' ? quietEnd(trigger, catalogue, known, at) : 0;
    const since = wait.deferred?.since ?? at;
    const looked = lookedUp(trigger, catalogue).filter((each) => known.has(each));
    const lookedTexts = looked.map((each) => `${each}: ${show(known.get(each))}`);
    const asked = [...new Set([...values, ...lookedTexts])].sort();
    if (trigger.state === 'paused') not('paused', told);
    else if (outcome !== undefined && !(trigger.wait_for?.outcomes ?? [outcome]).includes(outcome))
      not('outcome', told);
    else if (isAsked && trigger.if !== undefined && latest?.holds(trigger.if) !== true) not('condition', told);
    else if (!mayFire(trigger, times, at)) not('frequency', { ...told, lastFiredAt: Math.max(...times) });
    else if (refused === 'quiet_hours' && isDeferring(trigger, catalogue) && quietUntil - since <= DEFER_MS) {
      data.waits.push({ ...wait, dueAt: quietUntil, deferred: { since, outcome } });
    } else if (refused !== undefined) not(refused, { ...told, values: asked });
    else {
      data.fired.set(keyed, [...times, at]);
      const identifiers = [...new Set([...(latest?.identifiers ?? []), ...data.linked])].sort();
      this.book.add(place.position, { ...ended, reason: wait.reason, values, identifiers });
    }
  }

  /** The catalogues since the wait began, with that of its beginning. */
  private since({ step }: Wait, { entity }: Holder<Person>, place: Place): Rules[] {
    const known = this.catalogues.get(`${place.partition}/${entity.workspace}`) ?? [];
    const first = known.findLastIndex((rules) => rules.step <= step);
    return first < 0 ? [] : known.slice(first).map((rules) => rules.ofKind(entity.kind));
  }

  private isThere(wait: Wait, holder: Holder<Person>, place: Place): boolean {
    const since = this.since(wait, holder, place);
    return since.length > 0 && since.every((rules) => waitingTrigger(wait, rules) !== undefined);
  }

  /** The trigger of today, if it needed to know the same all the time. */
  private goesOn(wait: Wait, holder: Holder<Person>, place: Place): TriggerText | undefined {
    if (!this.isThere(wait, holder, place)) return undefined;
    const texts = this.since(wait, holder, place).map((rules) => {
      const { delay, wait_for: by, recheck = true, ...trigger } = waitingTrigger(wait, rules)!;
      const kind =
        delay !== undefined ? 'delay' : by === undefined ? 'quiet' : by.event !== undefined ? 'event' : 'condition';
      return JSON.stringify([kind, recheck, neededBy({ ...trigger, ...(by && { wait_for: by }) }, rules)]);
    });
    return new Set(texts).size === 1 ? waitingTrigger(wait, this.rulesFor(holder, place)!) : undefined;
  }

  private fire(holder: Holder<Person>, change: Telling, { snapshot: then, step }: Kept, place: Place): void {
    const { entity, data } = holder;
    const rules = this.rulesFor(holder, place);
    const snapshot = rules === undefined || step === rules.step ? then : carriedIn(change, rules);
    for (const trigger of rules?.catalogue.triggers ?? []) {
      if (trigger.state !== undefined) continue;
      const isBackfill = change.kind === 'segment-changed' && change.reason === 'backfill';
      if (isBackfill && trigger.on_backfill !== true) continue;
      for (const on of occasionsOf(trigger, change)) {
        const { revision, recordedAt } = change;
        const { effectiveAt, cause, reason } = instantOf(change);
        const head = { of: entity.id, trigger: trigger.name, revision, effectiveAt, recordedAt: place.now, cause };
        const said = { ...head, on: causeText(on) };
        const keyed = keyedName(trigger, snapshot, change);
        const times = data.fired.get(keyed) ?? [];
        const values = carriedBy(trigger, snapshot);
        const refused = refusal(trigger, rules!.catalogue, snapshot.values, place.now);
        const told = { values, memberships: membershipsOf(trigger, snapshot) };
        const lasts = trigger.delay ?? trigger.wait_for?.timeout;
        const dueAt = recordedAt + (lasts === undefined ? 0 : millisecondsOf(lasts));
        const isMet = trigger.wait_for?.condition !== undefined && snapshot.holds(trigger.wait_for.condition);
        const isWaiting =
          mayWait(trigger, rules!.catalogue) &&
          trigger.frequency !== 'every' &&
          data.waits.some((wait) => wait.keyed === keyed);
        const outcome = isMet ? { outcome: 'happened' as const } : {};
        const asked = carriedBy(trigger, snapshot, lookedUp(trigger, rules!.catalogue));
        const met = { ...said, ...outcome };
        const keptOf = () => (trigger.recheck === false ? told : { values: [], memberships: [] });
        const not = (why: string, more: object = {}, of: object = said): void =>
          this.book.add(place.position, { ...of, why, ...told, ...more });
        const noted = data.days.get(trigger.name) ?? [];
        const day = dayOf(on);
        if (day !== undefined && noted.some((other) => other >= day)) {
          not('repeated', { lastFiredAt: times.length === 0 ? undefined : Math.max(...times) });
        } else if (day !== undefined && recordedAt - effectiveAt > LATE_MS) not('late');
        else if (trigger.if !== undefined && !snapshot.holds(trigger.if)) not('condition');
        else if (!mayFire(trigger, times, dueAt)) not('frequency', { lastFiredAt: Math.max(...times) });
        else if (isWaiting) not('frequency');
        else if (isMet && trigger.wait_for?.outcomes?.includes('happened') === false) not('outcome', {}, met);
        else if (isMet && !mayFire(trigger, times, recordedAt)) {
          not('frequency', { lastFiredAt: Math.max(...times) }, met);
        } else if (
          (lasts === undefined || isMet) &&
          refused === 'quiet_hours' &&
          isDeferring(trigger, rules!.catalogue)
        ) {
          const deferred = { since: place.now, ...outcome };
          const quietUntil = quietEnd(trigger, rules!.catalogue, snapshot.values, place.now);
          if (day !== undefined) data.days.set(trigger.name, [...noted, day]);
          data.waits.push({ ...head, step, ...keptOf(), recordedAt, keyed, dueAt: quietUntil, reason, on, deferred });
        } else if ((lasts === undefined || isMet) && refused !== undefined) {
          this.book.add(place.position, { ...met, why: refused, ...told, values: asked });
        } else if (lasts !== undefined && !isMet) {
          if (day !== undefined) data.days.set(trigger.name, [...noted, day]);
          data.waits.push({ ...head, step, ...keptOf(), recordedAt, keyed, dueAt, reason, on });
        } else {
          if (day !== undefined) data.days.set(trigger.name, [...noted, day]);
          data.fired.set(keyed, [...times, recordedAt]);
          this.book.add(place.position, { ...met, reason, values, identifiers: snapshot.identifiers });
        }
      }
    }
  }
}

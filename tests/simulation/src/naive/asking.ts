/** Asks profiles whether a trigger for members of today has found one: in their turn, before it, or after a hold. */
import type { Entity, LogRecord } from '@attrium/event';
import type { Holder, Merging } from './merging.js';
import { isIn, type Place } from './replay.js';
import type { Rules } from './rules.js';
import { foundText, nameOf, type Owed, type Sweep, Sweeps, touchedBy } from './sweeps.js';

/** What asking reads of a profile, and leaves with it. */
export interface AskedPerson {
  /** Since when, by segment. */
  readonly members: ReadonlyMap<string, number>;
  owed: Owed;
}

export interface AskingParts<P extends AskedPerson> {
  readonly partitions: number;
  readonly merging: Merging<P>;
  rulesFor(holder: Holder<P>, place: Place): Rules;
  /** By its values. */
  isInSegment(holder: Holder<P>, segment: string, place: Place): boolean;
  /** Tells of times of schedules that have passed. */
  passTime(holder: Holder<P>, place: Place): void;
  /** Brings memberships in line with the catalogue, and says so. */
  align(holder: Holder<P>, effectiveAt: number, place: Place): void;
  say(holder: Holder<P>, found: object, place: Place): void;
}

export class Asking<P extends AskedPerson> {
  private readonly sweeps: Sweeps;

  constructor(private readonly parts: AskingParts<P>) {
    this.sweeps = new Sweeps(parts.partitions);
  }

  begin(rules: Rules, workspace: string, place: Place): void {
    const all = this.parts.merging.all().map(({ entity }) => entity);
    const there = all.filter(({ id }) => isIn(place, id, this.parts.partitions));
    this.sweeps.begin(rules, workspace, there, place);
  }

  tick(dueAt: number, place: Place): void {
    this.sweeps.tick(place, dueAt, (entity, sweep) => this.askInTurn(entity, sweep, place));
  }

  /** Before a record changes them. */
  touch(record: LogRecord, place: Place): void {
    for (const entity of touchedBy(record))
      if (isIn(place, entity.id, this.parts.partitions)) this.askAll(entity, place);
  }

  askAll(entity: Entity, place: Place): void {
    const sweeps = this.sweeps.take(entity, place);
    if (sweeps.length > 0) this.ask(entity, sweeps, place);
  }

  /** What came while the profile was held; an entry by the end of that fires a trigger on entries by itself. */
  findOwed(holder: Holder<P>, flips: readonly string[], place: Place): void {
    const { data, entity } = holder;
    const current = this.sweeps.in(place.partition, entity.workspace);
    for (const name of [...data.owed.keys()].sort()) {
      const sweep = current.find((each) => nameOf(each) === name);
      if (sweep === undefined) continue;
      if (sweep.enters && flips.some((flip) => flip.startsWith(`in ${sweep.segment} since`))) continue;
      this.find(holder, sweep, place);
    }
    data.owed = new Map();
  }

  /** Returns whether somebody was told. Whoever is not in the segment is left in peace; what is due of them by now may ask them all. */
  private askInTurn(entity: Entity, sweep: Sweep, place: Place): boolean {
    const { merging, isInSegment, passTime } = this.parts;
    const holder = merging.of(entity);
    const isGone = holder.goneTo !== undefined;
    const isAsked = (): boolean => merging.isHeld(holder) || isInSegment(holder, sweep.segment, place);
    if (!isGone && isAsked()) passTime(holder, place);
    if (!sweep.waiting.delete(entity.ordinal) || isGone) return false;
    return isAsked() && this.ask(entity, [sweep], place) > 0;
  }

  /** Returns to how many it was told. Whoever is held is asked at the end of that. */
  private ask(entity: Entity, sweeps: readonly Sweep[], place: Place): number {
    const { merging, align } = this.parts;
    const holder = merging.of(entity);
    if (holder.goneTo !== undefined) return 0;
    if (merging.isHeld(holder)) {
      holder.data.owed = new Map([...holder.data.owed, ...sweeps.map((sweep) => [nameOf(sweep), sweep] as const)]);
      return 0;
    }
    align(holder, this.sweeps.sinceOf(place.partition, entity.workspace), place);
    return sweeps.filter((sweep) => this.find(holder, sweep, place)).length;
  }

  private find(holder: Holder<P>, sweep: Sweep, place: Place): boolean {
    const { entity, data } = holder;
    const { segment, trigger: definition, activatedAt, activatedBy } = sweep;
    const at = data.members.get(segment);
    if (at === undefined) return false;
    const { revision } = this.parts.rulesFor(holder, place);
    const stamps = { activatedAt, activatedBy, recordedAt: place.now, revision };
    this.parts.say(holder, foundText({ entity, definition, member: { segment, at }, ...stamps }), place);
    return true;
  }
}

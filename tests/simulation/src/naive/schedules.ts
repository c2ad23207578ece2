/** Which times of schedules pass for whom: intervals in which somebody goes by a schedule and a zone, and all the days in them. */
import type { ScheduleText, TriggerText } from '../definitions.js';
import { AHEAD } from './consent.js';
import type { Rules } from './rules.js';
import type { Plain } from './value.js';

const DAY_MS = 86_400_000;
const WEEK = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'];

/** A time of a schedule is made up for no later than this after it was due. */
export const LATE_MS = 6 * 3_600_000;

/** Somebody goes by a schedule, by the clock of a zone, for what is due after `from`, ms. */
export interface Bond {
  /** Of the trigger: what it watches for. */
  readonly text: string;
  readonly zone: string;
  readonly from: number;
  /** Of the catalogue that it was made by. */
  readonly step: number;
}

/** By trigger. */
export type Bonds = Map<string, Bond>;

export interface DueTime {
  readonly trigger: TriggerText;
  readonly zone: string;
  /** The first that is due, and the latest. */
  readonly first: number;
  readonly at: number;
  readonly day: string;
}

export function scheduledIn({ catalogue }: Rules): TriggerText[] {
  return catalogue.triggers.filter(({ when, state }) => when.schedule !== undefined && state === undefined);
}

export const textOfWhen = ({ when }: TriggerText): string => JSON.stringify(when);

/** Whoever is in the segment goes by the schedule from `now` on, or goes on with it; a change of the zone begins anew. */
export function bind(
  bonds: Bonds,
  rules: Rules,
  of: { readonly members: ReadonlyMap<string, unknown>; readonly values: ReadonlyMap<string, Plain> },
  now: number,
): void {
  const triggers = scheduledIn(rules);
  for (const name of bonds.keys()) if (!triggers.some((each) => each.name === name)) bonds.delete(name);
  for (const trigger of triggers) {
    const { name, when } = trigger;
    const [text, zone] = [textOfWhen(trigger), zoneFor(when.schedule!, of.values)];
    const bond = bonds.get(name);
    if (!of.members.has(when.segment!)) bonds.delete(name);
    else if (bond?.text !== text || bond.zone !== zone) bonds.set(name, { text, zone, from: now, step: rules.step });
  }
}

/** Bonds whose trigger has gone, or watches for something else, end. */
export function loosen(bonds: Bonds, rules: Rules): void {
  for (const [name, { text }] of bonds) {
    if (!scheduledIn(rules).some((each) => each.name === name && textOfWhen(each) === text)) bonds.delete(name);
  }
}

/** What is due up to `now`; each bond goes on from there. */
export function takeDue(bonds: Bonds, rules: Rules, now: number): DueTime[] {
  const due: DueTime[] = [];
  for (const trigger of scheduledIn(rules)) {
    const bond = bonds.get(trigger.name);
    if (bond === undefined) continue;
    const times = timesOf(trigger.when.schedule!, bond.zone, bond.from, now);
    const latest = times.at(-1);
    if (latest === undefined) continue;
    due.push({ trigger, zone: bond.zone, first: times[0]!.at, ...latest });
    bonds.set(trigger.name, { ...bond, from: now });
  }
  return due.sort((a, b) => a.first - b.first || (a.trigger.name < b.trigger.name ? -1 : 1));
}

/** Of two who become one, the bond that is due first counts. */
export function uniteBonds(mine: Bonds, theirs: Bonds, rules: Rules): void {
  for (const trigger of scheduledIn(rules)) {
    const [own, other] = [mine.get(trigger.name), theirs.get(trigger.name)];
    if (other === undefined) continue;
    const first = ({ zone, from }: Bond) => timesOf(trigger.when.schedule!, zone, from, from + 9 * DAY_MS)[0]!.at;
    if (own === undefined || first(other) < first(own)) mine.set(trigger.name, other);
  }
}

/** Those after `from` and up to `to`, day by day: none of the zones that are drawn changes its clock within a run. */
function timesOf(
  { daily, weekly }: ScheduleText,
  zone: string,
  from: number,
  to: number,
): { at: number; day: string }[] {
  const times: { at: number; day: string }[] = [];
  const [hour, minute] = (daily ?? weekly!.at).split(':').map(Number) as [number, number];
  const aheadMs = AHEAD[zone]! * 60_000;
  for (
    let midnight = Math.floor((from + aheadMs) / DAY_MS - 1) * DAY_MS;
    midnight <= to + aheadMs;
    midnight += DAY_MS
  ) {
    const at = midnight + (hour * 60 + minute) * 60_000 - aheadMs;
    const date = new Date(midnight);
    if (weekly !== undefined && !weekly.on.includes(WEEK[date.getUTCDay()]!)) continue;
    if (at > from && at <= to) times.push({ at, day: date.toISOString().slice(0, 10) });
  }
  return times;
}

function zoneFor({ time_zone: zone = 'UTC' }: ScheduleText, values: ReadonlyMap<string, Plain>): string {
  if (typeof zone === 'string') return zone;
  const own = values.get(zone.attribute);
  return own?.is === 'text' && AHEAD[own.text] !== undefined ? own.text : zone.otherwise;
}

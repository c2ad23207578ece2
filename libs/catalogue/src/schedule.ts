/** Schedules by the wall clock of a zone: on some days of the week, or on all, at one time of the day. */
import { DAY_MS, firstInstant, localTime, MINUTE_MS } from './local-time.js';
import { isTimeZone } from './time-zone.js';

export const WEEKDAYS = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'] as const;
export type Weekday = (typeof WEEKDAYS)[number];

export interface Schedule {
  /** One at least, in the order of the week; all seven: daily. */
  readonly on: readonly Weekday[];
  /** Minute of the day, 0 to 1,439. */
  readonly minute: number;
  /** The zone of everyone, or of those whose attribute names none. */
  readonly zone: string;
  readonly zoneAttribute?: string | undefined;
}

/** One time that a schedule names. */
export interface Occurrence {
  /** When it is due, ms: the first instant at which the local time is reached, which may be on the day after, where clocks go forward. */
  readonly at: number;
  /** The date that it is of, by the local calendar: YYYY-MM-DD. */
  readonly day: string;
}

/** A week, and the days that a change of the calendar may leave out. */
const DAYS_AHEAD_MAX = 16;
/** Occurrences of the few schedules and zones of a workspace are asked for again by each of its profiles. */
const KNOWN_MAX = 20_000;
const known = new Map<string, number>();

/** The zone that holds for a profile, of a schedule or of quiet hours; one that nobody knows is as good as none. `own`: the value of `zoneAttribute`. */
export function zoneOf({ zone }: Pick<Schedule, 'zone'>, own: unknown): string {
  return typeof own === 'string' && isTimeZone(own) ? own : zone;
}

/** The first occurrence that is due after an instant, ms. The zone is a known one. A day that the calendar leaves out has none. */
export function nextOccurrence({ on, minute }: Schedule, zone: string, after: number): Occurrence {
  // What is due after this instant may be of the day before, where a gap has put it off.
  const today = Math.floor(localTime(zone, after) / DAY_MS);
  for (let day = today - 1; day <= today + DAYS_AHEAD_MAX; day++) {
    if (!on.includes(weekdayOf(day))) continue;
    const at = instantOf(zone, day, minute);
    if (at > after && instantOf(zone, day, 0) < instantOf(zone, day + 1, 0)) return { at, day: dateOf(day) };
  }
  throw new Error(`assertion: a schedule in ${zone} has nothing after ${after}`);
}

/** The last occurrence up to an instant, ms, from `first` on, which is one of them and due by then; and how many come before it. */
export function latestOccurrence(
  schedule: Schedule,
  zone: string,
  first: Occurrence,
  until: number,
): { readonly latest: Occurrence; readonly skipped: number } {
  let [latest, skipped] = [first, 0];
  for (;;) {
    const next = nextOccurrence(schedule, zone, latest.at);
    if (next.at > until) return { latest, skipped };
    latest = next;
    skipped++;
  }
}

function instantOf(zone: string, day: number, minute: number): number {
  const key = `${zone} ${day} ${minute}`;
  const found = known.get(key);
  if (found !== undefined) return found;
  if (known.size >= KNOWN_MAX) known.clear();
  const at = firstInstant(zone, day * DAY_MS + minute * MINUTE_MS);
  known.set(key, at);
  return at;
}

/** Day 0, the first of January 1970, was a Thursday. */
function weekdayOf(day: number): Weekday {
  return WEEKDAYS[(((day + 3) % 7) + 7) % 7]!;
}

function dateOf(day: number): string {
  return new Date(day * DAY_MS).toISOString().slice(0, 10);
}

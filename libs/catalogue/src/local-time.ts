/**
 * The calendar and the clock on the wall of a zone, and when they first show a date and a time. A *local time* is written as the milliseconds
 * that it would be in UTC. The zone data are those of the Node release (see `time-zone.ts`).
 */
import { isTimeZone } from './time-zone.js';

const HOUR_MS = 3_600_000;
export const MINUTE_MS = 60_000;
export const DAY_MS = 86_400_000;
/** No zone is, or was since 1970, further from UTC than this. */
const OFFSET_MS_MAX = 16 * HOUR_MS;
/** Offsets change on whole seconds. */
const SECOND_MS = 1_000;
/** There are about 600 zones. */
const FORMATS_MAX = 1_000;
const formats = new Map<string, Intl.DateTimeFormat>();

/** What the calendar and the clock of a known zone show at an instant; both in ms. */
export function localTime(zone: string, at: number): number {
  return at + offsetMs(zone, at);
}

/**
 * The first instant, in ms, at which they show this local time or a later one: of a local time that is left out, the first after the gap;
 * of one that comes twice, the first.
 */
export function firstInstant(zone: string, local: number): number {
  // Where nothing changes the offset in between, the two are one. Else the offset before the change counts as long as it holds.
  const before = offsetMs(zone, local - OFFSET_MS_MAX);
  const after = offsetMs(zone, local + OFFSET_MS_MAX);
  if (before === after) return local - before;
  return changeOfOffset(zone, local, before) ?? local - after;
}

/** Walks over the changes of the offset around a local time; undefined where only the last offset shows it. */
function changeOfOffset(zone: string, local: number, first: number): number | undefined {
  const end = local + OFFSET_MS_MAX;
  let from = local - OFFSET_MS_MAX;
  let offset = first;
  for (;;) {
    const change = nextChange(zone, from, end, offset);
    if (change === undefined) return undefined;
    if (local - offset < change) return local - offset;
    offset = offsetMs(zone, change);
    if (change + offset >= local) return change;
    from = change;
  }
}

/** The first instant after `from` and up to `end` with another offset than that at `from`; undefined for none. */
function nextChange(zone: string, from: number, end: number, offset: number): number | undefined {
  for (let low = from; low < end; low += HOUR_MS) {
    const high = Math.min(low + HOUR_MS, end);
    if (offsetMs(zone, high) !== offset) return firstOther(zone, low, high, offset);
  }
  return undefined;
}

function firstOther(zone: string, low: number, high: number, offset: number): number {
  let [same, other] = [Math.floor(low / SECOND_MS), Math.ceil(high / SECOND_MS)];
  while (other - same > 1) {
    const middle = Math.floor((same + other) / 2);
    if (offsetMs(zone, middle * SECOND_MS) === offset) same = middle;
    else other = middle;
  }
  return other * SECOND_MS;
}

/** How far a zone is ahead of UTC at an instant. */
function offsetMs(zone: string, at: number): number {
  const second = Math.floor(at / SECOND_MS) * SECOND_MS;
  const parts = /(\d+)\/(\d+)\/(\d+)\D+(\d+):(\d+):(\d+)/.exec(formatOf(zone).format(second));
  if (parts === null) throw new Error(`assertion: ${zone} has no time at ${at}`);
  const [, day, month, year, hour, minute, seconds] = parts.map(Number) as [number, ...number[]];
  return Date.UTC(year!, month! - 1, day!, hour!, minute!, seconds!) - second;
}

/** Writes 31/12/2026, 23:59:59. */
function formatOf(zone: string): Intl.DateTimeFormat {
  const known = formats.get(zone);
  if (known !== undefined) return known;
  if (!isTimeZone(zone)) throw new Error(`assertion: ${zone} is no time zone`);
  if (formats.size >= FORMATS_MAX) formats.clear();
  const two = '2-digit';
  const date = { year: 'numeric', month: two, day: two, calendar: 'gregory' } as const;
  const time = { hour: two, minute: two, second: two, hourCycle: 'h23' } as const;
  const format = new Intl.DateTimeFormat('en-GB', { timeZone: zone, ...date, ...time });
  formats.set(zone, format);
  return format;
}

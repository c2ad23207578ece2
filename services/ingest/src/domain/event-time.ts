/** When an event happened: reading what clients state, and correcting clocks that are plainly wrong. */
import { Decimal } from '@attrium/event';

/** How far a client's clock may be ahead before it is corrected, ms. */
export const CLOCK_TOLERANCE_MS = 5 * 60_000;
/** No client of ours ever sent anything before 2010-01-01: a clock that says so is wrong. */
const IMPOSSIBLE_SENDING_MS = 1_262_304_000_000;
/** 9999-12-31: the last time that is read. */
const LAST_MS = 253_402_300_799_999;

const TIME_TEXT =
  /^(\d{4})-(\d\d)-(\d\d)(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9})\d*)?)?\s?([Zz]|[+-]\d\d(?::?\d\d)?)?)?$/;

const DIGIT_0 = 0x30;
const HYPHEN = 0x2d;
const COLON = 0x3a;
const POINT = 0x2e;
const LETTER_T = 0x54;
const LETTER_Z = 0x5a;

/**
 * Milliseconds of what a client states: ISO 8601 (without a zone it is UTC; digits after the milliseconds are dropped), or a number of
 * milliseconds since 1970 (of seconds below 10^11). Undefined when it cannot be read.
 */
export function readTime(stated: unknown): number | undefined {
  if (typeof stated === 'number') return readNumber(stated);
  if (stated instanceof Decimal) return readNumber(Math.trunc(Number(stated.toString())));
  if (typeof stated !== 'string') return undefined;
  return readUsualText(stated) ?? readText(stated);
}

/** Reads `2026-01-31T12:00:00.000Z`, the form that nearly all clients send; undefined for any other. */
function readUsualText(text: string): number | undefined {
  if (text.length !== 24 || text.charCodeAt(10) !== LETTER_T || text.charCodeAt(23) !== LETTER_Z) return undefined;
  const year = twoDigits(text, 0) * 100 + twoDigits(text, 2, HYPHEN);
  const hour = twoDigits(text, 11, COLON);
  const second = twoDigits(text, 17, POINT);
  const milliseconds = twoDigits(text, 20) * 10 + (text.charCodeAt(22) - DIGIT_0);
  if (!(hour < 24 && second < 60 && milliseconds >= 0 && milliseconds < 1_000)) return undefined;
  const midnight = midnightOf({ year, month: twoDigits(text, 5, HYPHEN), day: twoDigits(text, 8) });
  const minute = twoDigits(text, 14, COLON);
  if (midnight === undefined || !(minute < 60)) return undefined;
  return midnight + ((hour * 60 + minute) * 60 + second) * 1_000 + milliseconds;
}

/** Two digits of a text, with this character after them; NaN for anything else. */
function twoDigits(text: string, index: number, next?: number): number {
  const tens = text.charCodeAt(index) - DIGIT_0;
  const ones = text.charCodeAt(index + 1) - DIGIT_0;
  const isRight = tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9;
  return isRight && (next === undefined || text.charCodeAt(index + 2) === next) ? tens * 10 + ones : Number.NaN;
}

function readText(stated: string): number | undefined {
  const match = TIME_TEXT.exec(stated.trim());
  if (match === null) return undefined;
  const [year, month, day, hour, minute, second] = [1, 2, 3, 4, 5, 6].map((group) => Number(match[group] ?? 0)) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  if (hour > 24 || minute > 59 || second > 60) return undefined;
  const midnight = midnightOf({ year, month, day });
  if (midnight === undefined) return undefined;
  const milliseconds = Number((match[7] ?? '').padEnd(3, '0').slice(0, 3));
  return midnight + ((hour * 60 + minute) * 60 + second) * 1_000 + milliseconds - zoneMs(match[8]);
}

/** The beginning of a day, ms; undefined for a day that is in no calendar. */
function midnightOf({ year, month, day }: { year: number; month: number; day: number }): number | undefined {
  if (!(year >= 100 && month >= 1 && month <= 12 && day >= 1)) return undefined;
  const midnight = Date.UTC(year, month - 1, day);
  return day <= 28 || midnight < Date.UTC(year, month, 1) ? midnight : undefined;
}

function readNumber(value: number): number | undefined {
  const ms = Math.trunc(Math.abs(value) < 1e11 ? value * 1_000 : value);
  return Number.isSafeInteger(ms) && ms <= LAST_MS ? ms : undefined;
}

/** Milliseconds that a zone is east of Greenwich. */
function zoneMs(zone: string | undefined): number {
  if (zone === undefined || zone === 'Z' || zone === 'z') return 0;
  const digits = zone.slice(1).replace(':', '').padEnd(4, '0');
  const ms = (Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2))) * 60_000;
  return zone.startsWith('-') ? -ms : ms;
}

export interface EventTime {
  readonly occurredAt: number;
  /** What the client stated, where `occurredAt` is another. */
  readonly statedAt?: number;
}

/**
 * The event's own time. A client's word stands, so that a resent event keeps its time, with two exceptions, both kept visible in
 * `statedAt`: a clock that is plainly wrong (`sentAt` more than five minutes ahead of our clock, or before 2010) moves all events of the
 * request by its error; and no event happens after it was received. A `sentAt` in the past is no proof of a slow clock: some clients
 * keep the first one when they send again.
 */
export function eventTime(times: {
  stated: number | undefined;
  sentAt: number | undefined;
  receivedAt: number;
}): EventTime {
  const { stated, sentAt, receivedAt } = times;
  if (stated === undefined) return { occurredAt: receivedAt };
  const ahead = sentAt === undefined ? 0 : sentAt - receivedAt;
  const wrongClock = ahead > CLOCK_TOLERANCE_MS || (sentAt !== undefined && sentAt < IMPOSSIBLE_SENDING_MS);
  const corrected = wrongClock ? stated - ahead : stated;
  const occurredAt = Math.max(0, Math.min(corrected, receivedAt));
  return occurredAt === stated ? { occurredAt } : { occurredAt, statedAt: stated };
}

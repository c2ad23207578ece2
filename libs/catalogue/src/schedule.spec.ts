import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { DAY_MS, firstInstant, localTime, MINUTE_MS } from './local-time.js';
import { latestOccurrence, nextOccurrence, type Schedule, WEEKDAYS, zoneOf } from './schedule.js';

const ZONES = Intl.supportedValuesOf('timeZone');
const STRANGE = [
  'Europe/Berlin',
  'America/New_York',
  'Australia/Lord_Howe',
  'Pacific/Apia',
  'Asia/Gaza',
  'Africa/Casablanca',
  'America/Havana',
  'America/Nuuk',
  'America/St_Johns',
  'Pacific/Kwajalein',
  'Asia/Kathmandu',
  'Antarctica/Troll',
];
const anyZone = fc.oneof(fc.constantFrom(...STRANGE), fc.constantFrom(...ZONES));
const anyTime = fc.integer({ min: Date.UTC(1973, 0, 1), max: Date.UTC(2037, 11, 31) });
const minute = fc.integer({ min: 0, max: 1_439 });

/** The naive way: a wall clock of its own, looked at each minute. */
function wall(zone: string): (at: number) => string {
  const format = new Intl.DateTimeFormat('sv-SE', {
    timeZone: zone,
    dateStyle: 'short',
    timeStyle: 'short',
  });
  return (at) => format.format(at);
}

/** The first minute from `from` on whose date and time are this or later; texts such as `2026-03-29 02:30` are in the order of time. */
function searched(zone: string, from: number, text: string): number {
  const clock = wall(zone);
  let at = from;
  while (clock(at) < text) at += MINUTE_MS;
  return at;
}

const textOf = (local: number): string => new Date(local).toISOString().slice(0, 16).replace('T', ' ');

/** Instants near which a zone changes its offset, found by looking at each day. */
function changesOf(zone: string, year: number): number[] {
  const changes: number[] = [];
  for (let day = Date.UTC(year, 0, 1); day < Date.UTC(year + 1, 0, 1); day += DAY_MS) {
    if (localTime(zone, day + DAY_MS) - localTime(zone, day) !== DAY_MS) changes.push(day);
  }
  return changes;
}

const anyNear = fc
  .tuple(anyZone, fc.integer({ min: 1973, max: 2037 }), fc.nat(), fc.integer({ min: -40, max: 40 }), anyTime)
  .map(([zone, year, pick, hours, other]) => {
    const changes = changesOf(zone, year);
    const at = changes.length === 0 ? other : changes[pick % changes.length]! + hours * 3_600_000;
    return { zone, at: Math.floor(at / MINUTE_MS) * MINUTE_MS };
  });

describe('the first instant of a local time', () => {
  it('is the one that a search minute by minute finds, also where clocks change', () => {
    fc.assert(
      fc.property(anyNear, minute, ({ zone, at }, of) => {
        const local = Math.floor(localTime(zone, at) / DAY_MS) * DAY_MS + of * MINUTE_MS;
        expect(new Date(firstInstant(zone, local))).toEqual(
          new Date(searched(zone, local - 18 * 3_600_000, textOf(local))),
        );
      }),
      { numRuns: 300 },
    );
  });

  it('is after the gap for what is left out, and the first of two', () => {
    const first = (zone: string, text: string) => new Date(firstInstant(zone, Date.parse(`${text}Z`))).toISOString();
    expect(first('Europe/Berlin', '2026-03-29T02:30')).toBe('2026-03-29T01:00:00.000Z');
    expect(first('Europe/Berlin', '2026-10-25T02:30')).toBe('2026-10-25T00:30:00.000Z');
    expect(first('Europe/Berlin', '2026-10-25T03:00')).toBe('2026-10-25T02:00:00.000Z');
    expect(first('Australia/Lord_Howe', '2026-10-04T02:10')).toBe('2026-10-03T15:30:00.000Z');
  });
});

describe('the occurrences of a schedule', () => {
  const schedule = (part: Partial<Schedule>): Schedule => ({ on: WEEKDAYS, minute: 540, zone: 'UTC', ...part });

  it('are the ones that a search finds: each local day once, in order, with none left out', () => {
    fc.assert(
      fc.property(anyNear, minute, fc.subarray([...WEEKDAYS], { minLength: 1 }), ({ zone, at }, of, on) => {
        const days = new Map<string, number>();
        const clock = wall(zone);
        const time = textOf(of * MINUTE_MS).slice(11);
        let passed = '';
        for (let now = at - 2 * DAY_MS; now <= at + 3 * DAY_MS; now += MINUTE_MS) {
          const text = clock(now);
          if (text <= passed) continue;
          const date = text.slice(0, 10);
          // The first minute of a day may be the one that a gap of the day before has put off.
          const eve = new Date(Date.parse(date) - DAY_MS).toISOString().slice(0, 10);
          if (passed.startsWith(eve) && passed < `${eve} ${time}` && !days.has(eve)) days.set(eve, now);
          if (text >= `${date} ${time}` && !days.has(date)) days.set(date, now);
          passed = text;
        }
        const isNamed = (date: string) => on.includes(WEEKDAYS[(new Date(date).getUTCDay() + 6) % 7]!);
        const expected = [...days].filter(([date, due]) => due > at && isNamed(date)).slice(0, 1);
        const found = nextOccurrence(schedule({ on, minute: of }), zone, at);
        expect(found.at).toBeGreaterThan(at);
        if (found.at <= at + 2 * DAY_MS || expected.length > 0) expect([[found.day, found.at]]).toEqual(expected);
      }),
      { numRuns: 60 },
    );
  });

  it('follow each other by a day or a week', () => {
    const each = schedule({ zone: 'Europe/Berlin' });
    const saturday = nextOccurrence(each, 'Europe/Berlin', Date.parse('2026-03-27T12:00Z'));
    const sunday = nextOccurrence(each, 'Europe/Berlin', saturday.at);
    expect([saturday.day, sunday.day]).toEqual(['2026-03-28', '2026-03-29']);
    expect(sunday.at - saturday.at).toBe(23 * 3_600_000);
    const weekly = schedule({ on: ['monday', 'thursday'] });
    expect(nextOccurrence(weekly, 'UTC', Date.parse('2026-11-23T09:00Z')).day).toBe('2026-11-26');
    expect(nextOccurrence(weekly, 'UTC', Date.parse('2026-11-26T09:00Z')).day).toBe('2026-11-30');
  });

  it('are not there for a day that the calendar leaves out', () => {
    const last = nextOccurrence(schedule({}), 'Pacific/Apia', Date.parse('2011-12-29T00:00Z'));
    expect(last.day).toBe('2011-12-29');
    expect(nextOccurrence(schedule({}), 'Pacific/Apia', last.at).day).toBe('2011-12-31');
  });

  it('have a latest one', () => {
    fc.assert(
      fc.property(anyZone, anyTime, fc.integer({ min: 0, max: 20 * DAY_MS }), minute, (zone, at, more, of) => {
        const daily = schedule({ minute: of });
        const first = nextOccurrence(daily, zone, at);
        const { latest, skipped } = latestOccurrence(daily, zone, first, first.at + more);
        expect(Math.abs(skipped - more / DAY_MS)).toBeLessThan(2.5);
        expect(latest.at).toBeLessThanOrEqual(first.at + more);
        expect(nextOccurrence(daily, zone, latest.at).at).toBeGreaterThan(first.at + more);
      }),
      { numRuns: 50 },
    );
  });

  it('are by the zone of the profile, if anybody knows it', () => {
    expect(zoneOf(schedule({}), 'Asia/Tokyo')).toBe('Asia/Tokyo');
    for (const own of [undefined, 7, '', 'Nowhere/City']) expect(zoneOf(schedule({}), own)).toBe('UTC');
  });
});

/** Schedules through the stage, against clocks on the wall that are looked at each minute, over weeks in which several zones change theirs. */
import { WEEKDAYS, type Weekday } from '@attrium/catalogue';
import type { AttributesChanged, Entity } from '@attrium/event';
import { type Emitted, stageHarness } from '@attrium/testing';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { segmentBinding } from './stage.js';

const MINUTE = 60_000;
const DAY = 86_400_000;
const START = Date.UTC(2026, 2, 20);
const END = Date.UTC(2026, 3, 8);
const ZONES = [
  'Europe/Berlin',
  'Australia/Lord_Howe',
  'Africa/Casablanca',
  'America/New_York',
  'Asia/Kathmandu',
] as const;
type Zone = (typeof ZONES)[number];

/** By zone, what the wall shows at each minute, from three days before the start on; and at which minute each text is reached first. */
const walls = new Map<Zone, { readonly texts: string[]; readonly reached: Map<string, number> }>();
function wallOf(zone: Zone): { readonly texts: string[]; readonly reached: Map<string, number> } {
  const known = walls.get(zone);
  if (known !== undefined) return known;
  const format = new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'short' });
  const texts: string[] = [];
  for (let at = START - 3 * DAY; at < END + 3 * DAY; at += MINUTE) texts.push(format.format(at));
  const wall = { texts, reached: new Map<string, number>() };
  walls.set(zone, wall);
  return wall;
}
function firstAt(zone: Zone, text: string): number {
  const { texts, reached } = wallOf(zone);
  const known = reached.get(text) ?? texts.findIndex((shown) => shown >= text);
  reached.set(text, known);
  return START - 3 * DAY + known * MINUTE;
}

interface Schedule {
  readonly time: string;
  readonly on: readonly Weekday[];
}

/** The times after one instant and up to another, day by day. */
function naive({ time, on }: Schedule, zone: Zone, after: number, until: number): string[] {
  const times: string[] = [];
  for (let midnight = START - 2 * DAY; midnight < END + DAY; midnight += DAY) {
    const day = new Date(midnight).toISOString().slice(0, 10);
    const at = firstAt(zone, `${day} ${time}`);
    if (!on.includes(WEEKDAYS[(new Date(midnight).getUTCDay() + 6) % 7]!)) continue;
    if (at > after && at <= until) times.push(`${day} ${new Date(at).toISOString()}`);
  }
  return times;
}

type Step = { readonly after: number } & (
  | { readonly kind: 'tick' }
  | { readonly kind: 'zone'; readonly zone: Zone | 'Nowhere' }
  | { readonly kind: 'member'; readonly isMember: boolean }
);
const after = fc.oneof(fc.integer({ min: 1, max: 90 }), fc.integer({ min: 60, max: 2_000 }));
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('tick' as const), after }),
  fc.record({ kind: fc.constant('zone' as const), after, zone: fc.constantFrom(...ZONES, 'Nowhere' as const) }),
  fc.record({ kind: fc.constant('member' as const), after, isMember: fc.boolean() }),
);
const schedule: fc.Arbitrary<Schedule> = fc.record({
  time: fc
    .oneof(fc.integer({ min: 0, max: 1_439 }), fc.integer({ min: 90, max: 190 }))
    .map((minute) => new Date(minute * MINUTE).toISOString().slice(11, 16)),
  on: fc.oneof(fc.constant([...WEEKDAYS]), fc.subarray([...WEEKDAYS], { minLength: 1 })),
});

const ann: Entity = { workspace: 'shop', kind: 'profile', id: 'ann', ordinal: 5 };
const attribute = (name: string): object => ({ name, kind: 'user', type: 'string', from: [{ trait: name }] });

function catalogueOf({ time, on }: Schedule): Uint8Array {
  const zone = { attribute: 'zone', otherwise: 'Europe/Berlin' };
  const when = { segment: 'pro', schedule: { weekly: { on, at: time }, time_zone: zone } };
  const triggers = [{ name: 't', when, frequency: 'every', deliver: [{ stream: true }] }];
  const segments = [{ name: 'pro', of: 'user', where: { attribute: 'plan', equals: 'pro' } }];
  const attributes = ['plan', 'zone'].map(attribute);
  return new TextEncoder().encode(JSON.stringify({ attributes, segments, triggers }));
}
function changed(at: number, name: string, value: string): AttributesChanged {
  const head = {
    kind: 'attributes-changed',
    id: `a${at}`,
    entity: ann,
    reason: 'event',
    cause: 'e',
    revision: 1,
  } as const;
  return { ...head, effectiveAt: at, recordedAt: at, changes: [{ name, after: value }] };
}
const said = (emitted: Emitted[]): string[] =>
  emitted.flatMap(({ fact }) =>
    fact.kind === 'schedule-reached' ? [`${fact.occurrence.day} ${new Date(fact.occurrence.at).toISOString()}`] : [],
  );

describe('a schedule in any zone', () => {
  it('is reached when the clock on the wall of a member shows it, whatever zones and memberships do', () => {
    fc.assert(
      fc.property(schedule, fc.array(step, { minLength: 5, maxLength: 40 }), (drawn, steps) => {
        const harness = stageHarness(segmentBinding, { partitions: 1 });
        const head = { kind: 'catalogue-activated', id: 'c', workspace: 'shop', author: 'a' } as const;
        harness.read({ ...head, activatedAt: 1, revision: 1, catalogue: catalogueOf(drawn) }, START);
        let now = START;
        let zone: Zone = 'Europe/Berlin';
        /** Since when times count for whom; undefined for no member. */
        let from: number | undefined;
        for (const each of steps) {
          now = Math.min(now + each.after * MINUTE, END);
          const latest = from === undefined ? [] : naive(drawn, zone, from, now).slice(-1);
          if (each.kind === 'tick') expect(said(harness.tick(now))).toEqual(latest);
          else {
            const [name, value] = each.kind === 'zone' ? ['zone', each.zone] : ['plan', each.isMember ? 'pro' : ''];
            expect(said(harness.read(changed(now, name!, value!), now))).toEqual(latest);
          }
          if (latest.length > 0) from = now;
          if (each.kind === 'zone') {
            const next = each.zone === 'Nowhere' ? 'Europe/Berlin' : each.zone;
            if (next !== zone && from !== undefined) from = now;
            zone = next;
          } else if (each.kind === 'member') from = each.isMember ? (from ?? now) : undefined;
        }
      }),
      { numRuns: 200 },
    );
  });
});

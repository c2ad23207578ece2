/** Triggers on schedules, through catalogue and stage. */
import type {
  Entity,
  FiringSuppressed,
  LogRecord,
  ProfilesMerged,
  ScheduleReached,
  TriggerFired,
} from '@attrium/event';
import { type Emitted, type StageHarness, stageHarness } from '@attrium/testing';
import { describe, expect, it } from '@jest/globals';
import { LATE_MS_MAX } from './domain/firing.js';
import { journeyTriggerBinding } from './stage.js';

const ann: Entity = { workspace: 'shop', kind: 'profile', id: 'ann', ordinal: 7 };
const bob: Entity = { ...ann, id: 'bob', ordinal: 8 };
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const trigger = (more: object = {}) => ({
  ...{ name: 't', when: { segment: 'vip', schedule: { daily: '09:00' } }, frequency: 'every' },
  ...{ deliver: [{ stream: true }], payload: ['email'] },
  ...more,
});

let ids = 0;
function open(...triggers: object[]): StageHarness {
  const harness = stageHarness(journeyTriggerBinding, { partitions: 1 });
  const attributes = [
    { name: 'email', kind: 'user', type: 'string', merge: 'most_recent', from: [{ trait: 'email' }] },
  ];
  const segments = [{ name: 'vip', of: 'user', where: { attribute: 'email', exists: true } }];
  const catalogue = new TextEncoder().encode(JSON.stringify({ attributes, segments, triggers }));
  const head = { kind: 'catalogue-activated', id: 'c', workspace: 'shop', author: 'a', activatedAt: 1 } as const;
  harness.read({ ...head, revision: 1, catalogue }, 0);
  return harness;
}
/** Day `day` of 1970, counted from 0, at nine o'clock. */
function reached(day: number, over: Partial<ScheduleReached> = {}): ScheduleReached {
  const at = day * DAY + 9 * HOUR;
  const date = new Date(at).toISOString().slice(0, 10);
  return {
    ...{ kind: 'schedule-reached', id: `r${++ids}`, entity: ann, definition: 't', recordedAt: at, revision: 1 },
    occurrence: { segment: 'vip', at, day: date, timeZone: 'UTC' },
    ...{ values: [{ name: 'email', value: 'a@b' }], memberships: [], identifiers: [] },
    ...over,
  };
}
function read(harness: StageHarness, record: LogRecord, at = (record as ScheduleReached).recordedAt): Emitted[] {
  const emitted = harness.read(record, at);
  harness.restart();
  return emitted;
}
function said(emitted: Emitted[]): string[] {
  return emitted.flatMap(({ fact }) => {
    if (fact.kind === 'trigger-fired') return [`${fact.entity.id} fired`];
    return fact.kind === 'firing-suppressed' ? [`${fact.entity.id} suppressed: ${fact.why}`] : [];
  });
}
const merge: ProfilesMerged = {
  ...{ kind: 'profiles-merged', id: 'p', mergeId: 'm', survivor: ann, loser: bob, identifiers: [] },
  ...{ cause: 'e', occurredAt: 1 },
};

describe('a trigger on a schedule', () => {
  it('fires when its time is reached, and says which', () => {
    const [emitted] = read(open(trigger()), reached(3));
    expect(emitted!.fact as TriggerFired).toMatchObject({
      ...{ kind: 'trigger-fired', trigger: 't', reason: 'window', effectiveAt: 3 * DAY + 9 * HOUR },
      ...{ cause: `timer:${3 * DAY + 9 * HOUR}`, values: [{ name: 'email', value: 'a@b' }] },
      on: { kind: 'schedule-reached', occurrence: { segment: 'vip', day: '1970-01-04', timeZone: 'UTC' } },
    });
  });

  it('asks condition and frequency as every trigger does', () => {
    const harness = open(trigger({ if: { attribute: 'email', equals: 'x' } }));
    expect(said(read(harness, reached(3)))).toEqual(['ann suppressed: condition']);
    const weekly = open(trigger({ frequency: { once_per: '2d' } }));
    expect([3, 4, 5].flatMap((day) => said(read(weekly, reached(day))))).toEqual([
      ...['ann fired', 'ann suppressed: frequency', 'ann fired'],
    ]);
    expect(said(read(open(trigger({ state: 'paused' })), reached(3)))).toEqual([]);
    expect(said(read(open(trigger()), reached(3, { definition: 'other' })))).toEqual([]);
  });

  it('does not fire again for a day that it has fired for, nor for one before it', () => {
    const harness = open(trigger());
    const west = { segment: 'vip', at: 3 * DAY + 17 * HOUR, day: '1970-01-04', timeZone: 'America/Los_Angeles' };
    expect(said(read(harness, reached(3)))).toEqual(['ann fired']);
    expect(said(read(harness, reached(3, { occurrence: west, recordedAt: west.at })))).toEqual([
      'ann suppressed: repeated',
    ]);
    expect(said(read(harness, reached(4)))).toEqual(['ann fired']);
  });

  it('makes up for a time within six hours, and says of a later one that it was late', () => {
    const due = 3 * DAY + 9 * HOUR;
    expect(said(read(open(trigger()), reached(3, { recordedAt: due + LATE_MS_MAX })))).toEqual(['ann fired']);
    const [late] = read(open(trigger()), reached(3, { recordedAt: due + LATE_MS_MAX + 1 }));
    expect(late!.fact as FiringSuppressed).toMatchObject({ why: 'late', effectiveAt: due });
  });

  it('may wait, and waits once for a day', () => {
    const harness = open(trigger({ delay: '2d' }));
    expect([3, 3, 4].flatMap((day) => said(read(harness, reached(day))))).toEqual(['ann suppressed: repeated']);
    expect(said(harness.tick(7 * DAY))).toEqual(['ann fired', 'ann fired']);
  });
});

describe('a trigger on a schedule in a merge', () => {
  const completed: LogRecord = { kind: 'merge-completed', id: 'd', entity: ann, mergeIds: ['m'] };
  const transferOf = (emitted: Emitted[]): LogRecord => emitted.find(({ relayTo }) => relayTo !== undefined)!.fact;

  it('does not fire for a day that it has fired for the other profile', () => {
    const harness = open(trigger());
    expect(said(read(harness, reached(3, { entity: bob })))).toEqual(['bob fired']);
    const transfer = transferOf(read(harness, merge, 4 * DAY));
    read(harness, reached(3), 4 * DAY);
    read(harness, transfer, 4 * DAY);
    expect(said(read(harness, completed, 4 * DAY))).toEqual(['ann suppressed: repeated']);
  });

  it('makes one of two waits for the same day, and leaves those for others', () => {
    const harness = open(trigger({ delay: '5d' }));
    for (const day of [1, 2]) read(harness, reached(day, { entity: bob }));
    for (const day of [2, 3]) read(harness, reached(day));
    const transfer = transferOf(read(harness, merge, 4 * DAY));
    read(harness, transfer, 4 * DAY);
    expect(said(read(harness, completed, 4 * DAY))).toEqual(['ann suppressed: merge']);
    expect(said(harness.tick(9 * DAY))).toEqual(['ann fired', 'ann fired', 'ann fired']);
  });
});

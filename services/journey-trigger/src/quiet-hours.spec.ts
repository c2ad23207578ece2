/** Firings that wait for the end of quiet hours, through catalogue and stage. */
import type {
  Entity,
  FiringSuppressed,
  LogRecord,
  NamedValue,
  ProfilesMerged,
  SegmentChanged,
  TriggerFired,
} from '@attrium/event';
import { type Emitted, type StageHarness, stageHarness } from '@attrium/testing';
import { describe, expect, it } from '@jest/globals';
import { journeyTriggerBinding } from './stage.js';

const ann: Entity = { workspace: 'shop', kind: 'profile', id: 'ann', ordinal: 7 };
const bob: Entity = { ...ann, id: 'bob', ordinal: 8 };
const HOUR = 3_600_000;
/** From ten in the evening to eight, by the clock of the profile. */
const QUIET = { from: '22:00', to: '08:00', time_zone: { attribute: 'zone' }, on_quiet: 'defer' };
const trigger = (over: object = {}): object => ({
  ...{ name: 't', when: { attribute: 'plan', changes: true }, purpose: 'news', frequency: 'every' },
  ...{ payload: ['plan'], deliver: [{ stream: true }], ...over },
});

function activate(harness: StageHarness, revision: number, triggers: object[], quiet: object = QUIET): void {
  const attributes = ['zone', 'plan'].map((name) => ({ name, kind: 'user', type: 'string', from: [{ trait: name }] }));
  const consent = { purposes: [{ name: 'news', default: 'granted' }], quiet_hours: quiet };
  const catalogue = new TextEncoder().encode(JSON.stringify({ attributes, consent, triggers }));
  const head = { kind: 'catalogue-activated', id: `c${revision}`, workspace: 'shop', author: 'a' } as const;
  harness.read({ ...head, revision, activatedAt: 1, catalogue }, 0);
}
function open(...triggers: object[]): StageHarness {
  const harness = stageHarness(journeyTriggerBinding, { partitions: 1 });
  activate(harness, 1, triggers);
  return harness;
}
let ids = 0;
function changed(at: number, values: Record<string, NamedValue['value']>, entity = ann): SegmentChanged {
  const none = { entered: [], exited: [], corrected: [], memberships: [], identifiers: [] };
  const head = {
    kind: 'segment-changed',
    id: `s${++ids}`,
    entity,
    reason: 'event',
    cause: `e${ids}`,
    revision: 1,
  } as const;
  const changes = Object.entries(values).map(([name, after]) => ({ name, after }));
  return {
    ...head,
    effectiveAt: at,
    recordedAt: at,
    ...none,
    changes,
    values: changes.map(({ name, after: value }) => ({ name, value })),
  };
}
function read(harness: StageHarness, record: LogRecord, at: number): Emitted[] {
  const emitted = harness.read(record, at);
  harness.restart();
  return emitted;
}
const change = (harness: StageHarness, at: number, values: Record<string, NamedValue['value']>, entity = ann) =>
  said(read(harness, changed(at, values, entity), at));
function said(emitted: Emitted[]): string[] {
  return emitted.flatMap(({ fact }) => {
    if (fact.kind !== 'trigger-fired' && fact.kind !== 'firing-suppressed') return [];
    const { outcome = '', entity } = fact;
    const what = fact.kind === 'trigger-fired' ? 'fired' : `suppressed: ${fact.why}`;
    return [`${entity.id} ${what} at ${fact.effectiveAt / HOUR} ${outcome}`.trim()];
  });
}

describe('a firing within quiet hours that defer', () => {
  it('is made at their end, with the values of then', () => {
    const harness = open(trigger());
    expect(change(harness, 23 * HOUR, { plan: 'pro' })).toEqual([]);
    expect(change(harness, 24 * HOUR, { zone: 'UTC' })).toEqual([]);
    const [fired] = harness.tick(40 * HOUR).map(({ fact }) => fact) as [TriggerFired];
    expect(fired).toMatchObject({
      kind: 'trigger-fired',
      effectiveAt: 32 * HOUR,
      values: [{ name: 'plan', value: 'pro' }],
    });
    expect(change(harness, 41 * HOUR, { plan: 'team' })).toEqual(['ann fired at 41']);
  });

  it('is decided anew: by condition, consent and quiet hours', () => {
    const condition = open(trigger({ if: { attribute: 'plan', equals: 'pro' }, frequency: 'once' }));
    change(condition, 23 * HOUR, { plan: 'pro' });
    change(condition, 24 * HOUR, { zone: 'x', plan: 'free' });
    expect(said(condition.tick(32 * HOUR))).toEqual(['ann suppressed: condition at 32']);
    const withdrawn = open(trigger());
    change(withdrawn, 23 * HOUR, { plan: 'pro' });
    change(withdrawn, 24 * HOUR, { '$consent.news': false });
    expect(said(withdrawn.tick(32 * HOUR))).toEqual(['ann suppressed: consent at 32']);
    const moved = open(trigger());
    change(moved, 23 * HOUR, { plan: 'pro' });
    change(moved, 24 * HOUR, { zone: 'America/New_York' });
    expect(said(moved.tick(36 * HOUR))).toEqual([]);
    expect(said(moved.tick(38 * HOUR))).toEqual(['ann fired at 37']);
  });

  it('is suppressed at last, where quiet hours follow each other for more than a week', () => {
    const harness = open(trigger());
    change(harness, 23 * HOUR, { plan: 'pro' });
    const facts: string[] = [];
    for (let day = 1; day < 10; day++) {
      // Always on the side of the earth where it is night.
      for (const [hour, zone] of [
        [7, 'America/New_York'],
        [9, 'Asia/Tokyo'],
        [14, 'UTC'],
      ] as const) {
        facts.push(...change(harness, (day * 24 + hour) * HOUR, { zone }));
      }
    }
    expect(facts).toEqual(['ann suppressed: quiet_hours at 191']);
  });

  it('stands for those to come, unless each counts', () => {
    const once = open(trigger({ frequency: { once_per: '1h' } }));
    expect(change(once, 23 * HOUR, { plan: 'a' })).toEqual([]);
    expect(change(once, 26 * HOUR, { plan: 'b' })).toEqual(['ann suppressed: frequency at 26']);
    expect(said(once.tick(32 * HOUR))).toEqual(['ann fired at 32']);
    const every = open(trigger());
    for (const at of [23, 26]) change(every, at * HOUR, { plan: 'a' });
    expect(said(every.tick(32 * HOUR))).toEqual(['ann fired at 32', 'ann fired at 32']);
  });

  it('has waited before, and says how that ended', () => {
    const delayed = open(trigger({ delay: '3h' }));
    expect(change(delayed, 20 * HOUR, { plan: 'a' })).toEqual([]);
    expect(said(delayed.tick(31 * HOUR))).toEqual([]);
    expect(said(delayed.tick(32 * HOUR))).toEqual(['ann fired at 32']);
    const waits = { condition: { attribute: 'zone', exists: true }, timeout: '12h' };
    const happened = open(trigger({ wait_for: waits }));
    change(happened, 20 * HOUR, { plan: 'a' });
    expect(change(happened, 23 * HOUR, { zone: 'UTC' })).toEqual([]);
    expect(said(happened.tick(40 * HOUR))).toEqual(['ann fired at 32 happened']);
  });

  it('keeps the values of its cause without a recheck', () => {
    const harness = open(trigger({ on_quiet: 'defer', recheck: false, if: { attribute: 'plan', equals: 'pro' } }));
    change(harness, 23 * HOUR, { plan: 'pro' });
    change(harness, 24 * HOUR, { plan: 'free' });
    expect(harness.tick(32 * HOUR).map(({ fact }) => fact)).toMatchObject([
      { kind: 'trigger-fired', values: [{ name: 'plan', value: 'pro' }] },
    ]);
  });

  it('is suppressed where its trigger says so, or has come to', () => {
    expect(change(open(trigger({ on_quiet: 'suppress' })), 23 * HOUR, { plan: 'a' })).toEqual([
      'ann suppressed: quiet_hours at 23',
    ]);
    const harness = open(trigger());
    change(harness, 23 * HOUR, { plan: 'a' });
    activate(harness, 2, [trigger({ on_quiet: 'suppress' })]);
    expect(said(harness.tick(32 * HOUR))).toEqual(['ann suppressed: archived at 32']);
    const paused = open(trigger());
    change(paused, 23 * HOUR, { plan: 'a' });
    activate(paused, 2, [trigger({ state: 'paused' })]);
    const [fact] = paused.tick(32 * HOUR).map((each) => each.fact) as [FiringSuppressed];
    expect(fact.why).toBe('paused');
  });

  it('becomes one with that of a merged profile', () => {
    const harness = open(trigger({ frequency: 'once' }));
    const merge: ProfilesMerged = {
      ...{ kind: 'profiles-merged', id: 'p', mergeId: 'm', survivor: ann, loser: bob, identifiers: [] },
      ...{ cause: 'e', occurredAt: 25 * HOUR },
    };
    change(harness, 23 * HOUR, { plan: 'a' });
    change(harness, 24 * HOUR, { plan: 'b' }, bob);
    const transfer = read(harness, merge, 25 * HOUR).find(({ relayTo }) => relayTo !== undefined)!.fact;
    read(harness, transfer, 25 * HOUR);
    const known = { recordedAt: 26 * HOUR, values: [{ name: 'plan', value: 'b' }], memberships: [], identifiers: [] };
    const completed: LogRecord = { kind: 'merge-completed', id: 'd', entity: ann, mergeIds: ['m'], known };
    expect(said(read(harness, completed, 26 * HOUR))).toEqual(['ann suppressed: merge at 24']);
    expect(said(harness.tick(32 * HOUR))).toEqual(['ann fired at 32']);
  });
});

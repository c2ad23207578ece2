/** Triggers on schedules: who is told to have reached which time, and when. */
import type {
  AttributesChanged,
  CatalogueActivated,
  Entity,
  LogRecord,
  ProfilesMerged,
  ScheduleReached,
} from '@attrium/event';
import { type Emitted, type StageHarness, stageHarness } from '@attrium/testing';
import { describe, expect, it } from '@jest/globals';
import type { Occurrence } from './occurrence.js';
import { createSegmentBinding } from './stage.js';

const ann: Entity = { workspace: 'shop', kind: 'profile', id: 'ann', ordinal: 5 };
const bob: Entity = { ...ann, id: 'bob', ordinal: 6 };
const ATTRIBUTES = ['email', 'plan', 'zone'].map((name) => ({
  ...{ name, kind: 'user', type: 'string', merge: 'most_recent', from: [{ trait: name }] },
}));
const at = (text: string): number => Date.parse(`${text}Z`);
const DAILY = { daily: '09:00', time_zone: { attribute: 'zone', otherwise: 'Europe/Berlin' } };
const TRIGGER = {
  ...{ name: 't', when: { segment: 'pro', schedule: DAILY }, frequency: 'every', deliver: [{ stream: true }] },
  ...{ payload: ['email'] },
};

function activate(revision: number, triggers: readonly object[], plan = 'pro'): CatalogueActivated {
  const segments = [{ name: 'pro', of: 'user', where: { attribute: 'plan', equals: plan } }];
  const catalogue = new TextEncoder().encode(JSON.stringify({ attributes: ATTRIBUTES, segments, triggers }));
  const head = { kind: 'catalogue-activated', id: `c${revision}`, workspace: 'shop', author: 'a' } as const;
  return { ...head, activatedAt: 1, revision, catalogue };
}
let ids = 0;
function changed(when: string, values: Record<string, string>, entity = ann): AttributesChanged {
  const changes = Object.entries(values).map(([name, after]) => ({ name, after }));
  const head = {
    kind: 'attributes-changed',
    id: `a${++ids}`,
    entity,
    reason: 'event',
    cause: 'e',
    revision: 1,
  } as const;
  return { ...head, effectiveAt: at(when), recordedAt: at(when), changes };
}

/** A stage at work, and what it misses. */
class Line {
  missed = 0;
  readonly harness: StageHarness = stageHarness(
    createSegmentBinding({
      observe: (occurrence: Occurrence) => {
        if (occurrence.kind === 'occurrences-missed') this.missed += occurrence.occurrences;
      },
    }),
    { partitions: 1 },
  );

  constructor(when: string, ...triggers: object[]) {
    this.read(when, activate(1, triggers));
  }

  read(when: string, record: LogRecord): Emitted[] {
    const emitted = this.harness.read(record, at(when));
    this.harness.restart();
    return emitted;
  }

  change(when: string, values: Record<string, string>, entity = ann): string[] {
    return said(this.read(when, changed(when, values, entity)));
  }

  tick(when: string): string[] {
    return said(this.harness.tick(at(when)));
  }
}

function said(emitted: Emitted[]): string[] {
  return emitted.flatMap(({ fact }) =>
    fact.kind === 'schedule-reached'
      ? [
          `${fact.entity.id} ${fact.definition} ${fact.occurrence.day} ${new Date(fact.occurrence.at).toISOString().slice(0, 16)}`,
        ]
      : [],
  );
}

describe('a schedule over a segment', () => {
  it('is reached by each member once a day, with what the trigger needs, also where nothing else happens', () => {
    const line = new Line('2026-03-26T12:00', TRIGGER);
    line.change('2026-03-26T12:00', { plan: 'pro', email: 'a@b' });
    line.change('2026-03-26T12:00', { plan: 'free' }, bob);
    expect(line.tick('2026-03-27T07:59')).toEqual([]);
    const [reached] = line.harness.tick(at('2026-03-27T08:00')).map(({ fact }) => fact) as [ScheduleReached];
    expect(reached).toMatchObject({
      ...{ kind: 'schedule-reached', definition: 't', recordedAt: at('2026-03-27T08:00'), revision: 1 },
      occurrence: { segment: 'pro', at: at('2026-03-27T08:00'), day: '2026-03-27', timeZone: 'Europe/Berlin' },
      values: [{ name: 'email', value: 'a@b' }],
    });
    expect(line.tick('2026-03-28T08:00')).toEqual(['ann t 2026-03-28 2026-03-28T08:00']);
    expect(line.tick('2026-03-29T07:00')).toEqual(['ann t 2026-03-29 2026-03-29T07:00']);
  });

  it('comes before the change of the same moment, and ends with the membership', () => {
    const line = new Line('2026-01-10T12:00', TRIGGER);
    line.change('2026-01-10T12:00', { plan: 'pro' });
    expect(line.change('2026-01-11T08:00', { plan: 'free' })).toEqual(['ann t 2026-01-11 2026-01-11T08:00']);
    expect(line.tick('2026-01-20T12:00')).toEqual([]);
    expect(line.harness.timerOf(ann.ordinal)).toBeUndefined();
  });

  it('is by the zone of the profile; the one of everyone holds where nobody knows it', () => {
    const line = new Line('2026-01-10T12:00', TRIGGER);
    line.change('2026-01-10T12:00', { plan: 'pro', zone: 'Asia/Tokyo' });
    line.change('2026-01-10T12:00', { plan: 'pro', zone: 'Nowhere/City' }, bob);
    expect(line.tick('2026-01-11T12:00')).toEqual([
      'ann t 2026-01-11 2026-01-11T00:00',
      'bob t 2026-01-11 2026-01-11T08:00',
    ]);
    expect(line.change('2026-01-11T13:00', { zone: 'America/New_York' })).toEqual([]);
    expect(line.tick('2026-01-11T14:00')).toEqual(['ann t 2026-01-11 2026-01-11T14:00']);
  });

  it('that was missed several times is reached once, at the latest of its times', () => {
    const line = new Line('2026-01-10T12:00', TRIGGER);
    line.change('2026-01-10T12:00', { plan: 'pro' });
    expect(line.tick('2026-01-14T10:30')).toEqual(['ann t 2026-01-14 2026-01-14T08:00']);
    expect(line.missed).toBe(3);
  });

  it('of a later catalogue is reached by members whom nothing touches', () => {
    const line = new Line('2026-01-10T12:00');
    for (let ordinal = 100; ordinal < 1_300; ordinal++) {
      line.harness.read(
        changed('2026-01-10T12:00', { plan: 'pro' }, { ...ann, id: `p${ordinal}`, ordinal }),
        at('2026-01-10T12:00'),
      );
    }
    line.read('2026-01-11T07:59', activate(2, [TRIGGER]));
    const reached = line.tick('2026-01-11T08:00');
    expect(reached.length).toBe(1_200);
    expect(new Set(reached).size).toBe(1_200);
    expect(line.tick('2026-01-12T08:00').length).toBe(1_200);
    expect(line.harness.timerOf(0)).toBeUndefined();
  });

  it('of a later catalogue counts from when that came, also where a change is faster than the sweep', () => {
    const line = new Line('2026-01-10T12:00');
    line.change('2026-01-10T12:00', { plan: 'pro' });
    line.read('2026-01-11T07:59', activate(2, [TRIGGER]));
    expect(line.change('2026-01-11T08:30', { email: 'x' })).toEqual(['ann t 2026-01-11 2026-01-11T08:00']);
    expect(line.tick('2026-01-11T09:00')).toEqual([]);
  });

  it('is not reached while its trigger is paused or gone, and goes on where a new catalogue leaves it as it is', () => {
    const line = new Line('2026-01-10T12:00', TRIGGER);
    line.change('2026-01-10T12:00', { plan: 'pro' });
    line.read('2026-01-10T13:00', activate(2, [{ ...TRIGGER, payload: [] }]));
    expect(line.tick('2026-01-11T08:00')).toEqual(['ann t 2026-01-11 2026-01-11T08:00']);
    line.read('2026-01-11T13:00', activate(3, [{ ...TRIGGER, state: 'paused' }]));
    expect(line.tick('2026-01-12T12:00')).toEqual([]);
    line.read('2026-01-12T13:00', activate(4, [TRIGGER]));
    expect(line.tick('2026-01-13T07:00')).toEqual([]);
    expect(line.tick('2026-01-13T08:00')).toEqual(['ann t 2026-01-13 2026-01-13T08:00']);
  });

  it('asks an entity that has not met the catalogue for its membership first', () => {
    const line = new Line('2026-01-10T12:00', TRIGGER);
    line.change('2026-01-10T12:00', { plan: 'pro' });
    line.read('2026-01-10T13:00', activate(2, [TRIGGER], 'team'));
    const facts = line.harness.tick(at('2026-01-11T08:00')).map(({ fact }) => fact);
    expect(facts).toMatchObject([{ kind: 'segment-changed', exited: [{ segment: 'pro' }], reason: 'window' }]);
  });
});

describe('a schedule in a merge', () => {
  const merge = (when: string): ProfilesMerged => ({
    ...{ kind: 'profiles-merged', id: 'p', mergeId: 'm', survivor: ann, loser: bob, identifiers: [] },
    ...{ cause: 'e', occurredAt: at(when) },
  });
  const completed: LogRecord = { kind: 'merge-completed', id: 'd', entity: ann, mergeIds: ['m'] };
  const transferOf = (emitted: Emitted[]): LogRecord => emitted.find(({ relayTo }) => relayTo !== undefined)!.fact;

  it('is reached once by the one who stays, when the merge is done', () => {
    const line = new Line('2026-01-10T12:00', TRIGGER);
    line.change('2026-01-10T12:00', { plan: 'free', email: 'ann' });
    line.change('2026-01-10T12:00', { plan: 'pro' }, bob);
    const transfer = transferOf(line.read('2026-01-11T07:50', merge('2026-01-11T07:50')));
    expect(line.tick('2026-01-11T08:00')).toEqual([]);
    expect(said(line.read('2026-01-11T08:05', transfer))).toEqual([]);
    expect(line.change('2026-01-11T08:06', { plan: 'pro' })).toEqual([]);
    const facts = line.read('2026-01-11T08:07', completed).map(({ fact }) => fact);
    expect(facts.map(({ kind }) => kind)).toEqual(['segment-changed', 'schedule-reached', 'merge-completed']);
    expect(facts[1]).toMatchObject({
      entity: ann,
      occurrence: { at: at('2026-01-11T08:00') },
      values: [{ value: 'ann' }],
    });
    expect(line.tick('2026-01-12T08:00')).toEqual(['ann t 2026-01-12 2026-01-12T08:00']);
  });

  it('was reached by each of two who are merged at the same moment', () => {
    const line = new Line('2026-01-10T12:00', TRIGGER);
    line.change('2026-01-10T12:00', { plan: 'pro' });
    line.change('2026-01-10T12:00', { plan: 'pro' }, bob);
    const emitted = line.read('2026-01-11T08:00', merge('2026-01-11T08:00'));
    expect(said(emitted)).toEqual(['bob t 2026-01-11 2026-01-11T08:00', 'ann t 2026-01-11 2026-01-11T08:00']);
    line.read('2026-01-11T08:05', transferOf(emitted));
    expect(said(line.read('2026-01-11T08:07', completed))).toEqual([]);
    expect(line.tick('2026-01-12T08:00')).toEqual(['ann t 2026-01-12 2026-01-12T08:00']);
  });
});

/** Triggers on events, delays and waits, through catalogue and stage. */
import type { Entity, EventMatched, FiringSuppressed, LogRecord, SegmentChanged, TriggerFired } from '@attrium/event';
import { type Emitted, type StageHarness, stageHarness } from '@attrium/testing';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { WAITING_MAX } from './domain/waiting.js';
import { journeyTriggerBinding } from './stage.js';

const ann: Entity = { workspace: 'shop', kind: 'profile', id: 'ann', ordinal: 7 };
const HOUR = 3_600_000;
const attribute = (name: string, type = 'string') => ({
  ...{ name, kind: 'user', type, merge: 'most_recent', from: [{ trait: name }] },
});
const trigger = (more: object) => ({
  name: 't',
  when: { event: 'Cart', where: { property: 'total', gt: 1 } },
  frequency: 'every',
  deliver: [{ stream: true }],
  ...more,
});

let ids = 0;
function activate(harness: StageHarness, revision: number, triggers: object[]): void {
  const attributes = [attribute('email'), attribute('plan')];
  const segments = [{ name: 'vip', of: 'user', where: { attribute: 'plan', equals: 'pro' } }];
  const catalogue = new TextEncoder().encode(JSON.stringify({ attributes, segments, triggers }));
  const head = {
    kind: 'catalogue-activated',
    id: `c${revision}`,
    workspace: 'shop',
    author: 'a',
    activatedAt: 1,
  } as const;
  harness.read({ ...head, revision, catalogue }, 0);
}
function open(...triggers: object[]): StageHarness {
  const harness = stageHarness(journeyTriggerBinding, { partitions: 1 });
  activate(harness, 1, triggers);
  return harness;
}
function matched(at: number, over: Partial<EventMatched> = {}): EventMatched {
  const id = `m${++ids}`;
  const head = { kind: 'event-matched', id, entity: ann, definition: 't', eventId: `e${ids}`, name: 'Cart' } as const;
  const none = { propertyValues: [], values: [], memberships: [], identifiers: [], revision: 1 };
  return { ...head, occurredAt: at, recordedAt: at, ...none, ...over };
}
function changed(at: number, over: Partial<SegmentChanged> = {}): SegmentChanged {
  const head = { kind: 'segment-changed', id: `s${++ids}`, entity: ann, reason: 'event', cause: `x${ids}` } as const;
  const none = { entered: [], exited: [], corrected: [], changes: [], values: [], memberships: [], identifiers: [] };
  return { ...head, revision: 1, effectiveAt: at, recordedAt: at, ...none, ...over };
}
const email = (after: string | undefined) => ({ changes: [{ name: 'email', before: 'old', after }] });
const facts = (emitted: Emitted[]): LogRecord[] => emitted.map(({ fact }) => fact);
function said(emitted: Emitted[]): string[] {
  return facts(emitted).map((fact) => {
    const outcome = (fact as TriggerFired).outcome ?? '';
    if (fact.kind === 'trigger-fired') return `${fact.trigger} fired ${outcome}`.trim();
    if (fact.kind === 'firing-suppressed') return `${fact.trigger} suppressed: ${fact.why} ${outcome}`.trim();
    return fact.kind;
  });
}

describe('a trigger on an event', () => {
  it('fires with the name, the id, the time and the named properties of the event', () => {
    const harness = open(trigger({ properties: ['total'], payload: ['email'] }));
    const record = matched(10, {
      eventId: 'order-1',
      propertyValues: [{ name: 'total', value: 12 }],
      values: [{ name: 'email', value: 'a@b' }],
      identifiers: [{ type: 'user_id', value: 'u' }],
    });
    const [fired] = facts(harness.read(record, 12)) as [TriggerFired];
    expect(fired).toMatchObject({
      kind: 'trigger-fired',
      ...{ trigger: 't', cause: 'order-1', reason: 'event', effectiveAt: 10, recordedAt: 12 },
      on: {
        kind: 'event-occurred',
        event: { id: 'order-1', name: 'Cart', occurredAt: 10, properties: [{ name: 'total', value: 12 }] },
      },
      values: [{ name: 'email', value: 'a@b' }],
      identifiers: [{ type: 'user_id', value: 'u' }],
    });
  });

  it('carries no property that it does not name, whatever the record has', () => {
    const harness = open(trigger({}));
    const [fired] = facts(harness.read(matched(10, { propertyValues: [{ name: 'secret', value: 'x' }] }), 10)) as [
      TriggerFired,
    ];
    expect(fired.on.kind === 'event-occurred' && fired.on.event.properties).toEqual([]);
  });

  it('has a frequency for each value of a property', () => {
    const harness = open(trigger({ frequency: { once: true, key: { property: 'order' } } }));
    const order = (value: string) => matched(10, { propertyValues: [{ name: 'order', value }] });
    expect(said(harness.read(order('a'), 10))).toEqual(['t fired']);
    expect(said(harness.read(order('a'), 11))).toEqual(['t suppressed: frequency']);
    expect(said(harness.read(order('b'), 12))).toEqual(['t fired']);
    expect(said(harness.read(matched(13), 13))).toEqual(['t fired']);
  });

  it('asks its condition, and does nothing for events of others, paused or archived', () => {
    const harness = open(trigger({ if: { attribute: 'email', exists: true } }));
    expect(said(harness.read(matched(10), 10))).toEqual(['t suppressed: condition']);
    expect(said(harness.read(matched(10, { definition: 'other' }), 10))).toEqual([]);
    expect(said(open(trigger({ state: 'paused' })).read(matched(10), 10))).toEqual([]);
    expect(said(open(trigger({ state: 'archived' })).read(matched(10), 10))).toEqual([]);
  });
});

describe('a delay', () => {
  const delayed = (more: object = {}) => trigger({ delay: '1h', ...more });

  it('fires when it is over, effective then, by the time of the log', () => {
    const harness = open(delayed());
    expect(harness.read(matched(10, { recordedAt: 20 }), 30)).toEqual([]);
    expect(harness.timerOf(ann.ordinal)).toBe(20 + HOUR);
    expect(harness.tick(19 + HOUR)).toEqual([]);
    const [fired] = facts(harness.tick(25 + HOUR)) as [TriggerFired];
    expect(fired).toMatchObject({ effectiveAt: 20 + HOUR, recordedAt: 25 + HOUR, on: { event: { occurredAt: 10 } } });
    expect(fired.outcome).toBeUndefined();
    expect(harness.timerOf(ann.ordinal)).toBeUndefined();
  });

  it('asks the condition again by the values of then, and carries them', () => {
    const harness = open(delayed({ if: { attribute: 'email', exists: true } }));
    const values = [{ name: 'email', value: 'old' }];
    harness.read(matched(10, { values }), 10);
    harness.read(changed(20, email('new')), 20);
    const [fired] = facts(harness.tick(10 + HOUR)) as [TriggerFired];
    expect(fired.values).toEqual([{ name: 'email', value: 'new' }]);
    harness.read(matched(HOUR * 2, { values }), HOUR * 2);
    harness.read(changed(HOUR * 2 + 1, email(undefined)), HOUR * 2 + 1);
    expect(said(harness.tick(HOUR * 3))).toEqual(['t suppressed: condition']);
  });

  it('with recheck: false stands by what was true and known at its cause', () => {
    const harness = open(delayed({ if: { attribute: 'email', exists: true }, recheck: false }));
    harness.read(matched(10, { values: [{ name: 'email', value: 'old' }] }), 10);
    harness.read(changed(20, email(undefined)), 20);
    const [fired] = facts(harness.tick(10 + HOUR)) as [TriggerFired];
    expect(fired.values).toEqual([{ name: 'email', value: 'old' }]);
  });

  it('follows memberships, corrected ones too, and identifiers', () => {
    const harness = open(delayed({ if: { segment: 'vip' } }));
    harness.read(matched(10, { memberships: ['vip'] }), 10);
    harness.read(changed(20, { corrected: [{ segment: 'vip', before: 5 }] }), 20);
    harness.read(changed(30, { entered: [{ segment: 'vip', at: 30 }] }), 30);
    const identifier = { type: 'user_id', value: 'u' };
    harness.read({ kind: 'identifier-linked', id: 'l', entity: ann, identifier, cause: 'e', occurredAt: 31 }, 31);
    const [fired] = facts(harness.tick(10 + HOUR)) as [TriggerFired];
    expect(fired).toMatchObject({ kind: 'trigger-fired', identifiers: [identifier] });
    harness.read(matched(HOUR * 2, { memberships: ['vip'] }), HOUR * 2);
    harness.read(changed(HOUR * 2 + 1, { exited: [{ segment: 'vip', at: HOUR * 2 + 1 }] }), HOUR * 2 + 1);
    expect(said(harness.tick(HOUR * 3))).toEqual(['t suppressed: condition']);
  });

  it('what was known of the profile when an earlier firing waited is forgotten', () => {
    const harness = open(delayed({ if: { segment: 'vip' } }));
    harness.read(matched(10, { memberships: ['vip'] }), 10);
    harness.read(changed(20, { exited: [{ segment: 'vip', at: 20 }] }), 20);
    expect(said(harness.tick(10 + HOUR))).toEqual(['t suppressed: condition']);
    harness.read(matched(HOUR * 2, { memberships: ['vip'] }), HOUR * 2);
    expect(said(harness.tick(HOUR * 3))).toEqual(['t fired']);
  });

  it('once: a second cause while one waits is one too many', () => {
    const harness = open(delayed({ frequency: 'once' }));
    harness.read(matched(10), 10);
    expect(said(harness.read(matched(20), 20))).toEqual(['t suppressed: frequency']);
    expect(said(harness.tick(10 + HOUR))).toEqual(['t fired']);
    expect(said(harness.read(matched(HOUR * 2), HOUR * 2))).toEqual(['t suppressed: frequency']);
  });

  it('every: each cause waits for itself, up to the limit', () => {
    const harness = open(delayed());
    for (let index = 0; index < WAITING_MAX; index++) expect(harness.read(matched(10 + index), 10 + index)).toEqual([]);
    expect(said(harness.read(matched(1_000), 1_000))).toEqual(['t suppressed: limit']);
    expect(harness.tick(2_000 + HOUR)).toHaveLength(WAITING_MAX);
  });

  it('few large ones are as much as many small ones', () => {
    const harness = open(delayed({ properties: ['note'] }));
    const propertyValues = [{ name: 'note', value: 'x'.repeat(100_000) }];
    for (let index = 0; index < 9; index++) expect(harness.read(matched(10, { propertyValues }), 10)).toEqual([]);
    expect(said(harness.read(matched(10, { propertyValues }), 10))).toEqual(['t suppressed: limit']);
    expect(harness.read(matched(10), 10)).toEqual([]);
  });

  it('a delay that is over before its cause has arrived fires with it', () => {
    const harness = open(delayed({ delay: '1s' }));
    expect(said(harness.read(matched(10), 5_000))).toEqual(['t fired']);
  });

  it('fires before a record that is appended after it was due', () => {
    const harness = open(delayed(), trigger({ name: 'now' }));
    harness.read(matched(10), 10);
    expect(said(harness.read(matched(HOUR + 10, { definition: 'now' }), HOUR + 10))).toEqual(['t fired', 'now fired']);
  });

  it('is dropped, visibly, when its trigger is archived, gone, paused, or reads something else', () => {
    const after = (...triggers: object[]): string[] => {
      const harness = open(delayed());
      harness.read(matched(10), 10);
      activate(harness, 2, triggers);
      return said(harness.tick(10 + HOUR));
    };
    expect(after(delayed())).toEqual(['t fired']);
    expect(after(delayed({ delay: '2h', frequency: 'once' }))).toEqual(['t fired']);
    expect(after(delayed({ state: 'archived' }))).toEqual(['t suppressed: archived']);
    expect(after()).toEqual(['t suppressed: archived']);
    expect(after(delayed({ state: 'paused' }))).toEqual(['t suppressed: paused']);
    expect(after(delayed({ payload: ['plan'] }))).toEqual(['t suppressed: redefined']);
    expect(after(trigger({}))).toEqual(['t suppressed: archived']);
  });

  it('a trigger that came back meanwhile is another one', () => {
    const harness = open(delayed());
    harness.read(matched(10), 10);
    activate(harness, 2, []);
    activate(harness, 3, [delayed()]);
    expect(said(harness.tick(10 + HOUR))).toEqual(['t suppressed: archived']);
  });
});

describe('a wait', () => {
  const waiting = (wait: object = {}, more: object = {}) =>
    trigger({ wait_for: { event: 'Order', timeout: '1h', ...wait }, ...more });
  const order = (at: number, over: Partial<EventMatched> = {}) =>
    matched(at, { definition: 't/wait_for', name: 'Order', ...over });

  it('for an event fires when it comes, effective at its time', () => {
    const harness = open(waiting());
    harness.read(matched(10, { eventId: 'cart' }), 10);
    const [fired] = facts(harness.read(order(500), 600)) as [TriggerFired];
    expect(fired).toMatchObject({
      outcome: 'happened',
      cause: 'cart',
      effectiveAt: 500,
      on: { event: { name: 'Cart' } },
    });
    expect(harness.tick(HOUR * 2)).toEqual([]);
  });

  it('fires at its timeout when nothing came', () => {
    const harness = open(waiting());
    harness.read(matched(10), 10);
    expect(facts(harness.tick(HOUR * 2))[0]).toMatchObject({ outcome: 'timed_out', effectiveAt: 10 + HOUR });
  });

  it('an event from before the cause is not what it waits for', () => {
    const harness = open(waiting());
    harness.read(matched(10), 10);
    expect(harness.read(order(9), 20)).toEqual([]);
    expect(said(harness.read(order(10), 20))).toEqual(['t fired happened']);
  });

  it('an outcome that is not asked for is recorded as suppressed', () => {
    const harness = open(waiting({ outcomes: ['timed_out'] }));
    harness.read(matched(10), 10);
    expect(said(harness.read(order(20), 20))).toEqual(['t suppressed: outcome happened']);
    harness.read(matched(30), 30);
    expect(said(harness.tick(HOUR * 2))).toEqual(['t fired timed_out']);
  });

  it('for a condition fires when it comes true, or at once where it is', () => {
    const harness = open(waiting({ event: undefined, condition: { attribute: 'email', equals: 'new' } }));
    harness.read(matched(10, { values: [{ name: 'email', value: 'old' }] }), 10);
    expect(harness.read(changed(20, email('other')), 20)).toEqual([]);
    expect(said(harness.read(changed(30, email('new')), 30))).toEqual(['t fired happened']);
    expect(said(harness.read(matched(40, { values: [{ name: 'email', value: 'new' }] }), 40))).toEqual([
      't fired happened',
    ]);
  });

  it('says in its answer what waits', () => {
    const harness = open(waiting());
    harness.read(matched(10, { eventId: 'cart' }), 10);
    expect(harness.answer({ kind: 'firings', ordinal: ann.ordinal })).toMatchObject({
      waiting: [{ trigger: 't', dueAt: 10 + HOUR, cause: 'cart' }],
    });
  });
});

describe('merges', () => {
  const bob: Entity = { ...ann, id: 'bob', ordinal: 8 };
  const merge = { kind: 'profiles-merged', id: 'p', mergeId: 'm', survivor: ann, loser: bob, identifiers: [] } as const;
  const known = (values: { name: string; value: string }[]) => ({
    ...({ kind: 'merge-completed', id: 'd', entity: ann, mergeIds: ['m'] } as const),
    known: { recordedAt: 100, values, memberships: [], identifiers: [{ type: 'user_id', value: 'both' }] },
  });
  const joined = (harness: StageHarness): LogRecord[] => {
    const emitted = harness.read({ ...merge, cause: 'e', occurredAt: 90 }, 90);
    const [{ fact }] = emitted.filter(({ relayTo }) => relayTo !== undefined) as [Emitted];
    return [...facts(emitted).filter(({ kind }) => kind !== 'state-transferred'), ...facts(harness.read(fact, 95))];
  };

  it('what waits goes on for the survivor, by what is true of the survivor', () => {
    const harness = open(trigger({ delay: '1h', payload: ['email'] }));
    harness.read(matched(10, { entity: bob, values: [{ name: 'email', value: 'bob@b' }] }), 10);
    expect(joined(harness)).toEqual([]);
    expect(harness.timerOf(bob.ordinal)).toBeUndefined();
    expect(harness.read(known([{ name: 'email', value: 'ann@b' }]), 110)).toEqual([]);
    const [fired] = facts(harness.tick(HOUR * 2)) as [TriggerFired];
    expect(fired).toMatchObject({ entity: ann, effectiveAt: 10 + HOUR, values: [{ name: 'email', value: 'ann@b' }] });
    expect(fired.identifiers).toEqual([{ type: 'user_id', value: 'both' }]);
  });

  it('two profiles that wait for the same: the earliest is kept, unless each counts', () => {
    for (const [frequency, expected] of [
      ['once', ['t suppressed: merge', 't fired']],
      ['every', ['t fired', 't fired']],
    ] as const) {
      const harness = open(trigger({ delay: '1h', frequency }));
      harness.read(matched(10, { eventId: 'first', entity: bob }), 10);
      harness.read(matched(20, { eventId: 'second' }), 20);
      const all = [...joined(harness), ...facts(harness.read(known([]), 110)), ...facts(harness.tick(HOUR * 2))];
      expect(said(all.map((fact) => ({ fact })))).toEqual(expected);
      if (frequency === 'once') expect((all[0] as FiringSuppressed).cause).toBe('second');
    }
  });

  it('a wait that is due while the entity is held ends with the hold; what happened in time counts', () => {
    const harness = open(trigger({ wait_for: { event: 'Order', timeout: '1s' } }));
    harness.read(matched(10, { eventId: 'late' }), 10);
    harness.read(matched(60, { eventId: 'met' }), 60);
    expect(joined(harness)).toEqual([]);
    expect(harness.tick(3_000)).toEqual([]);
    const order = { definition: 't/wait_for', name: 'Order', recordedAt: 1_020 };
    expect(harness.read(matched(1_015, order), 3_100)).toEqual([]);
    const all = facts(harness.read(known([]), 3_200)) as TriggerFired[];
    expect(all.map(({ outcome, cause }) => [cause, outcome])).toEqual([
      ['met', 'happened'],
      ['late', 'timed_out'],
    ]);
  });
});

describe('a restart', () => {
  it('changes nothing of what is said', () => {
    const step = fc.record({
      of: fc.constantFrom('t', 'd', 't/wait_for', 'email', 'tick'),
      after: fc.nat(3_000_000),
      late: fc.nat(1_000_000),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 20 }), fc.nat(19), (steps, restartAt) => {
        const run = (restarts: boolean): [LogRecord[], string] => {
          ids = 0;
          const harness = open(
            trigger({ wait_for: { event: 'Order', timeout: '1h' }, frequency: { once_per: '1h' } }),
            trigger({ name: 'd', delay: '30m', if: { attribute: 'email', exists: true }, payload: ['plan'] }),
          );
          const all: LogRecord[] = [];
          let now = 5_000_000;
          for (const [index, { of, after, late }] of steps.entries()) {
            now += after;
            if (restarts && index === restartAt) harness.restart();
            const values = [{ name: 'email', value: 'a@b' }];
            if (of === 'tick') all.push(...facts(harness.tick(now)));
            else if (of === 'email')
              all.push(...facts(harness.read(changed(now, email(late % 2 ? 'n' : undefined)), now)));
            else
              all.push(...facts(harness.read(matched(now - late, { definition: of, recordedAt: now, values }), now)));
          }
          return [all, harness.dump()];
        };
        expect(run(true)).toEqual(run(false));
      }),
    );
  });
});

import type {
  CatalogueActivated,
  Entity,
  FiringSuppressed,
  LogRecord,
  SegmentChanged,
  TriggerFired,
} from '@attrium/event';
import { Decimal, Timestamp } from '@attrium/event';
import { type Emitted, type StageHarness, stageHarness } from '@attrium/testing';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { InvalidQuestionError } from './errors.js';
import { journeyTriggerBinding } from './stage.js';

const ann: Entity = { workspace: 'shop', kind: 'profile', id: 'ann', ordinal: 5_000_000_001 };
const stream = [{ stream: true }];
const ATTRIBUTES = ['email', 'plan', 'spend'].map((name) => ({
  name,
  kind: 'user',
  type: name === 'spend' ? 'number' : 'string',
  merge: 'most_recent',
  from: [{ trait: name }],
}));
const SEGMENTS = ['vip', 'staff'].map((name) => ({ name, of: 'user', where: { attribute: 'spend', gt: 1 } }));
const trigger = (over: Record<string, unknown>) => ({
  name: 't',
  when: { segment: 'vip', enters: true },
  frequency: 'every',
  deliver: stream,
  ...over,
});

let ids = 0;
function activate(revision: number, triggers: unknown[]): CatalogueActivated {
  const json = JSON.stringify({ attributes: ATTRIBUTES, segments: SEGMENTS, triggers });
  const catalogue = new TextEncoder().encode(json);
  return {
    kind: 'catalogue-activated',
    id: `c${revision}`,
    workspace: 'shop',
    revision,
    author: 'a',
    activatedAt: 1,
    catalogue,
  };
}
function changed(at: number, over: Partial<SegmentChanged>): SegmentChanged {
  const head = {
    kind: 'segment-changed',
    id: `s${++ids}`,
    entity: ann,
    reason: 'event',
    cause: `e${ids}`,
    revision: 1,
  } as const;
  const none = { entered: [], exited: [], corrected: [], changes: [], values: [], memberships: [], identifiers: [] };
  return { ...head, effectiveAt: at, recordedAt: at, ...none, ...over };
}
const enters = (at: number, over: Partial<SegmentChanged> = {}) =>
  changed(at, { entered: [{ segment: 'vip', at }], ...over });
const exits = (at: number, over: Partial<SegmentChanged> = {}) =>
  changed(at, { exited: [{ segment: 'vip', at }], ...over });
function open(...triggers: unknown[]): StageHarness {
  const harness = stageHarness(journeyTriggerBinding, { partitions: 1 });
  harness.read(activate(1, triggers), 0);
  return harness;
}
const facts = (emitted: Emitted[]): LogRecord[] => emitted.map(({ fact }) => fact);
const said = (emitted: Emitted[]): string[] =>
  facts(emitted).map((fact) => {
    if (fact.kind === 'trigger-fired') return `${fact.trigger} fired`;
    if (fact.kind === 'firing-suppressed') return `${fact.trigger} suppressed: ${fact.why}`;
    return fact.kind;
  });

describe('what fires', () => {
  it('a trigger on entering fires on entering, one on leaving on leaving, and one on both on both', () => {
    const harness = open(
      trigger({ name: 'enter' }),
      trigger({ name: 'exit', when: { segment: 'vip', exits: true } }),
      trigger({ name: 'both', when: { segment: 'vip', enters: true, exits: true } }),
    );
    const [first, second] = facts(harness.read(enters(10), 12)) as TriggerFired[];
    expect(first).toMatchObject({
      kind: 'trigger-fired',
      trigger: 'enter',
      entity: ann,
      effectiveAt: 10,
      recordedAt: 12,
      reason: 'event',
      cause: `e${ids}`,
      revision: 1,
      on: { kind: 'segment-entered', segment: 'vip', at: 10 },
    });
    expect(second!.trigger).toBe('both');
    const left = facts(harness.read(exits(20), 20)) as TriggerFired[];
    expect(left.map((fact) => fact.trigger)).toEqual(['exit', 'both']);
    expect(left[0]!.on).toEqual({ kind: 'segment-exited', segment: 'vip', at: 20 });
    expect(said(harness.read(changed(30, { entered: [{ segment: 'staff', at: 30 }] }), 30))).toEqual([]);
  });

  it('a trigger on an attribute fires on its change, with the values before and after', () => {
    const harness = open(trigger({ when: { attribute: 'plan', changes: true } }));
    const change = { name: 'plan', before: 'free', after: 'pro' };
    const [fired] = facts(harness.read(changed(10, { changes: [change, { name: 'email' }] }), 10)) as TriggerFired[];
    expect(fired!.on).toEqual({ kind: 'attribute-changed', change });
  });

  it('a firing carries the values of its payload, and the identifiers', () => {
    const harness = open(
      trigger({
        payload: ['spend', 'plan'],
        if: {
          any: [
            { attribute: 'email', exists: true },
            { event: 'E', did: true },
          ],
        },
      }),
    );
    const identifiers = [{ type: 'email', value: 'a@b.c' }];
    const values = [
      { name: '~x', value: true },
      { name: 'email', value: 'a@b.c' },
      { name: 'other', value: 'of another trigger' },
      { name: 'spend', value: new Decimal(1n) },
    ];
    const [fired] = facts(harness.read(enters(10, { values, identifiers }), 10)) as TriggerFired[];
    expect(fired!.values).toEqual([values[3], values[1]]);
    expect(fired!.identifiers).toEqual(identifiers);
  });

  it('merges, corrections and windows fire when they flip the present; backfills and changes of the past do not', () => {
    const harness = open(trigger({}));
    for (const reason of ['merge', 'correction', 'window', 'split'] as const) {
      expect(said(harness.read(enters(10, { reason }), 10))).toEqual(['t fired']);
    }
    expect(harness.read(enters(10, { reason: 'backfill' }), 10)).toEqual([]);
    expect(harness.read(changed(10, { corrected: [{ segment: 'vip', after: 3 }] }), 10)).toEqual([]);
  });

  it('each workspace has its own triggers', () => {
    const harness = open(trigger({}));
    const far: Entity = { workspace: 'other', kind: 'profile', id: 'far', ordinal: 2 };
    expect(harness.read(enters(10, { entity: far }), 10)).toEqual([]);
  });

  it('another entity under the same ordinal is a damaged log', () => {
    const harness = open(trigger({}));
    harness.read(enters(10), 10);
    expect(() => harness.read(enters(11, { entity: { ...ann, id: 'eve' } }), 11)).toThrow('ann');
  });
});

describe('conditions', () => {
  it('are evaluated over what the change carries; a firing that they suppress is recorded and does not count', () => {
    const condition = { all: [{ attribute: 'email', exists: true }, { not: { segment: 'staff' } }] };
    const harness = open(trigger({ if: condition, frequency: 'once' }));
    const values = [{ name: 'email', value: 'a@b.c' }];
    const [suppressed] = facts(harness.read(enters(10), 11)) as FiringSuppressed[];
    expect(suppressed).toMatchObject({
      kind: 'firing-suppressed',
      why: 'condition',
      trigger: 't',
      entity: ann,
      effectiveAt: 10,
      recordedAt: 11,
      cause: `e${ids}`,
      on: { kind: 'segment-entered', segment: 'vip', at: 10 },
    });
    expect(said(harness.read(enters(20, { values, memberships: ['staff'] }), 20))).toEqual(['t suppressed: condition']);
    expect(said(harness.read(enters(30, { values }), 30))).toEqual(['t fired']);
    expect(said(harness.read(enters(40, { values }), 40))).toEqual(['t suppressed: frequency']);
  });
});

describe('frequency', () => {
  it('once is once for each entity and trigger, through restarts and new catalogues', () => {
    const harness = open(trigger({ frequency: 'once' }), trigger({ name: 'u', frequency: 'once' }));
    expect(said(harness.read(enters(10), 10))).toEqual(['t fired', 'u fired']);
    harness.restart();
    expect(said(harness.read(enters(20), 20))).toEqual(['t suppressed: frequency', 'u suppressed: frequency']);
    expect(said(harness.read(enters(20, { entity: { ...ann, id: 'bob', ordinal: 2 } }), 20))).toEqual([
      't fired',
      'u fired',
    ]);
    harness.read(activate(2, []), 30);
    harness.read(activate(3, [trigger({ frequency: 'once' })]), 30);
    expect(said(harness.read(enters(40), 40))).toEqual(['t suppressed: frequency']);
  });

  it('once a period is measured by log time, from the last firing, not from what was suppressed', () => {
    const harness = open(trigger({ frequency: { once_per: '10s' } }));
    const read = (recordedAt: number, effectiveAt: number) =>
      said(harness.read(enters(effectiveAt, { recordedAt }), recordedAt));
    expect(read(1_000, 1_000)).toEqual(['t fired']);
    expect(read(10_999, 99_000)).toEqual(['t suppressed: frequency']);
    expect(read(11_000, 2_000)).toEqual(['t fired']);
    expect(read(20_999, 3_000)).toEqual(['t suppressed: frequency']);
  });

  it('any sequence of changes fires as a naive count of the whole history says', () => {
    const SECONDS = 1_000;
    const step = fc.record({ wait: fc.nat(12), email: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), fc.nat(29), (steps, restartAt) => {
        const harness = open(
          trigger({ name: 'each' }),
          trigger({ name: 'single', frequency: 'once', if: { attribute: 'email', exists: true } }),
          trigger({ name: 'paced', frequency: { once_per: '10s' } }),
        );
        const history: { at: number; fired: string[] }[] = [];
        let at = 0;
        for (const [index, { wait, email }] of steps.entries()) {
          if (index === restartAt) harness.restart();
          at += wait * SECONDS;
          const values = email ? [{ name: 'email', value: 'a@b.c' }] : [];
          const outcome = said(harness.read(enters(at, { values }), at));
          const fired = outcome.filter((text) => text.endsWith('fired')).map((text) => text.split(' ')[0]!);
          const expected = ['each'];
          if (email && !history.some((past) => past.fired.includes('single'))) expected.push('single');
          if (!history.some((past) => past.fired.includes('paced') && at - past.at < 10 * SECONDS))
            expected.push('paced');
          expect(fired).toEqual(expected);
          expect(outcome).toHaveLength(3);
          history.push({ at, fired });
        }
      }),
    );
  });
});

describe('the catalogue', () => {
  it('is passed on to the deliverer and found again after a restart', () => {
    const harness = stageHarness(journeyTriggerBinding, { partitions: 1 });
    const record = activate(1, [trigger({})]);
    expect(facts(harness.read(record, 0))).toEqual([{ ...record, id: expect.any(String) }]);
    harness.restart();
    expect(said(harness.read(enters(10), 10))).toEqual(['t fired']);
  });
});

describe('questions', () => {
  const ordinal = ann.ordinal;

  it('firings answers what fired last and how often', () => {
    const harness = open(trigger({}));
    harness.read(enters(10, { recordedAt: 12 }), 13);
    harness.read(enters(20, { values: [{ name: 'at', value: new Timestamp(1) }], recordedAt: 22 }), 23);
    const answer = { merging: false, triggers: { t: { effectiveAt: 20, recordedAt: 22, count: 2 } } };
    expect(harness.answer({ kind: 'firings', ordinal })).toEqual(answer);
    expect(harness.answer({ kind: 'firings', ordinal, workspace: 'shop' })).toEqual(answer);
  });

  it('nothing fired for an unknown entity, or for one of another workspace', () => {
    const harness = open(trigger({}));
    harness.read(enters(10), 10);
    for (const asked of [{ ordinal: 9 }, { ordinal, workspace: 'other' }]) {
      expect(harness.answer({ kind: 'firings', ...asked })).toEqual({ merging: false, triggers: {} });
    }
  });

  it('what is no question is refused', () => {
    for (const asked of [undefined, { kind: 'firings' }, { kind: 'memberships', ordinal }]) {
      expect(() => open().answer(asked)).toThrow(InvalidQuestionError);
    }
  });
});

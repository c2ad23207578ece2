import { compileActivated } from '@attrium/catalogue';
import type {
  AttributeChange,
  AttributesChanged,
  CatalogueActivated,
  Entity,
  LogRecord,
  SegmentChanged,
  Value,
} from '@attrium/event';
import { type Emitted, type StageHarness, stageHarness } from '@attrium/testing';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { InvalidQuestionError } from './errors.js';
import { segmentBinding } from './stage.js';

const ann: Entity = { workspace: 'shop', kind: 'profile', id: 'ann', ordinal: 5_000_000_001 };

const attribute = (name: string, type = 'number') =>
  type === 'number'
    ? { name, kind: 'user', type, compute: { sum: 'Bought', of: name } }
    : { name, kind: 'user', type, merge: 'most_recent', from: [{ trait: name }] };
const ATTRIBUTES = [attribute('spend'), attribute('visits'), attribute('email', 'string'), attribute('plan', 'string')];
const segment = (name: string, where: unknown) => ({ name, of: 'user', where });
const RICH = segment('rich', { attribute: 'spend', gt: 100 });
/** Before `rich` in the catalogue, though it reads it. */
const SEGMENTS = [
  segment('vip', { all: [{ segment: 'rich' }, { attribute: 'visits', gte: 3 }] }),
  RICH,
  segment('quiet', { not: { any: [{ segment: 'vip' }, { attribute: 'visits', gt: 10 }] } }),
  segment('reachable', { attribute: 'email', exists: true }),
];
const stream = [{ stream: true }];

let ids = 0;
function activate(revision: number, segments: unknown[] = SEGMENTS, triggers: unknown[] = []): CatalogueActivated {
  const catalogue = new TextEncoder().encode(JSON.stringify({ attributes: ATTRIBUTES, segments, triggers }));
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
function changed(
  after: Record<string, Value | undefined>,
  at: number,
  over: Partial<AttributesChanged> = {},
): AttributesChanged {
  const changes: AttributeChange[] = Object.entries(after).map(([name, value]) => ({ name, after: value }));
  const id = `a${++ids}`;
  const head = { kind: 'attributes-changed', id, entity: ann, reason: 'event', cause: `e${ids}`, revision: 1 } as const;
  return { ...head, effectiveAt: at, recordedAt: at, changes, ...over };
}
function open(triggers: unknown[] = [], segments: unknown[] = SEGMENTS): StageHarness {
  const harness = stageHarness(segmentBinding, { partitions: 1 });
  harness.read(activate(1, segments, triggers), 1);
  return harness;
}
const facts = (emitted: Emitted[]): LogRecord[] => emitted.map(({ fact }) => fact);
function only(emitted: Emitted[]): SegmentChanged {
  expect(emitted).toHaveLength(1);
  const { fact } = emitted[0]!;
  if (fact.kind !== 'segment-changed') throw new Error(`${fact.kind} instead of segment-changed`);
  return fact;
}
const memberships = (harness: StageHarness, ordinal = ann.ordinal) =>
  (harness.answer({ kind: 'memberships', ordinal }) as { segments: Record<string, number> }).segments;

describe('memberships', () => {
  it('all that flips at one instant is one record, nested segments included, with the time of the change', () => {
    const harness = open();
    expect(only(harness.read(changed({ visits: 3 }, 10), 12))).toMatchObject({
      entered: [{ segment: 'quiet', at: 10 }],
    });
    const record = changed({ spend: 101 }, 20);
    expect(only(harness.read(record, 25))).toMatchObject({
      entity: ann,
      effectiveAt: 20,
      recordedAt: 25,
      reason: 'event',
      cause: record.cause,
      revision: 1,
      entered: [
        { segment: 'rich', at: 20 },
        { segment: 'vip', at: 20 },
      ],
      exited: [{ segment: 'quiet', at: 20 }],
      corrected: [],
      changes: [],
      values: [],
    });
    expect(memberships(harness)).toEqual({ rich: 20, vip: 20 });
  });

  it('what flips nothing emits nothing', () => {
    const harness = open();
    harness.read(changed({ spend: 101 }, 10), 10);
    expect(harness.read(changed({ spend: 102 }, 11), 11)).toEqual([]);
    expect(harness.read(changed({ plan: 'pro' }, 12), 12)).toEqual([]);
  });

  it('an attribute that loses its value is missing again', () => {
    const harness = open();
    harness.read(changed({ email: 'a@b.c' }, 10), 10);
    expect(only(harness.read(changed({ email: undefined }, 20), 20)).exited).toEqual([
      { segment: 'reachable', at: 20 },
    ]);
  });

  it('passes on the reason of the change', () => {
    const harness = open();
    const due = changed({ spend: 101 }, 10, { reason: 'window', cause: 'timer:10' });
    expect(only(harness.read(due, 15))).toMatchObject({ reason: 'window', cause: 'timer:10' });
  });

  it('a flip by a late event is a correction, and no exit is before its entry', () => {
    const harness = open();
    harness.read(changed({ spend: 101 }, 100), 100);
    const exit = only(harness.read(changed({ spend: 1 }, 40), 110));
    expect(exit).toMatchObject({ reason: 'correction', effectiveAt: 40, exited: [{ segment: 'rich', at: 100 }] });
    expect(only(harness.read(changed({ spend: 200 }, 100), 120)).reason).toBe('event');
  });

  it('a late change that flips nothing keeps its reason', () => {
    const harness = open([
      { name: 't', when: { attribute: 'plan', changes: true }, frequency: 'every', deliver: stream },
    ]);
    harness.read(changed({ spend: 101 }, 100), 100);
    expect(only(harness.read(changed({ plan: 'pro' }, 40), 110)).reason).toBe('event');
  });

  it('an event condition that has no value yet is false, and did not is true', () => {
    const harness = open(
      [],
      [
        segment('buyers', { event: 'Bought', did: true }),
        segment('lookers', { event: 'Bought', did_not: true, within: '30d' }),
      ],
    );
    expect(only(harness.read(changed({ visits: 1 }, 10), 10)).entered).toEqual([{ segment: 'lookers', at: 10 }]);
  });

  it('entities and workspaces do not touch each other', () => {
    const harness = open();
    const bob: Entity = { ...ann, id: 'bob', ordinal: 2 };
    const far: Entity = { workspace: 'other', kind: 'profile', id: 'far', ordinal: 3 };
    harness.read(changed({ spend: 101 }, 10), 10);
    expect(only(harness.read(changed({ email: 'b' }, 11, { entity: bob }), 11)).entity).toEqual(bob);
    expect(harness.read(changed({ spend: 101 }, 12, { entity: far }), 12)).toEqual([]);
    expect(memberships(harness, 2)).toEqual({ quiet: 11, reachable: 11 });
  });

  it('another entity under the same ordinal is a damaged log', () => {
    const harness = open();
    harness.read(changed({ spend: 101 }, 10), 10);
    expect(() => harness.read(changed({ spend: 1 }, 11, { entity: { ...ann, id: 'eve' } }), 11)).toThrow('ann');
  });

  const SPEND = [undefined, 50, 100, 101, 500];
  const VISITS = [undefined, 0, 2, 3, 10, 11];
  const EMAIL = [undefined, 'a@b.c'];
  const step = fc.record(
    { spend: fc.constantFrom(...SPEND), visits: fc.constantFrom(...VISITS), email: fc.constantFrom(...EMAIL) },
    { requiredKeys: [] },
  );
  /** In another style than the stage: plain code over plain values. */
  function naive({ spend, visits, email }: Record<string, Value | undefined>): Set<string> {
    const rich = typeof spend === 'number' && spend > 100;
    const vip = rich && typeof visits === 'number' && visits >= 3;
    const quiet = !vip && !(typeof visits === 'number' && visits > 10);
    const all = { rich, vip, quiet, reachable: email !== undefined };
    return new Set(Object.entries(all).flatMap(([name, holds]) => (holds ? [name] : [])));
  }

  it('after every change the memberships are those of a naive evaluation of all segments, and the facts fold to them', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 15 }), fc.nat(14), (steps, restartAt) => {
        const harness = open();
        const folded = new Map<string, number>();
        let values: Record<string, Value | undefined> = {};
        for (const [index, after] of steps.entries()) {
          if (index === restartAt) harness.restart();
          values = { ...values, ...after };
          const at = 10 + index;
          for (const fact of facts(harness.read(changed(after, at), at))) {
            const { entered, exited } = fact as SegmentChanged;
            for (const { segment: name } of exited) expect(folded.delete(name)).toBe(true);
            for (const { segment: name, at: since } of entered) {
              expect(folded.has(name)).toBe(false);
              folded.set(name, since);
            }
          }
          expect(new Set(folded.keys())).toEqual(naive(values));
          expect(memberships(harness)).toEqual(Object.fromEntries(folded));
        }
      }),
      { numRuns: 200 },
    );
  });
});

describe('what triggers need', () => {
  const triggers = [
    {
      name: 'welcome',
      when: { segment: 'rich', enters: true },
      if: { all: [{ attribute: 'email', exists: true }, { segment: 'reachable' }, { not: { segment: 'vip' } }] },
      frequency: 'once',
      payload: ['spend'],
      deliver: stream,
    },
    {
      name: 'farewell',
      when: { segment: 'rich', exits: true },
      frequency: 'every',
      payload: ['visits'],
      deliver: stream,
    },
    {
      name: 'plans',
      when: { attribute: 'plan', changes: true },
      frequency: 'every',
      payload: ['plan'],
      deliver: stream,
    },
  ];

  it('comes with the change, for the triggers concerned only', () => {
    const harness = open(triggers);
    const identifier = { type: 'email', value: 'a@b.c' };
    harness.read({ kind: 'identifier-linked', id: 'i', entity: ann, identifier, cause: 'e', occurredAt: 1 }, 1);
    expect(only(harness.read(changed({ email: 'a@b.c', visits: 1 }, 5), 5))).toMatchObject({
      values: [],
      identifiers: [],
    });
    const enter = only(harness.read(changed({ spend: 101 }, 10), 10));
    expect(enter.values).toEqual([
      { name: 'spend', value: 101 },
      { name: 'email', value: 'a@b.c' },
    ]);
    expect(enter.memberships).toEqual(['reachable']);
    expect(enter.identifiers).toEqual([identifier]);
    const exit = only(harness.read(changed({ spend: 1 }, 11), 11));
    expect(exit.values).toEqual([{ name: 'visits', value: 1 }]);
    expect(exit.memberships).toEqual([]);
  });

  it('a change that a trigger asked for goes on with its values before and after, others do not', () => {
    const harness = open(triggers);
    const record = changed({}, 10, {
      changes: [
        { name: 'plan', before: 'free', after: 'pro' },
        { name: 'visits', after: 1 },
      ],
    });
    expect(only(harness.read(record, 10))).toMatchObject({
      changes: [{ name: 'plan', before: 'free', after: 'pro' }],
      values: [{ name: 'plan', value: 'pro' }],
    });
  });

  it('unnamed attributes that a condition reads come along', () => {
    const when = { attribute: 'plan', changes: true };
    const triggers = [{ name: 't', when, if: { event: 'Bought', did: true }, frequency: 'every', deliver: stream }];
    const harness = open(triggers);
    const { catalogue, ...activated } = activate(1, SEGMENTS, triggers);
    const compiled = compileActivated({ ...activated, catalogueJson: new TextDecoder().decode(catalogue) });
    const { name } = compiled.attributes.find((each) => each.name.startsWith('~'))!;
    harness.read(changed({ [name]: true }, 9), 9);
    expect(only(harness.read(changed({ plan: 'pro' }, 10), 10)).values).toEqual([{ name, value: true }]);
  });
});

describe('a new catalogue', () => {
  it('passes on and takes effect on the next change of each entity, whatever changed', () => {
    const harness = open([], [RICH]);
    harness.read(changed({ spend: 50 }, 10), 10);
    const next = activate(2, [segment('rich', { attribute: 'spend', gt: 10 })]);
    expect(facts(harness.read(next, 20))).toEqual([{ ...next, id: expect.any(String) }]);
    expect(memberships(harness)).toEqual({});
    expect(only(harness.read(changed({ plan: 'pro' }, 30), 30))).toMatchObject({
      entered: [{ segment: 'rich', at: 30 }],
      revision: 2,
    });
    expect(harness.read(changed({ plan: 'free' }, 40), 40)).toEqual([]);
  });

  it('a membership in a segment that is gone is corrected, not exited', () => {
    const harness = open();
    harness.read(changed({ spend: 101, visits: 11 }, 10), 10);
    harness.read(activate(2, [RICH]), 20);
    expect(memberships(harness)).toEqual({ rich: 10 });
    expect(only(harness.read(changed({ plan: 'pro' }, 30), 30))).toMatchObject({
      entered: [],
      exited: [],
      corrected: [{ segment: 'vip', before: 10 }],
    });
  });

  it('values of attributes that are gone are forgotten', () => {
    const harness = open();
    harness.read(changed({ spend: 101, gone: 1 }, 10), 10);
    harness.read(activate(2), 20);
    harness.read(changed({ spend: 102 }, 30), 30);
    expect(harness.dump()).not.toContain('gone');
  });

  it('is found again after a restart', () => {
    const harness = open();
    harness.restart();
    expect(only(harness.read(changed({ spend: 101 }, 10), 10)).entered).toContainEqual({ segment: 'rich', at: 10 });
  });

  it('a logic version is passed on', () => {
    expect(facts(open().read({ kind: 'logic-activated', id: 'l', version: 1 }, 2))).toMatchObject([{ version: 1 }]);
  });
});

describe('questions', () => {
  const ordinal = ann.ordinal;

  it('memberships answers since when; evaluate whether conditions hold right now', () => {
    const harness = open();
    harness.read(changed({ spend: 101, visits: 2 }, 10), 10);
    expect(harness.answer({ kind: 'memberships', ordinal, workspace: 'shop' })).toEqual({
      merging: false,
      segments: { rich: 10, quiet: 10 },
    });
    harness.read(
      activate(2, [segment('rich', { attribute: 'spend', gt: 500 }), segment('s', { segment: 'rich' })]),
      20,
    );
    expect(harness.answer({ kind: 'evaluate', ordinal, segments: ['rich', 's', 'vip'] })).toEqual({
      merging: false,
      revision: 2,
      segments: { rich: false, s: false },
      since: {},
    });
  });

  it('evaluate says since when, where the membership is recorded already', () => {
    const harness = open();
    harness.read(changed({ spend: 101 }, 10), 10);
    const later = [segment('rich', { attribute: 'spend', gt: 100 }), segment('new', { attribute: 'spend', gt: 50 })];
    harness.read(activate(2, later), 20);
    expect(harness.answer({ kind: 'evaluate', ordinal, segments: ['rich', 'new'] })).toMatchObject({
      segments: { rich: true, new: true },
      since: { rich: 10 },
    });
  });

  it('evaluate answers of an entity that was never seen as of one without values, by the catalogue of the workspace', () => {
    const harness = open();
    const later = [segment('rich', { attribute: 'spend', gt: 100 }), segment('poor', { not: { segment: 'rich' } })];
    harness.read(activate(2, later), 20);
    const asked = { kind: 'evaluate', ordinal: 9, segments: ['rich', 'poor', 'gone'] };
    expect(harness.answer({ ...asked, workspace: 'shop' })).toEqual({
      merging: false,
      revision: 2,
      segments: { rich: false, poor: true },
      since: {},
    });
    expect(harness.answer({ ...asked, workspace: 'other' })).toMatchObject({ segments: {} });
  });

  it('an unknown entity, or one of another workspace, is in no segment', () => {
    const harness = open();
    harness.read(changed({ spend: 101 }, 10), 10);
    for (const asked of [{ ordinal: 9 }, { ordinal, workspace: 'other' }]) {
      expect(harness.answer({ kind: 'memberships', ...asked })).toEqual({ merging: false, segments: {} });
    }
  });

  it('what is no question is refused', () => {
    const harness = open();
    for (const asked of [undefined, {}, { kind: 'memberships' }, { kind: 'evaluate', ordinal, segments: [1] }]) {
      expect(() => harness.answer(asked)).toThrow(InvalidQuestionError);
    }
  });
});

/** Triggers on attributes that change in a certain way, and frequencies with a key, through catalogue and stage. */
import { compileActivated, moved } from '@attrium/catalogue';
import { type AttributeChange, Decimal, type LogRecord, type SegmentChanged, type Value } from '@attrium/event';
import { stageHarness } from '@attrium/testing';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  FIRED_KEYS_ENTITY_MAX,
  FIRED_KEYS_MAX,
  type FiredBook,
  firedByTrigger,
  forgetOldKeys,
} from './domain/fired-book.js';
import type { Occurrence } from './occurrence.js';
import { createJourneyTriggerBinding } from './stage.js';

const ATTRIBUTES = [
  { name: 'plan', type: 'string' },
  { name: 'spend', type: 'number' },
  { name: 'order', type: 'string' },
].map((each) => ({ ...each, kind: 'user', merge: 'most_recent', from: [{ trait: each.name }] }));

function catalogueJson(when: unknown, more: object = {}): string {
  const trigger = { name: 't', when, frequency: 'every', deliver: [{ stream: true }], ...more };
  return JSON.stringify({ attributes: ATTRIBUTES, triggers: [trigger] });
}

/** Whether a trigger that watches so takes this change for its own. */
function watches(when: object, before: Value | undefined, after: Value | undefined): boolean {
  const name = (when as { attribute: string }).attribute;
  const compiled = compileActivated({ workspace: 'shop', revision: 1, catalogueJson: catalogueJson(when) });
  const [{ when: compiledWhen }] = compiled.triggers as [(typeof compiled.triggers)[number]];
  return compiledWhen.kind === 'attribute' && moved(compiledWhen.moves)({ name, before, after });
}

const plan = (when: object) => ({ attribute: 'plan', ...when });
const spend = (when: object) => ({ attribute: 'spend', ...when });

describe('a change of an attribute', () => {
  it.each<[object, Value | undefined, Value | undefined, boolean]>([
    [plan({ changes: true }), 'free', 'pro', true],
    [plan({ from: 'free' }), 'free', 'pro', true],
    [plan({ from: 'free' }), 'team', 'pro', false],
    [plan({ to: 'pro' }), 'free', 'pro', true],
    [plan({ to: 'pro' }), 'free', 'team', false],
    [plan({ changes: true, from: 'free', to: 'pro' }), 'free', 'pro', true],
    [plan({ from: 'free', to: 'pro' }), 'free', 'team', false],
    [plan({ from: null }), undefined, 'pro', true],
    [plan({ from: null }), 'free', 'pro', false],
    [plan({ to: null }), 'free', undefined, true],
    [plan({ to: { in: ['pro', 'team'] } }), 'free', 'team', true],
    [plan({ from: { not_equals: 'free' } }), 'free', 'team', false],
    [spend({ to: { gte: 10, lt: 20 } }), 5, 15, true],
    [spend({ to: { gte: 10, lt: 20 } }), 5, 20, false],
    [spend({ crosses: { up: 100 } }), 99.99, 100, true],
    [spend({ crosses: { up: 100 } }), 100, 101, false],
    [spend({ crosses: { up: 100 } }), undefined, 100, true],
    [spend({ crosses: { up: 100 } }), 100, 99, false],
    [spend({ crosses: { down: 100 } }), 100, 99.99, true],
    [spend({ crosses: { down: 100 } }), 100, undefined, true],
    [spend({ crosses: { down: 100 } }), 99, 98, false],
    [spend({ crosses: 100 }), 99, 100, true],
    [spend({ crosses: 100 }), 100, 99, true],
    [spend({ crosses: { up: 100, down: 10 } }), 20, 5, true],
    [spend({ crosses: { up: 100, down: 10 } }), 20, 50, false],
    [spend({ by: 50 }), 10, 60, true],
    [spend({ by: 50 }), 60, 10, true],
    [spend({ by: 50 }), 10, 59.99, false],
    [spend({ by: { up: 50 } }), 60, 10, false],
    [spend({ by: { down: 50 } }), 60, 10, true],
    [spend({ by: 50 }), undefined, 60, false],
    [spend({ by: 0.1 }), 0.2, 0.3, true],
    [spend({ by: 50, to: { lt: 100 } }), 0, 150, false],
  ])('%j: %p → %p', (when, before, after, expected) => {
    expect(watches(when, before, after)).toBe(expected);
  });

  it('is measured exactly where doubles are not', () => {
    const large = new Decimal(90_071_992_547_409_931n * 10n ** 18n);
    const more = new Decimal(90_071_992_547_409_932n * 10n ** 18n);
    expect(watches(spend({ by: 1 }), large, more)).toBe(true);
    expect(watches(spend({ by: { up: 1.5 } }), large, more)).toBe(false);
  });

  it('crosses a threshold up as often as down, give or take one, on any way', () => {
    fc.assert(
      fc.property(fc.array(fc.option(fc.integer({ min: 0, max: 20 }), { nil: undefined })), (values) => {
        let [ups, downs] = [0, 0];
        for (const [index, after] of values.entries()) {
          const before = index === 0 ? undefined : values[index - 1];
          if (watches(spend({ crosses: { up: 10 } }), before, after)) ups++;
          if (watches(spend({ crosses: { down: 10 } }), before, after)) downs++;
        }
        const last = values.at(-1);
        expect(ups - downs).toBe(last !== undefined && last >= 10 ? 1 : 0);
      }),
      { numRuns: 50 },
    );
  });
});

const ann = { workspace: 'shop', kind: 'profile', id: 'ann', ordinal: 1 } as const;
let ids = 0;

function changed(at: number, change: AttributeChange, values: SegmentChanged['values'] = []): SegmentChanged {
  const head = { id: `s${++ids}`, entity: ann, reason: 'event', cause: `e${ids}`, revision: 1 } as const;
  const none = { entered: [], exited: [], corrected: [], memberships: [], identifiers: [] };
  return { kind: 'segment-changed', ...head, effectiveAt: at, recordedAt: at, ...none, changes: [change], values };
}

function open(when: object, more: object = {}, occurrences: Occurrence[] = []) {
  const binding = createJourneyTriggerBinding({ observe: (occurrence) => occurrences.push(occurrence) });
  const harness = stageHarness(binding, { partitions: 1 });
  const activate = (revision: number, json: string): void => {
    const catalogue = new TextEncoder().encode(json);
    const head = { id: `c${revision}`, workspace: 'shop', revision, author: 'a', activatedAt: 1, catalogue };
    harness.read({ kind: 'catalogue-activated', ...head }, 0);
  };
  activate(1, catalogueJson(when, more));
  const read = (record: LogRecord, at: number): string[] =>
    harness
      .read(record, at)
      .map(({ fact }) => (fact.kind === 'firing-suppressed' ? `suppressed: ${fact.why}` : fact.kind));
  return { harness, activate, read };
}

describe('a trigger on a change of an attribute', () => {
  it('says nothing of a change that it does not watch for', () => {
    const { read } = open({ attribute: 'plan', to: 'pro' });
    expect(read(changed(1, { name: 'plan', before: 'free', after: 'team' }), 1)).toEqual([]);
    expect(read(changed(2, { name: 'plan', before: 'team', after: 'pro' }), 2)).toEqual(['trigger-fired']);
  });

  it('says nothing while it is paused, and goes on with what it had fired', () => {
    const [when, once] = [{ attribute: 'plan', changes: true }, { frequency: 'once' }];
    const { read, activate } = open(when, { ...once, state: 'paused' });
    const change = { name: 'plan', before: 'free', after: 'pro' };
    expect(read(changed(1, change), 1)).toEqual([]);
    activate(2, catalogueJson(when, once));
    expect(read(changed(2, change), 2)).toEqual(['trigger-fired']);
    activate(3, catalogueJson(when, { ...once, state: 'paused' }));
    expect(read(changed(3, change), 3)).toEqual([]);
    activate(4, catalogueJson(when, { ...once, state: 'active' }));
    expect(read(changed(4, change), 4)).toEqual(['suppressed: frequency']);
  });
});

describe('a frequency with a key', () => {
  const when = { attribute: 'order', changes: true };
  const order = (at: number, id: string | undefined) =>
    changed(at, { name: 'order', after: id }, id === undefined ? [] : [{ name: 'order', value: id }]);

  it('holds for each value of the key, no value among them', () => {
    const { read } = open(when, { frequency: { once: true, key: 'order' } });
    const said = [order(1, 'a'), order(2, 'b'), order(3, 'a'), order(4, undefined), order(5, undefined)];
    expect(said.flatMap((record, index) => read(record, index + 1))).toEqual([
      'trigger-fired',
      'trigger-fired',
      'suppressed: frequency',
      'trigger-fired',
      'suppressed: frequency',
    ]);
  });

  it('has its period for each value', () => {
    const { read } = open(when, { frequency: { once_per: '10s', key: 'order' } });
    expect(read(order(1_000, 'a'), 1_000)).toEqual(['trigger-fired']);
    expect(read(order(6_000, 'b'), 6_000)).toEqual(['trigger-fired']);
    expect(read(order(10_999, 'a'), 10_999)).toEqual(['suppressed: frequency']);
    expect(read(order(11_000, 'a'), 11_000)).toEqual(['trigger-fired']);
    expect(read(order(12_000, 'b'), 12_000)).toEqual(['suppressed: frequency']);
  });

  it('is answered for as one trigger', () => {
    const { read, harness } = open(when, { frequency: { once: true, key: 'order' } });
    read(order(1, 'a'), 1);
    read(order(2, 'b'), 2);
    expect(harness.answer({ kind: 'firings', ordinal: 1 })).toMatchObject({
      triggers: { t: { count: 2, recordedAt: 2 } },
    });
  });

  it('remembers the latest twenty thousand values of all triggers of a profile, and what has no key', () => {
    const book: FiredBook = new Map([['once', { effectiveAt: 0, recordedAt: 0, count: 1 }]]);
    const keys = FIRED_KEYS_ENTITY_MAX + 500;
    for (let key = 0; key < keys; key++) {
      book.set(`t${key % 25}\u0000s${key}`, { effectiveAt: key, recordedAt: key, count: 1 });
    }
    expect(forgetOldKeys(book)).toBe(500);
    expect(book.size).toBe(FIRED_KEYS_ENTITY_MAX + 1);
    expect(book.has('once')).toBe(true);
    expect(Math.min(...[...book].flatMap(([name, { recordedAt }]) => (name === 'once' ? [] : [recordedAt])))).toBe(500);
  });

  it('remembers a thousand values of each trigger and profile, the latest, and says when it forgets', () => {
    const occurrences: Occurrence[] = [];
    const { read } = open(when, { frequency: { once: true, key: 'order' } }, occurrences);
    for (let index = 0; index <= FIRED_KEYS_MAX; index++) read(order(index + 1, `o${index}`), index + 1);
    expect(occurrences.filter(({ kind }) => kind === 'fired-keys-forgotten')).toEqual([
      { kind: 'fired-keys-forgotten', records: 1 },
    ]);
    const at = FIRED_KEYS_MAX + 10;
    expect(read(order(at, 'o1'), at)).toEqual(['suppressed: frequency']);
    expect(read(order(at, 'o0'), at)).toEqual(['trigger-fired']);
  });

  it('forgets by what it holds alone, whatever the order in which it came', () => {
    const entry = fc.tuple(fc.nat(1_500), fc.nat(50));
    fc.assert(
      fc.property(fc.array(entry, { minLength: 900, maxLength: 1_400 }), fc.integer(), (entries, seed) => {
        const keys = new Map(entries.map(([key, at]) => [`t\u0000s${key}`, at]));
        const bookOf = (names: Iterable<readonly [string, number]>): FiredBook =>
          new Map([...names].map(([name, at]) => [name, { effectiveAt: at, recordedAt: at, count: 1 }]));
        const shuffled = [...keys].sort(
          ([a], [b]) => ((a.length * seed) % 7) - ((b.length * seed) % 7) || (a < b ? 1 : -1),
        );
        const [one, other] = [bookOf(keys), bookOf(shuffled)];
        expect(forgetOldKeys(one)).toBe(forgetOldKeys(other));
        expect(new Map([...one].sort())).toEqual(new Map([...other].sort()));
        expect(firedByTrigger(one).get('t')!.count).toBe(Math.min(keys.size, FIRED_KEYS_MAX));
      }),
      { numRuns: 20 },
    );
  });
});

/** Events in an order: held to a search through every choice of events, and to the table in docs/reference/conditions.md. */
import { readFileSync } from 'node:fs';
import type { EventPattern } from '@attrium/catalogue';
import { type Behaviour, parseCondition, type Sequence, type SequenceStep } from '@attrium/condition';
import { durationMs, parseExactJson } from '@attrium/event';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { SEQUENCE_EVENTS_MAX } from './limits.js';
import { patternOf } from './pattern.js';
import type { Input, State } from './state.js';

/** Milliseconds are few, so that gaps and windows are met exactly. */
const STEP_MS = 1_000;

interface Happened {
  readonly at: number;
  readonly id: string;
  readonly bits: number;
}

const isAfter = (a: Happened, b: Happened): boolean => a.at > b.at || (a.at === b.at && a.id > b.id);

function isFound(steps: readonly SequenceStep[], events: readonly Happened[], step = 0, before?: Happened): boolean {
  if (step === steps.length) return true;
  const { withinMs = Number.POSITIVE_INFINITY } = steps[step]!;
  return events.some((event) => {
    if ((event.bits & (1 << step)) === 0) return false;
    if (before !== undefined && !(isAfter(event, before) && event.at - before.at < withinMs)) return false;
    return isFound(steps, events, step + 1, event);
  });
}

function naive(pattern: EventPattern, events: readonly Happened[], asOf: number): boolean {
  if (pattern.kind === 'sequence') {
    const { steps, withinMs } = pattern;
    return isFound(
      steps,
      events.filter(({ at }) => withinMs === undefined || at + withinMs > asOf),
    );
  }
  const others = events.filter(({ bits }) => (bits & 2) !== 0);
  const after = events.filter((event) => (event.bits & 1) !== 0 && others.every((other) => isAfter(event, other)));
  return others.length > 0 && after.length >= pattern.atLeast;
}

function fold(pattern: EventPattern, events: readonly Happened[], now = Number.NEGATIVE_INFINITY): State {
  const reducer = patternOf(pattern);
  return events.reduce(
    (state, { at, id, bits }): State => reducer.add(state, { at, id, value: bits, units: 0n } as Input, now),
    reducer.empty(),
  );
}

const spans = fc.option(
  fc.integer({ min: 1, max: 6 }).map((steps) => steps * STEP_MS),
  { nil: undefined },
);
const sequences: fc.Arbitrary<EventPattern> = fc.record({
  kind: fc.constant('sequence' as const),
  steps: fc.array(
    spans.map((withinMs) => ({ event: 'E', withinMs })),
    { minLength: 2, maxLength: 4 },
  ),
  withinMs: spans,
});
const sinces: fc.Arbitrary<EventPattern> = fc.record({
  kind: fc.constant('since' as const),
  steps: fc.constant([{ event: 'E' }, { event: 'F' }]),
  atLeast: fc.integer({ min: 1, max: 3 }),
});
const happenings = fc
  .array(fc.record({ at: fc.integer({ min: 0, max: 12 }), bits: fc.integer({ min: 1, max: 15 }) }), { maxLength: 9 })
  .chain((drawn) => fc.tuple(fc.constant(drawn), fc.shuffledSubarray([...drawn.keys()], { minLength: drawn.length })))
  .map(([drawn, ids]) => drawn.map(({ at, bits }, index) => ({ at: at * STEP_MS, id: `e${ids[index]}`, bits })));

describe('events in an order', () => {
  it('are found just where a search through every choice finds them, at any time', () => {
    fc.assert(
      fc.property(fc.oneof(sequences, sinces), happenings, fc.integer({ min: 0, max: 20 }), (pattern, events, at) => {
        const bits = 2 ** pattern.steps.length - 1;
        const some = events.filter((event) => (event.bits & bits) !== 0);
        for (const asOf of [at * STEP_MS - 1, at * STEP_MS]) {
          const expected = naive(pattern, some, asOf);
          expect(patternOf(pattern).value(fold(pattern, some), asOf)).toBe(expected);
          expect(patternOf(pattern).value(fold(pattern, some, asOf), asOf)).toBe(expected);
        }
      }),
      { numRuns: 3_000 },
    );
  });

  it('change by the passing of time alone just when they say', () => {
    fc.assert(
      fc.property(sequences, happenings, fc.integer({ min: 0, max: 20_000 }), (pattern, events, asOf) => {
        const reducer = patternOf(pattern);
        const state = fold(pattern, events);
        const due = reducer.nextDue?.(state, asOf);
        expect(due !== undefined).toBe(reducer.nextDue !== undefined && naive(pattern, events, asOf));
        if (due === undefined) return;
        expect([naive(pattern, events, due - 1), naive(pattern, events, due)]).toEqual([true, false]);
      }),
    );
  });
});

describe('a sequence of too many events', () => {
  const pattern: EventPattern = { kind: 'sequence', steps: [{ event: 'A' }, { event: 'B', withinMs: STEP_MS }] };
  const reducer = patternOf(pattern);
  const starts = (count: number, from: number): Happened[] =>
    Array.from({ length: count }, (_, index) => ({ at: from + index * 2, id: `a${index}`, bits: 1 }));

  it('is looked for among the latest 1,000, which are the same in any order and split, and says that it is approximate', () => {
    const events = starts(SEQUENCE_EVENTS_MAX + 300, 0);
    const whole = fold(pattern, events);
    const merged = reducer.merge(fold(pattern, events.slice(700)), fold(pattern, events.slice(0, 700)));
    expect(fold(pattern, [...events].reverse())).toEqual(whole);
    expect(merged).toEqual(whole);
    expect([
      reducer.isApproximate!(whole),
      reducer.isApproximate!(fold(pattern, starts(SEQUENCE_EVENTS_MAX, 0))),
    ]).toEqual([true, false]);
    const end = (at: number): Input => ({ at, id: 'b', value: 2, units: 0n });
    expect(reducer.value(reducer.add(fold(pattern, events), end(599), 0), 0)).toBe(false);
    expect(reducer.value(reducer.add(fold(pattern, events), end(601), 0), 0)).toBe(true);
  });
});

const DOCUMENT = readFileSync(new URL('../../../../docs/reference/conditions.md', import.meta.url), 'utf8');
const TABLE = DOCUMENT.slice(
  DOCUMENT.indexOf('### Examples of events in an order'),
  DOCUMENT.indexOf('## Truth table'),
);
const ROWS = TABLE.split('\n')
  .filter((line) => line.startsWith('| `{'))
  .map((line) => {
    const [condition, trueOf, falseOf] = line
      .split(' | ')
      .map((cell) => [...cell.matchAll(/`([^`]*)`/g)].map(([, code]) => code!));
    return { condition: condition![0]!, trueOf: trueOf!, falseOf: falseOf! };
  });

/** Of events that are written as `A 0m, B 20m`; times begin at 0, and now is an hour. */
function holds(condition: string, events: string): boolean {
  const outcome = parseCondition(parseExactJson(condition), { over: 'entity', path: '' });
  if (outcome.kind === 'invalid') throw new Error(JSON.stringify(outcome.faults));
  const node = outcome.condition as Sequence | Behaviour;
  const steps = node.kind === 'sequence' ? node.steps : [node, node.since!];
  const happened = events.split(', ').flatMap((text, index) => {
    const [event, time] = text.split(' ');
    const bits = steps.reduce((sum, step, at) => sum + (step.event === event ? 1 << at : 0), 0);
    const at = time === '0m' ? 0 : durationMs(time!)!;
    return bits === 0 ? [] : [{ at, id: `e${index}`, bits }];
  });
  const pattern: EventPattern = node.kind === 'sequence' ? node : { kind: 'since', steps, atLeast: node.atLeast };
  const found = patternOf(pattern).value(fold(pattern, happened), 3_600_000) === true;
  return node.kind === 'sequence' || node.did ? found : !found;
}

describe('the reference of events in an order', () => {
  it.each(ROWS)('$condition is true and false of what it says', ({ condition, trueOf, falseOf }) => {
    expect([trueOf.length > 0, falseOf.length > 0]).toEqual([true, true]);
    for (const events of trueOf) expect([events, holds(condition, events)]).toEqual([events, true]);
    for (const events of falseOf) expect([events, holds(condition, events)]).toEqual([events, false]);
  });

  it('has examples of both', () => {
    expect(ROWS.filter(({ condition }) => condition.includes('sequence')).length).toBeGreaterThan(2);
    expect(ROWS.filter(({ condition }) => condition.includes('since')).length).toBeGreaterThan(2);
  });
});

import { SESSION_MEASURES, type SessionAttribute, type SessionMeasure } from '@attrium/catalogue';
import { Timestamp } from '@attrium/event';
import { RowWriter } from '@attrium/processor';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { activities, naiveMeasures, naiveSessions, type SessionEvent } from '../../test/session-events.js';
import { writeState } from '../store/state-codec.js';
import type { AttributeReducer } from './attribute-reducer.js';
import { LATEST_SESSIONS_MAX, SESSIONS_MAX } from './limits.js';
import { reducerOf } from './reducer.js';
import type { SessionsState, State } from './state.js';
import { hashOfText } from './value-hash.js';

const GAPS = { webGapMs: 5_000, mobileGapMs: 2_000 };

function definitionOf(measure: SessionMeasure, more: Partial<SessionAttribute> = {}): SessionAttribute {
  const head = { name: 'a', key: 'a', of: 'user', visible: true, type: 'number' } as const;
  return { ...head, kind: 'session', measure, ...GAPS, ...more };
}

const add = (reducer: AttributeReducer, state: State, event: SessionEvent, now = -Infinity): State =>
  reducer.add(state, { ...event, value: undefined, units: 0n }, now);
const fold = (reducer: AttributeReducer, events: readonly SessionEvent[]): State =>
  events.reduce((state, event) => add(reducer, state, event), reducer.empty());
const plain = (value: unknown): unknown => (value instanceof Timestamp ? value.ms : value);

/** Around the gaps: every distance of events that joins and that does not is drawn often. */
const events: fc.Arbitrary<SessionEvent[]> = fc
  .array(fc.record({ at: fc.integer({ min: 0, max: 80 }), activity: activities }), { maxLength: 40 })
  .map((list) => list.map(({ at, activity }, index) => ({ at: at * 500, id: `e${index % 10}-${index}`, activity })));
const gaps = fc.constantFrom(GAPS, { webGapMs: 2_000, mobileGapMs: 2_000 }, { webGapMs: 500, mobileGapMs: 20_000 });
const times = fc.integer({ min: -1_000, max: 60_000 });

describe('sessions and a naive recomputation', () => {
  it.each(SESSION_MEASURES)('agree on %s, whatever the order of the events and the gaps', (measure) => {
    fc.assert(
      fc.property(events, gaps, times, (list, theGaps, asOf) => {
        const reducer = reducerOf(definitionOf(measure, theGaps));
        const value = plain(reducer.value(fold(reducer, list), asOf));
        const naive = naiveMeasures(list, theGaps, asOf)[measure];
        if (list.length === 0) expect(value === undefined || value === false).toBe(true);
        else if (measure.startsWith('average') || measure.startsWith('pages_'))
          expect(value).toBeCloseTo(naive as number);
        else expect(value).toEqual(naive);
      }),
    );
  });

  it('agree on the sessions themselves, after a merge of any parts too', () => {
    fc.assert(
      fc.property(events, gaps, fc.infiniteStream(fc.boolean()), (list, theGaps, sides) => {
        const reducer = reducerOf(definitionOf('exit_page', theGaps));
        const parts = Map.groupBy(list, () => sides.next().value as boolean);
        const halves = [true, false].map((side) => fold(reducer, parts.get(side) ?? []));
        const merged = reducer.merge(halves[0]!, halves[1]!) as SessionsState;
        const naive = naiveSessions(list, theGaps).map((each) => [each[0]!.at, each.at(-1)!.at]);
        expect(merged.sessions.map(({ start, end }) => [start, end])).toEqual(naive);
        expect(merged).toEqual(fold(reducer, list));
      }),
    );
  });

  it('agree on how many had an event inside a window, dropping what has left at any time', () => {
    const withinMs = 12_000;
    const reducer = reducerOf(definitionOf('count', { withinMs }));
    fc.assert(
      fc.property(events, fc.array(times, { maxLength: 40 }), (list, nows) => {
        const rising = nows.sort((a, b) => a - b);
        const read = list.map((event, index) => ({ event, now: rising[index] ?? rising.at(-1) ?? 0 }));
        const state = read.reduce((before, { event, now }) => add(reducer, before, event, now), reducer.empty());
        for (let asOf = read.at(-1)?.now ?? 0; asOf < 60_000; asOf += 700) {
          const inside = list.filter(({ at }) => at > asOf - withinMs);
          expect(reducer.value(state, asOf)).toBe(naiveSessions(inside, GAPS).length);
        }
      }),
    );
  });
});

const web = (at: number, device = 'a', id = `e${at}`): SessionEvent => ({
  at,
  id,
  activity: { key: hashOfText(device), sort: 'web', isMobile: false, isPage: true, page: `/${at}` },
});

describe('sessions', () => {
  const count = reducerOf(definitionOf('count'));
  const valueAt = (reducer: AttributeReducer, list: readonly SessionEvent[], asOf = 0): unknown =>
    plain(reducer.value(fold(reducer, list), asOf));

  it('end exactly when the gap has passed', () => {
    expect(valueAt(count, [web(0), web(4_999)])).toBe(1);
    expect(valueAt(count, [web(0), web(5_000)])).toBe(2);
    const current = reducerOf(definitionOf('current'));
    const state = fold(current, [web(0)]);
    expect([current.value(state, 4_999), current.value(state, 5_000)]).toEqual([true, false]);
    expect([current.nextDue!(state, 0), current.nextDue!(state, 5_000)]).toEqual([5_000, undefined]);
  });

  it('are joined by a late event between them, and those of two devices never', () => {
    expect(valueAt(count, [web(0), web(8_000), web(4_000)])).toBe(1);
    expect(valueAt(count, [web(0), web(8_000), web(4_000, 'b')])).toBe(3);
  });

  it('have the first and the last page of the joined session', () => {
    const list = [web(0), web(8_000), web(4_000)];
    expect(valueAt(reducerOf(definitionOf('entry_page')), list)).toBe('/0');
    expect(valueAt(reducerOf(definitionOf('exit_page')), list)).toBe('/8000');
  });
});

describe('beyond the sessions that are kept', () => {
  const many = SESSIONS_MAX + 300;
  const singles = Array.from({ length: many }, (_, index) => web(index * 10_000, `d${index % 3}`));
  const scattered = (seed: number): SessionEvent[] => singles.map((_, index) => singles[(seed + index * 701) % many]!);
  const bytesOf = (state: State): number => {
    const writer = new RowWriter();
    writeState(writer, state);
    return writer.take().byteLength;
  };

  it.each(['count', 'average_duration', 'pages_per_session'] as const)(
    '%s of sessions of one event is the same in any order and split, and marked',
    (measure) => {
      const reducer = reducerOf(definitionOf(measure));
      const whole = fold(reducer, singles) as SessionsState;
      expect(whole.sessions).toHaveLength(SESSIONS_MAX);
      expect(whole.olderCount).toBe(300);
      expect(reducer.isApproximate!(whole)).toBe(true);
      fc.assert(
        fc.property(fc.nat({ max: many }), fc.nat({ max: many }), (seed, cut) => {
          const list = scattered(seed);
          const parts = [list.slice(0, cut), list.slice(cut)].map((part) => fold(reducer, part));
          const merged = reducer.merge(parts[1]!, parts[0]!);
          expect(merged).toEqual(whole);
          expect(bytesOf(merged)).toBeLessThanOrEqual(22 + 24 * SESSIONS_MAX);
        }),
        { numRuns: 8 },
      );
    },
  );

  it('no session is missing from the count, and late events add one each at most', () => {
    const reducer = reducerOf(definitionOf('count'));
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 299 * 10_000 }), { maxLength: 30 }), (late) => {
        const times = late.map((at, index) => web(at, `d${index % 3}`, `late${index}`));
        const state = fold(reducer, [...singles, ...times]);
        const exact = naiveSessions([...singles, ...times], GAPS).length;
        const value = reducer.value(state, 0) as number;
        expect(value).toBeGreaterThanOrEqual(exact);
        expect(value).toBeLessThanOrEqual(exact + late.length);
      }),
      { numRuns: 10 },
    );
  });

  it('a window counts up to its limit, and exactly again when there are fewer', () => {
    const withinMs = (many + 1) * 10_000;
    const reducer = reducerOf(definitionOf('count', { withinMs }));
    const end = many * 10_000;
    const state = fold(reducer, singles);
    expect([reducer.value(state, end), reducer.isApproximate!(state)]).toEqual([SESSIONS_MAX, true]);
    const later = end + 400 * 10_000;
    reducer.prune!(state, later);
    const inside = singles.filter(({ at }) => at > later - withinMs).length;
    expect([reducer.value(state, later), reducer.isApproximate!(state)]).toEqual([inside, false]);
  });

  it('the latest session is exact and its state small, until an event joins it to what is not kept', () => {
    const reducer = reducerOf(definitionOf('start'));
    const state = fold(reducer, singles) as SessionsState;
    expect(state.sessions).toHaveLength(LATEST_SESSIONS_MAX);
    expect([plain(reducer.value(state, 0)), reducer.isApproximate!(state)]).toEqual([(many - 1) * 10_000, false]);
    const bridged = Array.from({ length: 3 * (many - 1) }, (_, index) =>
      web(index * 3_400, `d${(many - 1) % 3}`, `b${index}`),
    );
    const joined = fold(reducer, [...singles, ...bridged]);
    expect(reducer.isApproximate!(joined)).toBe(true);
  });
});

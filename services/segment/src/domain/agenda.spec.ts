import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type Agenda, type Appointment, earliestOf, mergeAgendas } from './agenda.js';

const appointment: fc.Arbitrary<Appointment> = fc.record({
  trigger: fc.constantFrom('a', 'b', 'c'),
  zone: fc.constantFrom('UTC', 'Asia/Tokyo'),
  at: fc.integer({ min: 1, max: 4 }),
  day: fc.constant('2026-01-01'),
  step: fc.integer({ min: 1, max: 3 }),
});
const agenda: fc.Arbitrary<Agenda> = fc
  .uniqueArray(appointment, { selector: ({ trigger }) => trigger })
  .map((list) => (list.length === 0 ? undefined : list));
const set = (of: Agenda): Set<string> => new Set(of?.map((each) => JSON.stringify(each)));

describe('the agenda of merged entities', () => {
  it('is the same in any order of merging', () => {
    fc.assert(
      fc.property(agenda, agenda, agenda, (a, b, c) => {
        expect(set(mergeAgendas(a, b))).toEqual(set(mergeAgendas(b, a)));
        expect(set(mergeAgendas(mergeAgendas(a, b), c))).toEqual(set(mergeAgendas(a, mergeAgendas(b, c))));
        expect(set(mergeAgendas(a, a))).toEqual(set(a));
      }),
    );
  });

  it('has each trigger once, and is due when the first of them is', () => {
    fc.assert(
      fc.property(agenda, agenda, (a, b) => {
        const merged = mergeAgendas(a, b);
        const triggers = merged?.map(({ trigger }) => trigger) ?? [];
        expect(new Set(triggers).size).toBe(triggers.length);
        expect(new Set(triggers)).toEqual(new Set([...(a ?? []), ...(b ?? [])].map(({ trigger }) => trigger)));
        const dues = [earliestOf(a), earliestOf(b)].filter((due) => due !== undefined);
        expect(earliestOf(merged)).toBe(dues.length === 0 ? undefined : Math.min(...dues));
      }),
    );
  });
});

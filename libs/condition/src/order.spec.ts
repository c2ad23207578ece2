/** Conditions about first and last times, events since others, and sequences. */
import { Timestamp, type ValueType } from '@attrium/event';
import { describe, expect, it } from '@jest/globals';
import type { ParsedCondition } from './condition.js';
import { parseCondition } from './parse.js';

const scope = { attributeType: (): ValueType => 'string', hasSegment: () => true };

function parse(json: unknown): ParsedCondition {
  const outcome = parseCondition(json, { over: 'entity', path: 'where', scope });
  if (outcome.kind === 'invalid') throw new Error(JSON.stringify(outcome.faults));
  return outcome.condition;
}

function faultsOf(json: unknown): [string, string][] {
  const outcome = parseCondition(json, { over: 'entity', path: 'where', scope });
  return outcome.kind === 'valid' ? [] : outcome.faults.map(({ path, code }) => [path, code]);
}

const revenue = { kind: 'compare', operand: { kind: 'property', path: ['revenue'] }, comparator: 'gt', value: 5 };

describe('conditions about events in an order', () => {
  it('read first and last times as ages and as comparisons with instants', () => {
    expect(parse({ event: 'E', first_time: { older_than: '30d' }, where: { property: 'revenue', gt: 5 } })).toEqual({
      kind: 'moment',
      which: 'first',
      event: 'E',
      where: revenue,
      test: { ageMs: 2_592_000_000, newer: false },
    });
    const moment = (test: object) => ({ kind: 'moment', which: 'last', event: 'E', where: undefined, test });
    const day = (number: number) => new Timestamp(Date.UTC(2026, 0, number));
    expect(parse({ event: 'E', last_time: { newer_than: '1h', between: ['2026-01-01', '2026-01-02'] } })).toEqual({
      kind: 'all',
      of: [
        moment({ ageMs: 3_600_000, newer: true }),
        moment({ comparator: 'gte', at: day(1) }),
        moment({ comparator: 'lte', at: day(2) }),
      ],
    });
    expect(parse({ event: 'E', last_time: { after: '2026-01-02' } })).toEqual(moment({ comparator: 'gt', at: day(2) }));
  });

  it('read how often since another event, with its own where', () => {
    const since = { event: 'Y', where: revenue };
    expect(
      parse({ event: 'X', did: true, since: { event: 'Y', where: { property: 'revenue', gt: 5 } } }),
    ).toMatchObject({
      ...{ kind: 'behaviour', event: 'X', did: true, atLeast: 1, since },
    });
    expect(parse({ event: 'X', did_not: true, at_most: 1, since: { event: 'Y' } })).toMatchObject({
      ...{ kind: 'behaviour', did: true, atLeast: 2, since: { event: 'Y' } },
    });
  });

  it('read sequences with the gaps of their steps and a window of all', () => {
    const sequence = [{ event: 'A' }, { event: 'B', within: '1h', where: { property: 'revenue', gt: 5 } }];
    expect(parse({ sequence, within: '1d' })).toEqual({
      kind: 'sequence',
      steps: [
        { event: 'A', where: undefined, withinMs: undefined },
        { event: 'B', where: revenue, withinMs: 3_600_000 },
      ],
      withinMs: 86_400_000,
    });
  });

  it('are refused with the place of each fault', () => {
    const cases: [unknown, [string, string][]][] = [
      [{ event: 'E', first_time: '30d' }, [['where.first_time', 'wrong_type']]],
      [{ event: 'E', first_time: {} }, [['where.first_time', 'missing_key']]],
      [{ event: 'E', first_time: { older_than: 'x' } }, [['where.first_time.older_than', 'wrong_value']]],
      [{ event: 'E', first_time: { before: '1h' } }, [['where.first_time.before', 'type_mismatch']]],
      [
        { event: 'E', first_time: { gt: 1 } },
        [
          ['where.first_time.gt', 'unknown_key'],
          ['where.first_time', 'missing_key'],
        ],
      ],
      [{ event: 'E', first_time: { older_than: '1h' }, last_time: {} }, [['where', 'conflicting_keys']]],
      [{ event: 'E', last_time: { older_than: '1h' }, within: '1h' }, [['where.within', 'unknown_key']]],
      [{ event: 'E', did: true, since: 'Y' }, [['where.since', 'wrong_type']]],
      [{ event: 'E', did: true, since: { event: 'Y', did: true } }, [['where.since.did', 'unknown_key']]],
      [{ event: 'E', did: true, since: { event: '' } }, [['where.since.event', 'bad_name']]],
      [{ event: 'E', did: true, since: { event: 'Y' }, within: '1h' }, [['where.since', 'conflicting_keys']]],
      [{ event: 'E', did: true, since: { event: 'Y' }, at_least: 1_001 }, [['where.at_least', 'over_limit']]],
      [{ event: 'E', sum: 'x', gt: 1, since: { event: 'Y' } }, [['where.since', 'unknown_key']]],
      [{ sequence: [{ event: 'A' }] }, [['where.sequence', 'wrong_value']]],
      [{ sequence: Array.from({ length: 6 }, () => ({ event: 'A' })) }, [['where.sequence', 'over_limit']]],
      [{ sequence: [{ event: 'A', within: '1h' }, { event: 'B' }] }, [['where.sequence[0].within', 'not_here']]],
      [{ sequence: [{ event: 'A' }, 'B'] }, [['where.sequence[1]', 'wrong_type']]],
      [{ sequence: [{ event: 'A' }, { event: 'B', did: true }] }, [['where.sequence[1].did', 'unknown_key']]],
      [{ sequence: [{ event: 'A' }, { event: 'B' }], did: true }, [['where.did', 'unknown_key']]],
      [
        { sequence: [{ event: 'A' }, { event: 'B', where: { attribute: 'x', equals: 1 } }] },
        [['where.sequence[1].where.attribute', 'not_here']],
      ],
    ];
    for (const [json, faults] of cases) expect([json, faultsOf(json)]).toEqual([json, faults]);
    const overEvent = parseCondition({ sequence: [] }, { over: 'event', path: 'where' });
    expect(overEvent).toMatchObject({ faults: [{ path: 'where.sequence', code: 'not_here' }] });
  });
});

/** What conditions about events in an order compile to. */
import { Timestamp } from '@attrium/event';
import { describe, expect, it } from '@jest/globals';
import { compileCatalogue } from './compile.js';
import { parseCatalogue } from './parse.js';

function compiled(...conditions: readonly unknown[]) {
  const segments = conditions.map((where, index) => ({ name: `s${index}`, of: 'user', where }));
  const outcome = parseCatalogue({ segments });
  if (outcome.kind === 'invalid') throw new Error(JSON.stringify(outcome.faults));
  return compileCatalogue({ workspace: 'w', revision: 1, catalogue: outcome.catalogue });
}

describe('conditions about events in an order', () => {
  it('become unnamed booleans that look for a pattern; equal ones are one', () => {
    const sequence = [{ event: 'A' }, { event: 'B', within: '1h' }];
    const since = { event: 'X', did: true, since: { event: 'Y' } };
    const { attributes, segments } = compiled(
      { sequence },
      { not: { sequence } },
      { sequence, within: '1d' },
      since,
      { event: 'X', did_not: true, since: { event: 'Y' } },
      { ...since, at_least: 2 },
    );
    expect(attributes).toHaveLength(4);
    expect(attributes[0]).toMatchObject({
      ...{ kind: 'computed', type: 'boolean', visible: false, event: 'A' },
      pattern: { kind: 'sequence', steps: [{ event: 'A' }, { event: 'B', withinMs: 3_600_000 }] },
    });
    expect(attributes[2]).toMatchObject({
      pattern: { kind: 'since', steps: [{ event: 'X' }, { event: 'Y' }], atLeast: 1 },
    });
    const asked = (index: number) => segments[index]!.attributes;
    expect([asked(1), asked(4)]).toEqual([asked(0), asked(3)]);
    expect(segments[4]!.where).toEqual({ kind: 'not', of: segments[3]!.where });
  });

  it('become times that are compared, or ages: one attribute for all comparisons of a time', () => {
    const { attributes, segments } = compiled(
      { event: 'A', first_time: { after: '2026-01-01' } },
      { event: 'A', first_time: { before: '2026-02-01' } },
      { event: 'A', first_time: { older_than: '1h' } },
      { event: 'A', last_time: { older_than: '1h' } },
    );
    expect(attributes).toMatchObject([
      { reducer: 'first_time', type: 'timestamp', event: 'A' },
      { reducer: 'first_time', type: 'boolean', age: { ageMs: 3_600_000, newer: false } },
      { reducer: 'last_time', type: 'boolean', age: { ageMs: 3_600_000, newer: false } },
    ]);
    expect(segments[1]!.where).toEqual({
      kind: 'compare',
      operand: { kind: 'attribute', name: attributes[0]!.name },
      comparator: 'lt',
      value: new Timestamp(Date.UTC(2026, 1, 1)),
    });
  });

  it('are of the kind of their definition: what is asked of accounts is another attribute', () => {
    const conditions = [
      { sequence: [{ event: 'A' }, { event: 'B' }] },
      { event: 'X', did: true, since: { event: 'Y' } },
      { event: 'A', first_time: { after: '2026-01-01' } },
      { event: 'A', last_time: { older_than: '1h' } },
    ];
    const segments = conditions.flatMap((where, index) =>
      ['user', 'account'].map((of) => ({ name: `${of}_${index}`, of, where })),
    );
    const outcome = parseCatalogue({ segments });
    if (outcome.kind === 'invalid') throw new Error(JSON.stringify(outcome.faults));
    const { attributes } = compileCatalogue({ workspace: 'w', revision: 1, catalogue: outcome.catalogue });
    expect(attributes.map(({ of }) => of)).toEqual(conditions.flatMap(() => ['user', 'account']));
    expect(new Set(attributes.map(({ name }) => name)).size).toBe(attributes.length);
  });

  it('count towards the limit of different event conditions', () => {
    const where = {
      any: Array.from({ length: 251 }, (_, index) => ({ event: `E${index}`, first_time: { older_than: '1h' } })),
    };
    const other = { any: where.any.map(({ event }) => ({ event, last_time: { older_than: '1h' } })) };
    const outcome = parseCatalogue({
      segments: [where, other].map((of, at) => ({ name: `s${at}`, of: 'user', where: of })),
    });
    expect(outcome).toMatchObject({ kind: 'invalid', faults: [{ code: 'over_limit' }] });
  });
});

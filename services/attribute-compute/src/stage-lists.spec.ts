/** What imports of static lists say is one unnamed value for each list: the latest word, in any order, over merges, and no session. */
import { compileActivated, isUnnamed } from '@attrium/catalogue';
import type { LogRecord } from '@attrium/event';
import { stageHarness } from '@attrium/testing';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { catalogueRecord, merged, profileIn, resolved, T0 } from '../test/records.js';
import { newAttributeCounters } from './counters.js';
import type { AttributesAnswer } from './domain/question.js';
import { bindingWith } from './stage.js';

const lists = ['vips', 'staff'];
const session = { name: 'sessions', kind: 'user', type: 'number', compute: { session: 'count' } };
const catalogue = catalogueRecord([session], 1, {
  segments: lists.map((name) => ({ name, of: 'user', static: true })),
});
/** Of the unnamed attributes, in the order of the lists. */
const names = compileActivated({
  ...catalogue,
  catalogueJson: new TextDecoder().decode(catalogue.catalogue),
}).attributes.flatMap(({ name }) => (isUnnamed(name) ? [name] : []));
const older = profileIn(0, 1, 1);
const younger = profileIn(0, 2, 1);

interface Word {
  readonly list: string;
  readonly at: number;
  readonly member: boolean;
  readonly to: 0 | 1;
}

const drawn: fc.Arbitrary<Word[]> = fc.array(
  fc.record({
    list: fc.constantFrom(...lists),
    at: fc.nat(5),
    member: fc.boolean(),
    to: fc.constantFrom(0 as const, 1 as const),
  }),
  { maxLength: 14 },
);

describe('imports of static lists', () => {
  it('leave the latest word of each list, within one import "in it", in any order and over a merge', () => {
    fc.assert(
      fc.property(drawn, fc.nat(14), (words, mergedAt) => {
        const harness = stageHarness(bindingWith(newAttributeCounters()), { partitions: 1 });
        const read = (record: LogRecord): void => {
          for (const { fact, relayTo } of harness.read(record, T0)) if (relayTo !== undefined) harness.read(fact, T0);
        };
        read(catalogue);
        for (const [index, { list, at, member, to }] of words.entries()) {
          if (index === mergedAt) read(merged('m', older, younger, T0));
          const entity = to === 0 || index >= mergedAt ? older : younger;
          const id = `list:${list}:${at}:${member ? 1 : 0}:${index}`;
          const identifiers = [{ type: 'anonymous_id', value: 'a' }];
          read(
            resolved(entity, {
              id,
              name: `$list:${list}`,
              at: T0 + at,
              identifiers,
              payload: { properties: { member } },
            }),
          );
        }
        if (words.length <= mergedAt) read(merged('m', older, younger, T0));
        const question = { kind: 'attributes', workspace: older.workspace, ordinal: 1, names: ['sessions', ...names] };
        const answer = harness.answer(question) as AttributesAnswer;
        const values = answer.kind === 'attributes' ? answer.attributes : new Map();
        const expected = lists.map((list) => {
          const said = words.filter((word) => word.list === list);
          const latest = Math.max(...said.map(({ at }) => at));
          return said.some(({ at, member }) => at === latest && member);
        });
        expect(names.map((name) => values.get(name)?.value ?? false)).toEqual(expected);
        expect(values.has('sessions')).toBe(false);
      }),
    );
  });
});

import type { LogRecord } from '@attrium/event';
import { type Emitted, type StageHarness, stageHarness } from '@attrium/testing';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { catalogueRecord, merged, profileIn, resolved, T0 } from '../test/records.js';
import { newAttributeCounters } from './counters.js';
import type { AttributesAnswer } from './domain/question.js';
import { bindingWith } from './stage.js';

const consent = {
  purposes: [{ name: 'marketing' }, { name: 'service' }],
  channels: ['email', 'push'],
  from: [{ trait: 'optin', purpose: 'marketing', channel: 'email' }],
};
const older = profileIn(0, 1);
const younger = profileIn(1, 2);

interface Statement {
  readonly id: string;
  readonly at: number;
  readonly to: 0 | 1;
  /** By purpose, then by channel, `_` or `*`. */
  readonly statements: Readonly<Record<string, Readonly<Record<string, boolean>>>>;
  readonly optin: boolean | undefined;
}

const recordOf = ({ id, at, to, statements, optin }: Statement): LogRecord =>
  resolved(to === 0 ? older : younger, {
    id,
    name: '$consent',
    at,
    payload: { properties: { statements }, ...(optin === undefined ? {} : { context: { traits: { optin } } }) },
  });

/** What was stated last; of one time, by the greatest id. */
function latest(list: readonly Statement[], read: (statement: Statement) => boolean | undefined): boolean | undefined {
  const ordered = [...list].sort((a, b) => a.at - b.at || (a.id < b.id ? -1 : 1));
  return ordered.map(read).findLast((value) => value !== undefined);
}

function expected(list: readonly Statement[]): Record<string, boolean> {
  const found: Record<string, boolean> = {};
  for (const purpose of ['marketing', 'service']) {
    for (const channel of ['_', 'email', 'push']) {
      const value = latest(list, ({ statements, optin }) => {
        const trait = purpose === 'marketing' && channel === 'email' ? optin : undefined;
        return statements[purpose]?.[channel] ?? statements[purpose]?.['*'] ?? trait;
      });
      if (value !== undefined) found[`$consent.${purpose}${channel === '_' ? '' : `.${channel}`}`] = value;
    }
  }
  return found;
}

function statedIn(harness: StageHarness): Record<string, unknown> {
  const question = { kind: 'attributes', workspace: older.workspace, ordinal: older.ordinal, consent: true };
  const answer = harness.answer(question) as AttributesAnswer;
  if (answer.kind !== 'attributes') return {};
  return Object.fromEntries([...answer.attributes].map(([name, { value }]) => [name, value]));
}

function open(counters = newAttributeCounters()): readonly [StageHarness, StageHarness] {
  const harnesses = [0, 1].map((partition) => stageHarness(bindingWith(counters), { partition, partitions: 4 }));
  for (const harness of harnesses) harness.read(catalogueRecord([], 1, { consent }), T0);
  return harnesses as [StageHarness, StageHarness];
}

const channels = fc.dictionary(fc.constantFrom('_', '*', 'email', 'push'), fc.boolean());
const statement = fc.record({
  // Few times, so that many are equal.
  at: fc.nat({ max: 4 }).map((late) => T0 - late),
  to: fc.constantFrom(0 as const, 1 as const),
  statements: fc.dictionary(fc.constantFrom('marketing', 'service'), channels),
  optin: fc.constantFrom(undefined, true, false),
});

describe('what was stated of consent', () => {
  it('is the same in any order of arrival, and however it lay on two profiles before they were merged', () => {
    const arrived = fc
      .array(statement, { maxLength: 10 })
      .map((list) => list.map((each, index): Statement => ({ ...each, id: `e${index}` })))
      .chain((list) => fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })));
    fc.assert(
      fc.property(arrived, fc.nat({ max: 10 }), ([list, order], mergeAfter) => {
        const [first, second] = open();
        const before = order.slice(0, mergeAfter);
        for (const each of before) (each.to === 0 ? first : second).read(recordOf(each), T0);
        const merge = merged('m', older, younger, T0 + 1);
        first.read(merge, T0 + 1);
        const relayed = second.read(merge, T0 + 1).filter(({ relayTo }: Emitted) => relayTo === 0);
        for (const each of order.slice(mergeAfter)) first.read(recordOf({ ...each, to: 0 }), T0 + 2);
        for (const { fact } of relayed) first.read(fact, T0 + 3);
        first.restart();
        expect(statedIn(first)).toEqual(expected(list));
      }),
    );
  });

  it('is no part of the attributes that are asked for in general, and may be asked for by name', () => {
    const [harness] = open();
    harness.read(recordOf({ id: 'a', at: T0, to: 0, statements: { service: { _: true } }, optin: undefined }), T0);
    const ask = (more: object) => {
      const question = { kind: 'attributes', workspace: older.workspace, ordinal: older.ordinal, ...more };
      return [...(harness.answer(question) as AttributesAnswer & { kind: 'attributes' }).attributes.keys()];
    };
    expect(ask({})).toEqual([]);
    expect(ask({ names: ['$consent.service'] })).toEqual(['$consent.service']);
  });

  it('stays when a trait is mapped anew, and when a channel goes that it is not of', () => {
    const [harness] = open();
    harness.read(recordOf({ id: 'a', at: T0, to: 0, statements: { marketing: { '*': false } }, optin: true }), T0);
    harness.read(catalogueRecord([], 2, { consent: { ...consent, from: [], channels: ['email'] } }), T0 + 1);
    expect(statedIn(harness)).toEqual({ '$consent.marketing': false, '$consent.marketing.email': false });
  });

  it('is refused visibly where it is of nothing that the catalogue names, or no truth value', () => {
    const counters = newAttributeCounters();
    const [harness] = open(counters);
    const statements = { marketing: { fax: true, _: 'yes' }, other: { _: true, '*': true } };
    const payload = { properties: { statements } };
    harness.read(resolved(older, { id: 'a', name: '$consent', at: T0, payload }), T0);
    expect(statedIn(harness)).toEqual({});
    expect(Object.fromEntries(counters.refusedValues)).toEqual({ 'shop/$consent': 3, 'shop/$consent.marketing': 1 });
  });
});

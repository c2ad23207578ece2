import type { LogRecord } from '@attrium/event';
import { type Emitted, type StageHarness, stageHarness } from '@attrium/testing';
import { describe, expect, it } from '@jest/globals';
import { catalogueRecord, changesIn, isChange, merged, profileIn, resolved, T0 } from '../test/records.js';
import { newAttributeCounters } from './counters.js';
import type { AttributesAnswer } from './domain/question.js';
import { bindingWith } from './stage.js';

const count = (name: string, more: object = {}) => ({
  name,
  kind: 'user',
  type: 'number',
  compute: { count: 'Order', ...more },
});
const STAYS = count('stays');
const RETURNS = count('returns');
const WINDOW = count('window', { within: '1m' });

const ada = profileIn(0, 1, 2);
const bob = profileIn(0, 2, 2);
const eve = profileIn(1, 3, 2);

let ids = 0;
const order = (entity: typeof ada, at = T0) => resolved(entity, { id: `e${++ids}`, name: 'Order', at });

function open(partition = 0): StageHarness {
  const harness = stageHarness(bindingWith(newAttributeCounters()), { partition, partitions: 2 });
  harness.read(catalogueRecord([STAYS, RETURNS, WINDOW], 1), T0);
  return harness;
}

function valuesOf(harness: StageHarness, { ordinal }: typeof ada): Record<string, unknown> {
  const answer = harness.answer({ kind: 'attributes', workspace: 'shop', ordinal }) as AttributesAnswer;
  if (answer.kind !== 'attributes') throw new Error(answer.kind);
  return Object.fromEntries([...answer.attributes].map(([name, { value }]) => [name, value]));
}

const transferIn = (emitted: readonly Emitted[]): LogRecord =>
  emitted.map(({ fact }) => fact).find(({ kind }) => kind === 'state-transferred')!;

describe('an attribute that leaves the catalogue and comes back with the same meaning', () => {
  it('starts anew in every profile, whether it was touched meanwhile or not', () => {
    const harness = open();
    for (const each of [ada, bob]) harness.read(order(each), T0);
    harness.read(catalogueRecord([STAYS], 2), T0);
    harness.read(order(ada), T0);
    harness.read(catalogueRecord([STAYS, RETURNS, WINDOW], 3), T0);
    for (const [each, stays] of [
      [ada, 2],
      [bob, 1],
    ] as const) {
      expect(valuesOf(harness, each)).toEqual({ stays });
      expect(changesIn(harness.read(order(each), T0))).toEqual([
        ['stays', stays, stays + 1],
        ['returns', undefined, 1],
        ['window', undefined, 1],
      ]);
    }
  });

  it('says nothing when a window would have ended', () => {
    const harness = open();
    harness.read(order(ada), T0);
    harness.read(catalogueRecord([STAYS], 2), T0);
    harness.read(catalogueRecord([STAYS, RETURNS, WINDOW], 3), T0);
    expect(harness.tick(T0 + 60_000).filter(({ fact }) => isChange(fact))).toEqual([]);
  });

  it('goes on where it was never gone, over any number of revisions and a restart', () => {
    const harness = open();
    harness.read(order(ada), T0);
    for (const revision of [2, 3]) harness.read(catalogueRecord([STAYS, RETURNS], revision), T0);
    harness.restart();
    expect(changesIn(harness.read(order(ada), T0))).toEqual([
      ['stays', 1, 2],
      ['returns', 1, 2],
    ]);
  });
});

describe('an edit that is reverted', () => {
  it('starts the state anew and knows what was published last', () => {
    const harness = open();
    for (const at of [T0, T0 + 1]) harness.read(order(ada, at), T0);
    harness.read(catalogueRecord([STAYS, count('returns', { within: '1h' }), WINDOW], 2), T0);
    harness.read(catalogueRecord([STAYS, RETURNS, WINDOW], 3), T0);
    expect(valuesOf(harness, ada)).toMatchObject({ returns: 2 });
    expect(changesIn(harness.read(order(ada), T0))).toContainEqual(['returns', 2, 1]);
  });
});

describe('a merge over a catalogue in which an attribute came back', () => {
  it("takes of the loser's states only what was there all the time since its own revision", () => {
    const [harness, away] = [open(), open(1)];
    harness.read(order(ada), T0);
    for (const at of [T0, T0 + 1]) away.read(order(eve, at), T0);
    const merge = merged('m', ada, eve, T0);
    const transfer = transferIn(away.read(merge, T0));
    harness.read(catalogueRecord([STAYS], 2), T0);
    harness.read(merge, T0);
    harness.read(order(ada), T0);
    harness.read(catalogueRecord([STAYS, RETURNS, WINDOW], 3), T0);
    // What the survivor folds while it is held counts.
    harness.read(order(ada), T0);
    expect(changesIn(harness.read(transfer, T0))).toEqual([
      ['stays', 1, 5],
      ['returns', undefined, 1],
      ['window', undefined, 1],
    ]);
  });
});

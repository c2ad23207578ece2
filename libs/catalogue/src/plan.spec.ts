import { describe, expect, it } from '@jest/globals';
import type { Catalogue } from './definitions.js';
import { parseCatalogue } from './parse.js';
import { planCatalogue } from './plan.js';

const valid = (json: unknown): Catalogue => {
  const outcome = parseCatalogue(json);
  if (outcome.kind === 'invalid') throw new Error(JSON.stringify(outcome.faults));
  return outcome.catalogue;
};
const catalogue = (change: { within?: string; visibility?: string; gt?: number; frequency?: string } = {}): Catalogue =>
  valid({
    attributes: [
      {
        name: 'orders',
        kind: 'user',
        type: 'number',
        visibility: change.visibility,
        compute: { count: 'Order', within: change.within },
      },
    ],
    segments: [{ name: 'vips', of: 'user', where: { attribute: 'orders', gt: change.gt ?? 5 } }],
    triggers: [
      {
        name: 'hello',
        when: { segment: 'vips', enters: true },
        frequency: change.frequency ?? 'every',
        deliver: [{ stream: true }],
      },
    ],
  });
const plan = (before: Catalogue | undefined, after: Catalogue): string[] =>
  planCatalogue(before, after).map(
    (item) => `${item.kind} ${item.of} ${item.name}${item.fromNowOn ? ' from now on' : ''}`,
  );

describe('the plan of a catalogue', () => {
  it('says that a list of another length, of another property or with another strategy begins anew', () => {
    const list = (compute: object): Catalogue =>
      valid({
        attributes: [
          { name: 'skus', kind: 'user', type: 'string_list', compute: { distinct_list: 'Order', ...compute } },
        ],
      });
    const tags = (merge: string): Catalogue =>
      valid({ attributes: [{ name: 'tags', kind: 'user', type: 'string_list', merge, from: [{ trait: 'tags' }] }] });
    const anew = ['changed attribute skus'];
    const visits = (compute: object): Catalogue =>
      valid({
        attributes: [{ name: 'visits', kind: 'user', type: 'number', compute: { session: 'count', ...compute } }],
      });
    expect(plan(visits({}), visits({ gap: { web: '30m', mobile: '5m' } }))).toEqual([]);
    expect(plan(visits({}), visits({ gap: '5m' }))).toEqual(['changed attribute visits']);
    expect(plan(list({ of: 'sku' }), list({ of: 'sku', limit: 100 }))).toEqual([]);
    expect(plan(list({ of: 'sku' }), list({ of: 'sku', limit: 5 }))).toEqual(anew);
    expect(plan(list({ of: 'sku', limit: 5 }), list({ of: 'sku', limit: 6 }))).toEqual(anew);
    expect(plan(list({ of: 'sku' }), list({ of: 'name' }))).toEqual(anew);
    expect(plan(list({ of: 'sku' }), list({ of: 'sku', within: '30d' }))).toEqual(anew);
    expect(plan(tags('most_recent'), tags('union'))).toEqual(['changed attribute tags']);
  });

  it('of nothing before adds everything, triggers from now on', () => {
    expect(plan(undefined, catalogue())).toEqual([
      'added attribute orders',
      'added segment vips',
      'added trigger hello from now on',
    ]);
  });

  it('of the same catalogue is empty', () => {
    expect(planCatalogue(catalogue(), catalogue())).toEqual([]);
  });

  it('says that an attribute with another meaning begins anew', () => {
    const items = planCatalogue(catalogue(), catalogue({ within: '30d' }));
    expect(items).toEqual([
      {
        kind: 'changed',
        of: 'attribute',
        name: 'orders',
        fromNowOn: false,
        notice: 'its values stay until the new ones are computed from history',
      },
    ]);
  });

  it('says that an attribute which is only hidden keeps its values', () => {
    expect(plan(catalogue(), catalogue({ visibility: 'hidden' }))).toEqual(['changed attribute orders']);
  });

  it('finds changed segments and triggers', () => {
    expect(plan(catalogue(), catalogue({ gt: 6, frequency: 'once' }))).toEqual([
      'changed segment vips',
      'changed trigger hello from now on',
    ]);
  });

  it('finds what is removed', () => {
    expect(plan(catalogue(), valid({}))).toEqual([
      'removed attribute orders',
      'removed segment vips',
      'removed trigger hello',
    ]);
  });
});

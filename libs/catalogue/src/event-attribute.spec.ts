import { describe, expect, it } from '@jest/globals';
import { parseCatalogue } from './parse.js';
import { planCatalogue } from './plan.js';

type Json = Readonly<Record<string, unknown>>;
const orderValue: Json = {
  name: 'order_value',
  kind: 'event',
  type: 'number',
  from: [{ property: 'revenue' }, { source: 'shopify', path: 'total.price' }, { event: 'Order', property: 'total' }],
};
const mapped = {
  kind: 'event_attribute',
  name: 'order_value',
  type: 'number',
  from: [{ path: ['revenue'] }, { path: ['total', 'price'], source: 'shopify' }, { path: ['total'], event: 'Order' }],
};
const of = { event_attribute: 'order_value' };
const computed = (compute: Json, type = 'number'): Json => ({ name: 'x', kind: 'user', type, compute });
const segment = (where: Json): Json => ({ segments: [{ name: 's', of: 'user', where }] });
function faultsOf(attributes: readonly Json[], more: Json = {}): readonly string[] {
  const outcome = parseCatalogue({ attributes, ...more });
  return outcome.kind === 'valid' ? [] : outcome.faults.map(({ path, code }) => `${path} ${code}`);
}
function catalogueOf(attributes: readonly Json[], more: Json = {}) {
  const outcome = parseCatalogue({ attributes, ...more });
  if (outcome.kind === 'invalid') throw new Error(JSON.stringify(outcome.faults));
  return outcome.catalogue;
}

describe('event attributes', () => {
  it('are read by reducers, by where and by event conditions of segments, whatever the order of definitions', () => {
    const where = { event_attribute: 'order_value', gt: 10 };
    const event = { event: 'Order', sum: of, gt: 5, where };
    const catalogue = catalogueOf([computed({ sum: 'Order', of, where }), orderValue], segment(event));
    const compare = { kind: 'compare', operand: mapped, comparator: 'gt', value: 10 };
    expect(catalogue).toMatchObject({
      attributes: [{ name: 'x', eventAttribute: mapped, property: undefined, where: compare }],
      eventAttributes: [mapped],
      segments: [{ where: { kind: 'aggregate', eventAttribute: mapped, where: compare } }],
    });
  });

  it('are compared by their type', () => {
    const at = { ...orderValue, name: 'at', type: 'timestamp' };
    const where = { event_attribute: 'at', after: '2026-01-01' };
    expect(faultsOf([at, computed({ count: 'Order', where })])).toEqual([]);
    expect(
      faultsOf([orderValue, computed({ count: 'Order', where: { event_attribute: 'order_value', starts_with: 'a' } })]),
    ).toEqual(['attributes[1].compute.where.starts_with type_mismatch']);
  });

  it('are planned, and so is what reads them', () => {
    const before = catalogueOf([orderValue, computed({ sum: 'Order', of })]);
    const after = catalogueOf([{ ...orderValue, from: [{ property: 'value' }] }, computed({ sum: 'Order', of })]);
    expect(planCatalogue(before, after).map(({ kind, name }) => `${kind} ${name}`)).toEqual([
      'changed x',
      'changed order_value',
    ]);
    expect(planCatalogue(before, before)).toEqual([]);
  });

  const cases: readonly [string, readonly Json[], readonly string[]][] = [
    ['computed', [{ ...orderValue, compute: { count: 'Order' } }], ['attributes[0].compute conflicting_keys']],
    ['merged', [{ ...orderValue, merge: 'max' }], ['attributes[0].merge conflicting_keys']],
    ['hidden', [{ ...orderValue, visibility: 'hidden' }], ['attributes[0].visibility conflicting_keys']],
    ['of nothing', [{ ...orderValue, from: undefined }], ['attributes[0] missing_key']],
    ['of a trait', [{ ...orderValue, from: [{ trait: 'revenue' }] }], ['attributes[0].from[0].trait not_here']],
    [
      'of a path without a source',
      [{ ...orderValue, from: [{ path: 'a' }] }],
      ['attributes[0].from[0].source missing_key'],
    ],
    [
      'faulty, and read',
      [{ ...orderValue, type: 'money' }, computed({ sum: 'Order', of })],
      ['attributes[0].type wrong_value'],
    ],
    [
      'named twice',
      [orderValue, { ...computed({ count: 'Order' }), name: 'order_value' }],
      ['attributes[1].name duplicate_name'],
    ],
    ['unknown', [computed({ sum: 'Order', of })], ['attributes[0].compute.of.event_attribute unknown_attribute']],
    [
      'of a type that cannot be added up',
      [{ ...orderValue, type: 'string' }, computed({ sum: 'Order', of })],
      ['attributes[1].compute.of.event_attribute type_mismatch'],
    ],
    [
      'of another type than the value',
      [orderValue, computed({ last_value: 'Order', of }, 'string')],
      ['attributes[1].compute.of.event_attribute type_mismatch'],
    ],
  ];
  it.each(cases)('are refused: %s', (_what, attributes, expected) => {
    expect(faultsOf(attributes)).toEqual(expected);
  });

  it('are no attributes of a profile', () => {
    const asked = segment({ attribute: 'order_value', gt: 1 });
    expect(faultsOf([orderValue], asked)).toEqual(['segments[0].where.attribute unknown_attribute']);
    expect(faultsOf([orderValue], segment({ event_attribute: 'order_value', gt: 1 }))).toEqual([
      'segments[0].where.event_attribute not_here',
    ]);
    expect(faultsOf([orderValue, computed({ formula: 'order_value + 1' })])).toEqual([
      'attributes[1].compute.formula unknown_attribute',
    ]);
    const text = { ...orderValue, type: 'string' };
    expect(faultsOf([text], segment({ event: 'Order', sum: of, gt: 1 }))).toEqual([
      'segments[0].where.sum type_mismatch',
    ]);
  });
});

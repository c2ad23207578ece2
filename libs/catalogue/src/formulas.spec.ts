import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { compileCatalogue } from './compile.js';
import { inOrderOfReading } from './formulas.js';
import { FORMULA_CHAIN_MAX, FORMULAS_MAX } from './limits.js';
import { parseCatalogue } from './parse.js';

const orders = { name: 'orders', kind: 'user', type: 'number', compute: { count: 'Order' } };
const formula = (name: string, text: string, type = 'number'): object => ({
  name,
  kind: 'user',
  type,
  compute: { formula: text },
});
function faultsOf(attributes: readonly object[], more: object = {}): readonly string[] {
  const outcome = parseCatalogue({ attributes, ...more });
  return outcome.kind === 'valid' ? [] : outcome.faults.map(({ path, code, message }) => `${path} ${code} ${message}`);
}

describe('formulas of a catalogue', () => {
  it('read attributes and each other, in any order of definition', () => {
    const outcome = parseCatalogue({
      attributes: [formula('twice', 'more * 2'), formula('more', 'orders + 1'), orders],
    });
    if (outcome.kind === 'invalid') throw new Error(JSON.stringify(outcome.faults));
    expect(outcome.catalogue.attributes.slice(0, 2)).toMatchObject([
      { kind: 'formula', name: 'twice', formula: 'more * 2', reads: ['more'] },
      { kind: 'formula', name: 'more', formula: 'orders + 1', reads: ['orders'] },
    ]);
    const compiled = compileCatalogue({ workspace: 'w', revision: 1, catalogue: outcome.catalogue });
    expect(compiled.attributes[0]).toMatchObject({ kind: 'formula', key: expect.stringMatching(/^twice~/) });
  });

  it('are used by segments and triggers with their type', () => {
    const segments = [{ name: 'busy', of: 'user', where: { attribute: 'more', gt: 3 } }];
    const triggers = [
      { name: 'up', when: { attribute: 'more', crosses: { up: 3 } }, frequency: 'every', deliver: [{ stream: true }] },
    ];
    expect(faultsOf([orders, formula('more', 'orders + 1')], { segments, triggers })).toEqual([]);
    const wrong = [{ name: 'busy', of: 'user', where: { attribute: 'more', starts_with: 'a' } }];
    expect(faultsOf([orders, formula('more', 'orders + 1')], { segments: wrong })).toEqual([
      expect.stringContaining('segments[0].where.starts_with type_mismatch'),
    ]);
  });

  const cases: readonly [string, readonly object[], readonly string[]][] = [
    ['of another type', [orders, formula('x', 'orders > 1')], ['attributes[1].type type_mismatch']],
    ['of an unknown name', [orders, formula('x', 'order')], ['attributes[1].compute.formula unknown_attribute']],
    [
      'over a definition that is faulty itself',
      [{ ...orders, type: 'many' }, formula('x', 'orders + 1')],
      ['attributes[0].type wrong_value'],
    ],
    ['of itself', [orders, formula('x', 'x + 1')], ['attributes[1].compute.formula attribute_cycle']],
    [
      'in a circle',
      [formula('x', 'y + 1'), formula('y', 'z'), formula('z', 'x')],
      ['attributes[0].compute.formula attribute_cycle attributes may not depend on themselves: x → y → z → x'],
    ],
    [
      'with a window of its own',
      [orders, { ...formula('x', 'orders'), compute: { formula: 'orders', within: '30d' } }],
      ['attributes[1].compute.within conflicting_keys'],
    ],
    [
      'beside a reducer',
      [orders, { ...formula('x', 'orders'), compute: { formula: 'orders', count: 'Order' } }],
      ['attributes[1].compute.count conflicting_keys'],
    ],
    [
      'too many',
      [orders, ...Array.from({ length: FORMULAS_MAX + 1 }, (_, index) => formula(`f${index}`, 'orders'))],
      [' over_limit there may be at most 50 formulas'],
    ],
    [
      'too deep',
      [
        orders,
        ...Array.from({ length: FORMULA_CHAIN_MAX + 1 }, (_, index) =>
          formula(`f${index}`, index === 0 ? 'orders' : `f${index - 1}`),
        ),
      ],
      ['attributes[11].compute.formula over_limit'],
    ],
  ];
  it.each(cases)('are refused: %s', (_what, attributes, expected) => {
    const faults = faultsOf(attributes);
    expect(faults.map((fault, index) => fault.slice(0, expected[index]?.length ?? 0))).toEqual(expected);
  });

  it('of times have no age', () => {
    const last = { name: 'last', kind: 'user', type: 'timestamp', compute: { last_time: 'Order' } };
    const segments = [{ name: 'old', of: 'user', where: { attribute: 'next', older_than: '30d' } }];
    expect(faultsOf([last, formula('next', 'last + duration("30d")', 'timestamp')], { segments })).toEqual([
      expect.stringMatching(/^segments\[0\]\.where not_here next is a formula/),
    ]);
  });
});

describe('the order of calculation', () => {
  /** Each reads some of those before it. */
  const graph = fc.array(fc.array(fc.nat({ max: 30 }), { maxLength: 4 }), { maxLength: 12 }).map((list) =>
    list.map((reads, index) => ({
      name: `f${index}`,
      reads: ['base', ...new Set(reads.filter((each) => each < index).map((each) => `f${each}`))],
    })),
  );

  it('puts each after what it reads, whatever the order of definition', () => {
    fc.assert(
      fc.property(
        graph.chain((list) => fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length }))),
        ([list, shuffled]) => {
          const order = inOrderOfReading(list).map(({ name }) => name);
          expect(inOrderOfReading(shuffled).map(({ name }) => name)).toEqual(order);
          for (const { name, reads } of list) {
            for (const read of reads) expect(order.indexOf(read)).toBeLessThan(order.indexOf(name));
          }
          expect([...order].sort()).toEqual(list.map(({ name }) => name).sort());
        },
      ),
    );
  });
});

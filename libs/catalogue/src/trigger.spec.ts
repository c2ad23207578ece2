import { describe, expect, it } from '@jest/globals';
import { compileCatalogue } from './compile.js';
import { parseCatalogue } from './parse.js';

const welcome = {
  name: 'welcome',
  when: { segment: 'vips', enters: true },
  frequency: 'once',
  deliver: [{ stream: true }],
};

function withTrigger(change: object): unknown {
  return {
    attributes: [
      { name: 'email', kind: 'user', type: 'string', from: [{ trait: 'email' }] },
      { name: 'orders', kind: 'user', type: 'number', compute: { count: 'Order Completed' } },
    ],
    segments: [{ name: 'vips', of: 'user', where: { attribute: 'orders', gt: 5 } }],
    triggers: [{ ...welcome, ...change }],
  };
}

function faultsOf(json: unknown): string[] {
  const outcome = parseCatalogue(json);
  if (outcome.kind === 'valid') return [];
  for (const fault of outcome.faults) expect(fault.message).not.toBe('');
  return outcome.faults.map(({ path, code }) => `${path} ${code}`);
}

describe('triggers', () => {
  it('may watch for changes of a certain way, have a frequency per key, and be paused', () => {
    const outcome = parseCatalogue(
      withTrigger({
        when: { attribute: 'orders', from: null, to: { gte: 3, lt: 9 }, by: { up: 2 } },
        state: 'paused',
        frequency: { once: true, key: 'email' },
      }),
    );
    expect(outcome.kind === 'valid' && outcome.catalogue.triggers[0]).toMatchObject({
      paused: true,
      when: { kind: 'attribute', attribute: 'orders', moves: [{ by: { up: 2 } }] },
      frequency: { kind: 'once', key: 'email' },
    });
  });

  it('may fire for those who are in a segment already, at a pace, and for those who enter it later', () => {
    const whenOf = (when: object): unknown => {
      const outcome = parseCatalogue(withTrigger({ when: { segment: 'vips', ...when } }));
      return outcome.kind === 'valid' && outcome.catalogue.triggers[0]?.when;
    };
    const vips = { kind: 'segment', segment: 'vips', exits: false };
    expect(whenOf({ in: true })).toEqual({ ...vips, enters: false, present: { perSecond: 1_000 } });
    expect(whenOf({ in: { per_second: 5 }, enters: true })).toEqual({
      ...vips,
      enters: true,
      present: { perSecond: 5 },
    });
  });

  it('may watch for events, wait, and carry properties', () => {
    const outcome = parseCatalogue(
      withTrigger({
        when: { event: 'Cart Viewed', where: { property: 'total', gt: 10 } },
        frequency: { once_per: '1d', key: { property: 'cart.id' } },
        properties: ['total'],
        wait_for: { event: 'Order Completed', timeout: '2h', outcomes: ['timed_out'] },
      }),
    );
    if (outcome.kind !== 'valid') throw new Error(JSON.stringify(outcome.faults));
    const { triggers } = compileCatalogue({ workspace: 'shop', revision: 1, catalogue: outcome.catalogue });
    expect(triggers[0]).toMatchObject({
      when: { kind: 'event', event: 'Cart Viewed', where: { kind: 'compare', comparator: 'gt' } },
      frequency: { kind: 'once_per', property: 'cart.id' },
      properties: ['total', 'cart.id'],
      waits: { kind: 'event', event: 'Order Completed', recheck: true, timeoutMs: 7_200_000, outcomes: ['timed_out'] },
    });
  });

  it('are of the kind of what they watch, and read nothing of the other kind', () => {
    const catalogue = (change: object, over: object = {}) => ({
      attributes: [
        { name: 'email', kind: 'user', type: 'string', from: [{ trait: 'email' }] },
        { name: 'seats', kind: 'account', type: 'number', from: [{ trait: 'seats' }] },
      ],
      segments: [{ name: 'large', of: 'account', where: { attribute: 'seats', gt: 50 } }],
      triggers: [{ ...welcome, when: { segment: 'large', enters: true }, ...change }],
      ...over,
    });
    const condition = {
      all: [
        { attribute: 'seats', gt: 90 },
        { event: 'E', did: true },
      ],
    };
    const outcome = parseCatalogue(catalogue({ wait_for: { condition, timeout: '3d' }, payload: ['seats'] }));
    if (outcome.kind !== 'valid') throw new Error(JSON.stringify(outcome.faults));
    const { attributes, triggers } = compileCatalogue({ workspace: 'w', revision: 1, catalogue: outcome.catalogue });
    expect([triggers[0]!.of, ...attributes.map(({ of }) => of)]).toEqual(['account', 'user', 'account', 'account']);
    const other = { attribute: 'email', exists: true };
    expect(faultsOf(catalogue({ if: other, wait_for: { condition: other, timeout: '3d' } }))).toEqual([
      'triggers[0].if other_kind',
      'triggers[0].wait_for.condition other_kind',
    ]);
    expect(faultsOf(catalogue({ payload: ['email'], frequency: { once: true, key: 'email' } }))).toEqual([
      'triggers[0].payload other_kind',
      'triggers[0].frequency.key other_kind',
    ]);
    // Events are watched of users.
    expect(faultsOf(catalogue({ when: { event: 'E' }, if: { segment: 'large' } }))).toEqual([
      'triggers[0].if other_kind',
    ]);
  });

  it('pass on what the condition that they wait for reads, and do not carry it', () => {
    const outcome = parseCatalogue(
      withTrigger({
        if: { attribute: 'email', exists: true },
        wait_for: {
          condition: { any: [{ attribute: 'orders', gt: 5 }, { event: 'E', did: true }, { segment: 'vips' }] },
          timeout: '3d',
        },
      }),
    );
    if (outcome.kind !== 'valid') throw new Error(JSON.stringify(outcome.faults));
    const compiled = compileCatalogue({ workspace: 'shop', revision: 1, catalogue: outcome.catalogue });
    const [{ payload, attributes, segments }] = compiled.triggers as [(typeof compiled.triggers)[number]];
    expect(payload).toEqual(['email']);
    expect([...attributes].filter((name) => !name.startsWith('~')).sort()).toEqual(['email', 'orders']);
    expect(attributes.filter((name) => name.startsWith('~'))).toHaveLength(1);
    expect(segments).toEqual(['vips']);
  });

  it.each<[name: string, json: unknown, faults: string[]]>([
    [
      'members of an attribute',
      withTrigger({ when: { attribute: 'orders', changes: true, in: true } }),
      ['triggers[0].when conflicting_keys'],
    ],
    ['members who are not', withTrigger({ when: { segment: 'vips', in: false } }), ['triggers[0].when.in wrong_value']],
    [
      'members at no pace',
      withTrigger({ when: { segment: 'vips', in: { per_second: 0 } } }),
      ['triggers[0].when.in.per_second over_limit'],
    ],
    ['members at an event', withTrigger({ when: { event: 'E', in: true } }), ['triggers[0].when.in conflicting_keys']],
    [
      'a change to a value of another type',
      withTrigger({ when: { attribute: 'email', to: 5 } }),
      ['triggers[0].when.to type_mismatch'],
    ],
    [
      'a change from what is no comparison',
      withTrigger({ when: { attribute: 'email', from: { is: 'a' } } }),
      ['triggers[0].when.from.is unknown_key'],
    ],
    [
      'a change from a comparison that does not apply',
      withTrigger({ when: { attribute: 'orders', from: { starts_with: 'a' } } }),
      ['triggers[0].when.from.starts_with type_mismatch'],
    ],
    [
      'a change from an empty comparison',
      withTrigger({ when: { attribute: 'orders', from: {} } }),
      ['triggers[0].when.from missing_key'],
    ],
    [
      'a threshold for a text',
      withTrigger({ when: { attribute: 'email', crosses: 5 } }),
      ['triggers[0].when.crosses type_mismatch'],
    ],
    [
      'a threshold that is none',
      withTrigger({ when: { attribute: 'orders', crosses: { up: 'a', sideways: 5 } } }),
      ['triggers[0].when.crosses.sideways unknown_key', 'triggers[0].when.crosses.up wrong_type'],
    ],
    [
      'a threshold and where from',
      withTrigger({ when: { attribute: 'orders', crosses: 5, from: 1 } }),
      ['triggers[0].when.from conflicting_keys'],
    ],
    [
      'a threshold in no direction',
      withTrigger({ when: { attribute: 'orders', crosses: {} } }),
      ['triggers[0].when.crosses wrong_type'],
    ],
    [
      'an amount of nothing',
      withTrigger({ when: { attribute: 'orders', by: { down: 0 } } }),
      ['triggers[0].when.by wrong_value'],
    ],
    [
      'a segment that crosses',
      withTrigger({ when: { segment: 'vips', enters: true, crosses: 5 } }),
      ['triggers[0].when.crosses conflicting_keys'],
    ],
    [
      'an event together with a segment',
      withTrigger({ when: { event: 'E', segment: 'vips', enters: true } }),
      ['triggers[0].when.segment conflicting_keys', 'triggers[0].when.enters conflicting_keys'],
    ],
    ['an event without a name', withTrigger({ when: { event: '' } }), ['triggers[0].when.event bad_name']],
    [
      'a filter of events that asks for an attribute',
      withTrigger({ when: { event: 'E', where: { attribute: 'orders', gt: 1 } } }),
      ['triggers[0].when.where.attribute not_here'],
    ],
    [
      'a filter without an event',
      withTrigger({ when: { segment: 'vips', enters: true, where: { property: 'a', gt: 1 } } }),
      ['triggers[0].when.where conflicting_keys'],
    ],
    [
      'properties and a key of no event',
      withTrigger({ properties: ['a'], frequency: { once: true, key: { property: 'b' } } }),
      ['triggers[0].frequency.key.property conflicting_keys', 'triggers[0].properties conflicting_keys'],
    ],
    [
      'a property that is no path',
      withTrigger({ when: { event: 'E' }, properties: ['a..b'] }),
      ['triggers[0].properties[0] bad_name'],
    ],
    [
      'a delay and a wait',
      withTrigger({ delay: '1h', wait_for: { event: 'E', timeout: '1h' } }),
      ['triggers[0].delay conflicting_keys'],
    ],
    ['a delay that is none', withTrigger({ delay: 'soon' }), ['triggers[0].delay wrong_value']],
    ['a delay of years', withTrigger({ delay: '400d' }), ['triggers[0].delay over_limit']],
    ['a wait without an end', withTrigger({ wait_for: { event: 'E' } }), ['triggers[0].wait_for.timeout missing_key']],
    ['a wait for nothing', withTrigger({ wait_for: { timeout: '1h' } }), ['triggers[0].wait_for missing_key']],
    [
      'a wait for two things',
      withTrigger({ wait_for: { event: 'E', condition: { attribute: 'orders', gt: 1 }, timeout: '1h' } }),
      ['triggers[0].wait_for conflicting_keys'],
    ],
    [
      'a wait for what is unknown',
      withTrigger({ wait_for: { condition: { attribute: 'none', gt: 1 }, timeout: '1h' } }),
      ['triggers[0].wait_for.condition.attribute unknown_attribute'],
    ],
    [
      'a filter of a condition that is waited for',
      withTrigger({
        wait_for: { condition: { attribute: 'orders', gt: 1 }, where: { property: 'a', gt: 1 }, timeout: '1h' },
      }),
      ['triggers[0].wait_for.where conflicting_keys'],
    ],
    [
      'outcomes of nothing',
      withTrigger({ wait_for: { event: 'E', timeout: '1h', outcomes: [] } }),
      ['triggers[0].wait_for.outcomes over_limit'],
    ],
    ['a second look without a wait', withTrigger({ recheck: false }), ['triggers[0].recheck conflicting_keys']],
    ['a state that is none', withTrigger({ state: 'asleep' }), ['triggers[0].state wrong_value']],
    ['once for each of nothing', withTrigger({ frequency: { once: true } }), ['triggers[0].frequency wrong_value']],
    [
      'once for each value of an unknown attribute',
      withTrigger({ frequency: { once_per: '1d', key: 'none' } }),
      ['triggers[0].frequency.key unknown_attribute'],
    ],
    [
      'limits of the stream',
      withTrigger({ deliver: [{ stream: true, at_once: 1, per_second: 1 }] }),
      ['triggers[0].deliver[0].at_once conflicting_keys', 'triggers[0].deliver[0].per_second conflicting_keys'],
    ],
    [
      'limits of a webhook that would stop it, or are none',
      withTrigger({ deliver: [{ webhook: 'http://a', at_once: 0, per_second: 10_001 }] }),
      ['triggers[0].deliver[0].at_once over_limit', 'triggers[0].deliver[0].per_second over_limit'],
    ],
  ])('%s is a fault', (_name, json, faults) => {
    expect(faultsOf(json)).toEqual(faults);
  });
});

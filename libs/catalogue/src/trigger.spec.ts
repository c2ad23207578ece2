import { describe, expect, it } from '@jest/globals';
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

  it.each<[name: string, json: unknown, faults: string[]]>([
    [
      'members of today',
      withTrigger({ when: { segment: 'vips', in: true } }),
      ['triggers[0].when.in not_supported_yet'],
    ],
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

import { CONDITION_FAULT_CODES } from '@attrium/condition';
import { parseExactJson } from '@attrium/event';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { CATALOGUE_FAULT_CODES } from './fault.js';
import { FAULTS_MAX, SEGMENTS_MAX } from './limits.js';
import { parseCatalogue } from './parse.js';

type Json = Readonly<Record<string, unknown>>;
const email: Json = { name: 'email', kind: 'user', type: 'string', from: [{ trait: 'email' }] };
const orders: Json = { name: 'orders', kind: 'user', type: 'number', compute: { count: 'Order Completed' } };
const vips: Json = { name: 'vips', of: 'user', where: { attribute: 'orders', gt: 5 } };
const welcome: Json = {
  name: 'welcome',
  when: { segment: 'vips', enters: true },
  frequency: 'once',
  deliver: [{ stream: true }],
};
const whole = (change: Json = {}): Json => ({
  attributes: [email, orders],
  segments: [vips],
  triggers: [welcome],
  ...change,
});
const withAttribute = (change: Json): Json =>
  whole({ attributes: [email, orders, { ...email, name: 'x', ...change }] });
const computed = (compute: Json, type = 'number'): Json =>
  whole({ attributes: [email, orders, { name: 'x', kind: 'user', type, compute }] });
const withSegment = (change: Json): Json =>
  whole({ segments: [vips, { name: 'x', of: 'user', where: { any: [] }, ...change }] });
const withTrigger = (change: Json): Json => whole({ triggers: [{ ...welcome, ...change }] });

const faultsOf = (json: unknown): string[] => {
  const outcome = parseCatalogue(json);
  if (outcome.kind === 'valid') return [];
  for (const fault of outcome.faults) expect(fault.message).not.toBe('');
  return outcome.faults.map(({ path, code }) => `${path} ${code}`);
};

describe('valid catalogues', () => {
  it('may be empty, have lists that are null, and leave lists out', () => {
    expect(parseCatalogue({})).toEqual({ kind: 'valid', catalogue: { attributes: [], segments: [], triggers: [] } });
    expect(parseCatalogue({ attributes: null, segments: [] }).kind).toBe('valid');
  });

  it('are visible and most recent unless they say otherwise', () => {
    const outcome = parseCatalogue(whole());
    expect(outcome.kind === 'valid' && outcome.catalogue.attributes[0]).toEqual({
      kind: 'declared',
      name: 'email',
      of: 'user',
      type: 'string',
      visible: true,
      merge: 'most_recent',
      from: [{ kind: 'trait', path: ['email'], event: undefined, source: undefined }],
    });
  });

  it('take values from traits, properties of all or one event, and sources', () => {
    const from = [
      { trait: 'address.city' },
      { property: 'city' },
      { property: 'city', event: 'Moved' },
      { source: 'shopify', path: 'customer.city' },
    ];
    const outcome = parseCatalogue(withAttribute({ from, visibility: 'hidden', merge: 'first_stored' }));
    expect(outcome.kind === 'valid' && outcome.catalogue.attributes[2]).toMatchObject({
      visible: false,
      merge: 'first_stored',
      from: [
        { kind: 'trait', path: ['address', 'city'] },
        { kind: 'property', path: ['city'], event: undefined },
        { kind: 'property', path: ['city'], event: 'Moved' },
        { kind: 'property', path: ['customer', 'city'], source: 'shopify' },
      ],
    });
  });

  it('have exact numbers where doubles are not', () => {
    const text = JSON.stringify(whole()).replace('"gt":5', '"gt":820982911946154508');
    const outcome = parseCatalogue(parseExactJson(text));
    const where = outcome.kind === 'valid' ? outcome.catalogue.segments[0]!.where : undefined;
    expect(where?.kind === 'compare' && String(where.value)).toBe('820982911946154508');
  });

  it('have all forms of triggers', () => {
    const outcome = parseCatalogue(
      withTrigger({
        when: { attribute: 'email', changes: true },
        if: { event: 'Order Completed', did: true },
        frequency: { once_per: '30d' },
        payload: ['orders'],
        deliver: [
          { webhook: 'https://example.com/hooks?x=1', secret: 'WINBACK_SECRET', at_once: 2, per_second: 50 },
          { webhook: 'http://127.0.0.1:99' },
        ],
      }),
    );
    expect(outcome.kind === 'valid' && outcome.catalogue.triggers[0]).toMatchObject({
      when: { kind: 'attribute', attribute: 'email' },
      frequency: { kind: 'once_per', periodMs: 2_592_000_000 },
      payload: ['orders'],
      webhooks: [
        { url: 'https://example.com/hooks?x=1', secret: 'WINBACK_SECRET', atOnce: 2, perSecond: 50 },
        { url: 'http://127.0.0.1:99' },
      ],
      stream: false,
    });
  });
});

describe('faults of catalogues', () => {
  const x = 'attributes[2]';
  const cases: readonly [string, unknown, string[]][] = [
    ['no object', [], [' wrong_type']],
    ['an unknown part', whole({ attribute: [] }), ['attribute unknown_key']],
    ['a part of later releases', whole({ sources: [] }), ['sources not_supported_yet']],
    ['a part that is no list', { attributes: {} }, ['attributes wrong_type']],
    ['__proto__', JSON.parse('{"__proto__": []}'), ['__proto__ unknown_key']],
    ['a definition that is no object', whole({ attributes: [email, orders, 5] }), [`${x} wrong_type`]],
    ['a missing name', whole({ triggers: [{ ...welcome, name: undefined }] }), ['triggers[0].name missing_key']],
    ['an unknown key', withAttribute({ sort: 1 }), [`${x}.sort unknown_key`]],
    ['__proto__ in a definition', withAttribute(JSON.parse('{"__proto__": 1}')), [`${x}.__proto__ unknown_key`]],
    ['a bad name', withAttribute({ name: 'Email' }), [`${x}.name bad_name`]],
    ['a reserved name', withAttribute({ name: 'profile_id' }), [`${x}.name reserved_name`]],
    ['a duplicate name', withAttribute({ name: 'email' }), [`${x}.name duplicate_name`]],
    ['no kind', withAttribute({ kind: undefined }), [`${x}.kind missing_key`]],
    ['an unknown kind', withAttribute({ kind: 'device' }), [`${x}.kind wrong_value`]],
    ['an event attribute of a trait', withAttribute({ kind: 'event' }), [`${x}.from[0].trait not_here`]],
    ['an unknown type', withAttribute({ type: 'date' }), [`${x}.type wrong_value`]],
    ['an unknown merge strategy', withAttribute({ merge: 'best' }), [`${x}.merge wrong_value`]],
    ['neither from nor compute', withAttribute({ from: undefined }), [`${x} missing_key`]],
    ['both from and compute', withAttribute({ compute: { count: 'E' } }), [`${x} conflicting_keys`]],
    ['nothing to take values from', withAttribute({ from: [] }), [`${x}.from over_limit`]],
    ['too much to take values from', withAttribute({ from: Array(21).fill({ trait: 'a' }) }), [`${x}.from over_limit`]],
    ['an empty source', withAttribute({ from: [{}] }), [`${x}.from[0] missing_key`]],
    ['a source of two', withAttribute({ from: [{ trait: 'a', property: 'b' }] }), [`${x}.from[0] conflicting_keys`]],
    ['a path of no source', withAttribute({ from: [{ path: 'a' }] }), [`${x}.from[0].source missing_key`]],
    [
      'a trait of an event',
      withAttribute({ from: [{ trait: 'a', event: 'E' }] }),
      [`${x}.from[0].event conflicting_keys`],
    ],
    ['a bad path', withAttribute({ from: [{ trait: 'a..b' }] }), [`${x}.from[0].trait bad_name`]],
    ['two reducers', computed({ count: 'E', sum: 'E', of: 'a' }), [`${x}.compute conflicting_keys`]],
    ['no reducer', computed({ within: '30d' }), [`${x}.compute missing_key`]],
    ['a formula that is none', computed({ formula: 'orders /' }), [`${x}.compute.formula bad_formula`]],
    ['a formula of nothing known', computed({ formula: 'order / 2' }), [`${x}.compute.formula unknown_attribute`]],
    ['a formula of itself', computed({ formula: 'x / 2' }), [`${x}.compute.formula attribute_cycle`]],
    ['an unknown reducer', computed({ mode: 'E' }), [`${x}.compute.mode unknown_key`]],
    ['a reducer of another type', computed({ first_time: 'E' }), [`${x}.type type_mismatch`]],
    ['an empty event name', computed({ count: '' }), [`${x}.compute.count bad_name`]],
    ['sum of nothing', computed({ sum: 'E' }), [`${x}.compute.of missing_key`]],
    ['count of something', computed({ count: 'E', of: 'a' }), [`${x}.compute.of conflicting_keys`]],
    ['no duration', computed({ count: 'E', within: '1' }), [`${x}.compute.within wrong_value`]],
    ['a long duration', computed({ count: 'E', within: '999w' }), [`${x}.compute.within over_limit`]],
    [
      'a merge of a computed attribute',
      whole({ attributes: [email, { ...orders, merge: 'most_recent' }] }),
      ['attributes[1].merge conflicting_keys'],
    ],
    [
      'a condition over events',
      computed({ count: 'E', where: { attribute: 'email', gt: 1 } }),
      [`${x}.compute.where.attribute not_here`],
    ],
    [
      'a segment of accounts over users',
      withSegment({ of: 'account', where: { attribute: 'email', exists: true } }),
      ['segments[1].where other_kind'],
    ],
    ['a segment without where', withSegment({ where: undefined }), ['segments[1].where missing_key']],
    [
      'an unknown attribute',
      withSegment({ where: { attribute: 'none', gt: 1 } }),
      ['segments[1].where.attribute unknown_attribute'],
    ],
    ['an unknown segment', withSegment({ where: { segment: 'none' } }), ['segments[1].where.segment unknown_segment']],
    [
      'a comparison of types',
      withSegment({ where: { attribute: 'email', gt: 1 } }),
      ['segments[1].where.gt type_mismatch'],
    ],
    ['a segment in itself', withSegment({ where: { segment: 'x' } }), ['segments[1].where segment_cycle']],
    [
      'a cycle of segments',
      whole({
        segments: [
          { ...vips, where: { segment: 'b' } },
          { ...vips, name: 'b', where: { not: { segment: 'vips' } } },
        ],
      }),
      ['segments[0].where segment_cycle'],
    ],
    ['no frequency', withTrigger({ frequency: undefined }), ['triggers[0].frequency missing_key']],
    ['an unknown frequency', withTrigger({ frequency: 'twice' }), ['triggers[0].frequency wrong_value']],
    [
      'once per no duration',
      withTrigger({ frequency: { once_per: '0d' } }),
      ['triggers[0].frequency.once_per wrong_value'],
    ],
    ['no occasion', withTrigger({ when: {} }), ['triggers[0].when missing_key']],
    ['a segment without direction', withTrigger({ when: { segment: 'vips' } }), ['triggers[0].when missing_key']],
    [
      'an attribute that enters',
      withTrigger({ when: { attribute: 'email', changes: true, enters: true } }),
      ['triggers[0].when conflicting_keys'],
    ],
    [
      'an unknown segment to enter',
      withTrigger({ when: { segment: 'none', enters: true } }),
      ['triggers[0].when.segment unknown_segment'],
    ],
    [
      'an unknown attribute to change',
      withTrigger({ when: { attribute: 'none', changes: true } }),
      ['triggers[0].when.attribute unknown_attribute'],
    ],
    ['an unknown attribute to carry', withTrigger({ payload: ['none'] }), ['triggers[0].payload[0] unknown_attribute']],
    ['an unknown segment in if', withTrigger({ if: { segment: 'none' } }), ['triggers[0].if.segment unknown_segment']],
    ['if: null', withTrigger({ if: null }), ['triggers[0].if wrong_type']],
    ['nowhere to deliver to', withTrigger({ deliver: [] }), ['triggers[0].deliver over_limit']],
    ['an empty destination', withTrigger({ deliver: [{}] }), ['triggers[0].deliver[0] missing_key']],
    [
      'a secret of the stream',
      withTrigger({ deliver: [{ stream: true, secret: 'A' }] }),
      ['triggers[0].deliver[0].secret conflicting_keys'],
    ],
    [
      'a secret that looks like one',
      withTrigger({ deliver: [{ webhook: 'http://a', secret: 'whsec_x' }] }),
      ['triggers[0].deliver[0].secret wrong_value'],
    ],
    [
      'a URL of no web',
      withTrigger({ deliver: [{ webhook: 'ftp://a' }] }),
      ['triggers[0].deliver[0].webhook wrong_value'],
    ],
    [
      'a password in a URL',
      withTrigger({ deliver: [{ webhook: 'https://a:b@c/' }] }),
      ['triggers[0].deliver[0].webhook wrong_value'],
    ],
    [
      'a webhook twice',
      withTrigger({ deliver: [{ webhook: 'http://a' }, { webhook: 'http://a' }] }),
      ['triggers[0].deliver[1].webhook duplicate_name'],
    ],
    [
      'a purpose and a channel that nobody named',
      withTrigger({ purpose: 'marketing', channel: 'email' }),
      ['triggers[0].purpose unknown_purpose', 'triggers[0].channel unknown_channel'],
    ],
    [
      'too many segments',
      {
        segments: Array.from({ length: SEGMENTS_MAX + 1 }, (_, index) => ({
          name: `s${index}`,
          of: 'user',
          where: { all: [] },
        })),
      },
      ['segments over_limit'],
    ],
    [
      'too many event conditions',
      {
        segments: [0, 300].map((from) => ({
          name: `s${from}`,
          of: 'user',
          where: { any: Array.from({ length: 251 }, (_, index) => ({ event: `E${from + index}`, did: true })) },
        })),
      },
      [' over_limit'],
    ],
    ['too much JSON', { attributes: ['a'.repeat(512 * 1024)] }, [' over_limit']],
    [
      'faults of several definitions, all at once, without faults that only follow from others',
      whole({
        attributes: [{ ...email, type: 'text' }, orders],
        segments: [
          { ...vips, where: { attribute: 'email', equals: 'a' } },
          { ...vips, name: 'b', where: 5 },
        ],
        triggers: [{ ...welcome, when: { segment: 'b', exits: true }, frequency: undefined }],
      }),
      ['attributes[0].type wrong_value', 'segments[1].where wrong_type', 'triggers[0].frequency missing_key'],
    ],
  ];
  for (const [what, json, expected] of cases) {
    it(`finds the fault: ${what}`, () => {
      expect(faultsOf(json)).toEqual(expected);
    });
  }

  it('shows every code above, but that of too many faults', () => {
    const seen = new Set(cases.flatMap(([, , expected]) => expected.map((text) => text.split(' ').at(-1)!)));
    seen.add('too_many_faults');
    expect([...seen].sort()).toEqual([...new Set([...CATALOGUE_FAULT_CODES, ...CONDITION_FAULT_CODES])].sort());
  });

  it('says that something is not supported yet by this release', () => {
    const outcome = parseCatalogue({ experiments: [] });
    expect(outcome.kind === 'invalid' && outcome.faults[0]!.message).toContain('not supported yet by this release');
  });

  it('names the way round a cycle', () => {
    const outcome = parseCatalogue(withSegment({ where: { segment: 'x' } }));
    expect(outcome.kind === 'invalid' && outcome.faults[0]!.message).toContain('x → x');
  });

  it('lists at most 200 faults and says how many more there are', () => {
    const faults = faultsOf(Object.fromEntries(Array.from({ length: 300 }, (_, index) => [`x${index}`, 1])));
    expect(faults).toHaveLength(FAULTS_MAX);
    expect(faults.at(-1)).toBe(' too_many_faults');
  });

  it('refuses what only looks like JSON: cycles, shared bombs, functions, instances', () => {
    const round: unknown[] = [];
    round.push(round);
    let bomb: unknown = 'x';
    for (let level = 0; level < 40; level++) bomb = [bomb, bomb];
    for (const json of [
      round,
      bomb,
      { attributes: [() => 1] },
      new Date(0),
      new Map(),
      { attributes: [undefined, 1n] },
    ]) {
      expect(parseCatalogue(json).kind).toBe('invalid');
    }
  });

  it('never throws, whatever the JSON', () => {
    const definition = fc.dictionary(
      fc.constantFrom(
        'name',
        'kind',
        'type',
        'from',
        'compute',
        'of',
        'where',
        'when',
        'frequency',
        'deliver',
        'if',
        'payload',
      ),
      fc.oneof(fc.jsonValue(), fc.constantFrom('user', 'string', 'x', { all: [] }, [{ trait: 'a' }])),
    );
    const list = fc.oneof(fc.jsonValue(), fc.array(definition, { maxLength: 3 }));
    fc.assert(
      fc.property(fc.record({ attributes: list, segments: list, triggers: list }, { requiredKeys: [] }), (json) => {
        const outcome = parseCatalogue(json);
        if (outcome.kind === 'invalid') expect(outcome.faults.length).toBeGreaterThan(0);
      }),
    );
  });
});

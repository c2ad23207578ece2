import { describe, expect, it } from '@jest/globals';
import { compileCatalogue } from './compile.js';
import { consentAttribute, consentOfAttribute } from './consent-definition.js';
import type { Catalogue } from './definitions.js';
import { parseCatalogue } from './parse.js';
import { planCatalogue } from './plan.js';

const section = {
  purposes: [{ name: 'marketing' }, { name: 'service', default: 'granted' }],
  channels: ['email', 'push'],
  from: [{ trait: 'optin.mail', purpose: 'marketing', channel: 'email' }],
  quiet_hours: {
    from: '21:00',
    to: '08:00',
    time_zone: { attribute: 'zone', otherwise: 'Europe/Berlin' },
    purposes: ['marketing'],
  },
};
const trigger = {
  name: 'hello',
  when: { attribute: 'zone', changes: true },
  frequency: 'every',
  deliver: [{ stream: true }],
};
const json = (consent: unknown, change: object = {}): unknown => ({
  attributes: [
    { name: 'zone', kind: 'user', type: 'string', from: [{ trait: 'zone' }] },
    { name: 'orders', kind: 'user', type: 'number', compute: { count: 'Order' } },
  ],
  ...(consent === undefined ? {} : { consent }),
  triggers: [{ ...trigger, ...change }],
});

function faultsOf(given: unknown): string[] {
  const outcome = parseCatalogue(given);
  if (outcome.kind === 'valid') return [];
  for (const fault of outcome.faults) expect(fault.message).not.toBe('');
  return outcome.faults.map(({ path, code }) => `${path} ${code}`);
}

function valid(given: unknown): Catalogue {
  const outcome = parseCatalogue(given);
  if (outcome.kind === 'invalid') throw new Error(JSON.stringify(outcome.faults));
  return outcome.catalogue;
}

const quiet = (change: object): unknown => ({ ...section, quiet_hours: { ...section.quiet_hours, ...change } });

describe('the section consent', () => {
  it.each<[name: string, json: unknown, faults: string[]]>([
    ['all of it', json(section, { purpose: 'marketing', channel: 'push' }), []],
    ['nothing but a purpose', json({ purposes: [{ name: 'a' }] }, { purpose: 'a' }), []],
    ['an empty one', json(null), []],
    ['a list', json([]), ['consent wrong_type']],
    ['no purposes', json({}), ['consent.purposes missing_key']],
    ['an empty list of purposes', json({ purposes: [] }), ['consent.purposes over_limit']],
    [
      'too many purposes',
      json({ purposes: Array.from({ length: 17 }, (_, index) => ({ name: `p${index}` })) }),
      ['consent.purposes over_limit'],
    ],
    [
      'too many channels',
      json({ ...section, channels: ['email', ...Array.from({ length: 8 }, (_, index) => `c${index}`)] }),
      ['consent.channels over_limit'],
    ],
    [
      'names that are none, or twice',
      json({ ...section, purposes: [...section.purposes, { name: 'service' }], channels: ['email', 'E mail'] }),
      ['consent.purposes[2].name duplicate_name', 'consent.channels[1] bad_name'],
    ],
    [
      'a default that is neither',
      json({ purposes: [{ name: 'a', default: 'maybe' }] }),
      ['consent.purposes[0].default wrong_value'],
    ],
    ['an unknown key', json({ ...section, purpose: 'x' }), ['consent.purpose unknown_key']],
    [
      'a trait of an unknown purpose and channel',
      json({ ...section, from: [{ trait: 'a..b', purpose: 'x', channel: 'fax' }] }),
      [
        'consent.from[0].purpose unknown_purpose',
        'consent.from[0].channel unknown_channel',
        'consent.from[0].trait bad_name',
      ],
    ],
    [
      'quiet hours that are no times',
      json(quiet({ from: '24:00', to: '8:00' })),
      ['consent.quiet_hours.from wrong_value', 'consent.quiet_hours.to wrong_value'],
    ],
    ['quiet hours without length', json(quiet({ to: '21:00' })), ['consent.quiet_hours.to wrong_value']],
    ['no zone', json(quiet({ time_zone: 'Berlin' })), ['consent.quiet_hours.time_zone wrong_value']],
    ['a zone of another shape', json(quiet({ time_zone: 2 })), ['consent.quiet_hours.time_zone wrong_value']],
    [
      'a zone out of a number, and none otherwise',
      json(quiet({ time_zone: { attribute: 'orders', otherwise: '' } })),
      ['consent.quiet_hours.time_zone.attribute type_mismatch', 'consent.quiet_hours.time_zone.otherwise wrong_value'],
    ],
    [
      'a zone out of nothing',
      json(quiet({ time_zone: { attribute: 'x' } })),
      ['consent.quiet_hours.time_zone.attribute unknown_attribute'],
    ],
    [
      'quiet hours of no purpose',
      json(quiet({ purposes: ['x'] })),
      ['consent.quiet_hours.purposes[0] unknown_purpose'],
    ],
    [
      'a firing that waits for what its trigger knows not',
      json(section, { on_quiet: 'defer' }),
      ['triggers[0].on_quiet conflicting_keys'],
    ],
    ['a trigger of an unknown purpose', json(section, { purpose: 'x' }), ['triggers[0].purpose unknown_purpose']],
    [
      'a trigger by an unknown channel',
      json(section, { purpose: 'service', channel: 'fax' }),
      ['triggers[0].channel unknown_channel'],
    ],
    ['a channel without a purpose', json(section, { channel: 'email' }), ['triggers[0].channel conflicting_keys']],
    ['a purpose without the section', json(undefined, { purpose: 'x' }), ['triggers[0].purpose unknown_purpose']],
  ])('%s', (_name, given, faults) => {
    expect(faultsOf(given)).toEqual(faults);
  });

  it('says what becomes of firings in quiet hours: as the section has it, unless the trigger says so itself', () => {
    const hoursOf = (onQuiet: object, more: object): unknown => {
      const catalogue = valid(json(quiet(onQuiet), { purpose: 'marketing', ...more }));
      return compileCatalogue({ workspace: 'w', revision: 1, catalogue }).triggers[0];
    };
    expect(hoursOf({ on_quiet: 'defer' }, {})).toMatchObject({ quietHours: { defers: true } });
    expect(hoursOf({}, { on_quiet: 'defer', recheck: false })).toMatchObject({
      ...{ quietHours: { defers: true }, recheck: false },
    });
    for (const [section, own] of [
      [{}, {}],
      [{ on_quiet: 'defer' }, { on_quiet: 'suppress' }],
    ] as const) {
      expect((hoursOf(section, own) as { quietHours: object }).quietHours).not.toHaveProperty('defers');
    }
  });

  it('makes an attribute of every purpose, and of each of its channels, which no definition can name', () => {
    const { attributes } = compileCatalogue({ workspace: 'w', revision: 1, catalogue: valid(json(section)) });
    const names = attributes.map(({ name }) => name).filter((name) => consentOfAttribute(name) !== undefined);
    expect(names).toEqual([
      '$consent.marketing',
      '$consent.marketing.email',
      '$consent.marketing.push',
      '$consent.service',
      '$consent.service.email',
      '$consent.service.push',
    ]);
    for (const name of names) expect(consentAttribute(consentOfAttribute(name)!)).toBe(name);
    expect(consentOfAttribute('zone')).toBeUndefined();
    const taken = { attributes: [{ name: '$consent.a', kind: 'user', type: 'boolean', from: [{ trait: 'a' }] }] };
    expect(faultsOf(taken)).toEqual(['attributes[0].name bad_name']);
  });

  it('keeps the identity of what was stated when a trait is mapped anew', () => {
    const keys = (consent: unknown) =>
      compileCatalogue({ workspace: 'w', revision: 1, catalogue: valid(json(consent)) }).attributes.map(
        ({ key }) => key,
      );
    expect(keys({ ...section, from: [] })).toEqual(keys(section));
  });

  it('makes a trigger ask for the most specific statement first, and for the zone; its payload stays what it is', () => {
    const compiled = (change: object) =>
      compileCatalogue({ workspace: 'w', revision: 1, catalogue: valid(json(section, change)) }).triggers[0]!;
    expect(compiled({ purpose: 'marketing', channel: 'email' })).toMatchObject({
      consent: { statements: ['$consent.marketing.email', '$consent.marketing'], otherwise: false },
      quietHours: { fromMinute: 1260, toMinute: 480, zone: 'Europe/Berlin', zoneAttribute: 'zone' },
      attributes: ['$consent.marketing.email', '$consent.marketing', 'zone'],
      payload: [],
    });
    const service = compiled({ purpose: 'service' });
    expect(service.consent).toEqual({ statements: ['$consent.service'], otherwise: true });
    expect(service.quietHours).toBeUndefined();
    expect(compiled({}).consent).toBeUndefined();
  });
});

describe('the plan of consent', () => {
  const plan = (before: unknown, after: unknown): string[] =>
    planCatalogue(valid(json(before)), valid(json(after))).map(({ kind, of, name }) => `${kind} ${of} ${name}`);

  it('tells what comes, changes and goes', () => {
    expect(plan(section, section)).toEqual([]);
    expect(plan(undefined, section)).toEqual([
      'added consent marketing',
      'added consent service',
      'changed consent channels',
      'changed consent from',
      'added consent quiet_hours',
    ]);
    const after = { purposes: [{ name: 'marketing', default: 'granted' }], channels: ['push', 'email'] };
    expect(plan(section, after)).toEqual([
      'changed consent marketing',
      'removed consent service',
      'changed consent from',
      'removed consent quiet_hours',
    ]);
    expect(plan(section, quiet({ to: '07:00' }))).toEqual(['changed consent quiet_hours']);
  });

  it('warns of what is forgotten', () => {
    const [removed] = planCatalogue(valid(json(section)), valid(json({ ...section, channels: ['email'] })));
    expect(removed!.notice).toContain('push is forgotten');
  });
});

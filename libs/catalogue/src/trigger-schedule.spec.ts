import { describe, expect, it } from '@jest/globals';
import { compileCatalogue } from './compile.js';
import { parseCatalogue } from './parse.js';
import { WEEKDAYS } from './schedule.js';

const SOURCE = [{ trait: 'x' }];
function catalogue(when: object, more: object = {}): unknown {
  return {
    attributes: [
      { name: 'zone', kind: 'user', type: 'string', from: SOURCE },
      { name: 'orders', kind: 'user', type: 'number', compute: { count: 'Order' } },
      { name: 'region', kind: 'account', type: 'string', from: SOURCE },
    ],
    segments: [
      { name: 'vips', of: 'user', where: { attribute: 'orders', gt: 5 } },
      { name: 'large', of: 'account', where: { attribute: 'region', exists: true } },
    ],
    triggers: [{ name: 't', when, frequency: 'every', deliver: [{ stream: true }], ...more }],
  };
}
function whenOf(when: object): unknown {
  const outcome = parseCatalogue(catalogue(when));
  if (outcome.kind !== 'valid') throw new Error(JSON.stringify(outcome.faults));
  return compileCatalogue({ workspace: 'shop', revision: 1, catalogue: outcome.catalogue }).triggers[0];
}
function faultsOf(when: object, more: object = {}): string[] {
  const outcome = parseCatalogue(catalogue(when, more));
  if (outcome.kind === 'valid') return [];
  return outcome.faults.map(({ path, code }) => `${path.replace('triggers[0].', '')} ${code}`);
}
const daily = (schedule: object): object => ({ segment: 'vips', schedule: { daily: '09:00', ...schedule } });

describe('a schedule of a trigger', () => {
  it('is daily, or on some days of the week, in a zone or that of an attribute', () => {
    expect(whenOf(daily({}))).toMatchObject({
      when: { kind: 'schedule', segment: 'vips', schedule: { on: WEEKDAYS, minute: 540, zone: 'UTC' } },
    });
    const weekly = { on: ['thursday', 'monday'], at: '23:59' };
    const zone = { attribute: 'zone', otherwise: 'Europe/Berlin' };
    expect(whenOf({ segment: 'vips', schedule: { weekly, time_zone: zone } })).toMatchObject({
      when: { schedule: { on: ['monday', 'thursday'], minute: 1_439, zone: 'Europe/Berlin', zoneAttribute: 'zone' } },
    });
  });

  it('is of the kind of its segment', () => {
    const when = { segment: 'large', schedule: { daily: '09:00', time_zone: { attribute: 'region' } } };
    expect(whenOf(when)).toMatchObject({ of: 'account' });
    expect(faultsOf({ ...when, schedule: { daily: '09:00', time_zone: { attribute: 'zone' } } })).toEqual([
      'when.schedule.time_zone.attribute other_kind',
    ]);
  });

  it('is refused with the place of each fault', () => {
    expect(faultsOf({ schedule: { daily: '09:00' } })).toEqual(['when missing_key']);
    expect(faultsOf({ segment: 'vips', schedule: {} })).toEqual(['when.schedule missing_key']);
    expect(faultsOf(daily({ weekly: { on: ['monday'], at: '09:00' } }))).toEqual(['when.schedule conflicting_keys']);
    expect(faultsOf(daily({ daily: '9 am' }))).toEqual(['when.schedule.daily wrong_value']);
    const weekly = (part: object) => ({
      segment: 'vips',
      schedule: { weekly: { on: ['monday'], at: '09:00', ...part } },
    });
    expect(faultsOf(weekly({ at: '24:00' }))).toEqual(['when.schedule.weekly.at wrong_value']);
    expect(faultsOf(weekly({ on: ['monday', 'monday'] }))).toEqual(['when.schedule.weekly.on[1] duplicate_name']);
    expect(faultsOf(weekly({ on: [] })).length).toBe(1);
    expect(faultsOf(weekly({ on: ['mon'] })).length).toBe(1);
    expect(faultsOf(daily({ time_zone: 'Nowhere' }))).toEqual(['when.schedule.time_zone wrong_value']);
    expect(faultsOf(daily({ time_zone: { attribute: 'none' } }))).toEqual([
      'when.schedule.time_zone.attribute unknown_attribute',
    ]);
    expect(faultsOf(daily({ time_zone: { attribute: 'orders', otherwise: 'X' } }))).toEqual([
      'when.schedule.time_zone.attribute type_mismatch',
      'when.schedule.time_zone.otherwise wrong_value',
    ]);
    expect(faultsOf({ ...daily({}), enters: true })).toEqual(['when.enters conflicting_keys']);
    expect(faultsOf({ ...daily({}), segment: 'none' })).toEqual(['when.segment unknown_segment']);
    expect(faultsOf({ event: 'Order', schedule: { daily: '09:00' } })).toEqual(['when.schedule conflicting_keys']);
    expect(faultsOf({ attribute: 'orders', changes: true, schedule: { daily: '09:00' } })).toEqual([
      'when.schedule conflicting_keys',
    ]);
    expect(faultsOf(daily({}), { properties: ['x'] })).toEqual(['properties conflicting_keys']);
  });
});

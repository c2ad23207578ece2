import { describe, expect, it } from '@jest/globals';
import { servingCatalogue } from './serving.js';

const count = (name: string, more: object = {}) => ({
  name,
  kind: 'user',
  type: 'number',
  compute: { count: 'Order', ...more },
});
const over = (name: string, attribute: string, gt = 1) => ({ name, of: 'user', where: { attribute, gt } });
const enters = (name: string, segment: string, more: object = {}) => ({
  name,
  when: { segment, enters: true },
  frequency: 'every',
  deliver: [{ stream: true }],
  ...more,
});
type Lists = { attributes?: object[]; segments?: object[]; triggers?: object[]; consent?: object };
const text = (lists: Lists): string => JSON.stringify({ attributes: [], segments: [], triggers: [], ...lists });

function serving(before: Lists | undefined, after: Lists, waiting: readonly string[]): unknown {
  const json = servingCatalogue({
    ...{ workspace: 'shop', revision: 2, after: text(after) },
    before: before === undefined ? undefined : text(before),
    isWaiting: ({ name, kind }) =>
      waiting.includes(name) || (name.startsWith('~') && kind === 'computed' && waiting.includes('~')),
  });
  return JSON.parse(json);
}

const full = (lists: Lists): unknown => JSON.parse(text(lists));

describe('what serves while attributes are computed from history', () => {
  it('is what came, when nothing waits', () => {
    const after = { attributes: [count('orders')], segments: [over('big', 'orders')] };
    expect(serving(undefined, after, [])).toEqual(full(after));
  });

  it('leaves out what is new and waits, with all that reads it, and nothing else', () => {
    const after = {
      attributes: [count('orders'), count('lately', { within: '1d' })],
      segments: [
        over('big', 'orders'),
        over('busy', 'lately'),
        { name: 'both', of: 'user', where: { segment: 'busy' } },
      ],
      triggers: [enters('hello', 'both'), enters('hi', 'big')],
    };
    expect(serving({ attributes: [count('orders')] }, after, ['lately'])).toEqual(
      full({ attributes: [count('orders')], segments: [over('big', 'orders')], triggers: [enters('hi', 'big')] }),
    );
  });

  it('leaves out a roll-up of what waits, and the formulas over it', () => {
    const rollup = (name: string, more: object) => ({ name, kind: 'account', type: 'number', rollup: more });
    const twice = { name: 'twice', kind: 'account', type: 'number', compute: { formula: 'of_lately * 2' } };
    const where = { attribute: 'lately', gt: 1 };
    const people = rollup('people', { count: 'members' });
    const waits = [rollup('of_lately', { sum: 'lately' }), rollup('busy_people', { count: 'members', where }), twice];
    const after = { attributes: [count('orders'), count('lately', { within: '1d' }), people, ...waits] };
    expect(serving(undefined, after, ['lately'])).toEqual(full({ attributes: [count('orders'), people] }));
  });

  it('leaves what was edited and waits as it was, with what that needs and the catalogue no longer has', () => {
    const before = {
      attributes: [count('orders'), count('old')],
      segments: [over('big', 'old')],
      triggers: [enters('hello', 'big')],
    };
    const after = {
      attributes: [count('orders', { within: '1d' })],
      segments: [over('big', 'orders', 5)],
      triggers: [enters('hello', 'big', { frequency: 'once' })],
    };
    expect(serving(before, after, ['orders'])).toEqual(full(before));
  });

  it('pauses a trigger at once, whatever it waits for', () => {
    const before = {
      attributes: [count('orders')],
      segments: [over('big', 'orders')],
      triggers: [enters('hello', 'big')],
    };
    const paused = enters('hello', 'big', { state: 'paused' });
    const after = { ...before, attributes: [count('orders', { within: '1d' })], triggers: [paused] };
    expect(serving(before, after, ['orders'])).toEqual(full({ ...before, triggers: [paused] }));
    const active = { ...after, triggers: [enters('hello', 'big')] };
    expect(serving({ ...before, triggers: [paused] }, active, ['orders'])).toEqual(full(before));
  });

  it('holds an edited event condition back, and the old one goes on', () => {
    const did = (within: string) => ({ name: 'buyers', of: 'user', where: { event: 'Order', did: true, within } });
    const [before, after] = [{ segments: [did('1d')] }, { segments: [did('2d')] }];
    expect(serving(before, after, ['~'])).toEqual(full(before));
  });

  it('takes consent, and what triggers ask it for, as it came', () => {
    const consent = (purpose: string, more: object = {}) => ({ purposes: [{ name: purpose }], ...more });
    const before = {
      attributes: [count('orders')],
      segments: [over('big', 'orders')],
      triggers: [enters('hello', 'big', { purpose: 'offers' })],
      consent: consent('offers'),
    };
    const after = {
      ...before,
      attributes: [count('orders', { within: '1d' })],
      triggers: [enters('hello', 'big', { purpose: 'news', frequency: 'once' })],
      consent: consent('news'),
    };
    const triggers = [enters('hello', 'big', { purpose: 'news' })];
    expect(serving(before, after, ['orders'])).toEqual(full({ ...before, triggers, consent: after.consent }));
  });

  it('takes consent as it came also where the rest stays as it was, and does without a zone that waits', () => {
    const purposes = [{ name: 'offers', default: 'withdrawn' }];
    const quiet = (time_zone: unknown) => ({ from: '20:00', to: '08:00', time_zone });
    const zone = { name: 'zone', kind: 'user', type: 'string', from: [{ property: 'zone' }] };
    const before = {
      attributes: [count('orders'), { ...zone, name: 'name' }],
      segments: [{ name: 'big', of: 'user', where: { attribute: 'orders', gt: 1 } }],
      triggers: [enters('hello', 'big'), enters('bye', 'big')],
    };
    const after = {
      // The old condition over the new type of what it reads is none.
      attributes: [{ ...zone, name: 'orders' }, count('lately'), zone],
      segments: [
        {
          name: 'big',
          of: 'user',
          where: {
            all: [
              { attribute: 'lately', gt: 1 },
              { attribute: 'orders', equals: 'x' },
            ],
          },
        },
      ],
      triggers: [enters('hello', 'big', { purpose: 'offers' })],
      consent: { purposes, quiet_hours: quiet({ attribute: 'zone', otherwise: 'Asia/Tokyo' }) },
    };
    expect(serving(before, after, ['lately', 'zone'])).toEqual(
      full({
        ...before,
        triggers: after.triggers,
        consent: { purposes, quiet_hours: quiet('Asia/Tokyo') },
      }),
    );
  });
});

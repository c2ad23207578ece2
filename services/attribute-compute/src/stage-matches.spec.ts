/** Events that triggers ask for, and what of them goes down the line. */
import type { Entity, EventMatched, LogRecord } from '@attrium/event';
import { stageHarness } from '@attrium/testing';
import { describe, expect, it } from '@jest/globals';
import { catalogueRecord, profileIn, resolved, T0 } from '../test/records.js';
import { newAttributeCounters } from './counters.js';
import { matchesOf, matchPlanOf } from './domain/match.js';
import { bindingWith } from './stage.js';

const ORDERS = { name: 'orders', kind: 'user', type: 'number', compute: { count: 'Order' } };
const trigger = (name: string, more: object) => ({ name, frequency: 'every', deliver: [{ stream: true }], ...more });
const ann = profileIn(0, 1, 1);

function open(triggers: readonly object[], attributes: readonly object[] = [ORDERS]) {
  const counters = newAttributeCounters();
  const harness = stageHarness(bindingWith(counters), { partitions: 1 });
  harness.read(catalogueRecord(attributes, 1, { triggers }), T0);
  let events = 0;
  const read = (name: string, properties: unknown, more: object = {}): LogRecord[] => {
    const event = { id: `e${++events}`, name, at: T0 + events, payload: { properties }, ...more };
    return harness.read(resolved(ann, event), T0 + 1_000).map(({ fact }) => fact);
  };
  return { harness, counters, read };
}
const told = (facts: readonly LogRecord[]): string[] =>
  facts.map((fact) => (fact.kind === 'event-matched' ? fact.definition : fact.kind));

describe('an event that a trigger asks for', () => {
  it('follows the changes that it made, with the properties that the trigger names and no others', () => {
    const { read } = open([
      trigger('bought', {
        when: { event: 'Order', where: { property: 'total', gt: 10 } },
        properties: ['total', 'ship.city', 'none'],
        frequency: { once: true, key: { property: 'order_id' } },
      }),
    ]);
    const facts = read('Order', { total: 12.5, ship: { city: 'Oslo', street: 'x' }, order_id: 'o-1', secret: 's' });
    expect(told(facts)).toEqual(['attributes-changed', 'bought']);
    expect(facts[1] as EventMatched).toMatchObject({
      ...{ entity: ann, eventId: 'e1', name: 'Order', occurredAt: T0 + 1, recordedAt: T0 + 1_000, revision: 1 },
      propertyValues: [
        { name: 'total', value: 12.5 },
        { name: 'ship.city', value: 'Oslo' },
        { name: 'order_id', value: 'o-1' },
      ],
      ...{ values: [], memberships: [], identifiers: [] },
    });
    expect(told(read('Order', { total: 10 }))).toEqual(['attributes-changed']);
    expect(told(read('Visit', { total: 12 }))).toEqual([]);
  });

  it('is one fact for each trigger, those that end a wait first', () => {
    const { read } = open([
      trigger('again', { when: { event: 'Order' }, wait_for: { event: 'Order', timeout: '1d' } }),
      trigger('other', { when: { event: 'Order' } }),
    ]);
    expect(told(read('Order', {}))).toEqual(['attributes-changed', 'again/wait_for', 'again', 'other']);
  });

  it('begins nothing for a paused trigger, whose waits go on, and nothing at all for an archived one', () => {
    const wait = { when: { event: 'Order' }, wait_for: { event: 'Visit', timeout: '1d' } };
    const { read } = open(
      [trigger('p', { ...wait, state: 'paused' }), trigger('a', { ...wait, state: 'archived' })],
      [],
    );
    expect(told(read('Order', {}))).toEqual([]);
    expect(told(read('Visit', {}))).toEqual(['p/wait_for']);
  });

  it('is one of a user; an account has those that its own triggers wait for', () => {
    const seats = { name: 'seats', kind: 'account', type: 'number', from: [{ trait: 'seats' }] };
    const { harness } = open(
      [
        trigger('bought', { when: { event: 'Order' }, wait_for: { event: 'Visit', timeout: '1d' } }),
        trigger('grew', { when: { attribute: 'seats', changes: true }, wait_for: { event: 'Order', timeout: '1d' } }),
      ],
      [seats],
    );
    const acme = { ...profileIn(0, 2, 1), kind: 'account' } as const;
    const readOf = (entity: Entity, name: string) =>
      told(harness.read(resolved(entity, { id: name, name, at: T0 }), T0 + 1_000).map(({ fact }) => fact));
    expect([readOf(ann, 'Order'), readOf(ann, 'Visit')]).toEqual([['bought'], ['bought/wait_for']]);
    expect([readOf(acme, 'Order'), readOf(acme, 'Visit')]).toEqual([['grew/wait_for'], []]);
  });

  it('is a track event: a page of the same name is none', () => {
    const { read } = open([trigger('t', { when: { event: 'Order' } })], []);
    expect(told(read('Order', {}, { type: 'page' }))).toEqual([]);
  });

  it('goes without a value that is too large, which is counted', () => {
    const { read, counters } = open(
      [trigger('t', { when: { event: 'Order' }, properties: ['long', 'list', 'ok'] })],
      [],
    );
    const [fact] = read('Order', { long: 'x'.repeat(4_097), list: Array(101).fill('a'), ok: 'x'.repeat(4_096) });
    expect((fact as EventMatched).propertyValues.map(({ name }) => name)).toEqual(['ok']);
    expect([...counters.refusedValues]).toEqual([
      ['shop/t.long', 1],
      ['shop/t.list', 1],
    ]);
  });

  it('goes without what would be too much in all', () => {
    const properties = Array.from({ length: 6 }, (_, index) => `p${index}`);
    const { read } = open([trigger('t', { when: { event: 'Order' }, properties })], []);
    const [fact] = read('Order', Object.fromEntries(properties.map((name) => [name, 'x'.repeat(4_000)])));
    expect((fact as EventMatched).propertyValues.map(({ name }) => name)).toEqual(['p0', 'p1', 'p2', 'p3']);
  });

  it('with a payload that is no JSON counts as one without properties', () => {
    const plan = matchPlanOf([]);
    expect(plan.size).toBe(0);
    const event = resolved(ann, { id: 'e', name: 'Order', at: T0 }).event;
    const planned = [{ definition: 't', accepts: undefined, properties: [{ name: 'a', path: ['a'] }] }];
    expect(matchesOf(planned, event, () => '{').matches).toEqual([{ definition: 't', propertyValues: [] }]);
  });
});

/** The tables of journey-trigger in the real engine: what its records become there. */
import { fileURLToPath } from 'node:url';
import type { Entity, LogRecord } from '@attrium/event';
import { describe, expect, it } from '@jest/globals';
import { tablesUnderTest } from '../../../libs/clickhouse/test/tables-under-test.js';
import { attemptProjections, projections } from '../src/projections/projections.js';

const { append, rows } = tablesUnderTest({
  service: 'journey-trigger',
  log: 'firings',
  projections: [...projections, ...attemptProjections],
  migrationsDirectory: fileURLToPath(new URL('../migrations', import.meta.url)),
});

const T0 = Date.UTC(2026, 0, 1);
const entity = (id: string, ordinal: number): Entity => ({ workspace: 'shop', kind: 'profile', id, ordinal });
const ANN = entity('ann', 1);
const BOB = entity('bob', 2);

const FIRINGS: LogRecord[] = [
  {
    kind: 'trigger-fired',
    id: 'f1',
    entity: ANN,
    trigger: 'winback',
    revision: 3,
    effectiveAt: T0,
    recordedAt: T0 + 1,
    reason: 'window',
    cause: 's1',
    on: { kind: 'segment-entered', segment: 'vip', at: T0 },
    values: [
      { name: 'city', value: 'Rome' },
      { name: 'n', value: 0.5 },
    ],
    identifiers: [{ type: 'user_id', value: 'u1' }],
  },
  {
    kind: 'firing-suppressed',
    id: 'f2',
    entity: BOB,
    trigger: 'winback',
    revision: 3,
    effectiveAt: T0,
    recordedAt: T0 + 1,
    why: 'frequency',
    cause: 's2',
    on: { kind: 'attribute-changed', change: { name: 'city', before: 'Rome' } },
    values: [{ name: 'plan', value: 'pro' }],
    memberships: ['vip'],
    lastFiredAt: T0 - 1,
  },
];

describe('table firings', () => {
  it('holds one row a firing, suppressed ones with the reason', async () => {
    await append(0, FIRINGS);
    const common = {
      workspace_id: 'shop',
      trigger: 'winback',
      kind: 'profile',
      revision: 3,
      effective_at: '2026-01-01 00:00:00.000',
      recorded_at: '2026-01-01 00:00:00.001',
      partition: 0,
      sequence: 1,
    };
    expect(await rows('SELECT * EXCEPT version FROM firings ORDER BY row_index')).toEqual([
      {
        ...common,
        profile_id: 'ann',
        firing_id: 'f1',
        outcome: 'fired',
        suppressed_by: '',
        reason: 'window',
        cause: 's1',
        row_index: 0,
        on_kind: 'segment-entered',
        on_name: 'vip',
        before: null,
        after: null,
        'values.name': ['city', 'n'],
        'values.value': ['"Rome"', '0.5'],
        'identifiers.type': ['user_id'],
        'identifiers.value': ['u1'],
        memberships: [],
        last_fired_at: null,
        wait_outcome: '',
        'properties.name': [],
        'properties.value': [],
      },
      {
        ...common,
        profile_id: 'bob',
        firing_id: 'f2',
        outcome: 'suppressed',
        suppressed_by: 'frequency',
        reason: '',
        cause: 's2',
        row_index: 1,
        on_kind: 'attribute-changed',
        on_name: 'city',
        before: '"Rome"',
        after: null,
        'values.name': ['plan'],
        'values.value': ['"pro"'],
        'identifiers.type': [],
        'identifiers.value': [],
        memberships: ['vip'],
        last_fired_at: '2025-12-31 23:59:59.999',
        wait_outcome: '',
        'properties.name': [],
        'properties.value': [],
      },
    ]);
  });
});

describe('table firings, of events and waits', () => {
  it('says of which event a firing is, with the properties that it carries, and how its wait ended', async () => {
    const properties = [
      { name: 'total', value: 12.5 },
      { name: 'ship.city', value: 'Oslo' },
    ];
    await append(2, [
      {
        ...{ kind: 'trigger-fired', id: 'f3', entity: ANN, trigger: 'cart', revision: 3, reason: 'event', cause: 'e1' },
        ...{ effectiveAt: T0 + 5, recordedAt: T0 + 5, values: [], identifiers: [], outcome: 'timed_out' },
        on: { kind: 'event-occurred', event: { id: 'e1', name: 'Cart Viewed', occurredAt: T0, properties } },
      },
    ]);
    const columns = 'on_kind, on_name, cause, wait_outcome, properties.name, properties.value';
    expect(await rows(`SELECT ${columns} FROM firings WHERE trigger = 'cart'`)).toEqual([
      {
        ...{ on_kind: 'event-occurred', on_name: 'Cart Viewed', cause: 'e1', wait_outcome: 'timed_out' },
        'properties.name': ['total', 'ship.city'],
        'properties.value': ['12.5', '"Oslo"'],
      },
    ]);
  });
});

describe('table firings, of schedules', () => {
  it('says which local date in which zone a firing is of', async () => {
    await append(3, [
      {
        ...{ kind: 'firing-suppressed', id: 'f4', entity: ANN, trigger: 'digest', revision: 3, why: 'late' },
        ...{ effectiveAt: T0, recordedAt: T0 + 5, cause: `timer:${T0}`, values: [], memberships: [] },
        on: {
          kind: 'schedule-reached',
          occurrence: { segment: 'vip', at: T0, day: '2026-01-01', timeZone: 'Europe/Berlin' },
        },
      },
    ]);
    const columns = 'suppressed_by, on_kind, on_name, properties.name, properties.value';
    expect(await rows(`SELECT ${columns} FROM firings WHERE trigger = 'digest'`)).toEqual([
      {
        ...{ suppressed_by: 'late', on_kind: 'schedule-reached', on_name: 'vip' },
        'properties.name': ['day', 'time_zone'],
        'properties.value': ['"2026-01-01"', '"Europe/Berlin"'],
      },
    ]);
  });
});

describe('table deliveries', () => {
  it('holds one row an attempt, with the status and how long it took', async () => {
    await append(1, [
      {
        kind: 'delivery-attempted',
        id: 'a1',
        workspace: 'shop',
        trigger: 'winback',
        destination: 'webhook-winback-1',
        firingId: 'f1',
        profileId: 'ann',
        at: Date.now(),
        latencyMs: 12,
        attempt: 3,
        outcome: 'failed',
        why: 'throttled',
        status: 429,
        replay: 'r1',
      },
    ]);
    expect(await rows('SELECT * EXCEPT (version, at) FROM deliveries')).toEqual([
      {
        workspace_id: 'shop',
        trigger: 'winback',
        destination: 'webhook-winback-1',
        firing_id: 'f1',
        profile_id: 'ann',
        latency_ms: 12,
        attempt: 3,
        outcome: 'failed',
        why: 'throttled',
        status: 429,
        replay: 'r1',
        partition: 1,
        sequence: expect.any(Number),
        row_index: 0,
      },
    ]);
  });
});

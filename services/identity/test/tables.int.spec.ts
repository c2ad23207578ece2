/** The tables of identity in the real engine: what its records become there. */
import { fileURLToPath } from 'node:url';
import { type Entity, type Event, type LogRecord } from '@attrium/event';
import { describe, expect, it } from '@jest/globals';
import { tablesUnderTest } from '../../../libs/clickhouse/test/tables-under-test.js';
import { projections } from '../src/projections/projections.js';

const { append, rows } = tablesUnderTest({
  service: 'identity',
  log: 'resolved',
  projections,
  migrationsDirectory: fileURLToPath(new URL('../migrations', import.meta.url)),
});

const T0 = Date.UTC(2026, 0, 1);
const entity = (id: string, ordinal: number): Entity => ({ workspace: 'shop', kind: 'profile', id, ordinal });
const ANN = entity('ann', 1);
const BOB = entity('bob', 2);

const event: Event = {
  kind: 'event',
  id: 'm1',
  workspace: 'shop',
  source: 'web',
  type: 'track',
  name: "Order\tCompleted's",
  occurredAt: T0 + 1,
  receivedAt: T0 + 2,
  identifiers: [
    { type: 'user_id', value: "o'neil\\" },
    { type: 'email', value: 'é\n😀' },
  ],
  payload: Buffer.from('{"properties":{"text":"a\\nb\\"c","n":820982911946154508}}'),
};
const linked = (id: string, to: Entity): LogRecord => ({
  kind: 'identifier-linked',
  id,
  entity: to,
  identifier: { type: 'email', value: 'a@b.c' },
  cause: 'm1',
  occurredAt: T0,
});

describe('tables of identity', () => {
  it('hold an event once, with its text byte for byte', async () => {
    await append(1, [{ kind: 'event-resolved', id: 'i0-5-0-1', entity: ANN, origin: 'bob', event }]);
    expect(await rows('SELECT * EXCEPT version FROM events')).toEqual([
      {
        workspace_id: 'shop',
        profile_id: 'ann',
        origin_id: 'bob',
        message_id: 'm1',
        type: 'track',
        name: event.name,
        occurred_at: '2026-01-01 00:00:00.001',
        received_at: '2026-01-01 00:00:00.002',
        stated_at: null,
        source: 'web',
        'identifiers.type': ['user_id', 'email'],
        'identifiers.value': ["o'neil\\", 'é\n😀'],
        previous_type: '',
        previous_value: '',
        group_id: '',
        payload: Buffer.from(event.payload).toString(),
        ordinal: 1,
        partition: 1,
        sequence: 1,
        row_index: 0,
      },
    ]);
  });

  it('follow merges in the order of decisions, whatever the order of messages of different partitions', async () => {
    const merge = (id: string, loser: Entity, survivor: Entity): LogRecord => ({
      kind: 'profiles-merged',
      id,
      mergeId: id,
      survivor,
      loser,
      identifiers: [{ type: 'email', value: 'a@b.c' }],
      cause: 'm2',
      occurredAt: T0 + 5,
    });
    const cyd = entity('cyd', 3);
    await append(3, [merge('i0-7-1-0', BOB, cyd)]);
    await append(2, [
      { kind: 'profile-created', id: 'i0-6-0-0', entity: BOB, cause: 'm1', occurredAt: T0 },
      merge('i0-7-0-0', ANN, BOB),
      merge('i0-7-1-0', BOB, cyd),
    ]);
    await append(1, [
      { kind: 'profile-created', id: 'i0-5-0-0', entity: ANN, cause: 'm1', occurredAt: T0 },
      linked('i0-5-0-1', ANN),
      merge('i0-7-0-0', ANN, BOB),
    ]);
    expect(await rows('SELECT value, profile_id FROM identifiers FINAL')).toEqual([
      { value: 'a@b.c', profile_id: 'cyd' },
    ]);
    expect(await rows('SELECT profile_id, merged_into FROM profiles FINAL ORDER BY profile_id')).toEqual([
      { profile_id: 'ann', merged_into: 'bob' },
      { profile_id: 'bob', merged_into: 'cyd' },
    ]);
    const kept = 'merge_id, survivor_id, loser_id, identifiers.value AS held, cause';
    expect(await rows(`SELECT ${kept} FROM merges FINAL ORDER BY merge_id`)).toEqual([
      { merge_id: 'i0-7-0-0', survivor_id: 'bob', loser_id: 'ann', held: ['a@b.c'], cause: 'm2' },
      { merge_id: 'i0-7-1-0', survivor_id: 'cyd', loser_id: 'bob', held: ['a@b.c'], cause: 'm2' },
    ]);
  });

  it('hold accounts, their members through a merge, and the current account; an event is one row, with both', async () => {
    const account: Entity = { workspace: 'shop', kind: 'account', id: 'acc', ordinal: 9 };
    const [dan, eve] = [entity('dan', 4), entity('eve', 5)];
    const said = { account, cause: 'm1', occurredAt: T0 };
    await append(2, [
      { kind: 'account-created', id: 'i0-9-0-0', entity: account, groupId: 'acme', cause: 'm1', occurredAt: T0 },
      { kind: 'account-linked', id: 'i0-9-0-2', entity: dan, ...said },
      { kind: 'event-resolved', id: 'i0-9-0-5', entity: account, origin: 'acc', event: { ...event, groupId: 'acme' } },
      { kind: 'account-unlinked', id: 'i0-9-1-1', entity: dan, ...said },
      { kind: 'account-linked', id: 'i0-9-1-4', entity: eve, ...said },
    ]);
    await append(1, [
      { kind: 'account-linked', id: 'i0-9-0-1', entity: dan, ...said },
      { kind: 'current-account-changed', id: 'i0-9-0-3', entity: dan, ...said },
      { kind: 'account-unlinked', id: 'i0-9-1-0', entity: dan, ...said },
      { kind: 'current-account-changed', id: 'i0-9-1-2', entity: dan, cause: 'm2', occurredAt: T0 },
      { kind: 'account-linked', id: 'i0-9-1-3', entity: eve, ...said },
      { kind: 'current-account-changed', id: 'i0-9-1-5', entity: eve, ...said },
    ]);
    expect(await rows('SELECT account_id, group_id FROM accounts FINAL')).toEqual([
      { account_id: 'acc', group_id: 'acme' },
    ]);
    const both = { profile_id: 'eve', account_id: 'acc' };
    expect(await rows('SELECT profile_id, account_id FROM account_members FINAL')).toEqual([both]);
    expect(await rows('SELECT profile_id, account_id FROM current_accounts FINAL')).toEqual([both]);
    expect(await rows("SELECT profile_id FROM events WHERE group_id = 'acme' OR profile_id = 'acc'")).toEqual([]);
  });
});

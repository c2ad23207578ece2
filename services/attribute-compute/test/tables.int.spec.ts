/** The tables of attribute-compute in the real engine: what its records become there. */
import { fileURLToPath } from 'node:url';
import { type AttributeChange, Decimal, type Entity, type LogRecord, Timestamp } from '@attrium/event';
import { describe, expect, it } from '@jest/globals';
import { tablesUnderTest } from '../../../libs/clickhouse/test/tables-under-test.js';
import { projections } from '../src/projections/projections.js';

const { append, rows } = tablesUnderTest({
  service: 'attribute-compute',
  log: 'attributes',
  projections,
  migrationsDirectory: fileURLToPath(new URL('../migrations', import.meta.url)),
});

const T0 = Date.UTC(2026, 0, 1);
const entity = (id: string, ordinal: number): Entity => ({ workspace: 'shop', kind: 'profile', id, ordinal });
const ANN = entity('ann', 1);
const BOB = entity('bob', 2);

function changed(of: Entity, id: string, changes: readonly AttributeChange[]): LogRecord {
  return {
    kind: 'attributes-changed',
    id,
    entity: of,
    effectiveAt: T0,
    recordedAt: T0 + 1,
    reason: 'event',
    cause: 'm1',
    revision: 3,
    changes,
  };
}

describe('tables of attribute-compute', () => {
  it('hold the changes of a record in one row and each value in one, exactly, without unnamed attributes', async () => {
    await append(1, [
      changed(ANN, 'c1', [
        { name: 'total', before: 0.1, after: new Decimal(820982911946154508123456789012345678n) },
        { name: '~did:1', after: true },
        { name: 'city', before: 'Köln', after: "a\t'b'" },
        { name: 'huge', after: 1e300 },
        { name: 'seen', after: new Timestamp(T0) },
        { name: 'tags', before: ['a'] },
      ]),
      changed(BOB, 'c2', [{ name: '~did:1', after: true }]),
    ]);
    expect(
      await rows(
        'SELECT change_id, effective_at, reason, cause, revision, changes.name, changes.before, changes.after, arrayMap(n -> toString(n), changes.after_number) AS numbers FROM attribute_changes',
      ),
    ).toEqual([
      {
        change_id: 'c1',
        effective_at: '2026-01-01 00:00:00.000',
        reason: 'event',
        cause: 'm1',
        revision: 3,
        'changes.name': ['total', 'city', 'huge', 'seen', 'tags'],
        'changes.before': ['0.1', '"Köln"', null, null, '["a"]'],
        'changes.after': [
          '820982911946154508.123456789012345678',
          `"a\\t'b'"`,
          '1e+300',
          '"2026-01-01T00:00:00.000Z"',
          null,
        ],
        numbers: ['820982911946154508.123456789012345678', null, null, null, null],
      },
    ]);
    expect(
      await rows(
        'SELECT name, type, value, toString(number) AS number, partition, sequence, row_index FROM attributes FINAL ORDER BY name',
      ),
    ).toEqual([
      { name: 'city', type: 'string', value: `"a\\t'b'"`, number: null, partition: 1, sequence: 1, row_index: 0 },
      { name: 'huge', type: 'number', value: '1e+300', number: null, partition: 1, sequence: 1, row_index: 0 },
      {
        name: 'seen',
        type: 'timestamp',
        value: '"2026-01-01T00:00:00.000Z"',
        number: null,
        partition: 1,
        sequence: 1,
        row_index: 0,
      },
      {
        name: 'total',
        type: 'number',
        value: '820982911946154508.123456789012345678',
        number: '820982911946154508.123456789012345678',
        partition: 1,
        sequence: 1,
        row_index: 0,
      },
    ]);
  });

  it('hold the last value of each attribute, and none of the loser of a merge', async () => {
    await append(1, [
      changed(ANN, 'c3', [
        { name: 'total', before: 1, after: 2 },
        { name: 'seen', before: new Timestamp(T0) },
      ]),
    ]);
    await append(1, [
      changed(ANN, 'c4', [{ name: 'total', before: 2, after: 3 }]),
      changed(BOB, 'c5', [{ name: 'total', after: 9 }]),
    ]);
    const query = 'SELECT profile_id, name, value FROM attributes FINAL ORDER BY profile_id, name';
    expect(await rows(query)).toEqual([
      { profile_id: 'ann', name: 'city', value: `"a\\t'b'"` },
      { profile_id: 'ann', name: 'huge', value: '1e+300' },
      { profile_id: 'ann', name: 'total', value: '3' },
      { profile_id: 'bob', name: 'total', value: '9' },
    ]);
    await append(1, [
      {
        kind: 'state-transferred',
        id: 't1',
        stage: 'attribute-compute',
        mergeId: 'g1',
        from: ANN,
        to: BOB,
        state: new Uint8Array(),
        stateVersion: 1,
        published: ['city', 'huge', 'total', '~did:1'],
      },
    ]);
    expect(await rows(query)).toEqual([{ profile_id: 'bob', name: 'total', value: '9' }]);
  });
});

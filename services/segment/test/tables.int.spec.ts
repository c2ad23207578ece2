/** The tables of segment in the real engine: what its records become there. */
import { fileURLToPath } from 'node:url';
import { type Entity, type LogRecord, type SegmentChanged } from '@attrium/event';
import { describe, expect, it } from '@jest/globals';
import { tablesUnderTest } from '../../../libs/clickhouse/test/tables-under-test.js';
import { projections } from '../src/projections/projections.js';

const { append, rows } = tablesUnderTest({
  service: 'segment',
  log: 'memberships',
  projections,
  migrationsDirectory: fileURLToPath(new URL('../migrations', import.meta.url)),
});

const T0 = Date.UTC(2026, 0, 1);
const entity = (id: string, ordinal: number): Entity => ({ workspace: 'shop', kind: 'profile', id, ordinal });
const ANN = entity('ann', 1);
const BOB = entity('bob', 2);

function changed(of: Entity, id: string, what: Partial<SegmentChanged>): LogRecord {
  return {
    kind: 'segment-changed',
    id,
    entity: of,
    effectiveAt: T0,
    recordedAt: T0 + 1,
    reason: 'event',
    cause: 'm1',
    revision: 3,
    entered: [],
    exited: [],
    corrected: [],
    changes: [],
    values: [],
    memberships: [],
    identifiers: [],
    ...what,
  };
}

describe('tables of segment', () => {
  it('hold all that one record changed in one row, and who is in which segment since when', async () => {
    await append(2, [
      changed(ANN, 's1', {
        entered: [
          { segment: 'vip', at: T0 },
          { segment: 'new', at: T0 },
        ],
        corrected: [{ segment: 'old', before: T0 + 5, after: T0 + 3 }],
      }),
      changed(ANN, 's2', { changes: [{ name: 'city', after: 'Rome' }] }),
      changed(ANN, 's3', { exited: [{ segment: 'new', at: T0 + 9 }], corrected: [{ segment: 'gone', before: T0 }] }),
    ]);
    const at = (ms: number): string => new Date(T0 + ms).toISOString().replace('T', ' ').replace('Z', '');
    expect(
      await rows(
        'SELECT change_id, changes.segment, changes.change, changes.before, changes.after FROM membership_changes ORDER BY row_index',
      ),
    ).toEqual([
      {
        change_id: 's1',
        'changes.segment': ['vip', 'new', 'old'],
        'changes.change': ['entered', 'entered', 'corrected'],
        'changes.before': [null, null, at(5)],
        'changes.after': [at(0), at(0), at(3)],
      },
      {
        change_id: 's3',
        'changes.segment': ['new', 'gone'],
        'changes.change': ['exited', 'corrected'],
        'changes.before': [at(9), at(0)],
        'changes.after': [null, null],
      },
    ]);
    expect(await rows('SELECT segment, profile_id, since FROM memberships FINAL ORDER BY segment')).toEqual([
      { segment: 'old', profile_id: 'ann', since: at(3) },
      { segment: 'vip', profile_id: 'ann', since: at(0) },
    ]);
  });

  it('hold no membership of the loser of a merge', async () => {
    await append(2, [
      changed(BOB, 's4', { corrected: [{ segment: 'vip', after: T0 }] }),
      {
        kind: 'state-transferred',
        id: 't1',
        stage: 'segment',
        mergeId: 'g1',
        from: ANN,
        to: BOB,
        state: new Uint8Array(),
        stateVersion: 1,
        published: ['vip', 'old'],
      },
    ]);
    expect(await rows('SELECT segment, profile_id FROM memberships FINAL')).toEqual([
      { segment: 'vip', profile_id: 'bob' },
    ]);
  });
});

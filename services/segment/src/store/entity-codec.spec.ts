import type { Value } from '@attrium/event';
import { describe, expect, it } from '@jest/globals';
import { addMember, type EntityRow, newEntity } from '../domain/entity.js';
import { decodeEntity, encodeEntity } from './entity-codec.js';

const ann = { workspace: 'shop', kind: 'profile', id: 'ann', ordinal: 5_000_000_001 } as const;
const identifiers = [{ type: 'email', value: 'ann@example.com' }];

function rowOf(values: Record<string, Value | undefined>): EntityRow {
  const row = newEntity(ann);
  row.revision = 3;
  row.newestAt = 1_700_000_000_123;
  row.slots = Object.keys(values).map((name) => ({ name }));
  row.values = Object.values(values);
  row.identifiers = identifiers;
  addMember(row, { name: 'rich' }, 20);
  addMember(row, { name: 'quiet' }, -5);
  return row;
}

describe('a stored row', () => {
  it('holds what the entity has, and nothing of what it lacks', () => {
    expect(decodeEntity(encodeEntity(rowOf({ spend: 12.5, email: undefined, plan: 'pro' })))).toEqual(
      rowOf({ spend: 12.5, plan: 'pro' }),
    );
  });

  it('is the same whether slots are empty or absent: a row that was read again is stored in the same bytes', () => {
    const bytes = encodeEntity(rowOf({ spend: undefined, email: 'a@b', plan: undefined }));
    expect(encodeEntity(decodeEntity(bytes))).toEqual(bytes);
    expect(encodeEntity(rowOf({ email: 'a@b' }))).toEqual(bytes);
  });

  it('keeps what only a merge and a catalogue without its segments leave behind', () => {
    const row = rowOf({});
    row.merges = {
      open: { m1: { own: false, upstream: true, occurredAt: 7 } },
      folded: ['m0'],
      early: {},
      completed: ['m2'],
    };
    row.inherited = new Map([['rich', 4]]);
    row.ended = new Map([['gone', 9]]);
    row.kept = [
      { effectiveAt: 1, recordedAt: 2, reason: 'event', cause: 'e', changes: [{ name: 'plan', after: 'x' }] },
    ];
    row.asked = 7;
    row.owed = [{ trigger: 't', activatedBy: 4, segment: 'rich' }];
    expect(decodeEntity(encodeEntity(row))).toEqual(row);
  });

  it('of the version before is read: it was asked by nobody', () => {
    const row = rowOf({ spend: 1 });
    // What version 6 added stands behind everything else, and only where there is some of it.
    expect(decodeEntity(encodeEntity(row))).toEqual({ ...row, asked: 0, owed: undefined });
  });

  it('keeps when schedules are due', () => {
    const row = rowOf({ plan: 'pro' });
    row.agenda = [
      { trigger: 'digest', zone: 'Europe/Berlin', at: 1_767_254_400_000, day: '2026-01-01', step: 3 },
      { trigger: 'offers', zone: 'UTC', at: 1_767_340_800_000, day: '2026-01-02', step: 2 },
    ];
    expect(decodeEntity(encodeEntity(row))).toEqual(row);
  });

  it('of an entity that was merged away points to the other', () => {
    expect(decodeEntity(encodeEntity({ kind: 'pointer', mergedInto: ann }))).toEqual({
      kind: 'pointer',
      mergedInto: ann,
    });
  });
});

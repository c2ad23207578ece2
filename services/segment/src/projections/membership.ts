/** Tables `membership_changes` (a row a record) and `memberships` (a row a membership). */
import type { Projection, Row } from '@attrium/clickhouse';
import type { SegmentChanged } from '@attrium/event';

interface Change {
  readonly segment: string;
  readonly change: 'entered' | 'exited' | 'corrected';
  readonly before: number | undefined;
  readonly after: number | undefined;
}

function changesOf(record: SegmentChanged): Change[] {
  return [
    ...record.entered.map(({ segment, at }) => ({ segment, change: 'entered' as const, before: undefined, after: at })),
    ...record.exited.map(({ segment, at }) => ({ segment, change: 'exited' as const, before: at, after: undefined })),
    ...record.corrected.map(({ segment, before, after }) => ({ segment, change: 'corrected' as const, before, after })),
  ];
}

export const membershipChanges: Projection = {
  table: 'membership_changes',
  profileColumns: ['profile_id'],
  columns: [
    { name: 'workspace_id', type: 'name' },
    { name: 'profile_id', type: 'text' },
    { name: 'kind', type: 'name' },
    { name: 'change_id', type: 'text' },
    { name: 'effective_at', type: 'time' },
    { name: 'recorded_at', type: 'time' },
    { name: 'reason', type: 'name' },
    { name: 'cause', type: 'text' },
    { name: 'revision', type: 'number' },
    { name: 'changes.segment', type: 'names' },
    { name: 'changes.change', type: 'names' },
    { name: 'changes.before', type: 'times?' },
    { name: 'changes.after', type: 'times?' },
  ],
  project: (record) => {
    if (record.kind !== 'segment-changed') return undefined;
    const changes = changesOf(record);
    // It may only pass on attribute changes that triggers asked for.
    if (changes.length === 0) return undefined;
    const { entity } = record;
    return [
      [
        entity.workspace,
        entity.id,
        entity.kind,
        record.id,
        record.effectiveAt,
        record.recordedAt,
        record.reason,
        record.cause,
        record.revision,
        changes.map((change) => change.segment),
        changes.map((change) => change.change),
        changes.map((change) => change.before),
        changes.map((change) => change.after),
      ],
    ];
  },
};

export const memberships: Projection = {
  table: 'memberships',
  profileColumns: ['profile_id'],
  columns: [
    { name: 'workspace_id', type: 'name' },
    { name: 'segment', type: 'name' },
    { name: 'profile_id', type: 'text' },
    { name: 'kind', type: 'name' },
    { name: 'since', type: 'time' },
    { name: 'is_deleted', type: 'boolean' },
  ],
  project: (record) => {
    if (record.kind === 'segment-changed') {
      const { entity } = record;
      const changes = changesOf(record);
      // A segment that came back may correct the old membership away and be entered anew: the entry has the last word.
      const corrected = changes.filter(({ change }) => change === 'corrected');
      const others = changes.filter(({ change }) => change !== 'corrected');
      return [...corrected, ...others].map(({ segment, before, after }): Row => {
        const since = after ?? before ?? record.effectiveAt;
        return [entity.workspace, segment, entity.id, entity.kind, since, after === undefined];
      });
    }
    if (record.kind === 'state-transferred' && record.stage === 'segment') {
      // The loser of a merge is a member of nothing any more; the record carries no time of its own.
      const { from } = record;
      return record.published.map((segment) => [from.workspace, segment, from.id, from.kind, 0, true]);
    }
    return undefined;
  },
};

/** How an entity's row stands in the state store and in transfers: MessagePack of its fields in a fixed order, without their names. */
import type { Entity, MergeState, SegmentChanged } from '@attrium/event';
import { decodeRow, encodeRow } from '@attrium/processor';
import type { Row } from '../domain/entity.js';

/** Of rows and transfers: to be raised when fields come, go or change their meaning. */
export const ENTITY_STATE_VERSION = 1;

type Packed =
  | readonly [
      kind: 0,
      entity: Entity,
      fired: readonly (readonly [trigger: string, effectiveAt: number, recordedAt: number, count: number])[],
      merges: MergeState | undefined,
      kept: SegmentChanged[],
    ]
  | readonly [kind: 1, mergedInto: Entity];

export function encodeEntity(row: Row): Uint8Array {
  return encodeRow(pack(row));
}

function pack(row: Row): Packed {
  if (row.kind === 'pointer') return [1, row.mergedInto];
  const fired = Array.from(
    row.fired,
    ([trigger, { effectiveAt, recordedAt, count }]) => [trigger, effectiveAt, recordedAt, count] as const,
  );
  return [0, row.entity, fired, row.merges, row.kept];
}

export function decodeEntity(bytes: Uint8Array): Row {
  const packed = decodeRow(bytes) as Packed;
  if (packed[0] === 1) return { kind: 'pointer', mergedInto: packed[1] };
  const [, entity, fired, merges, kept] = packed;
  return {
    kind: 'entity',
    entity,
    fired: new Map(
      fired.map(([trigger, effectiveAt, recordedAt, count]) => [trigger, { effectiveAt, recordedAt, count }]),
    ),
    merges,
    kept,
  };
}

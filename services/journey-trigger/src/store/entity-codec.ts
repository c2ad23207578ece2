/** How an entity's row stands in the state store and in transfers: MessagePack of its fields in a fixed order, without their names. */
import type { Entity, Identifier, MergeState, Value } from '@attrium/event';
import { decodeRow, encodeRow } from '@attrium/processor';
import type { EntityRow, Row } from '../domain/entity.js';
import type { KeptRecord } from '../domain/told.js';
import type { WaitingFiring } from '../domain/waiting.js';

/** Of rows and transfers: to be raised when fields come, go or change their meaning. */
export const ENTITY_STATE_VERSION = 3;
/** The oldest encoding that is still read: version 2 has what waits, version 3 the days of schedules and the steps of catalogues. */
export const ENTITY_STATE_VERSION_OLDEST = 1;

type PackedKnown = readonly [
  values: readonly (readonly [name: string, value: Value])[],
  memberships: readonly string[],
  identifiers: readonly Identifier[],
];

type Packed =
  | readonly [
      kind: 0,
      entity: Entity,
      fired: readonly (readonly [trigger: string, effectiveAt: number, recordedAt: number, count: number])[],
      merges: MergeState | undefined,
      kept: KeptRecord[],
      waiting?: WaitingFiring[],
      known?: PackedKnown | undefined,
      due?: number | undefined,
      days?: readonly (readonly [trigger: string, day: string])[],
    ]
  | readonly [kind: 1, mergedInto: Entity];

export function encodeEntity(row: Row): Uint8Array {
  return encodeRow(pack(row));
}

function pack(row: Row): Packed {
  if (row.kind === 'pointer') return [1, row.mergedInto];
  const { entity, merges, kept, waiting, known, due, days } = row;
  const fired = Array.from(
    row.fired,
    ([trigger, { effectiveAt, recordedAt, count }]) => [trigger, effectiveAt, recordedAt, count] as const,
  );
  const packed: PackedKnown | undefined = known && [[...known.values], [...known.memberships], known.identifiers];
  return [0, entity, fired, merges, kept, waiting, packed, due, [...days]];
}

export function decodeEntity(bytes: Uint8Array): Row {
  const packed = decodeRow(bytes) as Packed;
  if (packed[0] === 1) return { kind: 'pointer', mergedInto: packed[1] };
  const [, entity, fired, merges, kept, waiting = [], known, due, days = []] = packed;
  return {
    kind: 'entity',
    entity,
    fired: new Map(
      fired.map(([trigger, effectiveAt, recordedAt, count]) => [trigger, { effectiveAt, recordedAt, count }]),
    ),
    ...{ merges, kept, waiting, known: knownOf(known), due: due ?? undefined, days: new Map(days) },
  };
}

function knownOf(packed: PackedKnown | undefined): EntityRow['known'] {
  if (packed === undefined || packed === null) return undefined;
  const [values, memberships, identifiers] = packed;
  return { values: new Map(values), memberships: new Set(memberships), identifiers };
}

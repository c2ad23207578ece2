/**
 * How an entity's row stands in the state store and in transfers: MessagePack of its fields in a fixed order, without their names. What
 * every row has many of is flat: a list or an object for each of them would be most of the work.
 */
import type { Entity, Identifier, MergeState, Value } from '@attrium/event';
import { decodeRow, encodeRow } from '@attrium/processor';
import type { KeptChanges, Row } from '../domain/entity.js';

/** Of rows, transfers and catalogues: to be raised when fields come, go or change their meaning. */
export const ENTITY_STATE_VERSION = 3;

type PackedEntity = readonly [workspace: string, kind: Entity['kind'], id: string, ordinal: number];

type Packed =
  | readonly [
      kind: 0,
      entity: PackedEntity,
      revision: number,
      newestAt: number,
      /** Name and value by turns. */
      values: readonly Value[],
      /** Segment and since by turns, as in `inherited` and `ended`. */
      memberships: readonly (string | number)[],
      /** Type and value by turns. */
      identifiers: readonly string[],
      merges: MergeState | undefined,
      inherited: readonly (string | number)[],
      kept: KeptChanges[],
      ended: readonly (string | number)[],
    ]
  | readonly [kind: 1, mergedInto: PackedEntity];

export function encodeEntity(row: Row): Uint8Array {
  return encodeRow(pack(row));
}

function pack(row: Row): Packed {
  if (row.kind === 'pointer') return [1, packEntity(row.mergedInto)];
  const { revision, newestAt, merges, kept } = row;
  const identifiers: string[] = [];
  for (const { type, value } of row.identifiers) identifiers.push(type, value);
  return [
    0,
    packEntity(row.entity),
    revision,
    newestAt,
    flat(row.values),
    flat(row.memberships),
    identifiers,
    merges,
    flat(row.inherited),
    kept,
    flat(row.ended),
  ];
}

export function decodeEntity(bytes: Uint8Array): Row {
  const packed = decodeRow(bytes) as Packed;
  if (packed[0] === 1) return { kind: 'pointer', mergedInto: unpackEntity(packed[1]) };
  const [, entity, revision, newestAt, values, memberships, flatIdentifiers, merges, inherited, kept, ended] = packed;
  const identifiers: Identifier[] = [];
  for (let index = 0; index < flatIdentifiers.length; index += 2) {
    identifiers.push({ type: flatIdentifiers[index]!, value: flatIdentifiers[index + 1]! });
  }
  return {
    kind: 'entity',
    entity: unpackEntity(entity),
    revision,
    newestAt,
    values: mapOf(values),
    memberships: mapOf(memberships),
    identifiers,
    merges,
    inherited: mapOf(inherited),
    kept,
    ended: mapOf(ended),
  };
}

function packEntity({ workspace, kind, id, ordinal }: Entity): PackedEntity {
  return [workspace, kind, id, ordinal];
}

function unpackEntity([workspace, kind, id, ordinal]: PackedEntity): Entity {
  return { workspace, kind, id, ordinal };
}

function flat<V>(map: ReadonlyMap<string, V>): (string | V)[] {
  const list: (string | V)[] = [];
  for (const [key, value] of map) list.push(key, value);
  return list;
}

function mapOf<V>(list: readonly (string | V)[]): Map<string, V> {
  const map = new Map<string, V>();
  for (let index = 0; index < list.length; index += 2) map.set(list[index] as string, list[index + 1] as V);
  return map;
}

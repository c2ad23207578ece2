/** Entities and identifiers between the types of libs/event and the generated messages. */
import type { Entity, Identifier } from '@attrium/event';
import type { logV1, valueV1 } from '@attrium/proto/log';
import { CodecError } from './codec-error.js';
import { ENTITY_KIND_NUMBER, entityKindOf } from './wire-names.js';

export function entityToProto({ workspace, kind, id, ordinal }: Entity): logV1.Entity {
  return { workspace, kind: ENTITY_KIND_NUMBER[kind], id, ordinal };
}

/** Throws CodecError for none, and for a kind that is not known. */
export function entityFromProto(entity: logV1.Entity | undefined): Entity {
  if (entity === undefined) throw new CodecError('a record without its entity');
  const { workspace, id, ordinal } = entity;
  return { workspace, kind: entityKindOf(entity.kind), id, ordinal };
}

export function identifierFromProto(identifier: valueV1.Identifier | undefined): Identifier {
  if (identifier === undefined) throw new CodecError('a record without its identifier');
  return { type: identifier.type, value: identifier.value };
}

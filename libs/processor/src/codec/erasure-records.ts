/** The records of erasures, between the types of libs/event and the generated messages. */
import type { ErasureRequested, ProfileErased } from '@attrium/event';
import type { logV1 } from '@attrium/proto/log';
import { CodecError } from './codec-error.js';
import { entityFromProto, entityToProto } from './wire-entity.js';

type EntryRecord = NonNullable<logV1.Entry['record']>;
type ErasureEntry = Extract<EntryRecord, { $case: 'erasureRequested' | 'profileErased' }>;

export function erasureToProto(record: Omit<ErasureRequested, 'id'> | Omit<ProfileErased, 'id'>): ErasureEntry {
  if (record.kind === 'erasure-requested') {
    const { workspace, identifier, author, requestedAt } = record;
    return { $case: 'erasureRequested', value: { workspace, identifier: { ...identifier }, author, requestedAt } };
  }
  const { requestId, erasedAt } = record;
  const entity = entityToProto(record.entity);
  return { $case: 'profileErased', value: { entity, former: record.former.map(entityToProto), requestId, erasedAt } };
}

/** Throws CodecError for a message without what its record cannot be without. */
export function erasureFromProto(id: string, record: ErasureEntry): ErasureRequested | ProfileErased {
  if (record.$case === 'erasureRequested') {
    const { workspace, identifier, author, requestedAt } = record.value;
    if (identifier === undefined) throw new CodecError('a request to erase without an identifier');
    return { kind: 'erasure-requested', id, workspace, identifier, author, requestedAt };
  }
  const { entity, former, requestId, erasedAt } = record.value;
  const all = { entity: entityFromProto(entity), former: former.map(entityFromProto) };
  return { kind: 'profile-erased', id, ...all, requestId, erasedAt };
}

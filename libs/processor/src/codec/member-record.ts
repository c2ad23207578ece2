/** `MemberFound` between the type of libs/event and the generated message. */
import type { MemberFound } from '@attrium/event';
import type { logV1 } from '@attrium/proto/log';
import { CodecError } from './codec-error.js';
import { entityFromProto, entityToProto } from './wire-entity.js';
import { namedValueFromProto, namedValueToProto } from './wire-value.js';

type MemberEntry = Extract<NonNullable<logV1.Entry['record']>, { $case: 'memberFound' }>;

export function memberToProto(record: Omit<MemberFound, 'id'>): MemberEntry {
  const { definition, member, activatedAt, recordedAt, revision, activatedBy } = record;
  return {
    $case: 'memberFound',
    value: {
      entity: entityToProto(record.entity),
      ...{ definition, member: { ...member }, activatedAt, recordedAt, revision, activatedBy },
      values: record.values.map(namedValueToProto),
      memberships: [...record.memberships],
      identifiers: [...record.identifiers],
    },
  };
}

/** Throws CodecError for a message without its entity or its segment. */
export function memberFromProto(id: string, { value }: MemberEntry): MemberFound {
  const { definition, member, activatedAt, recordedAt, revision, activatedBy, memberships, identifiers } = value;
  if (member === undefined) throw new CodecError('a member without its segment');
  return {
    kind: 'member-found',
    id,
    entity: entityFromProto(value.entity),
    ...{ definition, member, activatedAt, recordedAt, revision, activatedBy },
    values: value.values.map(namedValueFromProto),
    ...{ memberships, identifiers },
  };
}

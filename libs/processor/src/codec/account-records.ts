/** The facts about accounts and their members, between the types of libs/event and the generated messages. */
import { assertNever, type FactBody, type LogRecord, type MemberContributed } from '@attrium/event';
import type { logV1 } from '@attrium/proto/log';
import { entityFromProto, entityToProto } from './wire-entity.js';
import { CHANGE_REASON_NUMBER, changeReasonOf } from './wire-names.js';
import { namedValueFromProto, namedValueToProto } from './wire-value.js';

type AccountKind =
  | 'account-created'
  | 'account-linked'
  | 'account-unlinked'
  | 'current-account-changed'
  | 'member-contributed';
type AccountFact = Extract<FactBody, { kind: AccountKind }>;
type AccountRecord = Extract<LogRecord, { kind: AccountKind }>;
type EntryRecord = NonNullable<logV1.Entry['record']>;
type AccountEntry = Extract<
  EntryRecord,
  { $case: 'accountCreated' | 'accountLinked' | 'accountUnlinked' | 'currentAccountChanged' | 'memberContributed' }
>;

export function accountFactToProto(record: AccountFact): AccountEntry {
  if (record.kind === 'member-contributed') return contributionToProto(record);
  const { cause, occurredAt } = record;
  const entity = entityToProto(record.entity);
  switch (record.kind) {
    case 'account-created':
      return { $case: 'accountCreated', value: { entity, groupId: record.groupId, cause, occurredAt } };
    case 'account-linked':
      return { $case: 'accountLinked', value: { entity, account: entityToProto(record.account), cause, occurredAt } };
    case 'account-unlinked':
      return {
        $case: 'accountUnlinked',
        value: { entity, account: entityToProto(record.account), cause, occurredAt, mergeId: record.mergeId },
      };
    case 'current-account-changed': {
      const account = record.account === undefined ? undefined : entityToProto(record.account);
      return { $case: 'currentAccountChanged', value: { entity, account, cause, occurredAt } };
    }
    default:
      return assertNever(record);
  }
}

/** Throws CodecError for a message without its entities. */
export function accountFactFromProto(id: string, record: AccountEntry): AccountRecord {
  if (record.$case === 'memberContributed') return { ...contributionFromProto(record.value), id };
  const { cause, occurredAt } = record.value;
  const entity = entityFromProto(record.value.entity);
  switch (record.$case) {
    case 'accountCreated':
      return { kind: 'account-created', id, entity, groupId: record.value.groupId, cause, occurredAt };
    case 'accountLinked':
      return { kind: 'account-linked', id, entity, account: entityFromProto(record.value.account), cause, occurredAt };
    case 'accountUnlinked':
      return {
        kind: 'account-unlinked',
        id,
        entity,
        account: entityFromProto(record.value.account),
        cause,
        occurredAt,
        mergeId: record.value.mergeId,
      };
    case 'currentAccountChanged': {
      const account = record.value.account === undefined ? undefined : entityFromProto(record.value.account);
      return { kind: 'current-account-changed', id, entity, account, cause, occurredAt };
    }
    default:
      return assertNever(record);
  }
}

function contributionToProto(record: Omit<MemberContributed, 'id'>): AccountEntry {
  const { mergeIds, left, mergedBy, cause, effectiveAt } = record;
  return {
    $case: 'memberContributed',
    value: {
      entity: entityToProto(record.entity),
      member: entityToProto(record.member),
      values: record.values.map(namedValueToProto),
      mergeIds: [...mergeIds],
      left,
      mergedBy,
      reason: CHANGE_REASON_NUMBER[record.reason],
      cause,
      effectiveAt,
    },
  };
}

function contributionFromProto(value: logV1.MemberContributed): Omit<MemberContributed, 'id'> {
  const { mergeIds, left, mergedBy, cause, effectiveAt } = value;
  return {
    kind: 'member-contributed',
    entity: entityFromProto(value.entity),
    member: entityFromProto(value.member),
    values: value.values.map(namedValueFromProto),
    mergeIds,
    left,
    mergedBy,
    reason: changeReasonOf(value.reason),
    cause,
    effectiveAt,
  };
}

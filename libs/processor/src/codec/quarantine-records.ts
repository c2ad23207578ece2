/** The records about the quarantine of merges, between the types of libs/event and the generated messages. */
import {
  assertNever,
  type FactBody,
  type LogRecord,
  QUARANTINE_DECISIONS,
  type QuarantineDecision,
} from '@attrium/event';
import type { logV1, valueV1 } from '@attrium/proto/log';
import { CodecError } from './codec-error.js';
import { entityFromProto, entityToProto } from './wire-entity.js';

type QuarantineKind = 'identifier-quarantined' | 'quarantine-decided' | 'quarantine-ended';
type QuarantineFact = Extract<FactBody, { kind: QuarantineKind }>;
type QuarantineRecord = Extract<LogRecord, { kind: QuarantineKind }>;
type EntryRecord = NonNullable<logV1.Entry['record']>;
type QuarantineEntry = Extract<
  EntryRecord,
  { $case: 'identifierQuarantined' | 'quarantineDecided' | 'quarantineEnded' }
>;

export function quarantineToProto(record: QuarantineFact): QuarantineEntry {
  switch (record.kind) {
    case 'identifier-quarantined': {
      const { kind: _kind, entity, ...rest } = record;
      return { $case: 'identifierQuarantined', value: { ...rest, entity: entityToProto(entity) } };
    }
    case 'quarantine-decided': {
      const { kind: _kind, decision, ...rest } = record;
      return { $case: 'quarantineDecided', value: { ...rest, decision: numberOf(decision) } };
    }
    case 'quarantine-ended': {
      const { kind: _kind, entity, decision, ...rest } = record;
      const value = { ...rest, entity: entityToProto(entity), decision: numberOf(decision) };
      return { $case: 'quarantineEnded', value };
    }
    default:
      return assertNever(record);
  }
}

/** Throws CodecError for a message without its identifier, its entity or its decision. */
export function quarantineFromProto(id: string, record: QuarantineEntry): QuarantineRecord {
  const identifier = identifierOf(record.value.identifier);
  switch (record.$case) {
    case 'identifierQuarantined': {
      const { merges, cause, occurredAt } = record.value;
      const entity = entityFromProto(record.value.entity);
      return { kind: 'identifier-quarantined', id, entity, identifier, merges, cause, occurredAt };
    }
    case 'quarantineDecided': {
      const { workspace, author, decidedAt } = record.value;
      const decision = decisionOf(record.value.decision);
      return { kind: 'quarantine-decided', id, workspace, identifier, decision, author, decidedAt };
    }
    case 'quarantineEnded': {
      const { author, merged, limited, cause, occurredAt } = record.value;
      const head = { id, entity: entityFromProto(record.value.entity), identifier };
      const decision = decisionOf(record.value.decision);
      return { kind: 'quarantine-ended', ...head, decision, author, merged, limited, cause, occurredAt };
    }
    default:
      return assertNever(record);
  }
}

function numberOf(decision: QuarantineDecision): number {
  return QUARANTINE_DECISIONS.indexOf(decision) + 1;
}

function decisionOf(number: number): QuarantineDecision {
  const decision = QUARANTINE_DECISIONS[number - 1];
  if (decision === undefined) throw new CodecError(`${number} is no decision about a quarantine`);
  return decision;
}

function identifierOf(identifier: valueV1.Identifier | undefined): valueV1.Identifier {
  if (identifier === undefined) throw new CodecError('a record without its identifier');
  return { type: identifier.type, value: identifier.value };
}

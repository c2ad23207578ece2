/** The records that are seldom written, between the types of libs/event and the generated messages. */
import type { FactBody, KnownNow, LogRecord } from '@attrium/event';
import { assertNever } from '@attrium/event';
import type { logV1 } from '@attrium/proto/log';
import { accountFactFromProto, accountFactToProto } from './account-records.js';
import { CodecError } from './codec-error.js';
import { erasureFromProto, erasureToProto } from './erasure-records.js';
import type { HotFact } from './hot-writer.js';
import { memberFromProto, memberToProto } from './member-record.js';
import { quarantineFromProto, quarantineToProto } from './quarantine-records.js';
import { scheduleFromProto, scheduleToProto } from './schedule-records.js';
import { seedFromProto, seedToProto } from './seed-records.js';
import { entityFromProto, entityToProto, identifierFromProto } from './wire-entity.js';
import {
  DELIVERY_OUTCOME_NUMBER,
  deliveryOutcomeOf,
  REFUSAL_REASON_NUMBER,
  refusalReasonOf,
  SUPPRESSION_REASON_NUMBER,
  suppressionReasonOf,
  WAIT_OUTCOME_NUMBER,
  waitOutcomeOf,
} from './wire-names.js';
import { firingCauseFromProto, firingCauseToProto, namedValueFromProto, namedValueToProto } from './wire-value.js';

export type ColdFact = Exclude<FactBody, HotFact | { kind: 'trigger-fired' | 'event-matched' }>;
type ColdRecord = Extract<LogRecord, { kind: ColdFact['kind'] }>;
type EntryRecord = NonNullable<logV1.Entry['record']>;

export function coldToProto(record: ColdFact): EntryRecord {
  switch (record.kind) {
    case 'identifier-refused': {
      const { workspace, identifier, cause, occurredAt } = record;
      const entity = record.entity === undefined ? undefined : entityToProto(record.entity);
      const why = REFUSAL_REASON_NUMBER[record.why];
      return { $case: 'identifierRefused', value: { workspace, entity, identifier, why, cause, occurredAt } };
    }
    case 'profiles-merged': {
      const { mergeId, cause, occurredAt } = record;
      const both = { survivor: entityToProto(record.survivor), loser: entityToProto(record.loser) };
      const identifiers = [...record.identifiers];
      return { $case: 'profilesMerged', value: { mergeId, ...both, identifiers, cause, occurredAt } };
    }
    case 'state-transferred':
      return {
        $case: 'stateTransferred',
        value: {
          stage: record.stage,
          mergeId: record.mergeId,
          from: entityToProto(record.from),
          to: entityToProto(record.to),
          state: record.state as Uint8Array<ArrayBuffer>,
          stateVersion: record.stateVersion,
          published: [...record.published],
        },
      };
    case 'merge-completed': {
      const entity = entityToProto(record.entity);
      const known = record.known === undefined ? undefined : knownToProto(record.known);
      return { $case: 'mergeCompleted', value: { entity, mergeIds: [...record.mergeIds], known } };
    }
    case 'member-found':
      return memberToProto(record);
    case 'account-created':
    case 'account-linked':
    case 'account-unlinked':
    case 'current-account-changed':
    case 'member-contributed':
      return accountFactToProto(record);
    case 'erasure-requested':
    case 'profile-erased':
      return erasureToProto(record);
    case 'identifier-quarantined':
    case 'quarantine-decided':
    case 'quarantine-ended':
      return quarantineToProto(record);
    case 'schedule-reached':
      return scheduleToProto(record);
    case 'firing-suppressed':
      return suppressedToProto(record);
    case 'delivery-attempted': {
      const { kind: _kind, outcome, ...attempt } = record;
      return { $case: 'deliveryAttempted', value: { ...attempt, outcome: DELIVERY_OUTCOME_NUMBER[outcome] } };
    }
    case 'catalogue-activated': {
      const { workspace, revision, author, activatedAt, historic = false, step = 0 } = record;
      const catalogue = record.catalogue as Uint8Array<ArrayBuffer>;
      const value = { workspace, revision, author, activatedAt, catalogue, historic, step };
      return { $case: 'catalogueActivated', value };
    }
    case 'seeded':
    case 'seed-completed':
    case 'definitions-switched':
    case 'backfill-ordered':
      return seedToProto(record);
    case 'logic-activated':
      return { $case: 'logicActivated', value: { version: record.version } };
    case 'tick':
      return { $case: 'tick', value: { dueAt: record.dueAt } };
    default:
      return assertNever(record);
  }
}

function suppressedToProto(record: Extract<ColdFact, { kind: 'firing-suppressed' }>): EntryRecord {
  return {
    $case: 'firingSuppressed',
    value: {
      entity: entityToProto(record.entity),
      trigger: record.trigger,
      revision: record.revision,
      effectiveAt: record.effectiveAt,
      recordedAt: record.recordedAt,
      why: SUPPRESSION_REASON_NUMBER[record.why],
      cause: record.cause,
      on: firingCauseToProto(record.on),
      values: record.values.map(namedValueToProto),
      memberships: [...record.memberships],
      lastFiredAt: record.lastFiredAt,
      outcome: record.outcome === undefined ? 0 : WAIT_OUTCOME_NUMBER[record.outcome],
    },
  };
}

/** Throws CodecError for a message without what its record cannot be without. */
export function coldFromProto(id: string, record: EntryRecord): ColdRecord {
  switch (record.$case) {
    case 'identifierRefused': {
      const { workspace, cause, occurredAt } = record.value;
      const entity = record.value.entity === undefined ? undefined : entityFromProto(record.value.entity);
      const identifier = identifierFromProto(record.value.identifier);
      const why = refusalReasonOf(record.value.why);
      return { kind: 'identifier-refused', id, workspace, entity, identifier, why, cause, occurredAt };
    }
    case 'profilesMerged': {
      const { mergeId, identifiers, cause, occurredAt } = record.value;
      const survivor = entityFromProto(record.value.survivor);
      const loser = entityFromProto(record.value.loser);
      return { kind: 'profiles-merged', id, mergeId, survivor, loser, identifiers, cause, occurredAt };
    }
    case 'stateTransferred': {
      const { stage, mergeId, state, stateVersion, published } = record.value;
      const from = entityFromProto(record.value.from);
      const to = entityFromProto(record.value.to);
      return { kind: 'state-transferred', id, stage, mergeId, from, to, state, stateVersion, published };
    }
    case 'mergeCompleted': {
      const { entity, mergeIds, known } = record.value;
      const body = { entity: entityFromProto(entity), mergeIds };
      return { kind: 'merge-completed', id, ...body, known: known === undefined ? undefined : knownFromProto(known) };
    }
    case 'memberFound':
      return memberFromProto(id, record);
    case 'accountCreated':
    case 'accountLinked':
    case 'accountUnlinked':
    case 'currentAccountChanged':
    case 'memberContributed':
      return accountFactFromProto(id, record);
    case 'erasureRequested':
    case 'profileErased':
      return erasureFromProto(id, record);
    case 'identifierQuarantined':
    case 'quarantineDecided':
    case 'quarantineEnded':
      return quarantineFromProto(id, record);
    case 'scheduleReached':
      return scheduleFromProto(id, record);
    case 'firingSuppressed':
      return {
        ...firingHead(id, record.value),
        kind: 'firing-suppressed',
        why: suppressionReasonOf(record.value.why),
        values: record.value.values.map(namedValueFromProto),
        memberships: record.value.memberships,
        lastFiredAt: record.value.lastFiredAt,
        outcome: waitOutcomeOf(record.value.outcome),
      };
    case 'deliveryAttempted':
      return { ...record.value, kind: 'delivery-attempted', id, outcome: deliveryOutcomeOf(record.value.outcome) };
    case 'catalogueActivated': {
      const { historic, step, ...value } = record.value;
      return {
        ...{ kind: 'catalogue-activated', id, ...value },
        ...(historic ? { historic } : {}),
        ...(step > 0 ? { step } : {}),
      };
    }
    case 'seeded':
    case 'seedCompleted':
    case 'definitionsSwitched':
    case 'backfillOrdered':
      return seedFromProto(id, record);
    case 'logicActivated':
      return { kind: 'logic-activated', id, version: record.value.version };
    case 'tick':
      return { kind: 'tick', id, dueAt: record.value.dueAt };
    default:
      // Only damaged bytes lead here: the reader of hot records has refused what the generated code made one of.
      throw new CodecError(`${record.$case} is not encoded as its reader expects`);
  }
}

function knownToProto({ recordedAt, values, memberships, identifiers }: KnownNow): logV1.KnownNow {
  return {
    recordedAt,
    values: values.map(namedValueToProto),
    memberships: [...memberships],
    identifiers: [...identifiers],
  };
}

function knownFromProto({ recordedAt, values, memberships, identifiers }: logV1.KnownNow): KnownNow {
  return { recordedAt, values: values.map(namedValueFromProto), memberships, identifiers };
}

function firingHead(id: string, value: logV1.FiringSuppressed) {
  return {
    id,
    entity: entityFromProto(value.entity),
    trigger: value.trigger,
    revision: value.revision,
    effectiveAt: value.effectiveAt,
    recordedAt: value.recordedAt,
    cause: value.cause,
    on: firingCauseFromProto(value.on),
  };
}

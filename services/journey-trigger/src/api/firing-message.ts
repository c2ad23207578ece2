/** A firing as the deliveries log has it, as the message of `attrium.trigger.v1`. */
import type { CompiledCatalogue } from '@attrium/catalogue';
import { assertNever, type ChangeReason, type FiringCause, type ValueType, type WaitOutcome } from '@attrium/event';
import { firingCauseToProto, namedValueToProto, type StoredMessage } from '@attrium/processor';
import { type triggerV1, valueV1 } from '@attrium/proto';
import { type FiringOn, type JsonValue, readFiring, valueOfJson } from '../deliveries/firing-json.js';

const REASONS: Readonly<Record<ChangeReason, valueV1.ChangeReason>> = {
  event: valueV1.ChangeReason.CHANGE_REASON_EVENT,
  merge: valueV1.ChangeReason.CHANGE_REASON_MERGE,
  split: valueV1.ChangeReason.CHANGE_REASON_SPLIT,
  window: valueV1.ChangeReason.CHANGE_REASON_WINDOW,
  backfill: valueV1.ChangeReason.CHANGE_REASON_BACKFILL,
  correction: valueV1.ChangeReason.CHANGE_REASON_CORRECTION,
};

const OUTCOMES: Readonly<Record<WaitOutcome, valueV1.WaitOutcome>> = {
  happened: valueV1.WaitOutcome.WAIT_OUTCOME_HAPPENED,
  timed_out: valueV1.WaitOutcome.WAIT_OUTCOME_TIMED_OUT,
};

/** Types of attributes come from the catalogue of today. Throws SyntaxError for what is no JSON. */
export function firingMessage(
  { sequence, payload }: StoredMessage,
  catalogue: CompiledCatalogue | undefined,
): triggerV1.SubscribeResponse {
  const firing = readFiring(payload);
  const typeOf = (name: string): ValueType | undefined =>
    catalogue?.attributes.find((attribute) => attribute.name === name)?.type;
  return {
    position: sequence,
    firingId: firing.id,
    trigger: firing.trigger,
    revision: firing.revision,
    profileId: firing.profileId,
    identifiers: firing.identifiers.map(({ type, value }) => ({ type, value })),
    effectiveAt: Date.parse(firing.effectiveAt),
    recordedAt: Date.parse(firing.recordedAt),
    reason: REASONS[firing.reason],
    on: firingCauseToProto(causeOf(firing.on, typeOf)),
    values: Object.entries(firing.attributes).map(([name, json]) =>
      namedValueToProto({ name, value: valueOfJson(json, typeOf(name)) }),
    ),
    outcome: firing.outcome === undefined ? valueV1.WaitOutcome.WAIT_OUTCOME_UNSPECIFIED : OUTCOMES[firing.outcome],
  };
}

function causeOf(on: FiringOn, typeOf: (name: string) => ValueType | undefined): FiringCause {
  switch (on.kind) {
    case 'segment-entered':
    case 'segment-exited':
    case 'segment-present':
      return { kind: on.kind, segment: on.segment, at: Date.parse(on.at) };
    case 'attribute-changed': {
      const { attribute: name, before, after } = on;
      const value = (json: JsonValue | undefined) => (json === undefined ? undefined : valueOfJson(json, typeOf(name)));
      return { kind: on.kind, change: { name, before: value(before), after: value(after) } };
    }
    case 'event-occurred': {
      const { event: name, eventId: id, at, properties } = on;
      const values = Object.entries(properties).map(([path, json]) => ({
        name: path,
        value: valueOfJson(json, undefined),
      }));
      return { kind: on.kind, event: { id, name, occurredAt: Date.parse(at), properties: values } };
    }
    case 'schedule-reached': {
      const { kind, segment, at, day, timeZone } = on;
      return { kind, occurrence: { segment, at: Date.parse(at), day, timeZone } };
    }
    default:
      return assertNever(on);
  }
}

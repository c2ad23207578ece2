/** A firing as JSON: what the deliveries log holds and webhooks send (docs/reference/firing.md). */
import {
  assertNever,
  Decimal,
  decimalFromText,
  type FiringCause,
  type Identifier,
  type NamedValue,
  Timestamp,
  type TriggerFired,
  type Value,
  type ValueType,
  type WaitOutcome,
} from '@attrium/event';

import { FIRING_SCHEMA_VERSION } from './firing-schema.js';

/** A number that a double does not hold exactly is text; a timestamp is ISO 8601 text. */
export type JsonValue = string | number | boolean | readonly string[];

export type FiringOn =
  | {
      readonly kind: 'segment-entered' | 'segment-exited' | 'segment-present';
      readonly segment: string;
      readonly at: string;
    }
  | {
      readonly kind: 'attribute-changed';
      readonly attribute: string;
      readonly before?: JsonValue;
      readonly after?: JsonValue;
    }
  | {
      readonly kind: 'event-occurred';
      readonly event: string;
      readonly eventId: string;
      readonly at: string;
      /** By path; one that the event does not have is absent. */
      readonly properties: Readonly<Record<string, JsonValue>>;
    }
  | {
      readonly kind: 'schedule-reached';
      readonly segment: string;
      /** When it was due. */
      readonly at: string;
      /** The local date that it is of. */
      readonly day: string;
      readonly timeZone: string;
    };

/** All times are ISO 8601, UTC. */
export interface FiringJson {
  readonly schemaVersion: typeof FIRING_SCHEMA_VERSION;
  readonly id: string;
  readonly workspace: string;
  readonly trigger: string;
  readonly revision: number;
  /** Of the entity: of an account where `kind` says so. */
  readonly profileId: string;
  /** Absent: a profile. */
  readonly kind?: 'account';
  readonly identifiers: readonly Identifier[];
  readonly on: FiringOn;
  readonly effectiveAt: string;
  readonly recordedAt: string;
  readonly reason: TriggerFired['reason'];
  readonly cause: string;
  readonly attributes: Readonly<Record<string, JsonValue>>;
  /** Of a trigger that waits for something. */
  readonly outcome?: WaitOutcome;
  /** Only of a test that somebody asked for: nothing happened. */
  readonly test?: true;
}

export function firingJson(firing: TriggerFired): string {
  const json: FiringJson = {
    schemaVersion: FIRING_SCHEMA_VERSION,
    id: firing.id,
    workspace: firing.entity.workspace,
    trigger: firing.trigger,
    revision: firing.revision,
    profileId: firing.entity.id,
    ...(firing.entity.kind === 'account' ? { kind: 'account' } : {}),
    identifiers: firing.identifiers.map(({ type, value }) => ({ type, value })),
    on: onOf(firing.on),
    effectiveAt: isoText(firing.effectiveAt),
    recordedAt: isoText(firing.recordedAt),
    reason: firing.reason,
    cause: firing.cause,
    attributes: jsonOfValues(firing.values),
    ...(firing.outcome === undefined ? {} : { outcome: firing.outcome }),
  };
  return JSON.stringify(json);
}

function jsonOfValues(values: readonly NamedValue[]): Record<string, JsonValue> {
  return Object.fromEntries(values.map(({ name, value }) => [name, jsonOfValue(value)]));
}

/** Reads what `firingJson` wrote. Throws SyntaxError for what is no JSON. */
export function readFiring(bytes: Uint8Array): FiringJson {
  return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')) as FiringJson;
}

export function jsonOfValue(value: Value): JsonValue {
  if (value instanceof Timestamp) return isoText(value.ms);
  return value instanceof Decimal ? value.toString() : value;
}

/** The value that `jsonOfValue` made text or number of; without a type, or with one that the text does not fit, text stays text. */
export function valueOfJson(json: JsonValue, type: ValueType | undefined): Value {
  if (typeof json !== 'string') return json;
  if (type === 'number') return decimalFromText(json) ?? json;
  if (type !== 'timestamp') return json;
  const ms = Date.parse(json);
  return Number.isNaN(ms) ? json : new Timestamp(ms);
}

function onOf(on: FiringCause): FiringOn {
  switch (on.kind) {
    case 'segment-entered':
    case 'segment-exited':
    case 'segment-present':
      return { kind: on.kind, segment: on.segment, at: isoText(on.at) };
    case 'attribute-changed': {
      const { name, before, after } = on.change;
      return {
        kind: on.kind,
        attribute: name,
        ...(before === undefined ? {} : { before: jsonOfValue(before) }),
        ...(after === undefined ? {} : { after: jsonOfValue(after) }),
      };
    }
    case 'event-occurred': {
      const { name: event, id: eventId, occurredAt, properties } = on.event;
      return { kind: on.kind, event, eventId, at: isoText(occurredAt), properties: jsonOfValues(properties) };
    }
    case 'schedule-reached': {
      const { segment, at, day, timeZone } = on.occurrence;
      return { kind: on.kind, segment, at: isoText(at), day, timeZone };
    }
    default:
      return assertNever(on);
  }
}

/** What no calendar reaches is given as the number that it is. */
function isoText(ms: number): string {
  if (ms !== known.ms) known = { ms, text: Math.abs(ms) <= 8.64e15 ? new Date(ms).toISOString() : String(ms) };
  return known.text;
}

/** The times of one firing are often the same. */
let known = { ms: 0, text: new Date(0).toISOString() };

/** Turns what clients of every kind send into one `Event`. */
import { isListEvent } from '@attrium/catalogue';
import { EVENT_TYPES, type Event, type EventType, stringifyExactJson } from '@attrium/event';
import { isConsentEvent, isFault, statementsOf } from './consent.js';
import type { RawEvent, ShapeCheck } from './event-shape.js';
import { eventTime, readTime } from './event-time.js';
import { type DropReason, identifiersOf, isKept } from './identifiers.js';
import { inspectJson } from './inspect-json.js';
import { objectOf, textOf } from './json-field.js';
import type { IngestLimits } from './limits.js';
import { TOO_DEEP } from './nesting.js';
import { type Rejection, rejection } from './rejection.js';

/** What is the same for all events of one request. */
export interface Envelope {
  readonly workspace: string;
  readonly source: string;
  readonly receivedAt: number;
  /** `sentAt` of the request, as the client stated it. */
  readonly sentAt?: unknown;
  /** Of the batch; an event's own entries win. */
  readonly context?: Readonly<Record<string, unknown>> | undefined;
  readonly integrations?: Readonly<Record<string, unknown>> | undefined;
  /** Address of the sender, for requests of browsers: they do not know their own. */
  readonly ip?: string | undefined;
  /** The type that the path names; without one the event must name it. */
  readonly type?: EventType | undefined;
}

export interface Normaliser {
  readonly limits: IngestLimits;
  readonly checkShape: ShapeCheck;
  /** A new unique id, for events that come without a messageId. */
  readonly newMessageId: () => string;
  readonly encodeUtf8: (text: string) => Uint8Array;
}

export type Normalised =
  /** `dropped`: identifiers without which the event goes on. */
  | { readonly kind: 'accepted'; readonly event: Event; readonly dropped: readonly DropReason[] }
  | { readonly kind: 'rejected'; readonly rejection: Rejection; readonly messageId?: string };

/** The event, or why it is not taken. */
export function normaliseEvent(given: unknown, envelope: Envelope, normaliser: Normaliser): Normalised {
  const { limits } = normaliser;
  if (given === TOO_DEEP)
    return refuse(rejection('nestedTooDeeply', `The event has more than ${limits.eventLevelsMax} levels.`));
  const misshapen = normaliser.checkShape(given);
  const raw = given as RawEvent;
  if (misshapen !== undefined) return refuse(misshapen, given);
  const inspection = inspectJson(raw, limits.eventLevelsMax);
  if (inspection.rejection !== undefined) return refuse(inspection.rejection, given);

  const type = envelope.type ?? eventTypeOf(raw.type);
  if (type === undefined)
    return refuse(rejection('unknownType', `The type must be one of ${EVENT_TYPES.join(', ')}.`), given);
  const incomplete = missingField(type, raw);
  if (incomplete !== undefined) return refuse(incomplete, given);
  const statements = isConsentEvent(type, raw.event) ? statementsOf(raw.properties) : undefined;
  if (statements !== undefined && isFault(statements)) {
    return refuse(rejection('faultyConsent', `"${statements.path}": ${statements.message}.`), given);
  }
  const { identifiers, dropped } = identifiersOf(type, raw, envelope.context, limits);
  if (identifiers.length === 0) {
    return refuse(rejection('noIdentifier', 'An event needs a userId, an anonymousId or another identifier.'), given);
  }
  const stated = statedTime(raw);
  if (typeof stated === 'object') return refuse(stated, given);

  const messageId = textOf(raw.messageId) ?? normaliser.newMessageId();
  const groupId = groupIdOf(raw, envelope);
  const previousId = type === 'alias' ? textOf(raw.previousId) : undefined;
  const name = nameOf(type, raw);
  const texts = [messageId, name, groupId, previousId, ...identifiers.map((identifier) => identifier.value)];
  if (!texts.every(isUsableText)) {
    return refuse(rejection('unusableText', 'Ids and names must not hold NUL or half of a surrogate pair.'), given);
  }

  const object = payloadOf(type, raw, envelope);
  if (statements !== undefined) object.properties = { ...raw.properties, statements };
  // The batch's context has been inspected with the batch, but may hold decimals of its own.
  const exact = inspection.hasDecimal || envelope.context !== undefined;
  const payload = normaliser.encodeUtf8(exact ? stringifyExactJson(object) : JSON.stringify(object));
  if (payload.length > limits.eventBytesMax) {
    return refuse(
      rejection('eventTooLarge', `The event has ${payload.length} bytes; ${limits.eventBytesMax} are allowed.`),
      given,
    );
  }
  const sentAt = envelope.sentAt ?? raw.sentAt;
  return {
    kind: 'accepted',
    dropped,
    event: {
      kind: 'event',
      id: messageId,
      workspace: envelope.workspace,
      source: envelope.source,
      type,
      name,
      ...eventTime({ stated, sentAt: readTime(sentAt), receivedAt: envelope.receivedAt }),
      receivedAt: envelope.receivedAt,
      identifiers,
      ...(previousId === undefined ? {} : { previous: { type: 'previous_id', value: previousId } }),
      ...(groupId === undefined ? {} : { groupId }),
      payload,
    },
  };
}

function refuse(reason: Rejection, given?: unknown): Normalised {
  const messageId = typeof given === 'object' && given !== null ? (given as RawEvent).messageId : undefined;
  return typeof messageId === 'string' && messageId !== ''
    ? { kind: 'rejected', rejection: reason, messageId: messageId.slice(0, 100) }
    : { kind: 'rejected', rejection: reason };
}

function eventTypeOf(value: unknown): EventType | undefined {
  return EVENT_TYPES.find((type) => type === value);
}

function isUsableText(text: string | undefined): boolean {
  return text === undefined || isKept(text);
}

function missingField(type: EventType, raw: RawEvent): Rejection | undefined {
  if (type === 'track' && textOf(raw.event) === undefined)
    return rejection('noEventName', 'A track event needs "event", its name.');
  if (type === 'track' && isListEvent({ type, name: textOf(raw.event)! }))
    return rejection('reservedName', 'Events of this name come from imports of static lists only.');
  if (type === 'group' && textOf(raw.groupId) === undefined)
    return rejection('noGroupId', 'A group event needs "groupId".');
  if (type === 'alias' && (textOf(raw.previousId) === undefined || textOf(raw.userId) === undefined)) {
    return rejection('noAlias', 'An alias event needs "previousId" and "userId".');
  }
  return undefined;
}

/** The time that the client states; undefined when it states none. */
function statedTime(raw: RawEvent): number | Rejection | undefined {
  const given = [raw.timestamp, raw.originalTimestamp].find(
    (time) => time !== undefined && time !== null && time !== '',
  );
  if (given === undefined) return undefined;
  const ms = readTime(given);
  if (ms === undefined)
    return rejection('unreadableTime', 'The timestamp is no ISO 8601 time and no number of milliseconds.');
  return ms < 0 ? rejection('timeTooOld', 'The timestamp is before 1970.') : ms;
}

function nameOf(type: EventType, raw: RawEvent): string {
  if (type === 'track') return textOf(raw.event)!;
  if (type !== 'page' && type !== 'screen') return type;
  const inside = textOf(raw.properties?.name);
  return textOf(raw.name) ?? (inside !== undefined && inside.length <= 500 ? inside : undefined) ?? type;
}

/** The account that the event names: by itself, or in its context, as clients do once somebody is in a group. */
function groupIdOf(raw: RawEvent, { context }: Envelope): string | undefined {
  return textOf(raw.groupId) ?? textOf(objectOf(raw.context)?.groupId) ?? textOf(context?.groupId);
}

/** The event as it goes on: the batch's context under its own, traits and page names where everyone looks for them, no keys. */
function payloadOf(type: EventType, raw: RawEvent, envelope: Envelope): Record<string, unknown> {
  const { writeKey: _writeKey, ...object } = raw as Record<string, unknown>;
  object.type = type;
  if (envelope.context !== undefined) object.context = { ...envelope.context, ...raw.context };
  if (envelope.integrations !== undefined)
    object.integrations = { ...envelope.integrations, ...objectOf(raw.integrations) };
  if (envelope.ip !== undefined) object.context = { ...(object.context as object | null | undefined), ip: envelope.ip };
  if (type === 'identify') {
    const traits = objectOf(objectOf(object.context)?.traits);
    if (traits !== undefined) object.traits = { ...traits, ...raw.traits };
  }
  if (type === 'page' || type === 'screen') {
    const named: Record<string, unknown> = {};
    if (textOf(raw.name) !== undefined) named.name = raw.name;
    if (textOf(raw.category) !== undefined) named.category = raw.category;
    object.properties = { ...named, ...raw.properties };
  }
  return object;
}

/** Finds who an event is about: all the places where clients put identifiers, each with its bounds. */
import type { EventType, Identifier } from '@attrium/event';
import type { RawEvent } from './event-shape.js';
import { objectOf, textOf } from './json-field.js';
import type { IngestLimits } from './limits.js';

type Json = Readonly<Record<string, unknown>>;

/** unusable: no text, too long, or with characters that the log does not keep; too-many: beyond what one event may bring. */
export const DROP_REASONS = ['unusable', 'too-many'] as const;
export type DropReason = (typeof DROP_REASONS)[number];

export interface FoundIdentifiers {
  readonly identifiers: readonly Identifier[];
  /** Identifiers beside user id and anonymous id that could not be taken. The event goes on without them. */
  readonly dropped: readonly DropReason[];
}

/** External ids of people; those of companies are in other collections. */
const PEOPLE: ReadonlySet<unknown> = new Set([undefined, null, '', 'users', 'user']);
const NO_ENCODING: ReadonlySet<unknown> = new Set([undefined, null, '', 'none']);
const NOTHING_DROPPED: readonly DropReason[] = [];

/**
 * `user_id`, `anonymous_id`, `email`, `phone`, `device_id`, `advertising_id`, then the external ids under the names that they have. Group
 * traits tell of the account, so only those in the context tell of the person. User id and anonymous id are checked by the event's shape.
 */
export function identifiersOf(
  type: EventType,
  raw: RawEvent,
  shared: Json | undefined,
  limits: IngestLimits,
): FoundIdentifiers {
  const identifiers: Identifier[] = [];
  const dropped: DropReason[] = [];
  const take = (name: string, value: string | undefined): void => {
    if (value === undefined) return;
    if (value.length <= limits.identifierCharactersMax && isKept(value)) identifiers.push({ type: name, value });
    else dropped.push('unusable');
  };
  const userId = textOf(raw.userId);
  if (userId !== undefined) identifiers.push({ type: 'user_id', value: userId });
  const anonymousId = textOf(raw.anonymousId);
  if (anonymousId !== undefined) identifiers.push({ type: 'anonymous_id', value: anonymousId });
  const trait = (name: string): unknown =>
    (type === 'identify' ? raw.traits?.[name] : undefined) ??
    objectOf(raw.context?.traits)?.[name] ??
    objectOf(shared?.traits)?.[name];
  const email = trait('email');
  if (typeof email === 'string' && email.trim() !== '') take('email', email);
  take('phone', textOf(trait('phone')));
  const device = objectOf(raw.context?.device) ?? objectOf(shared?.device);
  if (device !== undefined) {
    take('device_id', textOf(device.id));
    // Who does not want to be tracked has said so; the id is then of no use to anyone, and mostly zeros.
    if (device.adTrackingEnabled !== false) take('advertising_id', textOf(device.advertisingId));
  }
  const externalIds = raw.context?.externalIds ?? shared?.externalIds;
  if (externalIds !== undefined && externalIds !== null) takeExternalIds(externalIds, limits, take, dropped);
  return { identifiers, dropped: dropped.length === 0 ? NOTHING_DROPPED : dropped };
}

/** `[{ id, type, collection, encoding }]`, as Segment's clients write them. */
function takeExternalIds(
  list: unknown,
  limits: IngestLimits,
  take: (name: string, value: string) => void,
  dropped: DropReason[],
): void {
  if (!Array.isArray(list)) {
    dropped.push('unusable');
    return;
  }
  let count = 0;
  for (const entry of list) {
    const externalId = objectOf(entry);
    if (externalId !== undefined && !PEOPLE.has(externalId.collection)) continue;
    const name = textOf(externalId?.type);
    const value = textOf(externalId?.id);
    const isReadable = name !== undefined && name.length <= limits.externalIdNameCharactersMax && isKept(name);
    if (value === undefined || !isReadable || !NO_ENCODING.has(externalId?.encoding)) dropped.push('unusable');
    else if (++count > limits.externalIdsMax) dropped.push('too-many');
    else take(name, value);
    if (dropped.length > limits.externalIdsMax) return;
  }
}

/** The log keeps UTF-8; NUL ends texts in some of the systems behind it. */
export function isKept(text: string): boolean {
  return text.isWellFormed() && !text.includes('\u0000');
}

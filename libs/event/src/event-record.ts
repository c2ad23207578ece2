/** What customers' sources send. All times are milliseconds since 1970 UTC. */
import type { Identifier } from './entity.js';

export const EVENT_TYPES = ['identify', 'track', 'page', 'screen', 'group', 'alias'] as const;
export type EventType = (typeof EVENT_TYPES)[number];

/** What a customer's source sent. `id` is its messageId: unique in a workspace within the dedup window. */
export interface Event {
  readonly kind: 'event';
  readonly id: string;
  readonly workspace: string;
  readonly source: string;
  readonly type: EventType;
  /** Name of a track event, page or screen; for the other types the type itself. */
  readonly name: string;
  /** The event's own time, skew corrected, never above `receivedAt`. */
  readonly occurredAt: number;
  readonly receivedAt: number;
  /** The time that the client stated, where `occurredAt` had to be moved. */
  readonly statedAt?: number | undefined;
  readonly identifiers: readonly Identifier[];
  /** The other identifier of an alias. */
  readonly previous?: Identifier | undefined;
  readonly groupId?: string | undefined;
  /** The event as its source sent it: UTF-8 JSON of one object (properties, traits, context). */
  readonly payload: Uint8Array;
  /** The record as it stands in the log, when it was read from there; copied on instead of encoded again. */
  readonly bytes?: Uint8Array | undefined;
}

/** Identifiers that belong together, and the events that count for them. */
import type { Event } from '@attrium/event';

export interface Group {
  readonly workspace: string;
  readonly ordinal: number;
  readonly identifiers: Set<string>;
  gone: boolean;
}

/** An event that counts: the first of its message id that names somebody. */
export interface CountedEvent {
  readonly event: Event;
  /** The order in its shard. */
  readonly position: number;
  /** The group it went to then. */
  readonly group: Group;
  readonly identifiers: readonly string[];
}

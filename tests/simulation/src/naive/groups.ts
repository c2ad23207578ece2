/** Identifiers that belong together, and the events that count for them. */
import type { Event } from '@attrium/event';

export interface Group {
  readonly workspace: string;
  readonly ordinal: number;
  readonly identifiers: Set<string>;
  gone: boolean;
  /** The group that it has become part of. */
  into?: Group;
  /** Somebody asked for that: it is gone for good. */
  erased?: true;
}

/** The group that it is, or is part of, by now. */
export function nowOf(group: Group): Group {
  return group.into === undefined ? group : nowOf(group.into);
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

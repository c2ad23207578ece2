/** Static lists: segments whose members are imported. An import sends one event for each member, which names the list. */
import type { Event } from '@attrium/event';

const PREFIX = '$list:';

/** What of an import's event says whether the one that it names is in the list from now on (true) or not (false). */
export const LIST_MEMBER = 'member';

/** The name of the track events that imports of a list send, and nobody else may send. */
export function listEventName(list: string): string {
  return `${PREFIX}${list}`;
}

/** Whether an event has a name of imports. */
export function isListEvent({ type, name }: Pick<Event, 'type' | 'name'>): boolean {
  return type === 'track' && name.startsWith(PREFIX);
}

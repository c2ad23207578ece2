/** Draws static lists, from a stream of their own: definitions, what reads and watches them, and events as imports send them. */
import type { Event } from '@attrium/event';
import type { Random } from '@attrium/testing/simulation';
import type { CatalogueText, SegmentText, TriggerText } from './definitions.js';

/** Of users, and of accounts: their definitions have names of their own kind. */
const LISTS = ['l0', 'l1', 'cl0'] as const;

/** Whether a segment is a static list, by its name. */
export function isList(segment: string): boolean {
  return LISTS.some((list) => list === segment);
}

/** The same catalogue, mostly with lists, segments that read them, and triggers that watch them. */
export function withLists(random: Random, catalogue: CatalogueText): CatalogueText {
  const lists = LISTS.filter(() => random.chance(0.5));
  const segments = lists.map((name): SegmentText => ({ name, of: name === 'cl0' ? 'account' : 'user', static: true }));
  const readers = segments.flatMap(({ name, of }): SegmentText[] => {
    const other = random.pick([name, ...catalogue.segments.filter((each) => each.of === of).map((each) => each.name)]);
    const list = random.chance(0.5) ? { not: { segment: name } } : { segment: name };
    const where = random.pick([list, { all: [list, { segment: other }] }]);
    return random.chance(0.6) ? [{ name: `${name}r`, of, where }] : [];
  });
  const triggers = lists.map(
    (list): TriggerText => ({
      name: `${list}t`,
      when: { segment: list, enters: true, exits: true },
      frequency: random.chance(0.7) ? 'every' : 'once',
      deliver: [{ stream: true }],
    }),
  );
  return {
    ...catalogue,
    segments: random.shuffle([...catalogue.segments, ...segments, ...readers]),
    triggers: [...catalogue.triggers, ...triggers.filter(() => random.chance(0.7))],
  };
}

/** Some events are of imports instead: they name one identifier of a person, or an account. */
export function importing(random: Random, event: Event): Event {
  if (!random.chance(0.12)) return event;
  const { previous: _previous, groupId, ...rest } = event;
  const list = random.pick(LISTS);
  const [identifier] = event.identifiers;
  const nobody = random.chance(0.1) ? { type: 'user_id', value: 'nobody' } : identifier!;
  const who = list === 'cl0' ? { identifiers: [], groupId: groupId ?? 'acme' } : { identifiers: [nobody] };
  const payload = new TextEncoder().encode(JSON.stringify({ properties: { member: random.chance(0.65) } }));
  return { ...rest, type: 'track', name: `$list:${list}`, ...who, payload };
}

/** The end of the story told from the beginning: all events that count, sorted by time, and nothing else. */
import type { CatalogueActivated, Entity } from '@attrium/event';
import type { CountedEvent, Group } from './groups.js';
import type { NaiveIdentity } from './identity.js';
import type { Contribution } from './reducing.js';
import { givenTo, rolledUp } from './rolling-up.js';
import { type Rule, type Rules, rulesOf } from './rules.js';
import type { Plain } from './value.js';

export interface Ending {
  readonly group: Group;
  readonly rules: Rules;
  /**
   * Values at the end, by name; where a name has got another meaning since it is there, and nothing came since, it is missing in
   * `known`.
   */
  readonly values: ReadonlyMap<string, Plain>;
  readonly known: ReadonlySet<string>;
}

/** Groups of identifiers by nothing but "they stood in one event". */
export function uniteIdentifiers(events: readonly CountedEvent[]): string[][] {
  const parents = new Map<string, string>();
  const find = (text: string): string => {
    const parent = parents.get(text) ?? text;
    return parent === text ? text : find(parent);
  };
  const shuffled = [...events].sort((a, b) => (a.event.id < b.event.id ? 1 : -1));
  for (const { identifiers } of shuffled) {
    for (const text of identifiers) {
      if (!parents.has(text)) parents.set(text, text);
      parents.set(find(text), find(identifiers[0]!));
    }
  }
  const groups = new Map<string, string[]>();
  for (const text of parents.keys()) groups.set(find(text), [...(groups.get(find(text)) ?? []), text]);
  return [...groups.values()].map((texts) => texts.sort());
}

export function endingsOf(identity: NaiveIdentity, now: number): Ending[] {
  const people = identity.groups.filter(({ gone }) => !gone);
  const eventsOf = (group: Group): CountedEvent[] =>
    identity.events.filter(
      ({ event, identifiers }) => event.workspace === group.workspace && group.identifiers.has(identifiers[0]!),
    );
  const endings = people.map((group) => endingOf(identity, { group, kind: 'profile', events: eventsOf(group) }, now));
  const byGroup = new Map(endings.map((ending) => [ending.group, ending]));
  return [
    ...endings,
    ...identity.accounts.map((account) => {
      const { workspace, ordinal, events } = account;
      const group = { workspace, ordinal, identifiers: new Set<string>(), gone: false };
      const ending = endingOf(identity, { group, kind: 'account', events }, now);
      return withRollups(
        ending,
        identity.membersOf(account).map((member) => byGroup.get(member)!),
      );
    }),
  ];
}

/** What the members of the end add up to, where all that is read of each is known. */
function withRollups(ending: Ending, members: readonly Ending[]): Ending {
  const values = new Map(ending.values);
  const known = new Set(ending.known);
  for (const { name, rollup } of ending.rules.rules) {
    if (rollup === undefined || !rollup.reads.every((read) => members.every((each) => each.known.has(read)))) continue;
    known.add(name);
    if (members.length === 0) continue;
    const given = members.flatMap((member) => givenTo(rollup, member.values) ?? []);
    const value = rolledUp(rollup.text, given);
    if (value !== undefined) values.set(name, value);
  }
  return { ...ending, values, known };
}

interface Story {
  readonly group: Group;
  readonly kind: Entity['kind'];
  readonly events: readonly Pick<CountedEvent, 'event' | 'position'>[];
}

function endingOf(identity: NaiveIdentity, { group, kind, ...story }: Story, now: number): Ending {
  const events = [...story.events].sort((a, b) => a.event.occurredAt - b.event.occurredAt);
  const revisions = [...(identity.activations.get(group.workspace)?.values() ?? [])].map(({ position, record }) => ({
    position,
    rules: rulesOf(record as CatalogueActivated).ofKind(kind),
  }));
  const rules = revisions.at(-1)?.rules ?? rulesOf(noCatalogue(group.workspace)).ofKind(kind);
  const values = new Map<string, Plain>();
  const known = new Set<string>();
  // A formula that is new has its value with the next change of what it reads, so the end alone does not tell it.
  for (const rule of rules.rules.filter(({ formula, rollup }) => formula === undefined && rollup === undefined)) {
    const { position: since } = runOf(revisions, ({ meaning }) => meaning === rule.meaning)[0]!;
    const counted = events
      .filter(({ position }) => position > since)
      .flatMap(({ event }) => rule.contribution(event) ?? []);
    const value = valueAt(rule, counted, now);
    if (value !== undefined) values.set(rule.name, value);
    const named = runOf(revisions, ({ name }) => name === rule.name);
    const hadOther = named.some(({ rules: { rules } }) => !rules.some(({ meaning }) => meaning === rule.meaning));
    if (counted.length > 0 || !hadOther) known.add(rule.name);
  }
  return { group, rules, values, known };
}

/** The last revisions, as many as have such a rule without a gap. */
function runOf<R extends { readonly rules: Rules }>(revisions: readonly R[], isSuch: (rule: Rule) => boolean): R[] {
  const last = revisions.findLastIndex(({ rules }) => !rules.rules.some(isSuch));
  return revisions.slice(last + 1);
}

function valueAt(rule: Rule, counted: readonly Contribution[], now: number): Plain | undefined {
  const inside = counted.filter(({ at }) => rule.withinMs === undefined || at + rule.withinMs > now);
  return rule.value(inside, counted.length > 0, now);
}

function noCatalogue(workspace: string): CatalogueActivated {
  const catalogue = new TextEncoder().encode('{"attributes":[],"segments":[],"triggers":[]}');
  return { kind: 'catalogue-activated', id: '', workspace, revision: 0, author: '', activatedAt: 0, catalogue };
}

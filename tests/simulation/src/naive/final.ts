/** The end of the story told from the beginning: all events that count, sorted by time, and nothing else. */
import type { CatalogueActivated, Entity } from '@attrium/event';
import { formulasIn } from './attributes.js';
import type { CountedEvent, Group } from './groups.js';
import type { NaiveIdentity } from './identity.js';
import type { Contribution } from './reducing.js';
import { type Rule, type Rules, rulesOf } from './rules.js';
import type { Plain } from './value.js';

export interface Ending {
  readonly group: Group;
  readonly rules: Rules;
  /** Values at the end, by name: of all events there ever were, since when a definition is there makes no difference. */
  readonly values: ReadonlyMap<string, Plain>;
  /** Formulas of which the end does not tell the value. */
  readonly unsure: ReadonlySet<string>;
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
  return [
    ...people.map((group) => endingOf(identity, { group, kind: 'profile', events: eventsOf(group) }, now)),
    ...identity.accounts.map(({ workspace, ordinal, events }) => {
      const group = { workspace, ordinal, identifiers: new Set<string>(), gone: false };
      return endingOf(identity, { group, kind: 'account', events }, now);
    }),
  ];
}

interface Story {
  readonly group: Group;
  readonly kind: Entity['kind'];
  readonly events: readonly CountedEvent[];
}

function endingOf(identity: NaiveIdentity, { group, kind, ...story }: Story, now: number): Ending {
  const events = [...story.events].sort((a, b) => a.event.occurredAt - b.event.occurredAt);
  const last = [...(identity.activations.get(group.workspace)?.values() ?? [])].at(-1)?.record;
  const rules = rulesOf((last as CatalogueActivated | undefined) ?? noCatalogue(group.workspace)).ofKind(kind);
  const values = new Map<string, Plain>();
  for (const rule of rules.rules.filter(({ formula }) => formula === undefined)) {
    const since = rule.fromNowOn === true ? sinceWhen(identity, group, rule) : 0;
    const counted = events
      .filter(({ position }) => position > since)
      .flatMap(({ event }) => rule.contribution(event) ?? []);
    const value = valueAt(rule, counted, now);
    if (value !== undefined) values.set(rule.name, value);
  }
  const unsure = new Set<string>();
  for (const { name, formula } of formulasIn(rules.rules)) {
    const value = formula.value((read) => values.get(read));
    // One that reads nothing that has a value may have been calculated when something had one.
    if (!formula.reads.some((read) => values.has(read)) || formula.reads.some((read) => unsure.has(read)))
      unsure.add(name);
    else if (value !== undefined) values.set(name, value);
  }
  return { group, rules, values, unsure };
}

/** The order in which the revision was taken up since which all have had such a rule. */
function sinceWhen(identity: NaiveIdentity, { workspace }: Group, { name }: Rule): number {
  const revisions = [...(identity.activations.get(workspace)?.values() ?? [])];
  const lacks = ({ record }: (typeof revisions)[number]): boolean =>
    !rulesOf(record as CatalogueActivated).rules.some((rule) => rule.name === name);
  return revisions[revisions.findLastIndex(lacks) + 1]!.position;
}

function valueAt(rule: Rule, counted: readonly Contribution[], now: number): Plain | undefined {
  const inside = counted.filter(({ at }) => rule.withinMs === undefined || at + rule.withinMs > now);
  return rule.value(inside, counted.length > 0, now);
}

function noCatalogue(workspace: string): CatalogueActivated {
  const catalogue = new TextEncoder().encode('{"attributes":[],"segments":[],"triggers":[]}');
  return { kind: 'catalogue-activated', id: '', workspace, revision: 0, author: '', activatedAt: 0, catalogue };
}

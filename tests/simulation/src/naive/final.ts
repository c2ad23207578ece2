/** The end of the story told from the beginning: all events that count, sorted by time, and nothing else. */
import type { CatalogueActivated, Entity } from '@attrium/event';
import { formulasIn } from './attributes.js';
import type { CountedEvent, Group } from './groups.js';
import type { NaiveIdentity } from './identity.js';
import type { Contribution } from './reducing.js';
import { givenTo, rolledUp } from './rolling-up.js';
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

/** `served`: the catalogues that took effect after another, as one partition of attribute-compute passed them on. */
export function endingsOf(identity: NaiveIdentity, now: number, served: readonly CatalogueActivated[] = []): Ending[] {
  const at = { identity, now, served };
  const people = identity.groups.filter(({ gone }) => !gone);
  const eventsOf = (group: Group): CountedEvent[] =>
    identity.events.filter(
      ({ event, identifiers }) => event.workspace === group.workspace && group.identifiers.has(identifiers[0]!),
    );
  const endings = people.map((group) => endingOf({ group, kind: 'profile', events: eventsOf(group), members: [] }, at));
  const byGroup = new Map(endings.map((ending) => [ending.group, ending]));
  return [
    ...endings,
    ...identity.accounts.map((account) => {
      const { workspace, ordinal, events } = account;
      const group = { workspace, ordinal, identifiers: new Set<string>(), gone: false };
      const members = identity.membersOf(account).flatMap((member) => byGroup.get(member) ?? []);
      return endingOf({ group, kind: 'account', events, members }, at);
    }),
  ];
}

interface Story {
  readonly group: Group;
  readonly kind: Entity['kind'];
  readonly events: readonly Pick<CountedEvent, 'event' | 'position'>[];
  /** Of an account. */
  readonly members: readonly Ending[];
}

interface At {
  readonly identity: NaiveIdentity;
  readonly now: number;
  readonly served: readonly CatalogueActivated[];
}

function endingOf({ group, kind, ...story }: Story, at: At): Ending {
  const { identity, now } = at;
  const events = [...story.events].sort((a, b) => a.event.occurredAt - b.event.occurredAt);
  const last = [...(identity.activations.get(group.workspace)?.values() ?? [])].at(-1)?.record;
  const rules = rulesOf((last as CatalogueActivated | undefined) ?? noCatalogue(group.workspace)).ofKind(kind);
  const values = new Map<string, Plain>();
  for (const rule of rules.rules.filter(({ formula, rollup }) => formula === undefined && rollup === undefined)) {
    const since = rule.fromNowOn === true ? sinceWhen(at, group, rule) : 0;
    const counted = events
      .filter(({ position }) => position > since)
      .flatMap(({ event }) => rule.contribution(event) ?? []);
    const value = valueAt(rule, counted, now);
    if (value !== undefined) values.set(rule.name, value);
  }
  const unsure = new Set<string>();
  for (const { name, rollup } of rules.rules) {
    if (rollup === undefined || story.members.length === 0) continue;
    const isSure = rollup.reads.every((read) => story.members.every((member) => !member.unsure.has(read)));
    const value = rolledUp(
      rollup.text,
      story.members.flatMap((member) => givenTo(rollup, member.values) ?? []),
    );
    if (!isSure) unsure.add(name);
    else if (value !== undefined) values.set(name, value);
  }
  for (const { name, formula } of formulasIn(rules.rules)) {
    const value = formula.value((read) => values.get(read));
    // One that reads nothing that has a value may have been calculated when something had one.
    if (!formula.reads.some((read) => values.has(read)) || formula.reads.some((read) => unsure.has(read)))
      unsure.add(name);
    else if (value !== undefined) values.set(name, value);
  }
  return { group, rules, values, unsure };
}

/** The order in which the revision was taken up since which such a rule was there all the time: in what came, or still in what served. */
function sinceWhen({ identity, served }: At, { workspace }: Group, { name }: Rule): number {
  const revisions = [...(identity.activations.get(workspace)?.values() ?? [])];
  const came = revisions.map(({ record }) => record as CatalogueActivated);
  const own = served.filter((record) => record.workspace === workspace);
  const has = (record: CatalogueActivated): boolean => rulesOf(record).rules.some((rule) => rule.name === name);
  const steps = own.length === 0 ? came : own;
  const latestOf = ({ revision }: CatalogueActivated) => came.find((record) => record.revision === revision)!;
  const first = steps[steps.findLastIndex((record) => !has(record) && !has(latestOf(record))) + 1]!;
  return revisions.find(({ record }) => (record as CatalogueActivated).revision === first.revision)!.position;
}

function valueAt(rule: Rule, counted: readonly Contribution[], now: number): Plain | undefined {
  const inside = counted.filter(({ at }) => rule.withinMs === undefined || at + rule.withinMs > now);
  return rule.value(inside, counted.length > 0, now);
}

function noCatalogue(workspace: string): CatalogueActivated {
  const catalogue = new TextEncoder().encode('{"attributes":[],"segments":[],"triggers":[]}');
  return { kind: 'catalogue-activated', id: '', workspace, revision: 0, author: '', activatedAt: 0, catalogue };
}

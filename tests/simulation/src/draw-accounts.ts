/** Draws what concerns accounts, from a stream of its own: definitions beside those of users, and events that name one. */
import { parseCatalogue } from '@attrium/catalogue';
import type { Event } from '@attrium/event';
import type { Random } from '@attrium/testing/simulation';
import type { CatalogueText } from './definitions.js';
import { drawCatalogue } from './draw-catalogue.js';

const GROUP_IDS = ['acme', 'umbrella', 'initech'];
/** How the names of definitions of accounts begin. */
const PREFIX = 'c';

/** The same catalogue, mostly with definitions of accounts. */
export function withAccounts(random: Random, catalogue: CatalogueText): CatalogueText {
  if (random.chance(0.3)) return catalogue;
  const renamed = JSON.stringify(drawCatalogue(random)).replaceAll(/\b([afst]\d+)\b/g, `${PREFIX}$1`);
  const { attributes, segments, triggers } = JSON.parse(renamed) as CatalogueText;
  return joined(catalogue, {
    attributes: attributes.map((attribute) => ({ ...attribute, kind: 'account' })),
    segments: segments.map((segment) => ({ ...segment, of: 'account' })),
    // Events are watched of users.
    triggers: triggers.filter(({ when }) => when.event === undefined),
  });
}

/** Draws the definitions of users anew; those of accounts stay, go, or come back, all of them. */
export function besideAccounts(
  random: Random,
  before: readonly CatalogueText[],
  redraw: (users: CatalogueText[]) => CatalogueText,
): CatalogueText {
  const users = redraw(before.map((catalogue) => partOf(catalogue, false)));
  const kept = random.pick(before.map((catalogue) => partOf(catalogue, true)));
  return random.chance(0.15) ? users : joined(users, kept);
}

/** Sometimes a group event instead, sometimes one that names an account. */
export function aboutAccount(random: Random, event: Event): Event {
  const groupId = random.chance(0.04) ? 'null' : random.pick(GROUP_IDS);
  if (!random.chance(0.15)) return random.chance(0.3) ? { ...event, groupId } : event;
  const { previous: _previous, ...rest } = event;
  const some = (name: string, values: readonly string[]): string[] =>
    random.chance(0.6) ? [`"${name}":${random.pick(values)}`] : [];
  const traits = [
    ...some('plan', ['"free"', '"pro"', '3', 'true']),
    ...some('age', ['1', '20', '"7"', 'null']),
    ...some('vip', ['true', 'false', '"yes"']),
    ...some('tags', ['["red"]', '["blue","green"]', '[]', '"red"']),
    ...some('since', ['"2026-01-01T00:00:03Z"', '1767225605000', '"soon"']),
  ];
  const context = random.chance(0.3) ? ',"context":{"traits":{"plan":"team"}}' : '';
  const payload = new TextEncoder().encode(`{"traits":{${traits.join()}}${context}}`);
  return { ...rest, type: 'group', name: 'group', groupId, payload };
}

/** Whether a definition is one of accounts. */
export function isOfAccounts({ name }: { readonly name: string }): boolean {
  return name.startsWith(PREFIX);
}

function partOf(catalogue: CatalogueText, ofAccounts: boolean): CatalogueText {
  const { attributes, segments, triggers } = catalogue;
  const own = <T extends { readonly name: string }>(list: readonly T[]): T[] =>
    list.filter((each) => isOfAccounts(each) === ofAccounts);
  return { ...catalogue, attributes: own(attributes), segments: own(segments), triggers: own(triggers) };
}

function joined(users: CatalogueText, accounts: CatalogueText): CatalogueText {
  const catalogue = {
    ...users,
    attributes: [...users.attributes, ...accounts.attributes],
    segments: [...users.segments, ...accounts.segments],
    triggers: [...users.triggers, ...accounts.triggers],
  };
  const outcome = parseCatalogue(JSON.parse(JSON.stringify(catalogue)));
  if (outcome.kind === 'valid') return catalogue;
  throw new Error(`drew an invalid catalogue: ${JSON.stringify(outcome.faults)}`);
}

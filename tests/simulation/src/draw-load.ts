/** Draws what arrives: packs of events of a few people with many identifiers each, late, shuffled, sent again, with equal times. */
import type { CatalogueActivated, Event, Identifier } from '@attrium/event';
import type { Random } from '@attrium/testing/simulation';
import type { CatalogueText } from './definitions.js';
import { aboutAccount, besideAccounts, withAccounts } from './draw-accounts.js';
import { checked, drawCatalogue, redrawCatalogue, returnCatalogue } from './draw-catalogue.js';
import { EVENT_NAMES } from './draw-condition.js';
import { drawConsentPlan, stating, withConsent } from './draw-consent.js';
import { drawErasures, type Erasure } from './draw-erasures.js';
import { importing, withLists } from './draw-lists.js';
import { type Decision, drawDecisions } from './draw-quarantine.js';
import { withRollups } from './draw-rollups.js';
import { laterSchedules, withSchedules, zoned } from './draw-schedules.js';

export const START_MS = Date.UTC(2026, 0, 1);
const GRAIN_MS = 250;

export interface Pack {
  /** When ingest sends it, ms. */
  readonly at: number;
  readonly workspace: string;
  readonly records: readonly Event[];
}

export interface Activation {
  readonly at: number;
  readonly record: CatalogueActivated;
  readonly catalogue: CatalogueText;
}

export interface Load {
  readonly packs: readonly Pack[];
  readonly activations: readonly Activation[];
  readonly erasures: readonly Erasure[];
  readonly decisions: readonly Decision[];
  /** When the last of it is sent, ms. */
  readonly endsAt: number;
}

interface Person {
  readonly workspace: string;
  readonly identifiers: readonly Identifier[];
  /** A number on a card, which some catalogues take for an identifier. */
  readonly card: string;
}

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

export interface LoadOptions {
  /** The first so many events of a seed are the same whatever their number is. */
  readonly events: number;
  /** Of these, by their numbers from 0 on, only those that are sent; undefined for all. */
  readonly only: ReadonlySet<number> | undefined;
  readonly workspaces: readonly string[];
}

export function drawLoad(random: Random, { events, only, workspaces }: LoadOptions): Load {
  const people = drawPeople(random.fork(), workspaces);
  const catalogues = random.fork();
  const revisions = random.fork();
  const draws = random.fork();
  const statements = random.fork();
  const sections = random.fork();
  const accounts = random.fork();
  const quarantine = random.fork();
  const lists = random.fork();
  const schedules = random.fork();
  const erased = random.fork();
  const rollups = random.fork();
  const packs: Pack[] = [];
  const sent: Event[] = [];
  let at = START_MS + 100;
  while (sent.length < events) {
    at += draws.chance(0.4) ? draws.int(20) : draws.int(900);
    const person = draws.pick(people);
    const records: Event[] = [];
    for (let count = 1 + draws.int(4); count > 0; count--) {
      const stated = stating(statements, drawEvent(draws, person, `m${sent.length}`, at));
      const event = importing(lists, aboutAccount(accounts, stated));
      sent.push(event);
      records.push(event);
    }
    const arrivesAt = at + (draws.chance(0.3) ? draws.int(3_000) : 0);
    const copies = records.map((event) => ({ ...event, receivedAt: arrivesAt }));
    packs.push({ at: arrivesAt, workspace: person.workspace, records: draws.shuffle(copies) });
    if (draws.chance(0.15)) packs.push(repeated(draws, sent, arrivesAt));
  }
  packs.sort((a, b) => a.at - b.at);
  const isSent = ({ id }: Event): boolean => {
    const number = Number(id.slice(1));
    return number < events && (only === undefined || only.has(number));
  };
  const left = packs.map((pack) => ({ ...pack, records: pack.records.filter(isSent) }));
  const activations = workspaces.flatMap((workspace) =>
    activationsOf(workspace, { catalogues, revisions, sections, accounts, lists, schedules, rollups }, at),
  );
  const endsAt = packs.at(-1)?.at ?? at;
  const decisions = drawDecisions(quarantine, people, { from: START_MS, to: endsAt + 1_000 });
  const moments = [START_MS, ...packs.map((pack) => pack.at)];
  const erasures = drawErasures(erased, { people, moments }, disguised);
  const sentPacks = left.filter(({ records }) => records.length > 0);
  return { packs: sentPacks, activations, decisions, erasures, endsAt };
}

/** A source sends again what it is not sure of: the same message id, received later. */
function repeated(random: Random, sent: readonly Event[], at: number): Pack {
  const event = random.pick(sent.slice(-20));
  const again = sent.filter(({ workspace }) => workspace === event.workspace && random.chance(0.1));
  const receivedAt = at + random.int(5_000);
  const records = [event, ...again].map((each) => ({ ...each, receivedAt }));
  return { at: receivedAt, workspace: event.workspace, records };
}

function activationsOf(
  workspace: string,
  {
    catalogues,
    revisions,
    sections,
    accounts,
    lists,
    schedules,
    rollups,
  }: Readonly<Record<'catalogues' | 'revisions' | 'sections' | 'accounts' | 'lists' | 'schedules' | 'rollups', Random>>,
  endsAt: number,
): Activation[] {
  const first = withLists(lists, withAccounts(accounts, drawCatalogue(catalogues)));
  const consent = drawConsentPlan(sections);
  let scheduled: CatalogueText | undefined;
  const earlier: CatalogueText[] = [];
  const activate = (revision: number, at: number, drawn: CatalogueText): Activation => {
    const unscheduled = withRollups(rollups, drawn, earlier);
    earlier.push(unscheduled);
    const catalogue = withSchedules(schedules, unscheduled, scheduled);
    scheduled = catalogue;
    return activation(revision, at, zoned(schedules, withConsent(sections, consent, catalogue)));
  };
  const activation = (revision: number, at: number, catalogue: CatalogueText): Activation => ({
    at,
    catalogue,
    record: {
      kind: 'catalogue-activated',
      id: `c-${workspace}-${revision}`,
      workspace,
      revision,
      author: 'simulation',
      activatedAt: at,
      catalogue: bytesOf(JSON.stringify(checked(catalogue))),
    },
  });
  const all = [activate(1, START_MS, first)];
  if (revisions.chance(0.5)) {
    const at = START_MS + revisions.int(Math.max(1, endsAt - START_MS));
    const second = besideAccounts(accounts, [first], ([users]) => redrawCatalogue(revisions, users!, 2));
    all.push(activate(2, at, second));
    let last = at;
    if (revisions.chance(0.7)) {
      last = at + revisions.int(Math.max(1, endsAt - at));
      const third = besideAccounts(accounts, [first, second], ([one, other]) =>
        returnCatalogue(revisions, one!, other!, 3),
      );
      all.push(activate(3, last, third));
    }
    // A revision that comes again, or was overtaken, does nothing.
    for (const again of all.slice()) if (revisions.chance(0.4)) all.push({ ...again, at: last + revisions.int(5_000) });
  }
  // Schedules that have been reached in the first minute are reached once more.
  const latest = all.reduce((a, b) => (b.record.revision > a.record.revision ? b : a));
  if (schedules.chance(0.3)) {
    const at = START_MS + 61_000 + schedules.int(3_000);
    all.push(activation(latest.record.revision + 1, at, laterSchedules(latest.catalogue)));
  }
  return all;
}

/** Each has a user id, an email and some devices, and is seen with a few of them at a time: what belongs together shows slowly. */
function drawPeople(random: Random, workspaces: readonly string[]): Person[] {
  const shared = random.chance(0.3);
  return Array.from({ length: 3 + random.int(6) }, (_, number) => {
    const workspace = random.pick(workspaces);
    const devices = Array.from({ length: 1 + random.int(4) }, (_, device) => ({
      type: 'anonymous_id',
      value: shared && device === 0 && number < 3 ? 'a-kitchen-tablet' : `a-${number}-${device}`,
    }));
    const user = { type: 'user_id', value: `u-${number}` };
    const email = { type: 'email', value: `p${number}@example.com` };
    const card = `C-${shared ? number % 2 : number}`;
    const more = [
      { type: 'phone', value: `+49301234${number}` },
      { type: 'device_id', value: shared && number < 3 ? 'd-tablet' : `d-${number}` },
      { type: 'LoyaltyNo', value: card },
    ].filter(() => random.chance(0.4));
    return { workspace, identifiers: [...(random.chance(0.8) ? [user] : []), email, ...devices, ...more], card };
  });
}

function drawEvent(random: Random, person: Person, id: string, at: number): Event {
  const lateMs = random.chance(0.7) ? random.int(200) : random.chance(0.7) ? random.int(10_000) : random.int(90_000);
  const occurredAt = Math.floor((at - lateMs) / GRAIN_MS) * GRAIN_MS;
  const count = random.chance(0.65) ? 1 : 2 + random.int(2);
  const identifiers = random
    .shuffle(person.identifiers)
    .slice(0, count)
    .map((each) => disguised(random, each));
  if (random.chance(0.05)) identifiers.push({ type: 'anonymous_id', value: random.pick(['null', '000', 'anonymous']) });
  if (random.chance(0.03)) identifiers.push({ type: 'shoe_size', value: '44' });
  if (random.chance(0.03)) identifiers.push({ type: 'phone', value: 'call me' });
  // Nobody that it could belong to.
  if (random.chance(0.01)) identifiers.splice(0, identifiers.length, { type: 'user_id', value: 'null' });
  const type = random.pick(['track', 'track', 'track', 'track', 'identify', 'identify', 'page', 'alias'] as const);
  const previous = type === 'alias' ? { previous: previousOf(random, person) } : {};
  return {
    kind: 'event',
    id,
    workspace: person.workspace,
    source: 'web',
    type,
    name: type === 'track' ? random.pick([...EVENT_NAMES, 'Other']) : type === 'page' ? 'Home' : type,
    occurredAt,
    receivedAt: at,
    identifiers,
    ...previous,
    payload: bytesOf(drawPayload(random, type, person.card)),
  };
}

/** The same in another spelling. */
function disguised(random: Random, { type, value }: Identifier): Identifier {
  if (!random.chance(0.3)) return { type, value };
  if (type === 'email' || type === 'LoyaltyNo') return { type, value: ` ${value.toUpperCase()}` };
  return { type, value: type === 'phone' ? `0049 ${value.slice(3, 5)}-${value.slice(5)}` : value };
}

function previousOf(random: Random, person: Person): Identifier {
  const device = random.pick(person.identifiers.filter(({ type }) => type === 'anonymous_id'));
  return random.chance(0.5) ? device : { type: 'previous_id', value: device.value };
}

/** JSON text, because amounts have more digits than a double holds. */
function drawPayload(random: Random, type: string, card: string): string {
  const members: string[] = [];
  const amounts = ['1', '2.5', '7', '10.25', '19.99', '0.1', '0.2', '-3', '1e2', '"12.5"', '"much"', 'null'];
  const long = ['0.000000000000000001', '12345678901234567890.5', '0.123456789012345678'];
  const some = (name: string, values: readonly string[]): string[] =>
    random.chance(0.6) ? [`"${name}":${random.pick(values)}`] : [];
  const plans = ['"free"', '"pro"', '"team"', '3', '2.50', 'true'];
  const flags = ['true', 'false', '"yes"'];
  const cards = random.chance(0.25)
    ? [`"card":${random.pick([`"${card}"`, `" ${card.toLowerCase()}"`, '""', 'null', '[]', '7'])}`]
    : [];
  const tags = ['["red"]', '["red","blue"]', '[]', '["green","red"]', '["green",3]', '"red"'];
  if (type === 'track' || type === 'page') {
    const properties = [
      ...cards,
      ...some('revenue', random.chance(0.2) ? long : amounts),
      ...some('plan', plans),
      ...some('vip', flags),
      ...some('tags', tags),
      ...(random.chance(0.3) ? ['"detail":{"size":4}'] : []),
      ...(random.chance(0.15) ? [`"url":"https://shop.test/${random.int(4)}"`] : []),
      ...(random.chance(0.1) ? [`"session_id":"s${random.int(3)}"`] : []),
    ];
    members.push(`"properties":{${properties.join(',')}}`);
  }
  const traits = [
    ...cards,
    ...some('plan', plans),
    ...some('age', ['31', '32.5', '"33"', '"old"', 'null']),
    ...some('vip', flags),
    ...some('tags', tags),
    ...some('since', [
      '"2026-01-01"',
      '"2025-12-31T23:00:00-01:00"',
      '1767225599000',
      '"2024-02-29T12:30:00.5Z"',
      '"soon"',
    ]),
  ];
  const library = random.pick(['analytics-kotlin', 'analytics-ios', 'analytics.js', 'axios']);
  const context = [
    ...(type !== 'identify' && random.chance(0.2) ? [`"traits":{${traits.join(',')}}`] : []),
    ...(random.chance(0.5) ? [`"library":{"name":"${library}"}`] : []),
    ...(random.chance(0.15) ? [`"sessionId":${random.pick(['1795459370964', '"s1"', '-1', 'null'])}`] : []),
  ];
  if (type === 'identify') members.push(`"traits":{${traits.join(',')}}`);
  if (context.length > 0) members.push(`"context":{${context.join(',')}}`);
  return `{${members.join(',')}}`;
}

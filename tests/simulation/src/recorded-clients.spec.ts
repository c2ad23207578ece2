/** Recorded requests of published clients, through ingest's normaliser and identity: whom they turn out to be about. */
import { readdirSync, readFileSync } from 'node:fs';
import { EVENT_TYPES, type Event, type Identifier } from '@attrium/event';
import { identityBinding } from '@attrium/identity';
import { DEFAULT_LIMITS, type Envelope, normaliseEvent, shapeCheck } from '@attrium/ingest';
import { stageHarness } from '@attrium/testing';
import { describe, expect, it } from '@jest/globals';

type Json = Readonly<Record<string, unknown>>;
interface Recorded {
  readonly method: string;
  readonly path: string;
  readonly body: Json | string;
}

const FIXTURES = new URL('../../../services/ingest/test/fixtures/clients/', import.meta.url);
const RECEIVED_AT = Date.UTC(2026, 10, 23, 19);
const normaliser = {
  limits: DEFAULT_LIMITS,
  checkShape: shapeCheck(DEFAULT_LIMITS),
  newMessageId: () => 'made-up',
  encodeUtf8: (text: string) => Buffer.from(text),
};

function requestsOf(file: string): Recorded[] {
  const recorded = JSON.parse(readFileSync(new URL(`${file}.json`, FIXTURES), 'utf8')) as Recorded | Recorded[];
  return [recorded].flat().filter(({ method, body }) => method === 'POST' && typeof body === 'object');
}

/** The events of a request: of a batch, or the one whose type the path names, in full or by its letter. */
function eventsOf({ path, body }: Recorded): Event[] {
  const { batch, context, sentAt } = body as Json;
  const word = path.split('?')[0]!.split('/').filter(Boolean).at(-1)!;
  const type = EVENT_TYPES.find((name) => name === word || name[0] === word);
  const shared = Array.isArray(batch) ? { context: context as Json | undefined, sentAt } : { type };
  const envelope: Envelope = { workspace: 'shop', source: 'web', receivedAt: RECEIVED_AT, ...shared };
  return (Array.isArray(batch) ? batch : [body]).map((given: unknown) => {
    const result = normaliseEvent(given, envelope, normaliser);
    if (result.kind === 'rejected') throw new Error(result.rejection.message);
    return result.event;
  });
}

interface Outcome {
  /** In the order of their creation: the identifiers, and the events that went to them. */
  readonly profiles: readonly string[];
  readonly refused: readonly string[];
  /** The group id of each, the events that name it, and how many members it has. */
  readonly accounts?: readonly string[];
}

function outcomeOf(file: string, identity?: Json): Outcome {
  const harness = stageHarness(identityBinding);
  const catalogue = new TextEncoder().encode(JSON.stringify({ identity }));
  const head = { kind: 'catalogue-activated', id: 'c', workspace: 'shop', revision: 1, author: '' } as const;
  harness.read({ ...head, activatedAt: RECEIVED_AT, catalogue }, RECEIVED_AT);
  const profiles = new Map<string, { identifiers: string[]; events: string[] }>();
  const refused: string[] = [];
  const accounts = new Map<string, { groupId: string; events: string[]; members: Set<string> }>();
  for (const event of requestsOf(file).flatMap(eventsOf)) {
    for (const { fact } of harness.read(event, RECEIVED_AT)) {
      if (fact.kind === 'profile-created') profiles.set(fact.entity.id, { identifiers: [], events: [] });
      if (fact.kind === 'identifier-linked') {
        profiles.get(fact.entity.id)!.identifiers.push(shown(fact.identifier));
      }
      if (fact.kind === 'event-resolved') {
        const { entity } = fact;
        (profiles.get(entity.id) ?? accounts.get(entity.id))!.events.push(fact.event.type);
      }
      if (fact.kind === 'account-created') {
        accounts.set(fact.entity.id, { groupId: fact.groupId, events: [], members: new Set() });
      }
      if (fact.kind === 'account-linked') accounts.get(fact.account.id)!.members.add(fact.entity.id);
      if (fact.kind === 'identifier-refused') refused.push(`${shown(fact.identifier)} by ${fact.why}`);
      if (fact.kind === 'profiles-merged') throw new Error('these clients name one after the other');
    }
  }
  const told = [...profiles.values()].map(
    ({ identifiers, events }) => `${identifiers.join(' ')} has ${events.join(', ')}`,
  );
  const companies = [...accounts.values()].map(
    ({ groupId, events, members }) => `${groupId} has ${events.join(', ')} and ${members.size} member`,
  );
  return { profiles: told, refused, ...(companies.length > 0 ? { accounts: companies } : {}) };
}

/** Anonymous ids of browsers are random: they are shown as what they are. */
function shown({ type, value }: Identifier): string {
  return /^[0-9a-f]{8}-/.test(value) ? type : value;
}

const ADA = 'u-1 ada@example.com';
const BROWSER = 'anonymous_id u-1 ada@example.com';
/** What all of them say of their company. */
const ACME = ['acme has group and 1 member'];
const SERVER = {
  profiles: [`${ADA} anon-1 has identify, track, page, group, alias`, 'anon-2 has screen'],
  refused: [],
  accounts: ACME,
};
/** `alias('u2')` of analytics-next arrives as u1 → u1, which does nothing. */
const SEGMENT_BROWSER = {
  profiles: [`${BROWSER} has page, track, identify, track, group, alias, screen`],
  refused: [],
  accounts: ACME,
};
/** An alias of one user id to another would give a profile two of them: one is the limit unless the workspace says otherwise. */
const RUDDER_BROWSER = {
  profiles: [`${BROWSER} has page, track, identify, track, group`, 'u-2 has alias'],
  refused: ['ada@example.com by limit', 'anonymous_id by limit', 'u-1 by limit'],
  accounts: ACME,
};

const EXPECTED: Readonly<Record<string, Outcome>> = {
  'dittofeed-sdk-node/batch-all-types': {
    profiles: [`${ADA} has identify, track, page`, 'anon-2 has screen'],
    refused: [],
  },
  'rudder-sdk-python/batch-all-types': SERVER,
  'rudder-sdk-python/batch-all-types-gzip': SERVER,
  // The client sent the same event three times.
  'rudder-sdk-python/retry-500-500-200': { profiles: ['u has track'], refused: [] },
  'rudderstack-analytics-js/batching': RUDDER_BROWSER,
  'rudderstack-analytics-js/beacon': RUDDER_BROWSER,
  'rudderstack-analytics-js/standard-single-events': RUDDER_BROWSER,
  'segment-analytics-java/batch-all-types': SERVER,
  'segment-analytics-java/first-attempt-500': { profiles: ['u has track'], refused: [] },
  'segment-analytics-kotlin/settings-and-batch': {
    profiles: ['u-1 anonymous_id ada@example.com has screen, track, group, identify', 'u-2 has alias'],
    refused: ['anonymous_id by limit', 'u-1 by limit'],
    accounts: ACME,
  },
  'segment-analytics-next/batching': SEGMENT_BROWSER,
  'segment-analytics-next/retry-500-200': { profiles: ['anonymous_id has track'], refused: [] },
  'segment-analytics-next/snippet-own-cdn': { profiles: ['anonymous_id has page, track'], refused: [] },
  'segment-analytics-next/standard-single-events': SEGMENT_BROWSER,
  'segment-analytics-next/unload-keepalive-batch': { profiles: ['anonymous_id has track, track'], refused: [] },
};

describe('recorded clients', () => {
  it('are all here', () => {
    const files = readdirSync(FIXTURES, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.json'));
    expect(files.map((file) => file.replace('.json', '')).sort()).toEqual(Object.keys(EXPECTED).sort());
  });

  it.each(Object.entries(EXPECTED))('%s names the people that it should', (file, expected) => {
    expect(outcomeOf(file)).toEqual(expected);
  });

  it.each(Object.keys(EXPECTED).filter((file) => EXPECTED[file]!.refused.length > 0))(
    '%s joins two user ids by its alias where the workspace allows a profile two',
    (file) => {
      const types = [{ name: 'user_id', limit: 2 }, { name: 'email' }, { name: 'anonymous_id' }];
      const { profiles, refused } = outcomeOf(file, { types });
      expect(refused).toEqual([]);
      expect(profiles).toHaveLength(1);
      expect(profiles[0]).toMatch(/ u-2 has .*, alias$/);
    },
  );
});

/** Statements of consent: checks them, in the request of their own and in the event `$consent` that they become. */
import { CONSENT_EVENT, EVERY_CHANNEL, WHOLE_PURPOSE } from '@attrium/catalogue';
import { NAME_PATTERN } from '@attrium/condition';
import { Decimal } from '@attrium/event';
import { readTime } from './event-time.js';
import { objectOf, textOf } from './json-field.js';
import { type Rejection, rejection } from './rejection.js';

type Json = Readonly<Record<string, unknown>>;

/** Statements of one request, and of one event. */
export const STATEMENTS_MAX = 100;
const IDENTIFIERS_MAX = 20;
const TEXT_LENGTH_MAX = 200;
/** A message id of an event is this id with the number of the event: it has to leave room for it. */
const MESSAGE_ID_LENGTH_MAX = 90;
const REQUEST_KEYS: ReadonlySet<string> = new Set([
  'userId',
  'anonymousId',
  'identifiers',
  'consent',
  'messageId',
  'context',
  'writeKey',
]);
const STATEMENT_KEYS: ReadonlySet<string> = new Set(['purpose', 'channel', 'status', 'source']);

/** Where it is, and what is wrong there. */
export interface ConsentFault {
  readonly path: string;
  readonly message: string;
}

type Report = (path: string, message: string) => void;

export function isConsentEvent(type: string, event: unknown): boolean {
  return type === 'track' && event === CONSENT_EVENT;
}

/** By purpose, then by channel (or `_` for the purpose as a whole, `*` for it and all its channels): whether it is granted. */
export type Statements = Readonly<Record<string, Readonly<Record<string, boolean>>>>;

/** The statements of an event, out of its property `consent`; or the first thing that is wrong with them. */
export function statementsOf(properties: unknown): Statements | ConsentFault {
  const faults: ConsentFault[] = [];
  const list = objectOf(properties)?.consent;
  const report: Report = (path, message) => faults.push({ path, message });
  const statements = readStatements(list, 'properties.consent', STATEMENT_KEYS, report);
  return faults[0] ?? grouped(statements);
}

export function isFault(read: Statements | ConsentFault): read is ConsentFault {
  return typeof read.path === 'string';
}

/** A request as the events that it becomes, one for each time that it names; or all that is wrong with it: then none of it is taken. */
export type ConsentRequest =
  | { readonly kind: 'events'; readonly events: readonly Json[] }
  | { readonly kind: 'faulty'; readonly faults: readonly ConsentFault[] };

export function readConsentRequest(body: Json): ConsentRequest {
  const faults: ConsentFault[] = [];
  const report: Report = (path, message) => faults.push({ path, message });
  for (const key of Object.keys(body)) {
    if (!REQUEST_KEYS.has(key)) report(key, `is not known here; known are ${[...REQUEST_KEYS].join(', ')}`);
  }
  const { messageId, context } = body;
  if (messageId !== undefined && (typeof messageId !== 'string' || messageId.length > MESSAGE_ID_LENGTH_MAX)) {
    report('messageId', `expected a text of at most ${MESSAGE_ID_LENGTH_MAX} characters`);
  }
  if (context !== undefined && objectOf(context) === undefined) report('context', 'expected an object');
  const externalIds = readIdentifiers(body, report);
  const statements = readStatements(body.consent, 'consent', new Set([...STATEMENT_KEYS, 'at']), report);
  if (faults.length > 0) return { kind: 'faulty', faults };
  const who = {
    ...(body.userId === undefined ? {} : { userId: body.userId }),
    ...(body.anonymousId === undefined ? {} : { anonymousId: body.anonymousId }),
    context: { ...objectOf(context), ...(externalIds.length === 0 ? {} : { externalIds }) },
  };
  const groups = Map.groupBy(statements, ({ at }) => (at === undefined ? undefined : readTime(at)));
  const events = [...groups].map(([at, group], index) => ({
    type: 'track',
    event: CONSENT_EVENT,
    ...(textOf(messageId) === undefined ? {} : { messageId: `${textOf(messageId)}:${index}` }),
    ...who,
    ...(at === undefined ? {} : { timestamp: at }),
    properties: { consent: group.map(({ at: _at, ...statement }) => statement) },
  }));
  return { kind: 'events', events };
}

const FAULTS_SHOWN = 20;

/** All faults of a request in one sentence. */
export function rejectionOfFaults(faults: readonly ConsentFault[]): Rejection {
  const shown = faults.slice(0, FAULTS_SHOWN).map(({ path, message }) => `"${path}": ${message}`);
  const more = faults.length > FAULTS_SHOWN ? `; and ${faults.length - FAULTS_SHOWN} more` : '';
  return rejection('faultyConsent', `${shown.join('; ')}${more}.`);
}

/** Identifiers of any type, as the external ids of an event. */
function readIdentifiers(body: Json, report: Report): Json[] {
  const { identifiers } = body;
  for (const key of ['userId', 'anonymousId'] as const) {
    const value = body[key];
    if (value !== undefined && value !== null && typeof value === 'object' && !(value instanceof Decimal)) {
      report(key, 'expected a text or a number');
    }
  }
  if (identifiers === undefined) {
    if (textOf(body.userId) === undefined && textOf(body.anonymousId) === undefined) {
      report('identifiers', 'is missing: whose consent it is; userId or anonymousId will do too');
    }
    return [];
  }
  if (!Array.isArray(identifiers) || identifiers.length === 0 || identifiers.length > IDENTIFIERS_MAX) {
    report('identifiers', `expected a list of 1 to ${IDENTIFIERS_MAX} objects { type, value }`);
    return [];
  }
  return identifiers.map((entry, index) => {
    const { type, value } = objectOf(entry) ?? {};
    const path = `identifiers[${index}]`;
    if (typeof type !== 'string' || type === '') report(`${path}.type`, 'expected a type, such as email');
    if (textOf(value) === undefined) report(`${path}.value`, 'expected a text or a number');
    return { id: value, type, collection: 'users', encoding: 'none' };
  });
}

interface Statement {
  readonly purpose: string;
  readonly channel?: string;
  readonly status: 'granted' | 'withdrawn';
  readonly source?: string;
  readonly at?: unknown;
}

function readStatements(list: unknown, path: string, keys: ReadonlySet<string>, report: Report): readonly Statement[] {
  if (!Array.isArray(list) || list.length === 0 || list.length > STATEMENTS_MAX) {
    report(path, `expected a list of 1 to ${STATEMENTS_MAX} objects { purpose, channel, status }`);
    return [];
  }
  const taken = new Set<string>();
  for (const [index, entry] of list.entries()) {
    const at = `${path}[${index}]`;
    const statement = objectOf(entry);
    if (statement === undefined) report(at, 'expected an object { purpose, channel, status }');
    else checkStatement(statement, at, keys, report);
    const { purpose, channel, at: time } = statement ?? {};
    const key = JSON.stringify([purpose, channel, keys.has('at') ? readTime(time) : 0]);
    if (taken.has(key)) report(at, 'the same purpose and channel is stated twice for the same time');
    taken.add(key);
  }
  return list as readonly Statement[];
}

function checkStatement(statement: Json, path: string, keys: ReadonlySet<string>, report: Report): void {
  const { purpose, channel, status, source, at } = statement;
  for (const key of Object.keys(statement)) {
    if (!keys.has(key)) report(`${path}.${key}`, `is not known here; known are ${[...keys].join(', ')}`);
  }
  if (!isName(purpose)) report(`${path}.purpose`, 'expected the name of a purpose');
  if (channel !== undefined && channel !== EVERY_CHANNEL && !isName(channel)) {
    report(`${path}.channel`, 'expected the name of a channel, or "*" for the purpose with all its channels');
  }
  if (status !== 'granted' && status !== 'withdrawn') report(`${path}.status`, 'expected granted or withdrawn');
  if (source !== undefined && (typeof source !== 'string' || source.length > TEXT_LENGTH_MAX)) {
    report(`${path}.source`, `expected a text of at most ${TEXT_LENGTH_MAX} characters`);
  }
  if (at === undefined || !keys.has('at')) return;
  const ms = readTime(at);
  if (ms === undefined) report(`${path}.at`, 'expected an ISO 8601 time or a number of milliseconds');
  else if (ms < 0) report(`${path}.at`, 'is before 1970');
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && NAME_PATTERN.test(value);
}

function grouped(statements: readonly Statement[]): Statements {
  const purposes = Map.groupBy(statements, ({ purpose }) => purpose);
  const channelsOf = (group: readonly Statement[]) =>
    Object.fromEntries(group.map(({ channel = WHOLE_PURPOSE, status }) => [channel, status === 'granted']));
  return Object.fromEntries([...purposes].map(([purpose, group]) => [purpose, channelsOf(group)]));
}

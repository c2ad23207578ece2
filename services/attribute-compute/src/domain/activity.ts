/** What an event says of the session that it belongs to. The rules are in docs/concepts/attributes.md. */
import { isListEvent } from '@attrium/catalogue';
import { isJsonObject, jsonAt } from '@attrium/condition';
import type { Event } from '@attrium/event';
import { hashOfText } from './value-hash.js';

/** `named`: by the id that its events carry; else by the gap of a kind of device. */
export type SessionSort = 'web' | 'mobile' | 'named';

/** One event in a session. */
export interface Activity {
  /** Of the session where it has an id, else of the device: a hash of 53 bits. */
  readonly key: number;
  readonly sort: SessionSort;
  readonly isMobile: boolean;
  /** A page or a screen was seen. */
  readonly isPage: boolean;
  /** Its URL, or its name where it has none. */
  readonly page: string;
}

/** Where SDKs put the id of a session, in the order of their precedence. */
const SESSION_ID_PATHS = [
  ['context', 'sessionId'],
  ['context', 'session_id'],
  ['context', 'session', 'id'],
  ['sessionId'],
  ['properties', 'session_id'],
  ['properties', 'sessionId'],
];
const SESSION_ID_LENGTH_MAX = 512;
const LIBRARY = ['context', 'library', 'name'];
const DEVICE_TYPE = ['context', 'device', 'type'];
const URL_PATHS = [
  ['properties', 'url'],
  ['context', 'page', 'url'],
];

/** Words in the names of libraries. */
const MOBILE_WORDS = new Set(
  'android cordova expo flutter ios kotlin maui mobile native swift unity watchos xamarin'.split(' '),
);
const MOBILE_DEVICES = new Set('android ios ipados mobile phone tablet tvos watchos'.split(' '));

/** Undefined for an event without a session id that no device sent, such as one of a server, and for imports of static lists. */
export function activityOf(event: Event, payload: unknown): Activity | undefined {
  if (isListEvent(event)) return undefined;
  const sessionId = sessionIdOf(payload);
  const device = sessionId === undefined ? deviceOf(event) : undefined;
  if (sessionId === undefined && device === undefined) return undefined;
  const isMobile = isMobileApp(event, payload);
  const isPage = event.type === 'page' || event.type === 'screen';
  return {
    key: hashOfText(sessionId === undefined ? `device ${device}` : `session ${sessionId}`),
    sort: sessionId !== undefined ? 'named' : isMobile ? 'mobile' : 'web',
    isMobile,
    isPage,
    page: isPage ? pageOf(event, payload) : '',
  };
}

/** A text, or a whole number above zero: some SDKs say -1 or 0 for none. */
function sessionIdOf(payload: unknown): string | undefined {
  for (const path of SESSION_ID_PATHS) {
    const json = jsonAt(payload, path);
    if (typeof json === 'string' && json !== '' && json.length <= SESSION_ID_LENGTH_MAX) return json;
    if (Number.isSafeInteger(json) && (json as number) > 0) return String(json);
  }
  return undefined;
}

/** The device's own id comes before the anonymous one, which an app may give up while it is used. */
function deviceOf({ identifiers }: Event): string | undefined {
  const own = identifiers.find(({ type }) => type === 'device_id');
  const found = own ?? identifiers.find(({ type }) => type === 'anonymous_id');
  return found === undefined ? undefined : `${found.type} ${found.value}`;
}

/** By the library that sent it, else by the type of its device; a web page in the context says that it is no app. */
function isMobileApp({ type }: Event, payload: unknown): boolean {
  const library = jsonAt(payload, LIBRARY);
  if (typeof library === 'string' && wordsOf(library).some((word) => MOBILE_WORDS.has(word))) return true;
  const context = jsonAt(payload, ['context']);
  if (type === 'page' || (isJsonObject(context) && isJsonObject(context.page))) return false;
  const device = jsonAt(payload, DEVICE_TYPE);
  return type === 'screen' || (typeof device === 'string' && MOBILE_DEVICES.has(device.toLowerCase()));
}

function wordsOf(text: string): string[] {
  return text.toLowerCase().split(/[^a-z]+/);
}

function pageOf(event: Event, payload: unknown): string {
  for (const path of event.type === 'page' ? URL_PATHS : []) {
    const url = jsonAt(payload, path);
    if (typeof url === 'string' && url !== '') return url.toWellFormed();
  }
  return event.name;
}

/** Reads what an event feeds out of its payload, without trusting its shape. */
import { type AttributeSource, CONSENT_EVENT } from '@attrium/catalogue';
import { type ConditionSubject, type EventAttribute, jsonAt, valueOfJson } from '@attrium/condition';
import { type Entity, type Event, parseExactJson, type Value } from '@attrium/event';
import { activityOf } from './activity.js';
import { LIST_ENTRY_LENGTH_MAX } from './limits.js';
import type { Feed, PlannedAttribute, SessionFeed } from './plan.js';
import type { Input } from './state.js';
import { unknownStatements } from './statements.js';
import { coerce, REFUSED, unitsOfJson } from './value-type.js';

/** One attribute and what an event brings to it. */
export interface Contribution extends Input {
  readonly attribute: PlannedAttribute;
}

export interface Reading {
  readonly contributions: readonly Contribution[];
  /** Names of attributes for which the event has a value of the wrong type; `$consent` for each statement that no attribute takes. */
  readonly refused: readonly string[];
  /** The payload is no JSON of the kind that can be read: it counts as one without properties and traits. */
  readonly unreadable: boolean;
}

/** What the payload of an event brings. `text` decodes the payload; it is called at most once, and only if something is to be read. */
export function readEvent(
  feed: Feed,
  kind: Entity['kind'],
  event: Event,
  text: (bytes: Uint8Array) => string,
): Reading {
  const contributions: Contribution[] = [];
  const refused: string[] = [];
  const payload = parsePayload(feed, event, text);
  const { occurredAt: at, id } = event;
  for (let index = 0; index < feed.declared.length; index++) {
    const { attribute, type, textLengthMax, sources } = feed.declared[index]!;
    for (let place = 0; place < sources.length; place++) {
      const source = sources[place]!;
      if (source.source !== undefined && source.source !== event.source) continue;
      const json = payload.read(source, kind, event);
      if (json === undefined || json === null) continue;
      const value = coerce(json, type);
      if (value === REFUSED || (typeof value === 'string' && value.length > textLengthMax)) {
        refused.push(attribute.name);
        continue;
      }
      contributions.push({ attribute, at, id, value, units: 0n });
      break;
    }
  }
  for (let index = 0; index < feed.computed.length; index++) {
    const { attribute, accepts, property, eventAttribute, reads, textLengthMax, fromMs, untilMs } =
      feed.computed[index]!;
    if (at < fromMs || at > untilMs) continue;
    if (accepts !== undefined && !accepts(payload)) continue;
    if (property === undefined && eventAttribute === undefined) {
      contributions.push({ attribute, at, id, value: undefined, units: 0n });
      continue;
    }
    const json = eventAttribute === undefined ? jsonAt(payload.properties, property!) : payload.field(eventAttribute);
    if (json === undefined || json === null) continue;
    if (json === REFUSED) {
      refused.push(attribute.name);
      continue;
    }
    if (reads === 'amount') {
      const units = unitsOfJson(json);
      if (units === REFUSED) refused.push(attribute.name);
      else contributions.push({ attribute, at, id, value: undefined, units });
      continue;
    }
    // An event attribute is a value of its type already.
    const value = eventAttribute?.type === reads ? (json as Value) : coerce(json, reads);
    if (value === REFUSED || (typeof value === 'string' && value.length > textLengthMax)) refused.push(attribute.name);
    else contributions.push({ attribute, at, id, value, units: 0n });
  }
  if (feed.takesStatement !== undefined) {
    const unknown = unknownStatements(jsonAt(payload.properties, STATEMENTS), feed.takesStatement);
    for (let count = 0; count < unknown; count++) refused.push(CONSENT_EVENT);
  }
  if (feed.sessions.length > 0) readSessions(feed.sessions, event, payload, contributions, refused);
  return { contributions, refused, unreadable: payload.unreadable };
}

/** An event of no device and no session brings nothing; of a page that is too long it is not kept which one it is. */
function readSessions(
  feeds: readonly SessionFeed[],
  event: Event,
  payload: Payload,
  contributions: Contribution[],
  refused: string[],
): void {
  const activity = activityOf(event, payload.json);
  if (activity === undefined) return;
  const { occurredAt: at, id } = event;
  const isTooLong = activity.page.length > LIST_ENTRY_LENGTH_MAX;
  for (const { attribute, accepts, readsPage } of feeds) {
    if (accepts !== undefined && !accepts(payload)) continue;
    const isRefused = readsPage && isTooLong;
    if (isRefused) refused.push(attribute.name);
    const brought = isRefused ? { ...activity, isPage: false } : activity;
    contributions.push({ attribute, at, id, value: undefined, units: 0n, activity: brought });
  }
}

function parsePayload(feed: Feed, event: Event, text: (bytes: Uint8Array) => string): Payload {
  if (feed.parse === 'never') return NOTHING;
  const json = text(event.payload);
  if (feed.parse === 'traits' && !json.includes('"traits"')) return NOTHING;
  try {
    return new Payload(parseExactJson(json), false, event);
  } catch {
    return new Payload(undefined, true, event);
  }
}

/** A parsed payload: the subject of conditions over properties, and where declared attributes find their values. */
class Payload implements ConditionSubject {
  readonly properties: unknown;

  constructor(
    readonly json: unknown,
    readonly unreadable: boolean,
    private readonly event: Event | undefined,
  ) {
    this.properties = jsonAt(json, PROPERTIES);
  }

  /**
   * A user's traits are those of identify and, in every event, of its context; an account's are those of group. The event's own traits
   * come before those of its context.
   */
  read(source: AttributeSource, kind: Entity['kind'], event: Event): unknown {
    if (source.kind === 'property') return jsonAt(this.properties, source.path);
    const own = event.type === (kind === 'profile' ? 'identify' : 'group');
    const found = own ? jsonAt(jsonAt(this.json, TRAITS), source.path) : undefined;
    if (kind === 'account' || (found !== undefined && found !== null)) return found;
    return jsonAt(jsonAt(this.json, CONTEXT_TRAITS), source.path);
  }

  attribute(): undefined {
    return undefined;
  }

  property(path: readonly string[]): Value | undefined {
    return valueOfJson(jsonAt(this.properties, path));
  }

  /** The first field that fits the event and has a value of the type; `REFUSED` when there are only values of another type. */
  field({ type, from }: EventAttribute): Value | undefined | typeof REFUSED {
    let found: typeof REFUSED | undefined;
    for (let index = 0; index < from.length; index++) {
      const { path, event, source } = from[index]!;
      if (source !== undefined && source !== this.event?.source) continue;
      if (event !== undefined && (this.event?.type !== 'track' || event !== this.event.name)) continue;
      const json = jsonAt(this.properties, path);
      if (json === undefined || json === null) continue;
      const value = coerce(json, type);
      if (value !== REFUSED) return value;
      found = REFUSED;
    }
    return found;
  }

  eventAttribute(attribute: EventAttribute): Value | undefined {
    const value = this.field(attribute);
    return value === REFUSED ? undefined : value;
  }

  inSegment(): boolean {
    return false;
  }
}

const PROPERTIES = ['properties'];
const STATEMENTS = ['statements'];
const TRAITS = ['traits'];
const CONTEXT_TRAITS = ['context', 'traits'];
const NOTHING = new Payload(undefined, false, undefined);

/** Reads what an event feeds out of its payload, without trusting its shape. */
import { CONSENT_EVENT } from '@attrium/catalogue';
import { jsonAt } from '@attrium/condition';
import { type Entity, type Event, type Value } from '@attrium/event';
import { activityOf } from './activity.js';
import { LIST_ENTRY_LENGTH_MAX } from './limits.js';
import { type Payload, parsePayload } from './parsed-payload.js';
import type { Feed, PlannedAttribute, SessionFeed, StepFeed } from './plan.js';
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
  const payload = parsePayload(feed.parse, event, text);
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
    const { attribute, accepts, property, eventAttribute, reads, textLengthMax, fromMs, untilMs, steps } =
      feed.computed[index]!;
    if (at < fromMs || at > untilMs) continue;
    if (steps !== undefined) {
      const value = bitsOf(steps, payload);
      if (value !== 0) contributions.push({ attribute, at, id, value, units: 0n });
      continue;
    }
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

/** Which of the steps of a pattern an event is. */
function bitsOf(steps: readonly StepFeed[], payload: Payload): number {
  let bits = 0;
  for (let index = 0; index < steps.length; index++) {
    const { bit, accepts } = steps[index]!;
    if (accepts === undefined || accepts(payload)) bits |= bit;
  }
  return bits;
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

const STATEMENTS = ['statements'];

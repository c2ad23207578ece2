/** Reads what an event feeds out of its payload, without trusting its shape. */
import type { AttributeSource } from '@attrium/catalogue';
import { type ConditionSubject, jsonAt, valueOfJson } from '@attrium/condition';
import { type Entity, type Event, parseExactJson, type Value } from '@attrium/event';
import type { Feed, PlannedAttribute, StepFeed } from './plan.js';
import type { Input } from './state.js';
import { coerce, REFUSED, unitsOfJson } from './value-type.js';

/** One attribute and what an event brings to it. */
export interface Contribution extends Input {
  readonly attribute: PlannedAttribute;
}

export interface Reading {
  readonly contributions: readonly Contribution[];
  /** Names of attributes for which the event has a value of the wrong type. */
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
    const { attribute, accepts, property, reads, textLengthMax, fromMs, untilMs, steps } = feed.computed[index]!;
    if (at < fromMs || at > untilMs) continue;
    if (steps !== undefined) {
      const value = bitsOf(steps, payload);
      if (value !== 0) contributions.push({ attribute, at, id, value, units: 0n });
      continue;
    }
    if (accepts !== undefined && !accepts(payload)) continue;
    if (property === undefined) {
      contributions.push({ attribute, at, id, value: undefined, units: 0n });
      continue;
    }
    const json = jsonAt(payload.properties, property);
    if (json === undefined || json === null) continue;
    if (reads === 'amount') {
      const units = unitsOfJson(json);
      if (units === REFUSED) refused.push(attribute.name);
      else contributions.push({ attribute, at, id, value: undefined, units });
      continue;
    }
    const value = coerce(json, reads);
    if (value === REFUSED || (typeof value === 'string' && value.length > textLengthMax)) refused.push(attribute.name);
    else contributions.push({ attribute, at, id, value, units: 0n });
  }
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

function parsePayload(feed: Feed, event: Event, text: (bytes: Uint8Array) => string): Payload {
  if (feed.parse === 'never') return NOTHING;
  const json = text(event.payload);
  if (feed.parse === 'traits' && !json.includes('"traits"')) return NOTHING;
  try {
    return new Payload(parseExactJson(json), false);
  } catch {
    return new Payload(undefined, true);
  }
}

/** A parsed payload: the subject of conditions over properties, and where declared attributes find their values. */
class Payload implements ConditionSubject {
  readonly properties: unknown;

  constructor(
    private readonly json: unknown,
    readonly unreadable: boolean,
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

  inSegment(): boolean {
    return false;
  }
}

const PROPERTIES = ['properties'];
const TRAITS = ['traits'];
const CONTEXT_TRAITS = ['context', 'traits'];
const NOTHING = new Payload(undefined, false);

/** An event's payload, parsed without trusting its shape. */
import type { AttributeSource } from '@attrium/catalogue';
import { type ConditionSubject, type EventAttribute, jsonAt, valueOfJson } from '@attrium/condition';
import { type Entity, type Event, parseExactJson, type Value } from '@attrium/event';
import { coerce, REFUSED } from './value-type.js';

/** Whether a payload has to be read: never, always, or only where it speaks of traits. */
export type Parsing = 'never' | 'traits' | 'always';

/** The payload of an event that a trigger may ask for. One that cannot be read counts as one without properties. */
export function payloadOf(event: Event, text: (bytes: Uint8Array) => string): ConditionSubject {
  return parsePayload('always', event, text);
}

export function parsePayload(parsing: Parsing, event: Event, text: (bytes: Uint8Array) => string): Payload {
  if (parsing === 'never') return NOTHING;
  const json = text(event.payload);
  if (parsing === 'traits' && !json.includes('"traits"')) return NOTHING;
  try {
    return new Payload(parseExactJson(json), false, event);
  } catch {
    return new Payload(undefined, true, event);
  }
}

/** A parsed payload: the subject of conditions over properties, and where declared attributes find their values. */
export class Payload implements ConditionSubject {
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
const TRAITS = ['traits'];
const CONTEXT_TRAITS = ['context', 'traits'];
const NOTHING = new Payload(undefined, false, undefined);

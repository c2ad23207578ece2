/** The names a catalogue defines, and the checks that every name passes. */
import { type ConditionScope, isJsonObject, type LeftType, NAME_PATTERN } from '@attrium/condition';
import { VALUE_TYPES, type ValueType } from '@attrium/event';
import { type EventAttributes, isEventAttribute } from './event-attribute.js';
import type { Report } from './fault.js';
import { RESERVED_NAMES } from './limits.js';

/**
 * Everything that is named, faulty definitions included: one bad definition must not make each use of its name another fault.
 * An attribute without a valid type has the type `any`.
 */
export interface Names extends ConditionScope {
  readonly attributes: ReadonlyMap<string, LeftType>;
  readonly segments: ReadonlySet<string>;
  readonly consent: ConsentNames;
}

/** The names of the section `consent`. */
export interface ConsentNames {
  readonly purposes: ReadonlySet<string>;
  readonly channels: ReadonlySet<string>;
}

export function namesOf(
  lists: { readonly attributes: readonly unknown[]; readonly segments: readonly unknown[]; readonly consent?: unknown },
  eventAttributes: EventAttributes,
): Names {
  const attributes = new Map<string, LeftType>();
  for (const json of lists.attributes) {
    if (!isJsonObject(json) || typeof json.name !== 'string' || isEventAttribute(json)) continue;
    const type = VALUE_TYPES.includes(json.type as ValueType) ? (json.type as ValueType) : 'any';
    attributes.set(json.name, attributes.has(json.name) ? 'any' : type);
  }
  const segments = new Set<string>();
  for (const json of lists.segments) if (isJsonObject(json) && typeof json.name === 'string') segments.add(json.name);
  return {
    attributes,
    segments,
    consent: consentNamesOf(lists.consent),
    attributeType: (name) => attributes.get(name),
    hasSegment: (name) => segments.has(name),
    eventAttribute: (name) => eventAttributes.get(name),
  };
}

function consentNamesOf(json: unknown): ConsentNames {
  const list = (key: string): readonly unknown[] => (isJsonObject(json) && Array.isArray(json[key]) ? json[key] : []);
  const purposes = list('purposes').map((each) => (isJsonObject(each) ? each.name : undefined));
  const texts = (values: readonly unknown[]) => new Set(values.filter((value) => typeof value === 'string'));
  return { purposes: texts(purposes), channels: texts(list('channels')) };
}

/** Reports names that are malformed, reserved or taken; `taken` collects the names of one kind of definition. */
export function checkName(name: string, path: string, taken: Set<string>, report: Report): void {
  if (!NAME_PATTERN.test(name)) {
    report(path, 'bad_name', 'a name has 1 to 64 characters: lower-case letters, digits and _, a letter first');
  } else if (RESERVED_NAMES.has(name)) {
    report(path, 'reserved_name', `${name} is reserved`);
  } else if (taken.has(name)) {
    report(path, 'duplicate_name', `${name} is defined more than once`);
  }
  taken.add(name);
}

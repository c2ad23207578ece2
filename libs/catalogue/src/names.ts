/** The names a catalogue defines, and the checks that every name passes. */
import { type ConditionScope, isJsonObject, type LeftType, NAME_PATTERN } from '@attrium/condition';
import { VALUE_TYPES, type ValueType } from '@attrium/event';
import type { DefinitionKind } from './definitions.js';
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
  /** Of what is a user's or an account's without doubt: names that are faulty or taken twice are missing. */
  readonly attributeKinds: ReadonlyMap<string, DefinitionKind>;
  readonly segmentKinds: ReadonlyMap<string, DefinitionKind>;
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
    attributeKinds: kindsOf(lists.attributes, 'kind'),
    segmentKinds: kindsOf(lists.segments, 'of'),
    consent: consentNamesOf(lists.consent),
    attributeType: (name) => attributes.get(name),
    hasSegment: (name) => segments.has(name),
    eventAttribute: (name) => eventAttributes.get(name),
  };
}

function kindsOf(list: readonly unknown[], key: 'kind' | 'of'): Map<string, DefinitionKind> {
  const kinds = new Map<string, DefinitionKind>();
  const seen = new Set<string>();
  for (const json of list) {
    if (!isJsonObject(json) || typeof json.name !== 'string') continue;
    const { name, [key]: kind } = json;
    if (!seen.has(name) && (kind === 'user' || kind === 'account')) kinds.set(name, kind);
    else kinds.delete(name);
    seen.add(name);
  }
  return kinds;
}

/** What a definition of one kind reads of the other. */
export function reportOtherKind(
  names: Names,
  of: DefinitionKind,
  reads: { readonly attributes?: readonly string[]; readonly segments?: readonly string[] },
  path: string,
  report: Report,
): void {
  const check = (what: string, list: readonly string[] = [], kinds: ReadonlyMap<string, DefinitionKind>): void => {
    for (const name of list) {
      const kind = kinds.get(name) ?? of;
      if (kind !== of) report(path, 'other_kind', `${name} is ${what} of kind ${kind}, and this is of kind ${of}`);
    }
  };
  check('an attribute', reads.attributes, names.attributeKinds);
  check('a segment', reads.segments, names.segmentKinds);
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

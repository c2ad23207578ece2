/** Subjects over data at hand. */
import type { ConditionSubject } from './condition.js';
import { jsonAt, valueOfJson } from './json.js';

/** The subject of event conditions: the parsed JSON of an event's properties. It has no attributes and is in no segment. */
export function eventSubject(properties: unknown): ConditionSubject {
  return {
    attribute: () => undefined,
    property: (path) => valueOfJson(jsonAt(properties, path)),
    inSegment: () => false,
  };
}

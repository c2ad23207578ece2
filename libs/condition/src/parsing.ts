/** What the parts of the parser share: where they are, what may be named there, and how faults are reported. */
import type { EventAttribute } from './condition.js';
import type { ConditionFault, ConditionFaultCode } from './fault.js';
import type { JsonObject } from './json.js';
import { CONDITION_NODES_MAX, EVENT_NAME_LENGTH_MAX, NAME_PATTERN, PATH_STEPS_MAX } from './limits.js';
import type { LeftType } from './right-side.js';

/** The definitions a condition may name. */
export interface ConditionScope {
  /** The type of an attribute; `any` when it is not known, undefined when there is no such attribute. */
  attributeType(name: string): LeftType | undefined;
  hasSegment(name: string): boolean;
  /** `faulty` when its definition has faults, which are reported elsewhere. Without it, conditions cannot ask for event attributes. */
  eventAttribute?(name: string): EventAttribute | 'faulty' | undefined;
}

/** The event attribute that a condition or a definition names at `at`; undefined, with a fault where it is not reported elsewhere. */
export function eventAttributeOf(
  name: unknown,
  scope: ConditionScope | undefined,
  fault: (code: ConditionFaultCode, message: string) => void,
): EventAttribute | undefined {
  if (typeof name !== 'string' || !NAME_PATTERN.test(name)) {
    fault('bad_name', 'event_attribute takes the name of an attribute of kind event');
    return undefined;
  }
  if (scope?.eventAttribute === undefined) {
    fault('not_here', 'event attributes cannot be asked for here');
    return undefined;
  }
  const found = scope.eventAttribute(name);
  if (found === undefined) fault('unknown_attribute', `there is no attribute ${name} of kind event`);
  return found === 'faulty' ? undefined : found;
}

export interface Parsing {
  readonly over: 'entity' | 'event';
  readonly scope: ConditionScope | undefined;
  readonly faults: ConditionFault[];
  readonly count: { nodes: number };
}

export interface Place {
  readonly path: string;
  readonly depth: number;
  readonly parsing: Parsing;
}

/** Comparisons of a timestamp with now. */
export const AGE_COMPARATORS = ['older_than', 'newer_than'] as const;
export type AgeComparator = (typeof AGE_COMPARATORS)[number];

export function report(parsing: Parsing, path: string, code: ConditionFaultCode, message: string): undefined {
  parsing.faults.push({ path, code, message });
}

export function refuseUnknown(json: JsonObject, known: readonly string[], { path, parsing }: Place): void {
  for (const key of Object.keys(json)) {
    if (!known.includes(key))
      report(parsing, `${path}.${key}`, 'unknown_key', `${key} is not known here; known are ${known.join(', ')}`);
  }
}

/** Counts a node; false, and a fault for the first, when there are too many. */
export function countNode(path: string, parsing: Parsing): boolean {
  parsing.count.nodes += 1;
  if (parsing.count.nodes === CONDITION_NODES_MAX + 1) {
    report(parsing, path, 'over_limit', `a condition may have at most ${CONDITION_NODES_MAX} nodes`);
  }
  return parsing.count.nodes <= CONDITION_NODES_MAX;
}

/** The steps of a dotted path; undefined when it is no text, has an empty step or is too long. */
export function pathOfText(text: unknown): readonly string[] | undefined {
  if (typeof text !== 'string' || text.length > PATH_STEPS_MAX * (EVENT_NAME_LENGTH_MAX + 1)) return undefined;
  const steps = text.split('.');
  if (steps.length > PATH_STEPS_MAX) return undefined;
  return steps.every((step) => step !== '' && step.length <= EVENT_NAME_LENGTH_MAX) ? steps : undefined;
}

/** Whether it can be the name of an event: any text that is not empty and not too long. */
export function isEventName(json: unknown): json is string {
  return typeof json === 'string' && json !== '' && json.length <= EVENT_NAME_LENGTH_MAX;
}

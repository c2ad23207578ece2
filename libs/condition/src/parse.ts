/** Reads conditions as users write them (parsed YAML or JSON) and reports every fault with its place. */
import { durationMs } from '@attrium/event';
import { type Behaviour, COMPARATORS, type Condition, type Operand, type ParsedCondition } from './condition.js';
import type { ConditionFault, ConditionFaultCode } from './fault.js';
import { isJsonObject, type JsonObject } from './json.js';
import {
  AT_LEAST_MAX,
  CONDITION_DEPTH_MAX,
  CONDITION_NODES_MAX,
  EVENT_NAME_LENGTH_MAX,
  NAME_PATTERN,
  PATH_STEPS_MAX,
  WITHIN_MS_MAX,
} from './limits.js';
import { buildComparison, type LeftType } from './right-side.js';

/** The definitions a condition may name. */
export interface ConditionScope {
  /** The type of an attribute; `any` when it is not known, undefined when there is no such attribute. */
  attributeType(name: string): LeftType | undefined;
  hasSegment(name: string): boolean;
}

export interface ParseOptions {
  readonly over: 'entity' | 'event';
  /** Where the condition stands, as the beginning of each fault's path. */
  readonly path: string;
  /** Without it, names and types are not checked, and texts compared with timestamps stay texts. */
  readonly scope?: ConditionScope | undefined;
}

export type ParseOutcome<T> =
  | { readonly kind: 'valid'; readonly condition: T }
  | { readonly kind: 'invalid'; readonly faults: readonly ConditionFault[] };

/** Parses one condition over an event or an entity. Never throws for anything that JSON can hold. */
export function parseCondition(
  json: unknown,
  options: ParseOptions & { readonly over: 'event' },
): ParseOutcome<Condition>;
export function parseCondition(json: unknown, options: ParseOptions): ParseOutcome<ParsedCondition>;
export function parseCondition(json: unknown, options: ParseOptions): ParseOutcome<ParsedCondition> {
  const faults: ConditionFault[] = [];
  const parsing: Parsing = { over: options.over, scope: options.scope, faults, count: { nodes: 0 } };
  const condition = parseNode(json, options.path, 1, parsing);
  if (condition === undefined || faults.length > 0) return { kind: 'invalid', faults };
  return { kind: 'valid', condition };
}

interface Parsing {
  readonly over: 'entity' | 'event';
  readonly scope: ConditionScope | undefined;
  readonly faults: ConditionFault[];
  readonly count: { nodes: number };
}

const FORMS = ['all', 'any', 'not', 'attribute', 'property', 'segment', 'event'] as const;
type Form = (typeof FORMS)[number];
const BEHAVIOUR_KEYS = ['event', 'did', 'did_not', 'within', 'at_least', 'where'];

function report(parsing: Parsing, path: string, code: ConditionFaultCode, message: string): undefined {
  parsing.faults.push({ path, code, message });
}

/** One node; undefined when it has faults, which are then reported. */
function parseNode(json: unknown, path: string, depth: number, parsing: Parsing): ParsedCondition | undefined {
  if (depth > CONDITION_DEPTH_MAX) {
    return report(parsing, path, 'over_limit', `conditions may be nested at most ${CONDITION_DEPTH_MAX} deep`);
  }
  if (!countNode(path, parsing)) return undefined;
  if (!isJsonObject(json)) return report(parsing, path, 'wrong_type', 'a condition is an object');
  const forms = FORMS.filter((form) => Object.hasOwn(json, form));
  const form = forms[0];
  if (form === undefined) {
    return report(parsing, path, 'missing_key', `a condition has one of ${FORMS.join(', ')}`);
  }
  if (forms.length > 1) {
    return report(parsing, path, 'conflicting_keys', `a condition has only one of ${forms.join(', ')}`);
  }
  return parseForm(form, json, { path, depth, parsing });
}

interface Place {
  readonly path: string;
  readonly depth: number;
  readonly parsing: Parsing;
}

function parseForm(form: Form, json: JsonObject, place: Place): ParsedCondition | undefined {
  const { path, depth, parsing } = place;
  const overEvent = parsing.over === 'event';
  if (overEvent ? form === 'attribute' || form === 'segment' || form === 'event' : form === 'property') {
    const over = overEvent
      ? 'an event: it can only ask for properties'
      : 'a profile: it cannot ask for event properties';
    return report(parsing, `${path}.${form}`, 'not_here', `this condition is over ${over}`);
  }
  switch (form) {
    case 'all':
    case 'any': {
      refuseUnknown(json, [form], place);
      const list = json[form];
      if (!Array.isArray(list))
        return report(parsing, `${path}.${form}`, 'wrong_type', `${form} takes a list of conditions`);
      const of = list
        .slice(0, CONDITION_NODES_MAX + 1)
        .map((entry, index) => parseNode(entry, `${path}.${form}[${index}]`, depth + 1, parsing));
      if (!of.every((node) => node !== undefined)) return undefined;
      return form === 'all' ? { kind: 'all', of } : { kind: 'any', of };
    }
    case 'not': {
      refuseUnknown(json, ['not'], place);
      const of = parseNode(json.not, `${path}.not`, depth + 1, parsing);
      return of === undefined ? undefined : { kind: 'not', of };
    }
    case 'segment':
      return parseSegment(json, place);
    case 'event':
      return parseBehaviour(json, place);
    case 'attribute':
    case 'property':
      return parseComparisons(form, json, place);
  }
}

function parseSegment(json: JsonObject, place: Place): ParsedCondition | undefined {
  const { path, parsing } = place;
  refuseUnknown(json, ['segment', 'is'], place);
  const segment = json.segment;
  const is = Object.hasOwn(json, 'is') ? json.is : true;
  if (typeof is !== 'boolean') report(parsing, `${path}.is`, 'wrong_type', 'is takes true or false');
  if (typeof segment !== 'string' || !NAME_PATTERN.test(segment)) {
    return report(parsing, `${path}.segment`, 'bad_name', 'segment takes the name of a segment');
  }
  if (parsing.scope?.hasSegment(segment) === false) {
    return report(parsing, `${path}.segment`, 'unknown_segment', `there is no segment ${segment}`);
  }
  const node: Condition = { kind: 'segment', segment };
  return is === false ? { kind: 'not', of: node } : node;
}

function parseComparisons(form: 'attribute' | 'property', json: JsonObject, place: Place): ParsedCondition | undefined {
  const { path, parsing } = place;
  refuseUnknown(json, [form, ...COMPARATORS], place);
  const left = form === 'attribute' ? leftAttribute(json[form], place) : leftProperty(json[form], place);
  const comparators = COMPARATORS.filter((comparator) => Object.hasOwn(json, comparator));
  if (comparators.length === 0) {
    return report(parsing, path, 'missing_key', `a comparison has at least one of ${COMPARATORS.join(', ')}`);
  }
  if (left === undefined) return undefined;
  const of: Condition[] = [];
  for (const [index, comparator] of comparators.entries()) {
    if (index > 0 && !countNode(path, parsing)) return undefined;
    const built = buildComparison({ ...left, comparator, json: json[comparator], path: `${path}.${comparator}` });
    if ('fault' in built) parsing.faults.push(built.fault);
    else of.push(built.value);
  }
  return of.length === 1 ? of[0] : { kind: 'all', of };
}

interface Left {
  readonly operand: Operand;
  readonly leftType: LeftType;
}

function leftAttribute(name: unknown, { path, parsing }: Place): Left | undefined {
  const at = `${path}.attribute`;
  if (typeof name !== 'string' || !NAME_PATTERN.test(name)) {
    return report(parsing, at, 'bad_name', 'attribute takes the name of an attribute');
  }
  const leftType = parsing.scope === undefined ? 'any' : parsing.scope.attributeType(name);
  if (leftType === undefined) return report(parsing, at, 'unknown_attribute', `there is no attribute ${name}`);
  return { operand: { kind: 'attribute', name }, leftType };
}

function leftProperty(text: unknown, { path, parsing }: Place): Left | undefined {
  const steps = pathOfText(text);
  if (steps !== undefined) return { operand: { kind: 'property', path: steps }, leftType: 'any' };
  return report(
    parsing,
    `${path}.property`,
    'bad_name',
    `property takes the name of a property; dots lead into nested objects, at most ${PATH_STEPS_MAX} steps`,
  );
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

function parseBehaviour(json: JsonObject, place: Place): Behaviour | undefined {
  const { path, depth, parsing } = place;
  const before = parsing.faults.length;
  refuseUnknown(json, BEHAVIOUR_KEYS, place);
  const event = json.event;
  if (!isEventName(event)) {
    report(
      parsing,
      `${path}.event`,
      'bad_name',
      `event takes the name of an event, at most ${EVENT_NAME_LENGTH_MAX} characters`,
    );
  }
  const asked = ['did', 'did_not'].filter((key) => Object.hasOwn(json, key));
  if (asked.length !== 1) {
    const code = asked.length === 0 ? 'missing_key' : 'conflicting_keys';
    report(parsing, path, code, 'an event condition has either did: true or did_not: true');
  } else if (json[asked[0]!] !== true) {
    report(
      parsing,
      `${path}.${asked[0]}`,
      'wrong_value',
      `${asked[0]} takes true only; did and did_not are each other's negation`,
    );
  }
  const withinMs = parseWithin(json, place);
  const atLeast = Object.hasOwn(json, 'at_least') ? json.at_least : 1;
  if (typeof atLeast !== 'number' || !Number.isInteger(atLeast) || atLeast < 1) {
    report(parsing, `${path}.at_least`, 'wrong_value', 'at_least takes a whole number, 1 or more');
  } else if (atLeast > AT_LEAST_MAX) {
    report(parsing, `${path}.at_least`, 'over_limit', `at_least may be at most ${AT_LEAST_MAX}`);
  }
  const where = Object.hasOwn(json, 'where')
    ? parseNode(json.where, `${path}.where`, depth + 1, { ...parsing, over: 'event' })
    : undefined;
  if (parsing.faults.length > before) return undefined;
  // Over events only forms of `Condition` are accepted, so `where` holds no behaviour.
  return {
    kind: 'behaviour',
    event: event as string,
    did: asked[0] === 'did',
    atLeast: atLeast as number,
    withinMs,
    where: where as Condition | undefined,
  };
}

function parseWithin(json: JsonObject, { path, parsing }: Place): number | undefined {
  if (!Object.hasOwn(json, 'within')) return undefined;
  const within = json.within;
  const ms = typeof within === 'string' ? durationMs(within) : undefined;
  if (ms === undefined)
    return report(parsing, `${path}.within`, 'wrong_value', 'within takes a duration such as 30s, 5m, 12h, 30d or 2w');
  if (ms > WITHIN_MS_MAX)
    return report(parsing, `${path}.within`, 'over_limit', `within may be at most ${WITHIN_MS_MAX / 86_400_000}d`);
  return ms;
}

function refuseUnknown(json: JsonObject, known: readonly string[], { path, parsing }: Place): void {
  for (const key of Object.keys(json)) {
    if (!known.includes(key))
      report(parsing, `${path}.${key}`, 'unknown_key', `${key} is not known here; known are ${known.join(', ')}`);
  }
}

/** Counts a node; false, and a fault for the first, when there are too many. */
function countNode(path: string, parsing: Parsing): boolean {
  parsing.count.nodes += 1;
  if (parsing.count.nodes === CONDITION_NODES_MAX + 1) {
    report(parsing, path, 'over_limit', `a condition may have at most ${CONDITION_NODES_MAX} nodes`);
  }
  return parsing.count.nodes <= CONDITION_NODES_MAX;
}

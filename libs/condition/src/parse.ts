/** Reads conditions as users write them (parsed YAML or JSON) and reports every fault with its place. */
import { parseAge } from './age.js';
import { type Condition, type Operand, type ParsedCondition } from './condition.js';
import { parseEventCondition } from './event-condition.js';
import type { ConditionFault } from './fault.js';
import { isJsonObject, type JsonObject } from './json.js';
import { CONDITION_DEPTH_MAX, CONDITION_NODES_MAX, NAME_PATTERN, PATH_STEPS_MAX } from './limits.js';
import {
  AGE_COMPARATORS,
  type ConditionScope,
  countNode,
  eventAttributeOf,
  type Parsing,
  type Place,
  pathOfText,
  refuseUnknown,
  report,
} from './parsing.js';
import type { LeftType } from './right-side.js';
import { parseSequence } from './sequence-condition.js';
import { buildWritten, WRITTEN_COMPARATORS } from './written-comparison.js';

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

const FORMS = [
  'all',
  'any',
  'not',
  'attribute',
  'property',
  'event_attribute',
  'segment',
  'event',
  'sequence',
] as const;
const OVER_ENTITIES: readonly string[] = ['attribute', 'segment', 'event', 'sequence'];
type Form = (typeof FORMS)[number];

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

function parseForm(form: Form, json: JsonObject, place: Place): ParsedCondition | undefined {
  const { path, depth, parsing } = place;
  const overEvent = parsing.over === 'event';
  if (overEvent ? OVER_ENTITIES.includes(form) : form === 'property' || form === 'event_attribute') {
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
    case 'sequence': {
      const parseWhere = (where: unknown, wherePath: string): Condition | undefined =>
        // Over events only forms of `Condition` are accepted.
        parseNode(where, wherePath, depth + 1, { ...parsing, over: 'event' }) as Condition | undefined;
      return form === 'event' ? parseEventCondition(json, place, parseWhere) : parseSequence(json, place, parseWhere);
    }
    case 'attribute':
    case 'property':
    case 'event_attribute':
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

type LeftForm = 'attribute' | 'property' | 'event_attribute';

function parseComparisons(form: LeftForm, json: JsonObject, place: Place): ParsedCondition | undefined {
  const { path, parsing } = place;
  const known = form === 'attribute' ? [...WRITTEN_COMPARATORS, ...AGE_COMPARATORS] : WRITTEN_COMPARATORS;
  refuseUnknown(json, [form, ...known], place);
  const left = LEFT[form](json[form], place);
  const comparators = known.filter((comparator) => Object.hasOwn(json, comparator));
  if (comparators.length === 0) {
    return report(parsing, path, 'missing_key', `a comparison has at least one of ${known.join(', ')}`);
  }
  if (left === undefined) return undefined;
  const of: ParsedCondition[] = [];
  for (const [index, comparator] of comparators.entries()) {
    if (index > 0 && !countNode(path, parsing)) return undefined;
    const comparison = { ...left, json: json[comparator], path: `${path}.${comparator}` };
    const built =
      comparator === 'older_than' || comparator === 'newer_than'
        ? parseAge({ ...comparison, comparator })
        : buildWritten({ ...comparison, comparator });
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

function leftEventAttribute(name: unknown, { path, parsing }: Place): Left | undefined {
  const operand = eventAttributeOf(name, parsing.scope, (code, message) =>
    report(parsing, `${path}.event_attribute`, code, message),
  );
  return operand === undefined ? undefined : { operand, leftType: operand.type };
}

const LEFT: Readonly<Record<LeftForm, (written: unknown, place: Place) => Left | undefined>> = {
  attribute: leftAttribute,
  property: leftProperty,
  event_attribute: leftEventAttribute,
};

/** Parses conditions about the events of an entity: did it, so often, since when, and what do they add up to. */
import { Decimal, type ExactNumber } from '@attrium/event';
import {
  AGGREGATE_COMPARATORS,
  type Aggregate,
  type Behaviour,
  type EventAttribute,
  type Happening,
  type Occurrence,
  type ParsedCondition,
} from './condition.js';
import { isJsonObject, type JsonObject, timestampFromText, valueOfJson } from './json.js';
import { AT_LEAST_MAX, AT_LEAST_SINCE_MAX, PATH_STEPS_MAX } from './limits.js';
import { MOMENT_KEYS, parseMoment } from './moment-condition.js';
import { countNode, eventAttributeOf, type Place, pathOfText, refuseUnknown, report } from './parsing.js';
import { type ParseWhere, parseOccurrence, parseWithin } from './sequence-condition.js';

const HAPPENING_KEYS = ['event', 'within', 'between', 'after', 'before', 'where'];
const TIMES_KEYS = ['at_least', 'at_most', 'exactly'];
/** What says which times count. */
const SPAN_KEYS = ['within', 'between', 'after', 'before'];

export function parseEventCondition(
  json: JsonObject,
  place: Place,
  parseWhere: ParseWhere,
): ParsedCondition | undefined {
  const before = place.parsing.faults.length;
  if (MOMENT_KEYS.some((key) => Object.hasOwn(json, key))) {
    refuseUnknown(json, ['event', 'where', ...MOMENT_KEYS], place);
    const moment = parseMoment(json, parseOccurrence(json, place, parseWhere), place);
    return place.parsing.faults.length > before ? undefined : moment;
  }
  const sums = Object.hasOwn(json, 'sum');
  const known = sums ? ['sum', ...AGGREGATE_COMPARATORS] : ['did', 'did_not', 'since', ...TIMES_KEYS];
  refuseUnknown(json, [...HAPPENING_KEYS, ...known], place);
  const happening = parseHappening(json, place, parseWhere);
  const since = sums || !Object.hasOwn(json, 'since') ? undefined : parseSince(json, place, parseWhere);
  const condition = sums
    ? parseSum(json, happening, place)
    : parseBehaviour(json, since === undefined ? happening : { ...happening, since }, place);
  return place.parsing.faults.length > before ? undefined : condition;
}

/** Its faults are reported, and then it may be incomplete. */
function parseHappening(json: JsonObject, place: Place, parseWhere: ParseWhere): Happening {
  const withinMs = parseWithin(json, place);
  const range = parseRange(json, place);
  return { ...parseOccurrence(json, place, parseWhere), withinMs, ...range };
}

type BehaviourEvents = Happening & Pick<Behaviour, 'since'>;

/** The events after whose last the others are counted. */
function parseSince(json: JsonObject, place: Place, parseWhere: ParseWhere): Occurrence | undefined {
  const { parsing } = place;
  const path = `${place.path}.since`;
  const spans = SPAN_KEYS.filter((key) => Object.hasOwn(json, key));
  if (spans.length > 0) {
    return report(parsing, path, 'conflicting_keys', `since leaves no room for ${spans.join(', ')}`);
  }
  if (!isJsonObject(json.since)) return report(parsing, path, 'wrong_type', 'since takes an object with an event');
  refuseUnknown(json.since, ['event', 'where'], { ...place, path });
  if (!countNode(path, parsing)) return undefined;
  return parseOccurrence(json.since, { ...place, path }, parseWhere);
}

function parseBehaviour(json: JsonObject, happening: BehaviourEvents, place: Place): ParsedCondition | undefined {
  const { path, parsing } = place;
  const asked = ['did', 'did_not'].filter((key) => Object.hasOwn(json, key));
  if (asked.length !== 1) {
    const code = asked.length === 0 ? 'missing_key' : 'conflicting_keys';
    report(parsing, path, code, 'an event condition has did: true or did_not: true, a sum, or first_time or last_time');
  } else if (json[asked[0]!] !== true) {
    const message = `${asked[0]} takes true only; did and did_not are each other's negation`;
    report(parsing, `${path}.${asked[0]}`, 'wrong_value', message);
  }
  const countMax = happening.since === undefined ? AT_LEAST_MAX : AT_LEAST_SINCE_MAX;
  const times = parseTimes(json, countMax, place);
  const did = asked[0] === 'did';
  const often = (atLeast: number): Behaviour => ({ kind: 'behaviour', ...happening, did: true, atLeast });
  if (times.atMost === undefined) return { ...often(times.atLeast ?? 1), did };
  if (times.atMost === countMax) {
    return report(parsing, `${path}.at_most`, 'over_limit', `at_most may be at most ${countMax - 1}`);
  }
  // Not more often than that: the negation of "at least once more".
  const notMore: ParsedCondition = { ...often(times.atMost + 1), did: false };
  if (times.atLeast === undefined || times.atLeast === 0) return did ? notMore : { ...notMore, did: true };
  if (!countNode(path, parsing)) return undefined;
  const both: ParsedCondition = { kind: 'all', of: [often(times.atLeast), notMore] };
  return did ? both : { kind: 'not', of: both };
}

interface Times {
  readonly atLeast?: number | undefined;
  readonly atMost?: number | undefined;
}

function parseTimes(json: JsonObject, most: number, place: Place): Times {
  const { path, parsing } = place;
  const exactly = parseCount('exactly', { least: 0, most }, json, place);
  const atLeast = parseCount('at_least', { least: 1, most }, json, place);
  const atMost = parseCount('at_most', { least: 0, most }, json, place);
  if (exactly !== undefined && (atLeast !== undefined || atMost !== undefined)) {
    report(parsing, `${path}.exactly`, 'conflicting_keys', 'exactly leaves no room for at_least and at_most');
  }
  if (atLeast !== undefined && atMost !== undefined && atLeast > atMost) {
    report(parsing, `${path}.at_most`, 'wrong_value', 'at_most is not below at_least');
  }
  return { atLeast: exactly ?? atLeast, atMost: exactly ?? atMost };
}

function parseCount(
  key: string,
  { least, most }: { readonly least: number; readonly most: number },
  json: JsonObject,
  { path, parsing }: Place,
): number | undefined {
  if (!Object.hasOwn(json, key)) return undefined;
  const count = json[key];
  if (typeof count !== 'number' || !Number.isInteger(count) || count < least) {
    return report(parsing, `${path}.${key}`, 'wrong_value', `${key} takes a whole number, ${least} or more`);
  }
  if (count > most) {
    return report(parsing, `${path}.${key}`, 'over_limit', `${key} may be at most ${most}`);
  }
  return count;
}

function parseSum(json: JsonObject, happening: Happening, place: Place): ParsedCondition | undefined {
  const { path, parsing } = place;
  const { property, eventAttribute } = parseSummed(json.sum, place);
  if (property === undefined) {
    const message = `sum takes the name of a property; dots lead into nested objects, at most ${PATH_STEPS_MAX} steps`;
    report(parsing, `${path}.sum`, 'bad_name', message);
  }
  const comparators = AGGREGATE_COMPARATORS.filter((comparator) => Object.hasOwn(json, comparator));
  if (comparators.length === 0) {
    return report(parsing, path, 'missing_key', `a sum has at least one of ${AGGREGATE_COMPARATORS.join(', ')}`);
  }
  const of: Aggregate[] = [];
  for (const [index, comparator] of comparators.entries()) {
    if (index > 0 && !countNode(path, parsing)) return undefined;
    const value = valueOfJson(json[comparator]);
    if (typeof value !== 'number' && !(value instanceof Decimal)) {
      report(parsing, `${path}.${comparator}`, 'wrong_value', `${comparator} of a sum takes a number`);
    } else if (property !== undefined) {
      const number: ExactNumber = value;
      const summed = eventAttribute === undefined ? { property } : { property, eventAttribute };
      of.push({ kind: 'aggregate', reducer: 'sum', ...happening, ...summed, comparator, value: number });
    }
  }
  return of.length === 1 ? of[0] : { kind: 'all', of };
}

/** A property, or `{ event_attribute: name }`; nothing when it is neither, and without a property when that is still to be reported. */
function parseSummed(
  json: unknown,
  { path, parsing }: Place,
): { readonly property?: readonly string[] | undefined; readonly eventAttribute?: EventAttribute | undefined } {
  if (!isJsonObject(json)) return { property: pathOfText(json) };
  const at = `${path}.sum`;
  refuseUnknown(json, ['event_attribute'], { path: at, depth: 0, parsing });
  const eventAttribute = eventAttributeOf(json.event_attribute, parsing.scope, (code, message) =>
    report(parsing, `${at}.event_attribute`, code, message),
  );
  if (eventAttribute !== undefined && eventAttribute.type !== 'number') {
    report(parsing, at, 'type_mismatch', `sum adds up numbers, and ${eventAttribute.name} is a ${eventAttribute.type}`);
  }
  return { property: [], eventAttribute };
}

/** A fixed range of event times: `after` and `before` are outside of it, both ends of `between` inside. */
function parseRange(json: JsonObject, place: Place): Pick<Happening, 'fromMs' | 'untilMs'> {
  const { path, parsing } = place;
  const given = ['between', 'after', 'before'].filter((key) => Object.hasOwn(json, key));
  if (given.length === 0) return {};
  if (Object.hasOwn(json, 'within') || (given.length > 1 && given[0] === 'between')) {
    report(parsing, path, 'conflicting_keys', 'within, between, and after or before exclude each other');
    return {};
  }
  if (given[0] === 'between') {
    const ends = json.between;
    if (!Array.isArray(ends) || ends.length !== 2) {
      report(parsing, `${path}.between`, 'wrong_value', 'between takes a list of two times, the earlier one first');
      return {};
    }
    const fromMs = parseInstant(ends[0], `${path}.between[0]`, place);
    const untilMs = parseInstant(ends[1], `${path}.between[1]`, place);
    return checkedRange({ fromMs, untilMs }, place);
  }
  const after = Object.hasOwn(json, 'after') ? parseInstant(json.after, `${path}.after`, place) : undefined;
  const before = Object.hasOwn(json, 'before') ? parseInstant(json.before, `${path}.before`, place) : undefined;
  return checkedRange(
    {
      ...(after === undefined ? {} : { fromMs: after + 1 }),
      ...(before === undefined ? {} : { untilMs: before - 1 }),
    },
    place,
  );
}

function checkedRange(range: Pick<Happening, 'fromMs' | 'untilMs'>, { path, parsing }: Place): typeof range {
  const { fromMs, untilMs } = range;
  if (fromMs !== undefined && untilMs !== undefined && fromMs > untilMs) {
    report(parsing, path, 'wrong_value', 'no event can be in this range of times: the earlier time comes first');
  }
  return range;
}

function parseInstant(json: unknown, path: string, { parsing }: Place): number | undefined {
  const instant = typeof json === 'string' ? timestampFromText(json) : undefined;
  if (instant !== undefined) return instant.ms;
  const message = 'expected an ISO-8601 date, or a date and time with its zone, as 2026-01-31T09:30:00Z';
  return report(parsing, path, 'wrong_value', message);
}

/** Parses conditions about events one after the other. */
import { durationMs } from '@attrium/event';
import type { Condition, Occurrence, Sequence, SequenceStep } from './condition.js';
import { isJsonObject, type JsonObject } from './json.js';
import { EVENT_NAME_LENGTH_MAX, SEQUENCE_STEPS_MAX, WITHIN_MS_MAX } from './limits.js';
import { countNode, isEventName, type Place, refuseUnknown, report } from './parsing.js';

/** The condition in a `where`; undefined when it has faults, which are then reported. */
export type ParseWhere = (json: unknown, path: string) => Condition | undefined;

/** The events of one name that `where` lets pass. Its faults are reported, and then it may be incomplete. */
export function parseOccurrence(json: JsonObject, { path, parsing }: Place, parseWhere: ParseWhere): Occurrence {
  const { event } = json;
  if (!isEventName(event)) {
    const message = `event takes the name of an event, at most ${EVENT_NAME_LENGTH_MAX} characters`;
    report(parsing, `${path}.event`, 'bad_name', message);
  }
  const where = Object.hasOwn(json, 'where') ? parseWhere(json.where, `${path}.where`) : undefined;
  return { event: event as string, where };
}

export function parseSequence(json: JsonObject, place: Place, parseWhere: ParseWhere): Sequence | undefined {
  const { path, parsing } = place;
  const before = parsing.faults.length;
  refuseUnknown(json, ['sequence', 'within'], place);
  const withinMs = parseWithin(json, place);
  const list = json.sequence;
  const at = `${path}.sequence`;
  if (!Array.isArray(list) || list.length < 2) {
    return report(parsing, at, 'wrong_value', 'sequence takes a list of at least two steps, each with an event');
  }
  if (list.length > SEQUENCE_STEPS_MAX) {
    return report(parsing, at, 'over_limit', `a sequence may have at most ${SEQUENCE_STEPS_MAX} steps`);
  }
  const steps: SequenceStep[] = [];
  for (const [index, step] of list.entries()) {
    const stepPlace = { ...place, path: `${at}[${index}]` };
    if (!countNode(stepPlace.path, parsing)) return undefined;
    if (!isJsonObject(step)) {
      report(parsing, stepPlace.path, 'wrong_type', 'a step is an object with an event');
      continue;
    }
    refuseUnknown(step, ['event', 'where', 'within'], stepPlace);
    if (index === 0 && Object.hasOwn(step, 'within')) {
      const message = 'the first step has no step before it; a within beside sequence is about all of them';
      report(parsing, `${stepPlace.path}.within`, 'not_here', message);
    }
    steps.push({ ...parseOccurrence(step, stepPlace, parseWhere), withinMs: parseWithin(step, stepPlace) });
  }
  return parsing.faults.length > before ? undefined : { kind: 'sequence', steps, withinMs };
}

/** Milliseconds of a `within`; undefined for none. */
export function parseWithin(json: JsonObject, { path, parsing }: Place): number | undefined {
  if (!Object.hasOwn(json, 'within')) return undefined;
  const within = json.within;
  const ms = typeof within === 'string' ? durationMs(within) : undefined;
  if (ms === undefined)
    return report(parsing, `${path}.within`, 'wrong_value', 'within takes a duration such as 30s, 5m, 12h, 30d or 2w');
  if (ms > WITHIN_MS_MAX)
    return report(parsing, `${path}.within`, 'over_limit', `within may be at most ${WITHIN_MS_MAX / 86_400_000}d`);
  return ms;
}

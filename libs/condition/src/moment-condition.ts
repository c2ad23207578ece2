/** Parses conditions about when an entity did something for the first time, or for the last. */
import { Timestamp } from '@attrium/event';
import { parseAge } from './age.js';
import type { Condition, Moment, MomentTest, Occurrence, ParsedCondition } from './condition.js';
import { isJsonObject, type JsonObject } from './json.js';
import { countNode, type Place, refuseUnknown, report } from './parsing.js';
import { buildWritten } from './written-comparison.js';

export const MOMENT_KEYS = ['first_time', 'last_time'] as const;
const COMPARATORS = ['older_than', 'newer_than', 'before', 'after', 'between'] as const;
/** What the comparisons are written over; it stands in no catalogue. */
const OPERAND = { kind: 'attribute', name: 'time' } as const;

export function parseMoment(json: JsonObject, occurrence: Occurrence, place: Place): ParsedCondition | undefined {
  const { path, parsing } = place;
  const given = MOMENT_KEYS.filter((key) => Object.hasOwn(json, key));
  if (given.length > 1) {
    return report(parsing, path, 'conflicting_keys', 'an event condition has one of first_time and last_time');
  }
  const key = given[0]!;
  const at = `${path}.${key}`;
  const comparisons = json[key];
  if (!isJsonObject(comparisons)) {
    return report(parsing, at, 'wrong_type', `${key} takes an object with one of ${COMPARATORS.join(', ')}`);
  }
  refuseUnknown(comparisons, COMPARATORS, { ...place, path: at });
  const comparators = COMPARATORS.filter((comparator) => Object.hasOwn(comparisons, comparator));
  if (comparators.length === 0) {
    return report(parsing, at, 'missing_key', `${key} has at least one of ${COMPARATORS.join(', ')}`);
  }
  const tests: MomentTest[] = [];
  for (const comparator of comparators) {
    const comparison = {
      ...{ operand: OPERAND, leftType: 'timestamp' as const },
      ...{ json: comparisons[comparator], path: `${at}.${comparator}` },
    };
    const built =
      comparator === 'older_than' || comparator === 'newer_than'
        ? parseAge({ ...comparison, comparator })
        : buildWritten({ ...comparison, comparator });
    if ('fault' in built) parsing.faults.push(built.fault);
    else if (built.value.kind === 'age') tests.push({ ageMs: built.value.olderThanMs, newer: built.value.newer });
    else tests.push(...instantsIn(built.value));
  }
  const of: Moment[] = [];
  for (const [index, test] of tests.entries()) {
    if (index > 0 && !countNode(path, parsing)) return undefined;
    of.push({ kind: 'moment', which: key === 'first_time' ? 'first' : 'last', ...occurrence, test });
  }
  return of.length === 1 ? of[0] : { kind: 'all', of };
}

function instantsIn(condition: Condition): MomentTest[] {
  if (condition.kind === 'all') return condition.of.flatMap(instantsIn);
  if (condition.kind === 'compare' && condition.value instanceof Timestamp) {
    return [{ comparator: condition.comparator as 'gt', at: condition.value }];
  }
  throw new Error(`a comparison of times became ${condition.kind}`);
}

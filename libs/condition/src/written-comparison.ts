/** Comparisons as users may write them: those that stages know, and those that say the same in fewer words. */
import { compareValues } from '@attrium/event';
import { COMPARATORS, type Comparator, type Condition } from './condition.js';
import type { ConditionFault, ConditionFaultCode } from './fault.js';
import { CONTAINS_ENTRIES_MAX } from './limits.js';
import { buildComparison, type Comparison } from './right-side.js';

export const WRITTEN_COMPARATORS = [
  ...COMPARATORS,
  'between',
  'before',
  'after',
  'is_empty',
  'contains_any',
  'contains_all',
] as const;
export type WrittenComparator = (typeof WRITTEN_COMPARATORS)[number];

type WrittenComparison = Omit<Comparison, 'comparator'> & { readonly comparator: WrittenComparator };
type Outcome = { readonly value: Condition } | { readonly fault: ConditionFault };

/** The condition of one comparison, in the comparators that stages know. */
export function buildWritten({ comparator, ...comparison }: WrittenComparison): Outcome {
  switch (comparator) {
    case 'between':
      return between(comparison);
    case 'before':
    case 'after':
      return beforeOrAfter(comparator, comparison);
    case 'is_empty':
      return empty(comparison);
    case 'contains_any':
    case 'contains_all':
      return containing(comparator, comparison);
    default:
      return buildComparison({ ...comparison, comparator });
  }
}

type Rest = Omit<Comparison, 'comparator'>;

/** Both ends belong to it. */
function between(comparison: Rest): Outcome {
  const { json, path } = comparison;
  if (!Array.isArray(json) || json.length !== 2) {
    return fault(path, 'wrong_value', 'between takes a list of two values, the lower one first');
  }
  const low = buildComparison({ ...comparison, comparator: 'gte', json: json[0], path: `${path}[0]` });
  if ('fault' in low) return low;
  const high = buildComparison({ ...comparison, comparator: 'lte', json: json[1], path: `${path}[1]` });
  if ('fault' in high) return high;
  if (low.value.kind === 'compare' && high.value.kind === 'compare') {
    const order = compareValues(low.value.value, high.value.value);
    if (order === undefined) return fault(path, 'type_mismatch', 'the two values of between are of one type');
    if (order > 0) return fault(path, 'wrong_value', 'the lower value of between comes first');
  }
  return { value: { kind: 'all', of: [low.value, high.value] } };
}

function beforeOrAfter(comparator: 'before' | 'after', comparison: Rest): Outcome {
  const { operand, leftType, path } = comparison;
  if (operand.kind === 'property') {
    return fault(path, 'not_here', `${comparator} compares timestamps, and those of event properties are texts`);
  }
  if (leftType !== 'timestamp' && leftType !== 'any') {
    return fault(path, 'type_mismatch', `${comparator} does not apply to a ${leftType}; use lt or gt`);
  }
  return buildComparison({ ...comparison, leftType: 'timestamp', comparator: comparator === 'before' ? 'lt' : 'gt' });
}

/** No value, an empty text or an empty list. */
function empty({ operand, leftType, json, path }: Rest): Outcome {
  if (typeof json !== 'boolean') return fault(path, 'wrong_value', 'is_empty takes true or false');
  const compare = (comparator: Comparator, value: boolean | string | readonly string[]): Condition => ({
    kind: 'compare',
    operand,
    comparator,
    value,
  });
  const of = [compare('exists', false)];
  if (leftType === 'string' || leftType === 'any') of.push(compare('equals', ''));
  if (leftType === 'string_list' || leftType === 'any') of.push(compare('equals', []));
  const isEmpty: Condition = of.length === 1 ? of[0]! : { kind: 'any', of };
  return { value: json ? isEmpty : { kind: 'not', of: isEmpty } };
}

function containing(comparator: 'contains_any' | 'contains_all', comparison: Rest): Outcome {
  const { json, path } = comparison;
  if (!Array.isArray(json) || json.length === 0) {
    return fault(path, 'wrong_value', `${comparator} takes a list of at least one text`);
  }
  if (json.length > CONTAINS_ENTRIES_MAX) {
    return fault(path, 'over_limit', `a list for ${comparator} may have at most ${CONTAINS_ENTRIES_MAX} entries`);
  }
  const of: Condition[] = [];
  for (const [index, entry] of json.entries()) {
    const at = `${path}[${index}]`;
    const built = buildComparison({ ...comparison, comparator: 'contains', json: entry, path: at });
    if ('fault' in built) return built;
    of.push(built.value);
  }
  return { value: { kind: comparator === 'contains_any' ? 'any' : 'all', of } };
}

function fault(path: string, code: ConditionFaultCode, message: string): { readonly fault: ConditionFault } {
  return { fault: { path, code, message } };
}

/** Comparisons of a timestamp with now: what they take, and what they become. */
import { durationMs } from '@attrium/event';
import type { Age, Operand } from './condition.js';
import type { ConditionFault, ConditionFaultCode } from './fault.js';
import { WITHIN_MS_MAX } from './limits.js';
import type { AgeComparator } from './parsing.js';
import type { LeftType } from './right-side.js';

interface AgeComparison {
  readonly operand: Operand;
  readonly leftType: LeftType;
  readonly comparator: AgeComparator;
  readonly json: unknown;
  readonly path: string;
}

type AgeOutcome = { readonly value: Age } | { readonly fault: ConditionFault };

export function parseAge({ operand, leftType, comparator, json, path }: AgeComparison): AgeOutcome {
  const fault = (code: ConditionFaultCode, message: string): AgeOutcome => ({ fault: { path, code, message } });
  if (operand.kind !== 'attribute') return fault('not_here', `${comparator} looks at attributes only`);
  if (leftType !== 'timestamp' && leftType !== 'any') {
    return fault('type_mismatch', `${comparator} does not apply to a ${leftType}`);
  }
  const olderThanMs = typeof json === 'string' ? durationMs(json) : undefined;
  if (olderThanMs === undefined) {
    return fault('wrong_value', `${comparator} takes a duration such as 30s, 5m, 12h, 30d or 2w`);
  }
  if (olderThanMs > WITHIN_MS_MAX) {
    return fault('over_limit', `${comparator} may be at most ${WITHIN_MS_MAX / 86_400_000}d`);
  }
  return { value: { kind: 'age', attribute: operand.name, olderThanMs, newer: comparator === 'newer_than' } };
}

/** One walk over the JSON of an event: finds what must not enter the log. */
import { Decimal } from '@attrium/event';
import { type Rejection, rejection } from './rejection.js';

export interface Inspection {
  readonly rejection?: Rejection;
  /** Whether a number is held as a `Decimal`, so that only the exact writer may write it. */
  readonly hasDecimal: boolean;
}

const CLEAN: Inspection = { hasDecimal: false };
const CLEAN_WITH_DECIMAL: Inspection = { hasDecimal: true };

/** Looks for nesting beyond `levelsMax`, keys called `__proto__` and numbers beyond a double. */
export function inspectJson(value: unknown, levelsMax: number): Inspection {
  const state = { hasDecimal: false };
  const fault = walk(value, levelsMax, state);
  if (fault !== undefined) return { rejection: fault, hasDecimal: state.hasDecimal };
  return state.hasDecimal ? CLEAN_WITH_DECIMAL : CLEAN;
}

function walk(value: unknown, levelsLeft: number, state: { hasDecimal: boolean }): Rejection | undefined {
  if (typeof value === 'number') {
    return Number.isFinite(value)
      ? undefined
      : rejection('numberTooLarge', 'A number is too large for any number type.');
  }
  if (typeof value !== 'object' || value === null) return undefined;
  if (value instanceof Decimal) {
    state.hasDecimal = true;
    return undefined;
  }
  if (levelsLeft <= 0) return rejection('nestedTooDeeply', 'The event is nested too deeply.');
  if (Array.isArray(value)) {
    for (const entry of value) {
      const fault = walk(entry, levelsLeft - 1, state);
      if (fault !== undefined) return fault;
    }
    return undefined;
  }
  for (const key of Object.keys(value)) {
    if (key === '__proto__') return rejection('forbiddenKey', 'A key must not be called "__proto__".');
    const fault = walk((value as Record<string, unknown>)[key], levelsLeft - 1, state);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

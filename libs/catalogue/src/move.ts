/** Whether an attribute changed in one of the ways that a trigger watches for. */
import { type ConditionSubject, compileCondition, type Predicate } from '@attrium/condition';
import { type AttributeChange, Decimal, unitsOf, type Value } from '@attrium/event';
import type { AttributeMove } from './compiled.js';

export type MovePredicate = (change: AttributeChange) => boolean;

/** One of the moves has to be what happened; without any, every change is. */
export function moved(moves: readonly AttributeMove[]): MovePredicate {
  if (moves.length === 0) return () => true;
  const predicates = moves.map(predicateOf);
  return (change) => predicates.some((predicate) => predicate(change));
}

function predicateOf({ from, to, by }: AttributeMove): MovePredicate {
  const before = sideOf(from);
  const after = sideOf(to);
  const far = by === undefined ? () => true : isFar(by);
  return (change) => before(change.before) && after(change.after) && far(change);
}

function sideOf(condition: AttributeMove['from']): (value: Value | undefined) => boolean {
  if (condition === undefined) return () => true;
  const predicate: Predicate = compileCondition(condition);
  return (value) => predicate(subjectOf(value));
}

/** A condition of one side reads no other attribute. */
function subjectOf(value: Value | undefined): ConditionSubject {
  return { attribute: () => value, property: () => undefined, inSegment: () => false };
}

/** Exact, in units of 10^-18. */
function isFar({ up, down }: NonNullable<AttributeMove['by']>): MovePredicate {
  const least = { up: unitsOfValue(up), down: unitsOfValue(down) };
  return (change) => {
    const before = unitsOfValue(change.before);
    const after = unitsOfValue(change.after);
    if (before === undefined || after === undefined) return false;
    const difference = after - before;
    return (
      (least.up !== undefined && difference >= least.up) || (least.down !== undefined && -difference >= least.down)
    );
  };
}

/** Undefined for what is no number. */
function unitsOfValue(value: Value | undefined): bigint | undefined {
  return typeof value === 'number' || value instanceof Decimal ? unitsOf(value) : undefined;
}

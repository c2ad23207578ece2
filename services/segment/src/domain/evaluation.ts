/** Which memberships of an entity flip, and since when. */
import type { AttributeChange, Membership, MembershipCorrection } from '@attrium/event';
import type { EntityRow } from './entity.js';
import { affectedSegments, kindPlanOf, type Plan, type PlannedSegment, subjectOf } from './plan.js';

/** What flipped at one instant. */
export interface Flips {
  readonly entered: readonly Membership[];
  readonly exited: readonly Membership[];
  readonly corrected: readonly MembershipCorrection[];
}

export const NO_FLIPS: Flips = { entered: [], exited: [], corrected: [] };

/** Evaluates the segments that the changes concern, of an entity that was evaluated as a whole by this catalogue. */
export function evaluateChanges(
  row: EntityRow,
  plan: Plan,
  changes: readonly AttributeChange[],
  effectiveAt: number,
): Flips {
  const affected = affectedSegments(kindPlanOf(plan, row.entity), changes);
  return affected.length === 0 ? NO_FLIPS : evaluate(row, affected, effectiveAt);
}

/** Evaluates every segment, settles what was inherited from merged entities, and tells what ended with its segment. */
export function evaluateAll(row: EntityRow, plan: Plan, effectiveAt: number): Flips {
  const flips = evaluate(row, kindPlanOf(plan, row.entity).segments, effectiveAt);
  row.inherited.clear();
  if (row.ended.size === 0) return flips;
  const corrected = [...row.ended].map(([segment, before]): MembershipCorrection => ({ segment, before }));
  row.ended.clear();
  return { ...flips, corrected: [...corrected, ...flips.corrected] };
}

/**
 * `segments` in reading order, so that each sees the memberships of those before it. A merge is not an entry: who was a member before
 * it, in either entity, stays one since the earlier time.
 */
function evaluate(row: EntityRow, segments: readonly PlannedSegment[], effectiveAt: number): Flips {
  const { memberships, inherited, ended } = row;
  const subject = subjectOf(row.values, memberships);
  const entered: Membership[] = [];
  const exited: Membership[] = [];
  const corrected: MembershipCorrection[] = [];
  for (const { name: segment, holds } of segments) {
    const own = memberships.get(segment);
    const other = inherited.get(segment);
    const since = own === undefined || (other !== undefined && other < own) ? other : own;
    if (!holds(subject)) {
      if (since === undefined) continue;
      memberships.delete(segment);
      exited.push({ segment, at: Math.max(effectiveAt, since) });
    } else if (since === undefined) {
      memberships.set(segment, effectiveAt);
      entered.push({ segment, at: effectiveAt });
    } else if (since !== own) {
      memberships.set(segment, since);
      corrected.push({ segment, before: own ?? ended.get(segment), after: since });
      ended.delete(segment);
    }
  }
  return { entered, exited, corrected };
}

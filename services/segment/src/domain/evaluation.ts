/** Which memberships of an entity flip, and since when. */
import type { ConditionSubject } from '@attrium/condition';
import type { AttributeChange, Membership, MembershipCorrection, Value } from '@attrium/event';
import { addMember, alignedView, type EntityRow, type IsKept, moveMember, removeMember } from './entity.js';
import { indexFlipped, isMember } from './member-index.js';
import { affectedSegments, type KindPlan, type PlannedSegment, valueSeen } from './plan.js';

/** What flipped at one instant. */
export interface Flips {
  readonly entered: readonly Membership[];
  readonly exited: readonly Membership[];
  readonly corrected: readonly MembershipCorrection[];
}

const NONE: readonly never[] = [];
export const NO_FLIPS: Flips = { entered: NONE, exited: NONE, corrected: NONE };

/** Evaluates the segments that the changes concern, of an entity that was evaluated as a whole by this catalogue. */
export function evaluateChanges(
  row: EntityRow,
  plan: KindPlan,
  changes: readonly AttributeChange[],
  effectiveAt: number,
): Flips {
  const affected = affectedSegments(plan, changes);
  return affected.length === 0 ? NO_FLIPS : evaluate(row, plan, affected, effectiveAt);
}

/** Evaluates every segment, settles what was inherited from merged entities, and tells what ended with its segment. */
export function evaluateAll(row: EntityRow, plan: KindPlan, effectiveAt: number): Flips {
  const flips = evaluate(row, plan, plan.segments, effectiveAt);
  const { ended } = row;
  row.inherited = undefined;
  row.ended = undefined;
  if (ended === undefined || ended.size === 0) return flips;
  const corrected = [...ended].map(([segment, before]): MembershipCorrection => ({ segment, before }));
  return { ...flips, corrected: [...corrected, ...flips.corrected] };
}

/** What conditions ask an entity for, whose row is in line with the plan. */
class RowSubject implements ConditionSubject {
  constructor(
    private readonly row: EntityRow,
    private readonly plan: KindPlan,
  ) {}

  attribute(name: string): Value | undefined {
    const attribute = this.plan.attributeOf.get(name);
    return valueSeen(name, attribute === undefined ? undefined : this.row.values[attribute.slot]);
  }

  property(): undefined {
    return undefined;
  }

  inSegment(name: string): boolean {
    const segment = this.plan.segmentOf.get(name);
    return segment !== undefined && isMember(this.row, segment);
  }
}

/**
 * `segments` in reading order, so that each sees the memberships of those before it. A merge is not an entry: who was a member before
 * it, in either entity, stays one since the earlier time.
 */
function evaluate(row: EntityRow, plan: KindPlan, segments: readonly PlannedSegment[], effectiveAt: number): Flips {
  const subject = new RowSubject(row, plan);
  const { inherited, ended } = row;
  let entered: Membership[] | undefined;
  let exited: Membership[] | undefined;
  let corrected: MembershipCorrection[] | undefined;
  for (let index = 0; index < segments.length; index++) {
    const planned = segments[index]!;
    const { name: segment } = planned;
    const holds = planned.holds(subject);
    if (holds === isMember(row, planned) && inherited?.has(segment) !== true) continue;
    const { members } = row;
    const at = members.indexOf(planned);
    const own = at < 0 ? undefined : row.since[at]!;
    const other = inherited?.get(segment);
    const since = own === undefined || (other !== undefined && other < own) ? other : own;
    if (!holds) {
      if (since === undefined) continue;
      if (at >= 0) {
        removeMember(row, at);
        indexFlipped(row, planned, members);
      }
      exited ??= [];
      exited.push({ segment, at: Math.max(effectiveAt, since) });
    } else if (since === undefined) {
      addMember(row, planned, effectiveAt);
      indexFlipped(row, planned, members);
      entered ??= [];
      entered.push({ segment, at: effectiveAt });
    } else if (since !== own) {
      if (at < 0) {
        addMember(row, planned, since);
        indexFlipped(row, planned, members);
      } else moveMember(row, at, since);
      corrected ??= [];
      corrected.push({ segment, before: own ?? ended?.get(segment), after: since });
      ended?.delete(segment);
    }
  }
  if (entered === undefined && exited === undefined && corrected === undefined) return NO_FLIPS;
  return { entered: entered ?? NONE, exited: exited ?? NONE, corrected: corrected ?? NONE };
}

/** The segments that the entity is in by the catalogue of a step, whether it has met that or not; the row stays as it is. */
export function membersBy(row: EntityRow, plan: KindPlan, step: number, isKept: IsKept): readonly string[] {
  if (row.revision === step) return row.members.map(({ name }) => name);
  const view = alignedView(row, plan, step, isKept);
  evaluateAll(view, plan, 0);
  return view.members.map(({ name }) => name);
}

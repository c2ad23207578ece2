/** Whether an entity is in a segment, without a look through all that it is in: what a change costs must not grow with them. */
import type { EntityRow, Named } from './entity.js';
import type { PlannedSegment } from './plan.js';

/** So many are looked through more quickly. */
const FEW = 16;
/** Of one word. */
const BITS = 30;

/** Of a row that is in line with the plan of the segment. */
export function isMember(row: EntityRow, segment: PlannedSegment): boolean {
  const { members } = row;
  if (members.length <= FEW) return members.includes(segment);
  let index = row.memberIndex;
  if (index?.of !== members) {
    index = { of: members, words: [] };
    // In line with the plan, all of them are its segments.
    for (const member of members as readonly PlannedSegment[]) flip(index.words, member.index);
    row.memberIndex = index;
  }
  const word = index.words[Math.floor(segment.index / BITS)] ?? 0;
  return (word & (1 << (segment.index % BITS))) !== 0;
}

/** The row has entered or left one segment since: the index goes with it. */
export function indexFlipped(
  { memberIndex, members }: EntityRow,
  segment: PlannedSegment,
  before: readonly Named[],
): void {
  if (memberIndex?.of !== before) return;
  flip(memberIndex.words, segment.index);
  memberIndex.of = members;
}

function flip(words: number[], segment: number): void {
  const at = Math.floor(segment / BITS);
  while (words.length <= at) words.push(0);
  words[at]! ^= 1 << (segment % BITS);
}

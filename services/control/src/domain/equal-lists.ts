/** `in` over anything but texts is parsed as many `equals`; here they become one list again, so that a question has one value for all. */
import type { Operand, ParsedCondition } from '@attrium/condition';
import type { Value } from '@attrium/event';

export interface EqualLists<T> {
  /** Operands that are compared with several values, one of which has to be equal. */
  readonly lists: readonly { readonly operand: Operand; readonly values: readonly Value[] }[];
  readonly others: readonly T[];
}

/** Of the members of an `any`. */
export function equalListsIn<T extends ParsedCondition>(members: readonly T[]): EqualLists<T> {
  const byOperand = new Map<string, { operand: Operand; values: Value[]; members: T[] }>();
  const others: T[] = [];
  for (const member of members) {
    if (member.kind !== 'compare' || member.comparator !== 'equals') {
      others.push(member);
      continue;
    }
    const { operand, value } = member;
    const key = JSON.stringify(operand);
    const known = byOperand.get(key) ?? { operand, values: [], members: [] };
    byOperand.set(key, known);
    known.values.push(value);
    known.members.push(member);
  }
  const lists = [...byOperand.values()].filter(({ values }) => values.length > 1);
  const single = [...byOperand.values()].filter(({ values }) => values.length === 1);
  return { lists, others: [...others, ...single.flatMap((each) => each.members)] };
}

/** Conditions about events in their order, in SQL: by time, then by id. */
import { codeUnitOrder } from './text-test.js';

/** Before every time. */
export const NEVER = 'toInt64(-4000000000000000)';

/** Time, id and steps of the events of a row: one or none. */
export const NO_ENTRY = "CAST([], 'Array(Tuple(Int64, String, UInt8))')";

/** The entry of a row of `events`: which of several events it is, a bit for each; none where it is none of them. */
export function eventEntry(tests: readonly string[]): string {
  const bits = tests.map((test, index) => `if(${test}, ${1 << index}, 0)`).join(' + ');
  const entry = `[(toUnixTimestamp64Milli(occurred_at), ${codeUnitOrder('message_id')}, toUInt8(${bits}))]`;
  return `if(${tests.join(' OR ')}, ${entry}, ${NO_ENTRY})`;
}

export function inOrder(entries: string): string {
  return `arraySort(groupArrayArray(${entries}))`;
}

/** Whether there were so many events of the first step after the last one of the second. */
export function sinceTest(events: string, atLeast: string): string {
  const last = `arrayLastIndex(each -> bitTest(each.3, 1), ${events})`;
  const after = `arrayCount(each -> bitTest(each.3, 0), arraySlice(${events}, ${last} + 1))`;
  return `${last} > 0 AND ${after} >= ${atLeast}`;
}

/**
 * When the sequence that begins latest began, ms; `NEVER` for none. `gaps`: how long before each step the one before it may be. Kept are,
 * for each step, when it last ended a sequence up to it, and when that one began.
 */
export function latestStart(events: string, gaps: readonly (string | undefined)[]): string {
  const moves = gaps.flatMap((gap, step) => {
    const is = `bitTest(event.3, ${step})`;
    if (step === 0) return [`if(${is}, event.1, kept.1)`, `if(${is}, event.1, kept.2)`];
    const [end, start] = [`kept.${2 * step - 1}`, `kept.${2 * step}`];
    const follows = gap === undefined ? `${end} > ${NEVER}` : `${end} + ${gap} > event.1`;
    const [ownEnd, ownStart] = [`kept.${2 * step + 1}`, `kept.${2 * step + 2}`];
    return [`if(${is} AND ${follows}, event.1, ${ownEnd})`, `if(${is} AND ${follows}, ${start}, ${ownStart})`];
  });
  const none = gaps.flatMap(() => [NEVER, NEVER]).join(', ');
  return `tupleElement(arrayFold((kept, event) -> (${moves.join(', ')}), ${events}, (${none})), ${2 * gaps.length})`;
}

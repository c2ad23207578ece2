/** Conditions about events and about the passing of time, taken apart into the questions that attributes nobody named answer. */
import type { ConditionText } from '../definitions.js';

const WINDOW_KEYS = ['event', 'within', 'between', 'after', 'before', 'where', 'since'];
const AGE_KEYS = ['older_than', 'newer_than'];

/** Every question in a condition. */
export function questionsIn(node: ConditionText): ConditionText[] {
  if (node.list !== undefined) return [node];
  if (node.sequence !== undefined) return [sequenceOf(node)];
  const moment = momentKeyOf(node);
  if (moment !== undefined) return Object.keys(node[moment]!).map((key) => momentOf(node, moment, key));
  if (node.event !== undefined) {
    if (node.sum !== undefined) return [sumOf(node)];
    const { least, most } = timesOf(node);
    return [...(least > 0 ? [enough(node, least)] : []), ...(most === undefined ? [] : [enough(node, most + 1)])];
  }
  if (node.attribute !== undefined) return AGE_KEYS.filter((key) => key in node).map((key) => ageOf(node, key));
  const inner = [...(node.all ?? []), ...(node.any ?? []), ...(node.not === undefined ? [] : [node.not])];
  return inner.flatMap(questionsIn);
}

/** How often: at least, and at most. */
export function timesOf(node: ConditionText): { least: number; most: number | undefined } {
  const most = node.exactly ?? node.at_most;
  return { least: node.exactly ?? node.at_least ?? (most === undefined ? 1 : 0), most };
}

/** The same events, so many of them. */
export function enough(node: ConditionText, count: number): ConditionText {
  return { ...windowOf(node), did: true, at_least: count };
}

/** The same sum, whatever it is compared with. */
export function sumOf(node: ConditionText): ConditionText {
  return { ...windowOf(node), sum: node.sum, gt: 0 };
}

export function ageOf(node: ConditionText, key: string): ConditionText {
  return { attribute: node.attribute!, [key]: node[key] };
}

export function sequenceOf({ sequence, within }: ConditionText): ConditionText {
  return { sequence: sequence!, ...(within === undefined ? {} : { within }) };
}

export function momentKeyOf(node: ConditionText): 'first_time' | 'last_time' | undefined {
  return (['first_time', 'last_time'] as const).find((key) => node[key] !== undefined);
}

/** Whether the time is of an age, or else what the time is, whatever it is compared with. */
export function momentOf(node: ConditionText, moment: 'first_time' | 'last_time', key: string): ConditionText {
  const asked = AGE_KEYS.includes(key) ? { [key]: node[moment]![key] } : { after: '2026-01-01' };
  return { ...windowOf(node), [moment]: asked };
}

export function isWithinRange(node: ConditionText, at: number): boolean {
  const { between, after, before } = node as { between?: [string, string]; after?: string; before?: string };
  if (between !== undefined && (at < Date.parse(between[0]) || at > Date.parse(between[1]))) return false;
  return !(after !== undefined && at <= Date.parse(after)) && !(before !== undefined && at >= Date.parse(before));
}

function windowOf(node: ConditionText): ConditionText {
  return Object.fromEntries(WINDOW_KEYS.filter((key) => key in node).map((key) => [key, node[key]]));
}

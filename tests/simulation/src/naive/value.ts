/** Values, numbers and conditions once more, written plainly: exact numbers are whole counts of 10^-18, conditions are read as users write them. */
import { Decimal, Timestamp, type Value } from '@attrium/event';
import type { ConditionText } from '../definitions.js';

export type Plain =
  | { readonly is: 'number'; readonly units: bigint }
  | { readonly is: 'text'; readonly text: string }
  | { readonly is: 'truth'; readonly truth: boolean }
  | { readonly is: 'time'; readonly ms: number }
  | { readonly is: 'list'; readonly texts: readonly string[] };

export const truth = (value: boolean): Plain => ({ is: 'truth', truth: value });
export const wholeNumber = (count: number): Plain => ({ is: 'number', units: BigInt(count) * 10n ** 18n });

/** Exact units of 10^-18 of decimal text; undefined when it is none. */
export function unitsOfText(text: string): bigint | undefined {
  const match = /^([+-]?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text);
  if (match === null) return undefined;
  const [, sign, whole = '', fraction = '', exponent = '0'] = match;
  const zeros = 18 - fraction.length + Number(exponent);
  const digits = BigInt(whole + fraction);
  const units = zeros >= 0 ? digits * 10n ** BigInt(zeros) : digits / 10n ** BigInt(-zeros);
  return sign === '-' ? -units : units;
}

export function textOfUnits(units: bigint): string {
  const digits = `${units < 0n ? -units : units}`.padStart(19, '0');
  const text = `${digits.slice(0, -18)}.${digits.slice(-18)}`.replace(/\.?0+$/, '');
  return units < 0n ? `-${text}` : text;
}

/** One text for one value, to compare by and to read. */
export function show(value: Plain | undefined): string {
  if (value === undefined) return 'nothing';
  if (value.is === 'number') return `number ${textOfUnits(value.units)}`;
  if (value.is === 'list') return `list ${JSON.stringify(value.texts)}`;
  return value.is === 'time' ? `time ${value.ms}` : value.is === 'text' ? `text ${value.text}` : `truth ${value.truth}`;
}

/** A value of the system under test. */
export function plainOf(value: Value | undefined): Plain | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'string') return { is: 'text', text: value };
  if (typeof value === 'boolean') return truth(value);
  if (value instanceof Timestamp) return { is: 'time', ms: value.ms };
  if (value instanceof Decimal || typeof value === 'number') {
    return { is: 'number', units: unitsOfText(value.toString()) ?? -1n };
  }
  return { is: 'list', texts: value };
}

/** JSON whose numbers are exact; what is no object, text, number or boolean is dropped. */
export type Json = Plain | { readonly [name: string]: Json | undefined };

export function parseJson(text: string): Json | undefined {
  const parse = JSON.parse as (
    text: string,
    reviver: (key: string, value: unknown, context: { source?: string }) => unknown,
  ) => Json | undefined;
  return parse(text, (_key, value, { source }) => {
    if (typeof value === 'number') return { is: 'number', units: unitsOfText(source!) };
    if (typeof value === 'string') return { is: 'text', text: value };
    return typeof value === 'boolean' ? truth(value) : (value ?? undefined);
  });
}

export function member(json: Json | undefined, path: string): Json | undefined {
  let found = json;
  for (const name of path.split('.')) found = (found as Record<string, Json | undefined> | undefined)?.[name];
  return found;
}

export function scalar(json: Json | undefined): Plain | undefined {
  return json !== undefined && typeof json.is === 'string' ? (json as Plain) : undefined;
}

/** Of whom or what a condition is true. */
export interface Asked {
  attribute?(name: string): Plain | undefined;
  property?(path: string): Plain | undefined;
  segment?(name: string): boolean;
  /** Whether there were enough such events. */
  did?(node: ConditionText): boolean;
}

const COMPARATORS = ['equals', 'not_equals', 'gt', 'gte', 'lt', 'lte', 'in', 'starts_with', 'exists'];

export function holds(node: ConditionText, asked: Asked): boolean {
  if (node.all !== undefined) return node.all.every((each) => holds(each, asked));
  if (node.any !== undefined) return node.any.some((each) => holds(each, asked));
  if (node.not !== undefined) return !holds(node.not, asked);
  if (node.segment !== undefined) return asked.segment!(node.segment) === (node.is ?? true);
  if (node.event !== undefined) return asked.did!(node) === (node.did === true);
  const value = node.attribute === undefined ? asked.property!(node.property!) : asked.attribute!(node.attribute);
  return COMPARATORS.filter((each) => each in node).every((each) => compares(value, each, node[each]));
}

function compares(value: Plain | undefined, comparator: string, right: unknown): boolean {
  if (comparator === 'exists') return (value !== undefined) === right;
  if (comparator === 'in') return (right as unknown[]).some((each) => compares(value, 'equals', each));
  if (comparator === 'not_equals') return !compares(value, 'equals', right);
  if (value === undefined) return false;
  if (comparator === 'starts_with') return value.is === 'text' && value.text.startsWith(right as string);
  const order = orderOf(value, right);
  if (order === undefined) return false;
  if (comparator === 'equals') return order === 0;
  if (comparator === 'gt') return order > 0;
  if (comparator === 'gte') return order >= 0;
  return comparator === 'lt' ? order < 0 : order <= 0;
}

/** Undefined across types. */
function orderOf(value: Plain, right: unknown): number | undefined {
  if (value.is === 'number' && typeof right === 'number') {
    const units = unitsOfText(String(right))!;
    return value.units < units ? -1 : value.units > units ? 1 : 0;
  }
  if (value.is === 'time' && typeof right === 'string') return value.ms - Date.parse(right);
  if (value.is === 'truth' && typeof right === 'boolean') return value.truth === right ? 0 : 1;
  if (value.is !== 'text' || typeof right !== 'string') return undefined;
  return value.text === right ? 0 : value.text < right ? -1 : 1;
}

/** Every event condition in a condition. */
export function behavioursIn(node: ConditionText): ConditionText[] {
  if (node.event !== undefined) return [node];
  const inner = [...(node.all ?? []), ...(node.any ?? []), ...(node.not === undefined ? [] : [node.not])];
  return inner.flatMap(behavioursIn);
}

export function millisecondsOf(duration: string): number {
  const unit = { s: 1_000, m: 60_000, h: 3_600_000 }[duration.at(-1) as 's' | 'm' | 'h'];
  return Number.parseInt(duration, 10) * unit;
}

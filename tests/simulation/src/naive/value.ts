/** Values, numbers and conditions once more, written plainly: exact numbers are whole counts of 10^-18, conditions are read as users write them. */
import { Decimal, Timestamp, type Value } from '@attrium/event';
import type { ConditionText } from '../definitions.js';
import { ageOf, enough, momentKeyOf, momentOf, sequenceOf, sumOf, timesOf } from './unnamed.js';

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
  /** The answer to a question that an attribute nobody named answers. */
  unnamed?(question: ConditionText): Plain | undefined;
}

const COMPARATORS = [
  ...['equals', 'not_equals', 'gt', 'gte', 'lt', 'lte', 'between', 'before', 'after', 'in', 'not_in'],
  ...['contains', 'contains_any', 'contains_all', 'starts_with', 'ends_with', 'exists', 'is_empty'],
];

export function holds(node: ConditionText, asked: Asked): boolean {
  if (node.all !== undefined) return node.all.every((each) => holds(each, asked));
  if (node.any !== undefined) return node.any.some((each) => holds(each, asked));
  if (node.not !== undefined) return !holds(node.not, asked);
  if (node.segment !== undefined) return asked.segment!(node.segment) === (node.is ?? true);
  if (node.sum !== undefined) {
    const sum = asked.unnamed!(sumOf(node)) ?? wholeNumber(0);
    return COMPARATORS.filter((each) => each in node && typeof node[each] === 'number').every((each) =>
      compares(sum, each, node[each]),
    );
  }
  const isTrue = (question: ConditionText): boolean => show(asked.unnamed!(question)) === 'truth true';
  if (node.list !== undefined) return isTrue(node);
  if (node.sequence !== undefined) return isTrue(sequenceOf(node));
  const moment = momentKeyOf(node);
  if (moment !== undefined) {
    return Object.entries(node[moment]!).every(([key, right]) => {
      const answer = asked.unnamed!(momentOf(node, moment, key));
      return key.endsWith('_than') ? show(answer) === 'truth true' : compares(answer, key, right);
    });
  }
  if (node.event !== undefined) {
    const { least, most } = timesOf(node);
    const often =
      (least === 0 || isTrue(enough(node, least))) && (most === undefined || !isTrue(enough(node, most + 1)));
    return often === (node.did === true);
  }
  for (const key of ['older_than', 'newer_than']) if (key in node && !isTrue(ageOf(node, key))) return false;
  const value = node.attribute === undefined ? asked.property!(node.property!) : asked.attribute!(node.attribute);
  return COMPARATORS.filter((each) => each in node).every((each) => compares(value, each, node[each]));
}

function compares(value: Plain | undefined, comparator: string, right: unknown): boolean {
  if (comparator === 'exists') return (value !== undefined) === right;
  if (comparator === 'in') return (right as unknown[]).some((each) => compares(value, 'equals', each));
  if (comparator === 'not_equals') return !compares(value, 'equals', right);
  if (comparator === 'not_in') return !compares(value, 'in', right);
  if (comparator === 'is_empty') {
    const isEmpty =
      value?.is === 'list' ? value.texts.length === 0 : value === undefined || compares(value, 'equals', '');
    return isEmpty === right;
  }
  if (value === undefined) return false;
  if (comparator === 'between') {
    const [low, high] = right as [unknown, unknown];
    return compares(value, 'gte', low) && compares(value, 'lte', high);
  }
  if (comparator === 'before') return compares(value, 'lt', right);
  if (comparator === 'after') return compares(value, 'gt', right);
  if (comparator === 'contains_any') return (right as unknown[]).some((each) => compares(value, 'contains', each));
  if (comparator === 'contains_all') return (right as unknown[]).every((each) => compares(value, 'contains', each));
  if (comparator === 'contains') {
    // A list holds an entry, a text holds a part.
    if (value.is === 'list') return value.texts.includes(right as string);
    return value.is === 'text' && value.text.includes(right as string);
  }
  if (comparator === 'starts_with') return value.is === 'text' && value.text.startsWith(right as string);
  if (comparator === 'ends_with') return value.is === 'text' && value.text.endsWith(right as string);
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

export function millisecondsOf(duration: string): number {
  const unit = { s: 1_000, m: 60_000, h: 3_600_000 }[duration.at(-1) as 's' | 'm' | 'h'];
  return Number.parseInt(duration, 10) * unit;
}

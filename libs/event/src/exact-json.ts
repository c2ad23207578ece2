/** JSON whose numbers stay exact: what a double cannot hold becomes a `Decimal` (or stays text, beyond 38 digits). */
import { Decimal, decimalFromText } from './decimal.js';

/** So many digits in a row, with or without points among them: only then can a double be inexact. */
const LONG_NUMBER_DIGITS = 16;

/** Every decimal of so many significant digits is exact in a double. */
const DOUBLE_DIGITS = 15;

function significantDigits(source: string): number {
  return source
    .replace(/[eE].*$/, '')
    .replace(/\D/g, '')
    .replace(/^0+/, '').length;
}

/**
 * True wherever a number has 16 or more digits. Of a run that long, one character stands at a multiple of 16, so that only few characters
 * have to be looked at.
 */
function mayHoldLongNumber(text: string): boolean {
  for (let index = LONG_NUMBER_DIGITS - 1; index < text.length; index += LONG_NUMBER_DIGITS) {
    if (!isOfNumber(text.charCodeAt(index))) continue;
    let start = index;
    while (start > 0 && isOfNumber(text.charCodeAt(start - 1))) start--;
    let end = index + 1;
    while (end < text.length && isOfNumber(text.charCodeAt(end))) end++;
    if (end - start >= LONG_NUMBER_DIGITS) return true;
  }
  return false;
}

/** A digit or a point. */
function isOfNumber(code: number): boolean {
  return (code >= 0x30 && code <= 0x39) || code === 0x2e;
}

type Reviver = (this: unknown, key: string, value: unknown, context?: { source?: string }) => unknown;
const parse = JSON.parse as (text: string, reviver?: Reviver) => unknown;
const { rawJSON } = JSON as unknown as { rawJSON(text: string): unknown };

/** Parses JSON; numbers that a double does not hold exactly are `Decimal`, or strings where they do not fit 38 digits. Throws SyntaxError. */
export function parseExactJson(text: string): unknown {
  if (!mayHoldLongNumber(text)) return parse(text);
  return parse(text, (_key, value, context) => {
    if (typeof value !== 'number' || context?.source === undefined) return value;
    const { source } = context;
    if (String(value) === source || significantDigits(source) <= DOUBLE_DIGITS) return value;
    return decimalFromText(source) ?? source;
  });
}

/** The JSON text of a value from `parseExactJson`: decimals are written as the numbers they were. */
export function stringifyExactJson(value: unknown): string {
  return JSON.stringify(value, function replace(this: unknown, key: string, entry: unknown) {
    const original = (this as Record<string, unknown>)[key];
    return original instanceof Decimal ? rawJSON(original.toString()) : entry;
  });
}

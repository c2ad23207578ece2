/** The texts of values, by which they are told apart and put in order. */
import { compareText, Timestamp, unitsOf, unitsToText, type Value } from '@attrium/event';

/** The text that stands for a value among values of its type: of numbers the plain decimal text. */
export function textOfValue(value: Value): string {
  if (typeof value === 'string') return value;
  if (value instanceof Timestamp) return String(value.ms);
  if (Array.isArray(value)) return JSON.stringify(value);
  const text = String(value);
  // Numbers below 10^-6 are written with an exponent.
  return typeof value === 'number' && text.includes('e') ? unitsToText(unitsOf(value)!) : text;
}

/** The order of texts that came at some times: by time, then by code unit. Negative, zero or positive. */
export function compareMoments(at: number, text: string, otherAt: number, otherText: string): number {
  return at === otherAt ? compareText(text, otherText) : at - otherAt;
}

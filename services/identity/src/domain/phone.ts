/** Phone numbers as identifiers: only the way of writing is taken off, nothing is guessed. */

/** What people and forms put between digits: blanks, points, hyphens and dashes, brackets, slashes. */
const BETWEEN_DIGITS = /[\s.()/\u2010-\u2015-]+/g;
/** Longer texts are no phone numbers, whatever is in them. */
const WRITTEN_LENGTH_MAX = 64;
/** A country code begins with 1 to 9, and E.164 has at most 15 digits. A number without + is one of some country or network. */
const NUMBER = /^(?:\+[1-9]\d{4,14}|\d{5,15})$/;

/**
 * `+49 (170) 123-45 67` and `0049170 1234567` are `+491701234567`; a number without a country code keeps its digits, and is another
 * identifier than the same with one: which country it is of, no text says. Undefined for what is no phone number.
 */
export function phoneNumber(written: string): string | undefined {
  if (written.length > WRITTEN_LENGTH_MAX) return undefined;
  const digits = written.replace(BETWEEN_DIGITS, '');
  const number = digits.startsWith('00') ? `+${digits.slice(2)}` : digits;
  return NUMBER.test(number) ? number : undefined;
}

/** Exact decimal numbers: up to 38 digits, up to 18 of them after the point, kept as units of 10^-18. */

/** Digits kept after the point. */
export const DECIMAL_SCALE = 18;
const UNIT = 10n ** 18n;
const UNITS_OF_TEN_THOUSANDTH = 10n ** 14n;
const FIFTEEN_DIGITS = 10n ** 15n;
/** First magnitude that no longer fits Decimal(38, 18): 10^20 in units of 10^-18. */
const UNITS_LIMIT = 10n ** 38n;

/** A number that a double cannot hold exactly; every other number of the log is a plain `number`. */
export class Decimal {
  constructor(readonly units: bigint) {}

  toString(): string {
    return unitsToText(this.units);
  }

  toJSON(): string {
    return this.toString();
  }
}

/** A number as Attrium holds it: a double when its decimal text is exact in one, else a `Decimal`. */
export type ExactNumber = number | Decimal;

const NUMBER_TEXT = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/;

/** Reads decimal text (a JSON number); undefined when it is no number or does not fit 38 digits with 18 after the point. */
export function decimalFromText(text: string): ExactNumber | undefined {
  const units = unitsFromText(text);
  return units === undefined ? undefined : numberFromUnits(units);
}

/** Units of 10^-18 of a decimal text; undefined when it does not fit. */
export function unitsFromText(text: string): bigint | undefined {
  const match = NUMBER_TEXT.exec(text);
  if (match === null) return undefined;
  const exponent = match[4] === undefined ? 0 : Number(match[4]);
  if (exponent > 40 || exponent < -400) return undefined;
  const fraction = match[3] ?? '';
  const shift = DECIMAL_SCALE - fraction.length + exponent;
  let digits = BigInt(`${match[2]}${fraction}`);
  if (shift >= 0) {
    if (digits !== 0n && shift > 60) return undefined;
    digits = digits === 0n ? 0n : digits * 10n ** BigInt(shift);
  } else {
    const divisor = 10n ** BigInt(-shift);
    if (digits % divisor !== 0n) return undefined;
    digits /= divisor;
  }
  if (digits >= UNITS_LIMIT) return undefined;
  return match[1] === '-' ? -digits : digits;
}

/** The plain decimal text of units of 10^-18, without trailing zeros. */
export function unitsToText(units: bigint): string {
  const negative = units < 0n;
  const digits = (negative ? -units : units).toString().padStart(DECIMAL_SCALE + 1, '0');
  const whole = digits.slice(0, -DECIMAL_SCALE);
  const fraction = digits.slice(-DECIMAL_SCALE).replace(/0+$/, '');
  return `${negative ? '-' : ''}${whole}${fraction === '' ? '' : `.${fraction}`}`;
}

/** Units of 10^-18 of a number; undefined when it is not finite or does not fit Decimal(38, 18). */
export function unitsOf(value: ExactNumber): bigint | undefined {
  if (value instanceof Decimal) return value.units;
  if (Number.isSafeInteger(value)) return BigInt(value) * UNIT;
  return unitsFromText(String(value));
}

/** The exact number of units of 10^-18: a double where one holds it exactly. */
export function numberFromUnits(units: bigint): ExactNumber {
  const whole = units / UNIT;
  if (whole * UNIT === units && whole <= 9007199254740991n && whole >= -9007199254740991n) return Number(whole);
  // Money has few digits: a decimal of up to 15 digits is the text of the double next to it, so that no text has to be made.
  const tenThousandths = units / UNITS_OF_TEN_THOUSANDTH;
  if (tenThousandths < FIFTEEN_DIGITS && tenThousandths > -FIFTEEN_DIGITS) {
    if (tenThousandths * UNITS_OF_TEN_THOUSANDTH === units) return Number(tenThousandths) / 1e4;
  }
  const text = unitsToText(units);
  const double = Number(text);
  return unitsFromText(String(double)) === units ? double : new Decimal(units);
}

/** Negative, zero or positive as `a` is below, equal to or above `b`. */
export function compareNumbers(a: ExactNumber, b: ExactNumber): number {
  if (typeof a === 'number' && typeof b === 'number') return a < b ? -1 : a > b ? 1 : 0;
  const left = unitsOf(a);
  const right = unitsOf(b);
  if (left === undefined || right === undefined) return Number(a) - Number(b);
  return left < right ? -1 : left > right ? 1 : 0;
}

/** Significant digits that a division keeps. */
export const QUOTIENT_DIGITS = 15;
const FIRST_OF_SIXTEEN_DIGITS = 10n ** BigInt(QUOTIENT_DIGITS);

/**
 * Units divided by a divisor above zero, rounded half to even to 15 significant digits, and to 18 digits after the point where that is less.
 */
export function dividedUnits(units: bigint, divisor: bigint): bigint {
  const magnitude = units < 0n ? -units : units;
  const quotient = magnitude / divisor;
  let scale = 1n;
  if (quotient >= FIRST_OF_SIXTEEN_DIGITS) scale = 10n ** BigInt(quotient.toString().length - QUOTIENT_DIGITS);
  const rounded = quotientHalfEven(magnitude, divisor * scale) * scale;
  return units < 0n ? -rounded : rounded;
}

/** The quotient of two numbers that are not negative, rounded half to even. */
export function quotientHalfEven(dividend: bigint, divisor: bigint): bigint {
  const quotient = dividend / divisor;
  const twice = 2n * (dividend - quotient * divisor);
  return twice > divisor || (twice === divisor && (quotient & 1n) === 1n) ? quotient + 1n : quotient;
}

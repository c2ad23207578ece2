/** Which JSON an attribute of a type accepts, and as which value. The rules are in docs/reference/attribute-types.md. */
import { LIST_ENTRIES_MAX } from '@attrium/catalogue';
import { timestampFromText } from '@attrium/condition';
import {
  assertNever,
  DECIMAL_SCALE,
  Decimal,
  type ExactNumber,
  numberFromUnits,
  quotientHalfEven,
  Timestamp,
  unitsToText,
  type Value,
  type ValueType,
} from '@attrium/event';
import {
  LIST_ENTRY_LENGTH_MAX,
  SUM_UNITS_LIMIT,
  TEXT_LENGTH_MAX,
  TIMESTAMP_MS_MAX,
  TIMESTAMP_MS_MIN,
} from './limits.js';

/** The JSON is there, but is no value of the type: the old value stands. */
export const REFUSED: unique symbol = Symbol('refused');

/** The value of JSON that is neither undefined nor null, in a type; `REFUSED` when it is of another. */
export function coerce(json: unknown, type: ValueType): Value | typeof REFUSED {
  switch (type) {
    case 'string':
      return textOf(json);
    case 'number': {
      if (typeof json === 'number' && isExactAsItIs(json)) return json + 0;
      const units = unitsOfJson(json);
      return units === REFUSED ? REFUSED : numberFromUnits(units);
    }
    case 'boolean':
      return typeof json === 'boolean' ? json : REFUSED;
    case 'timestamp':
      return timestampOf(json);
    case 'string_list':
      return listOf(json);
    default:
      return assertNever(type);
  }
}

/** Units of 10^-18 of a JSON number or a text of one; more than 18 digits after the point are rounded half to even. */
export function unitsOfJson(json: unknown): bigint | typeof REFUSED {
  if (typeof json === 'number') return unitsOfDouble(json);
  if (json instanceof Decimal) return json.units;
  return typeof json === 'string' ? unitsOfText(json.trim()) : REFUSED;
}

function textOf(json: unknown): string | typeof REFUSED {
  if (typeof json === 'string') return json.length <= TEXT_LENGTH_MAX ? json.toWellFormed() : REFUSED;
  if (typeof json !== 'number' && !(json instanceof Decimal)) return REFUSED;
  if (Number.isSafeInteger(json)) return String(json);
  const units = unitsOfJson(json);
  return units === REFUSED ? REFUSED : unitsToText(units);
}

function timestampOf(json: unknown): Timestamp | typeof REFUSED {
  const timestamp =
    typeof json === 'string'
      ? timestampFromText(json)
      : Number.isSafeInteger(json)
        ? new Timestamp((json as number) + 0)
        : undefined;
  if (timestamp === undefined || timestamp.ms < TIMESTAMP_MS_MIN || timestamp.ms > TIMESTAMP_MS_MAX) return REFUSED;
  return timestamp;
}

function listOf(json: unknown): readonly string[] | typeof REFUSED {
  if (!Array.isArray(json) || json.length > LIST_ENTRIES_MAX) return REFUSED;
  const list: string[] = [];
  for (const entry of json) {
    if (typeof entry !== 'string' || entry.length > LIST_ENTRY_LENGTH_MAX) return REFUSED;
    list.push(entry.toWellFormed());
  }
  return list;
}

/** A double from 0.01 up to 10^15 has at most 17 significant digits, so no more than 18 of them are after the point. */
function isExactAsItIs(json: number): boolean {
  const magnitude = Math.abs(json);
  return magnitude === 0 || (magnitude >= 0.01 && magnitude < 1e15);
}

const UNIT = 10n ** 18n;
const UNITS_OF_TEN_THOUSANDTH = 10n ** 14n;

function unitsOfDouble(json: number): bigint | typeof REFUSED {
  if (Number.isSafeInteger(json)) return BigInt(json) * UNIT;
  // Money has few digits: when a decimal of up to 15 digits is nearest to the double, it is its decimal text.
  const tenThousandths = Math.round(json * 1e4);
  if (Math.abs(tenThousandths) < 1e15 && tenThousandths / 1e4 === json) {
    return BigInt(tenThousandths) * UNITS_OF_TEN_THOUSANDTH;
  }
  return unitsOfText(String(json));
}

const NUMBER_TEXT = /^([+-]?)(\d{1,100})(?:\.(\d{1,400}))?(?:[eE]([+-]?\d{1,3}))?$/;

function unitsOfText(text: string): bigint | typeof REFUSED {
  const match = NUMBER_TEXT.exec(text);
  if (match === null) return REFUSED;
  const fraction = match[3] ?? '';
  const digits = BigInt(`${match[2]}${fraction}`);
  const shift = DECIMAL_SCALE - fraction.length + Number(match[4] ?? 0);
  const units = shift >= 0 ? digits * 10n ** BigInt(shift) : quotientHalfEven(digits, 10n ** BigInt(-shift));
  if (units >= SUM_UNITS_LIMIT) return REFUSED;
  return match[1] === '-' ? -units : units;
}

/** The number of a sum, held at the ends of Decimal(38, 18). */
export function numberOfSum(units: bigint): ExactNumber {
  if (units >= SUM_UNITS_LIMIT) return new Decimal(SUM_UNITS_LIMIT - 1n);
  return numberFromUnits(units <= -SUM_UNITS_LIMIT ? 1n - SUM_UNITS_LIMIT : units);
}

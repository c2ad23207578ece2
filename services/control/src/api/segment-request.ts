/** What requests about segments may ask for, and their limits. */

import { isJsonObject } from '@attrium/condition';
import { Decimal } from '@attrium/event';
import { type CatalogueFormat, readCatalogueText } from '../catalogue-text.js';
import { ControlError } from '../errors.js';

/** Of the text of a condition. ClickHouse takes no single value that is larger than 128 KiB. */
export const CONDITION_BYTES_MAX = 64 * 1024;
export const SAMPLE_DEFAULT = 10;
export const SAMPLE_MAX = 100;
export const PAGE_DEFAULT = 100;
export const PAGE_MAX = 1_000;
/** Longer than any id of a profile. */
const TOKEN_LENGTH_MAX = 200;

/** Beside `where` a definition of a segment may have its name and kind, as it stands in a catalogue. */
const DEFINITION_KEYS = ['where', 'sample', 'name', 'of'];

/** The text of a condition as JSON. Throws ATR-CONTROL-010 and -011. */
export function conditionOf(text: string, format: CatalogueFormat): unknown {
  if (Buffer.byteLength(text) > CONDITION_BYTES_MAX) {
    throw new ControlError('misshapenBody', {
      message: `A condition has at most ${CONDITION_BYTES_MAX} bytes of text.`,
    });
  }
  const read = readCatalogueText(text, format);
  if (read.kind === 'malformed') throw new ControlError('malformedBody', { details: { faults: read.faults } });
  return read.json;
}

export function previewOf(
  text: string,
  format: CatalogueFormat,
): { readonly where: unknown; readonly of: 'user' | 'account'; readonly sample: number } {
  const json = conditionOf(text, format);
  const faults: { path: string; code: string; message: string }[] = [];
  if (!isJsonObject(json) || !Object.hasOwn(json, 'where')) {
    const message = 'The body is a definition of a segment: an object with where.';
    throw new ControlError('misshapenBody', { message });
  }
  for (const key of Object.keys(json)) {
    if (!DEFINITION_KEYS.includes(key)) faults.push({ path: key, code: 'unknown_key', message: `${key} is not known` });
  }
  const of = Object.hasOwn(json, 'of') ? json.of : 'user';
  if (of !== 'user' && of !== 'account') {
    faults.push({ path: 'of', code: 'wrong_value', message: 'expected one of user, account' });
  }
  if (faults.length > 0) throw new ControlError('misshapenBody', { details: { faults } });
  const sample = Object.hasOwn(json, 'sample') ? json.sample : undefined;
  return {
    where: json.where,
    of: of as 'user' | 'account',
    sample: countOf(sample, { name: 'sample', byDefault: SAMPLE_DEFAULT, most: SAMPLE_MAX }),
  };
}

/** A whole number from 1 to `most`; `byDefault` for none. Throws ATR-CONTROL-011. */
export function countOf(
  given: unknown,
  { name, byDefault, most }: { readonly name: string; readonly byDefault: number; readonly most: number },
): number {
  if (given === undefined || given === '') return byDefault;
  const count = given instanceof Decimal ? Number.NaN : Number(given);
  if (Number.isInteger(count) && count >= 1 && count <= most) return count;
  throw new ControlError('misshapenBody', { message: `${name} is a whole number from 1 to ${most}.` });
}

/** The id to go on after. Throws ATR-CONTROL-011. */
export function tokenOf(given: string | undefined): string {
  if (given !== undefined && given.length > TOKEN_LENGTH_MAX) {
    throw new ControlError('misshapenBody', { message: 'This is no token of a page.' });
  }
  return given ?? '';
}

/** Whose segment; users' for none. Throws ATR-CONTROL-011. */
export function kindOf(given: string): 'user' | 'account' {
  if (given === '' || given === 'user') return 'user';
  if (given === 'account') return given;
  throw new ControlError('misshapenBody', { message: 'of is user or account.' });
}

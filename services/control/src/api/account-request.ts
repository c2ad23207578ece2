/** What requests for members of accounts may ask for. */
import { ControlError } from '../errors.js';
import { countOf, PAGE_DEFAULT, PAGE_MAX } from './segment-request.js';

/** Places in the list of an account's members are whole numbers of at most so many digits. */
const TOKEN = /^\d{1,15}$/;

/** `name` is that of the limit in the request. Throws ATR-CONTROL-011. */
export function memberPageOf(
  { limit, after }: { readonly limit?: unknown; readonly after?: string | undefined },
  name: string,
): { readonly limit: number; readonly after: number } {
  if (after !== undefined && after !== '' && !TOKEN.test(after)) {
    throw new ControlError('misshapenBody', { message: 'This is no token of a page.' });
  }
  return { limit: countOf(limit, { name, byDefault: PAGE_DEFAULT, most: PAGE_MAX }), after: Number(after || 0) };
}

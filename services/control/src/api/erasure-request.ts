/** What REST and gRPC check of requests to erase. */
import { ControlError } from '../errors.js';

const REQUEST_ID = /^[A-Za-z0-9_-]{1,64}$/;

/** Undefined for none or an empty one. Throws ATR-CONTROL-012. */
export function requestIdOf(text: string | undefined): string | undefined {
  if (text === undefined || text === '') return undefined;
  if (REQUEST_ID.test(text)) return text;
  throw new ControlError('badName', { message: 'The id of a request has 1 to 64 letters, digits, _ and -.' });
}

/** Bodies of requests: they reach controllers as bytes, and are read here by what each route expects. */
import { z } from 'zod';
import { ControlError } from '../errors.js';

/** The text of a body; '' for none. Throws ATR-CONTROL-010 for what is no UTF-8. */
export function bodyText(body: unknown): string {
  if (!(body instanceof Uint8Array)) return '';
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch (cause) {
    throw new ControlError('malformedBody', { message: 'The body is no UTF-8.', cause });
  }
}

/** A body as JSON of a schema; an empty one is an empty object. Throws ATR-CONTROL-010 and, with every fault, ATR-CONTROL-011. */
export function bodyOf<T extends z.ZodType>(schema: T, body: unknown): z.infer<T> {
  const text = bodyText(body);
  let json: unknown;
  try {
    json = text.trim() === '' ? {} : JSON.parse(text);
  } catch (cause) {
    throw new ControlError('malformedBody', { message: 'The body is no JSON.', cause });
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map(({ path, code, message }) => ({ path: path.join('.'), code, message }));
  throw new ControlError('misshapenBody', { details: { faults } });
}

/** Names of keys and sources. */
export const nameSchema = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9 _.@-]{0,99}$/,
    'has 1 to 100 letters, digits, spaces and _ . @ -, the first a letter or digit',
  );

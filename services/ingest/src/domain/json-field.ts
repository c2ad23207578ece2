/** Reads single fields of clients' JSON without trusting their types. */
import { Decimal } from '@attrium/event';

/** Text of an identifier or name; null and "" are absence, numbers their text. */
export function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value === '' ? undefined : value;
  return typeof value === 'number' || value instanceof Decimal ? String(value) : undefined;
}

/** The value when it is a JSON object. */
export function objectOf(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Decimal)
    ? (value as Readonly<Record<string, unknown>>)
    : undefined;
}

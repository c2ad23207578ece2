/** Reads parsed JSON of unknown shape without trusting it: own properties only, so `__proto__` is a name like any other. */
import { Decimal, Timestamp, type Value, type ValueType } from '@attrium/event';

export type JsonObject = Readonly<Record<string, unknown>>;

/** A JSON object: no list, no null, no exact number. */
export function isJsonObject(json: unknown): json is JsonObject {
  return typeof json === 'object' && json !== null && !Array.isArray(json) && !(json instanceof Decimal);
}

/** The JSON at a path of names; undefined when a step is missing or does not lead into an object. Lists are not entered. */
export function jsonAt(json: unknown, path: readonly string[]): unknown {
  let found = json;
  for (const name of path) {
    if (!isJsonObject(found) || !Object.hasOwn(found, name)) return undefined;
    found = found[name];
  }
  return found;
}

/** JSON as a value: text, finite numbers, booleans and lists of text; null and everything else is `undefined`. */
export function valueOfJson(json: unknown): Value | undefined {
  if (typeof json === 'string' || typeof json === 'boolean' || json instanceof Decimal) return json;
  if (typeof json === 'number') return Number.isFinite(json) ? json : undefined;
  if (Array.isArray(json)) return json.every((entry) => typeof entry === 'string') ? (json as string[]) : undefined;
  return undefined;
}

/** JSON as a value of one type; undefined when it is of another. Only a timestamp is written otherwise in JSON: as ISO-8601 text. */
export function typedValueOfJson(json: unknown, type: ValueType): Value | undefined {
  switch (type) {
    case 'string':
      return typeof json === 'string' ? json : undefined;
    case 'boolean':
      return typeof json === 'boolean' ? json : undefined;
    case 'number':
      return typeof json === 'number' || json instanceof Decimal ? valueOfJson(json) : undefined;
    case 'timestamp':
      return typeof json === 'string' ? timestampFromText(json) : undefined;
    case 'string_list':
      return Array.isArray(json) ? valueOfJson(json) : undefined;
  }
}

const TIMESTAMP_TEXT =
  /^(\d{4})-(\d{2})-(\d{2})(?:T(\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?(?:Z|([+-])(\d{2}):(\d{2})))?$/;

/**
 * The instant of an ISO-8601 text: a date (midnight UTC), or a date and time with its zone (`Z` or `+01:00`). Without a zone it
 * would depend on the machine, so it is none. What is finer than a millisecond is cut off.
 */
export function timestampFromText(text: string): Timestamp | undefined {
  const match = TIMESTAMP_TEXT.exec(text);
  if (match === null) return undefined;
  const part = (index: number): number => Number(match[index] ?? 0);
  const [year, month, day, hour, minute, second] = [part(1), part(2), part(3), part(4), part(5), part(6)];
  if (hour > 23 || minute > 59 || second > 59 || part(9) > 23 || part(10) > 59) return undefined;
  const date = new Date(Date.UTC(2000, 0, 1));
  date.setUTCFullYear(year, month - 1, day);
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined;
  const millisecond = Number((match[7] ?? '').padEnd(3, '0').slice(0, 3));
  date.setUTCHours(hour, minute, second, millisecond);
  const offsetMinutes = (match[8] === '-' ? -1 : 1) * (part(9) * 60 + part(10));
  return new Timestamp(date.getTime() - offsetMinutes * 60_000);
}

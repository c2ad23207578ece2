/** The shape every event must have, as one compiled validator: types and lengths of the fields that ingest reads. */
import { Decimal } from '@attrium/event';
import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import type { IngestLimits } from './limits.js';
import { type Rejection, rejection } from './rejection.js';

/** What a client's event looks like once its shape is checked. */
export interface RawEvent {
  readonly [field: string]: unknown;
  readonly context?: Readonly<Record<string, unknown>> | null;
  readonly traits?: Readonly<Record<string, unknown>> | null;
  readonly properties?: Readonly<Record<string, unknown>> | null;
  readonly integrations?: unknown;
}

export type ShapeCheck = (event: unknown) => Rejection | undefined;

/** Identifiers may be text or numbers; null and "" are absence. */
function isIdentifierText(value: unknown): boolean {
  return value === null || typeof value === 'string' || typeof value === 'number' || value instanceof Decimal;
}

const OBJECT_FIELD = { isJsonObject: true };
const TIME_FIELD = { isIdentifierText: true };

/** Objects or null. A number that is held as a `Decimal` is an object only to JavaScript. */
function isJsonObject(value: unknown): boolean {
  return typeof value === 'object' && !Array.isArray(value) && !(value instanceof Decimal);
}

/** Compiles the check for some limits. */
export function shapeCheck(limits: IngestLimits): ShapeCheck {
  const ajv = new Ajv({ strict: true, strictTypes: false, verbose: true });
  for (const [keyword, accepts] of Object.entries({ isIdentifierText, isJsonObject })) {
    const validate = (_schema: boolean, value: unknown): boolean => accepts(value);
    ajv.addKeyword({ keyword, schemaType: 'boolean', errors: false, validate });
  }
  ajv.addKeyword({
    keyword: 'charactersMax',
    schemaType: 'number',
    errors: false,
    validate: (max: number, value: unknown) => typeof value !== 'string' || value.length <= max,
  });
  const identifier = { isIdentifierText: true, charactersMax: limits.identifierCharactersMax };
  const validate = ajv.compile({
    type: 'object',
    properties: {
      messageId: { isIdentifierText: true, charactersMax: limits.messageIdCharactersMax },
      userId: identifier,
      anonymousId: identifier,
      previousId: identifier,
      groupId: identifier,
      event: identifier,
      name: identifier,
      timestamp: TIME_FIELD,
      originalTimestamp: TIME_FIELD,
      traits: OBJECT_FIELD,
      properties: OBJECT_FIELD,
      context: { isJsonObject: true, properties: { traits: OBJECT_FIELD } },
    },
  });
  return (event) => {
    if (typeof event !== 'object' || event === null || Array.isArray(event) || event instanceof Decimal) {
      return rejection('notAnObject', 'An event must be a JSON object.');
    }
    return validate(event) ? undefined : rejectionOf(validate);
  };
}

function rejectionOf(validate: ValidateFunction): Rejection {
  const fault = validate.errors?.[0] as ErrorObject;
  const field = fault.instancePath.slice(1).replaceAll('/', '.');
  if (fault.keyword === 'charactersMax') {
    return rejection('fieldTooLong', `"${field}" is longer than ${String(fault.schema)} characters.`);
  }
  const wanted = fault.keyword === 'isIdentifierText' ? 'text or a number' : 'an object';
  return rejection('wrongFieldType', `"${field}" must be ${wanted}.`);
}

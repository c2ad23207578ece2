/** The shape of a firing as JSON, version 1: what docs/reference/firing.schema.json is generated from. It only grows: readers pass over keys that they do not know. */
import { CHANGE_REASONS, WAIT_OUTCOMES } from '@attrium/event';
import { z } from 'zod';

export const FIRING_SCHEMA_VERSION = 1;

const text = z.string();
/** A time that no calendar reaches is the text of its number. */
const time = z.string().meta({ description: 'ISO 8601, UTC' });
const value = z
  .union([z.string(), z.number(), z.boolean(), z.array(z.string())])
  .meta({ description: 'a number that a double does not hold exactly is text; a timestamp is ISO 8601 text' });

const segmentCause = z.looseObject({
  kind: z.enum(['segment-entered', 'segment-exited', 'segment-present']),
  segment: text,
  at: time,
});
const attributeCause = z.looseObject({
  kind: z.literal('attribute-changed'),
  attribute: text,
  before: value.optional().meta({ description: 'absent where there was no value' }),
  after: value.optional().meta({ description: 'absent where there is no value any more' }),
});

const eventCause = z.looseObject({
  kind: z.literal('event-occurred'),
  event: text.meta({ description: 'name of the event' }),
  eventId: text,
  at: time,
  properties: z.record(z.string(), value).meta({ description: 'those that the trigger names, by path' }),
});

const scheduleCause = z.looseObject({
  kind: z.literal('schedule-reached'),
  segment: text.meta({ description: 'that it was a member of' }),
  at: time.meta({ description: 'when it was due; ISO 8601, UTC' }),
  day: text.meta({ description: 'the local date that it is of: YYYY-MM-DD' }),
  timeZone: text,
});

export const firingSchema = z
  .looseObject({
    schemaVersion: z.literal(FIRING_SCHEMA_VERSION),
    id: text.meta({ description: 'the idempotency key: the same in every delivery, by whatever way' }),
    workspace: text,
    trigger: text,
    revision: z.int().min(1).meta({ description: 'of the catalogue that the trigger was defined in' }),
    profileId: text.meta({ description: 'id of the profile, or of the account where `kind` says so' }),
    kind: z.literal('account').optional().meta({ description: 'absent: a profile' }),
    identifiers: z.array(z.looseObject({ type: text, value: text })),
    on: z.union([segmentCause, attributeCause, eventCause, scheduleCause]).meta({ description: 'what fired it' }),
    effectiveAt: time,
    recordedAt: time,
    reason: z.enum(CHANGE_REASONS),
    cause: text.meta({ description: 'id of the event, merge or timer' }),
    attributes: z.record(z.string(), value).meta({ description: 'by name; one without a value is absent' }),
    outcome: z
      .enum(WAIT_OUTCOMES)
      .optional()
      .meta({ description: 'of a trigger with wait_for: whether it happened in time' }),
    test: z.literal(true).optional().meta({ description: 'only of a test that somebody asked for: nothing happened' }),
  })
  .meta({ title: 'Attrium firing' });

/** As it stands in the documents. */
export function firingSchemaText(): string {
  return `${JSON.stringify(z.toJSONSchema(firingSchema, { target: 'draft-2020-12' }), null, 2)}\n`;
}

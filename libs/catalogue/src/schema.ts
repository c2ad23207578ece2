/** The shapes of definitions as users write them; what a shape cannot say is checked beside it, in the files of each definition. */
import { VALUE_TYPES, WAIT_OUTCOMES } from '@attrium/event';
import { z } from 'zod';
import { ON_QUIET } from './consent-definition.js';
import { zoneSchema } from './consent-schema.js';
import {
  AT_ONCE_MAX,
  DELIVER_MAX,
  FROM_MAX,
  LIST_ENTRIES_MAX,
  PAYLOAD_MAX,
  PER_SECOND_MAX,
  PROPERTIES_MAX,
  URL_LENGTH_MAX,
} from './limits.js';
import { rollupSchema } from './rollup-schema.js';
import { WEEKDAYS } from './schedule.js';

const oneOf = <const T extends readonly [string, ...string[]]>(values: T) =>
  z.enum(values, {
    error: (issue) =>
      issue.input === undefined ? `missing: one of ${values.join(', ')}` : `expected one of ${values.join(', ')}`,
  });

export const KINDS = ['user', 'account', 'event'] as const;

const eventName = z.string().optional();

export const computeSchema = z.strictObject({
  formula: z.string().optional(),
  count: eventName,
  sum: eventName,
  min: eventName,
  max: eventName,
  average: eventName,
  first_value: eventName,
  last_value: eventName,
  first_time: eventName,
  last_time: eventName,
  distinct_count: eventName,
  distinct_list: eventName,
  most_frequent: eventName,
  exists: eventName,
  session: z.string().optional(),
  gap: z
    .union([z.string(), z.strictObject({ web: z.string().optional(), mobile: z.string().optional() })], {
      error: 'gap is a duration such as 30m, or { web: 30m, mobile: 5m }',
    })
    .optional(),
  of: z
    .union([z.string(), z.strictObject({ event_attribute: z.string() })], {
      error: 'of takes the name of a property, or { event_attribute: name }',
    })
    .optional(),
  where: z.unknown().optional(),
  within: z.string().optional(),
  limit: z.int().min(1).max(LIST_ENTRIES_MAX).optional(),
});

export const fromSchema = z.strictObject({
  trait: z.string().optional(),
  property: z.string().optional(),
  path: z.string().optional(),
  event: z.string().optional(),
  source: z.string().optional(),
});

export const attributeSchema = z.strictObject({
  name: z.string(),
  kind: oneOf(KINDS),
  type: oneOf(VALUE_TYPES),
  visibility: oneOf(['visible', 'hidden']).default('visible'),
  merge: z.string().optional(),
  from: z.array(fromSchema).min(1).max(FROM_MAX).optional(),
  compute: computeSchema.optional(),
  rollup: rollupSchema.optional(),
});
export type AttributeInput = z.infer<typeof attributeSchema>;

export const segmentSchema = z.strictObject({
  name: z.string(),
  of: oneOf(['user', 'account']),
  where: z.unknown().optional(),
  static: z.literal(true).optional(),
});

/** No user and password in the URL: a secret is given by name. */
const WEBHOOK_URL = /^https?:\/\/[^\s/?#@\\]+(?:[/?][^\s#]*)?$/;

/** An attribute, or a property of the event. */
const frequencyKey = z.union([z.string(), z.strictObject({ property: z.string() })]);

export const triggerSchema = z.strictObject({
  name: z.string(),
  when: z.strictObject({
    segment: z.string().optional(),
    enters: z.literal(true).optional(),
    exits: z.literal(true).optional(),
    in: z
      .union([z.literal(true), z.strictObject({ per_second: z.int().min(1).max(PER_SECOND_MAX) })], {
        error: `in is true, or { per_second: 100 } with 1 to ${PER_SECOND_MAX}`,
      })
      .optional(),
    attribute: z.string().optional(),
    changes: z.literal(true).optional(),
    from: z.unknown().optional(),
    to: z.unknown().optional(),
    crosses: z.unknown().optional(),
    by: z.unknown().optional(),
    event: z.string().optional(),
    where: z.unknown().optional(),
    schedule: z
      .strictObject({
        daily: z.string().optional(),
        weekly: z.strictObject({ on: z.array(oneOf(WEEKDAYS)).min(1).max(WEEKDAYS.length), at: z.string() }).optional(),
        time_zone: zoneSchema.optional(),
      })
      .optional(),
  }),
  if: z.unknown().optional(),
  purpose: z.string().optional(),
  channel: z.string().optional(),
  on_quiet: oneOf(ON_QUIET).optional(),
  state: oneOf(['active', 'paused', 'archived']).default('active'),
  on_backfill: z.boolean().optional(),
  delay: z.string().optional(),
  wait_for: z
    .strictObject({
      event: z.string().optional(),
      where: z.unknown().optional(),
      condition: z.unknown().optional(),
      timeout: z.string(),
      outcomes: z.array(oneOf(WAIT_OUTCOMES)).min(1).max(WAIT_OUTCOMES.length).optional(),
    })
    .optional(),
  recheck: z.boolean().optional(),
  frequency: z.union(
    [
      oneOf(['every', 'once']),
      z.strictObject({ once_per: z.string(), key: frequencyKey.optional() }),
      z.strictObject({ once: z.literal(true), key: frequencyKey }),
    ],
    {
      error:
        'frequency is every, once, { once_per: 30d }, or with a key { once: true, key: attribute } or { once_per: 30d, key: { property: order_id } }; it says how often the trigger fires for one profile',
    },
  ),
  payload: z.array(z.string()).max(PAYLOAD_MAX).optional(),
  properties: z.array(z.string()).max(PROPERTIES_MAX).optional(),
  deliver: z
    .array(
      z.strictObject({
        webhook: z
          .string()
          .max(URL_LENGTH_MAX)
          .regex(WEBHOOK_URL, { error: 'expected an http or https URL without user, password and fragment' })
          .optional(),
        secret: z
          .string()
          .regex(/^[A-Z][A-Z0-9_]{0,63}$/, { error: 'expected the name of a secret, such as WINBACK_SECRET' })
          .optional(),
        at_once: z.int().min(1).max(AT_ONCE_MAX).optional(),
        per_second: z.int().min(1).max(PER_SECOND_MAX).optional(),
        stream: z.literal(true).optional(),
      }),
    )
    .min(1)
    .max(DELIVER_MAX),
});
export type TriggerInput = z.infer<typeof triggerSchema>;

/** The shape of the section `consent` as users write it. */
import { z } from 'zod';
import { ON_QUIET } from './consent-definition.js';
import { CHANNELS_MAX, CONSENT_FROM_MAX, PURPOSES_MAX } from './limits.js';

/** Of quiet hours and of schedules. */
export const zoneSchema = z.union(
  [z.string(), z.strictObject({ attribute: z.string(), otherwise: z.string().default('UTC') })],
  { error: 'time_zone is a zone such as Europe/Berlin, or { attribute: name, otherwise: zone }' },
);
export type ZoneInput = z.infer<typeof zoneSchema>;

const status = z.enum(['granted', 'withdrawn'], { error: 'expected granted or withdrawn' });

export const consentSchema = z.strictObject({
  purposes: z
    .array(z.strictObject({ name: z.string(), default: status.default('withdrawn') }))
    .min(1)
    .max(PURPOSES_MAX),
  channels: z.array(z.string()).max(CHANNELS_MAX).default([]),
  from: z
    .array(z.strictObject({ trait: z.string(), purpose: z.string(), channel: z.string().optional() }))
    .max(CONSENT_FROM_MAX)
    .default([]),
  quiet_hours: z
    .strictObject({
      from: z.string(),
      to: z.string(),
      time_zone: zoneSchema,
      purposes: z.array(z.string()).min(1).max(PURPOSES_MAX).optional(),
      on_quiet: z.enum(ON_QUIET, { error: 'expected suppress or defer' }).default('suppress'),
    })
    .optional(),
});
export type ConsentInput = z.infer<typeof consentSchema>;

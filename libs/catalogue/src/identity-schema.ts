/** The shape of the identity section as users write it. */
import { z } from 'zod';
import { NORMALISATIONS } from './identity-definition.js';
import {
  BLOCKED_VALUES_MAX,
  FROM_MAX,
  IDENTIFIER_LIMIT_MAX,
  IDENTIFIER_TYPES_MAX,
  IDENTIFIER_VALUE_LENGTH_MAX,
  QUARANTINE_MERGES_MAX,
  VALUE_PATTERN_LENGTH_MAX,
  VALUE_PATTERNS_MAX,
} from './limits.js';

export const identifierSourceSchema = z.strictObject({
  trait: z.string().optional(),
  property: z.string().optional(),
  external_id: z.string().optional(),
  event: z.string().optional(),
});

/** A limit of all that a profile holds. */
export const limitSchema = z.int().min(1).max(IDENTIFIER_LIMIT_MAX);
/** The same, or a limit of what it gains in a window of time. */
export const periodLimitSchema = z.strictObject({
  values: limitSchema,
  per: z.string(),
});

export const quarantineSchema = z.strictObject({
  merges: z.int().min(1).max(QUARANTINE_MERGES_MAX).optional(),
  within: z.string().optional(),
});

const identifierTypeSchema = z.strictObject({
  name: z.string(),
  /** `limitSchema` or `periodLimitSchema`, told apart by hand: so that a fault says what is wrong with the one that was meant. */
  limit: z.unknown().optional(),
  normalise: z.enum(NORMALISATIONS, { error: `expected one of ${NORMALISATIONS.join(', ')}` }).optional(),
  block: z
    .strictObject({
      values: z.array(z.string().min(1).max(IDENTIFIER_VALUE_LENGTH_MAX)).max(BLOCKED_VALUES_MAX).optional(),
      patterns: z.array(z.string().min(1).max(VALUE_PATTERN_LENGTH_MAX)).max(VALUE_PATTERNS_MAX).optional(),
    })
    .optional(),
  from: z.array(identifierSourceSchema).max(FROM_MAX).optional(),
});
export type IdentifierTypeInput = z.infer<typeof identifierTypeSchema>;

export const identitySchema = z.strictObject({
  types: z.array(identifierTypeSchema).min(1).max(IDENTIFIER_TYPES_MAX).optional(),
  ignore: z.array(z.string()).max(IDENTIFIER_TYPES_MAX).optional(),
  dedup: z.string().optional(),
  /** `off` or `quarantineSchema`, told apart by hand as the limits are. */
  quarantine: z.unknown().optional(),
});

/** Profiles as REST shows them. */
import { Decimal, Timestamp, type Value } from '@attrium/event';
import type { Profile } from '../profile-reader.js';

/** Numbers are JSON numbers where a double holds them exactly, else text; times are ISO 8601. */
export function jsonOfValue(value: Value): unknown {
  if (value instanceof Decimal) return value.toString();
  if (value instanceof Timestamp) return isoOf(value.ms);
  return value;
}

export function jsonOfProfile(profile: Profile): Record<string, unknown> {
  const { profileId, identifiers, attributes, consent, segments, merging } = profile;
  return {
    profileId,
    identifiers,
    attributes: Object.fromEntries(
      [...attributes].map(([name, { value, effectiveAt, approximate }]) => [
        name,
        { value: jsonOfValue(value), effectiveAt: isoOf(effectiveAt), ...(approximate ? { approximate } : {}) },
      ]),
    ),
    consent: consent.map(({ granted, since, ...of }) => ({
      ...of,
      status: granted ? 'granted' : 'withdrawn',
      since: isoOf(since),
    })),
    segments: segments.map(({ name, since }) => ({ name, since: isoOf(since) })),
    ...(merging ? { merging } : {}),
  };
}

function isoOf(ms: number): string {
  return new Date(ms).toISOString();
}

/** Profiles as REST shows them. */
import { Decimal, Timestamp, type Value } from '@attrium/event';
import type { Account } from '../account-reader.js';
import type { Profile } from '../profile-reader.js';

/** Numbers are JSON numbers where a double holds them exactly, else text; times are ISO 8601. */
export function jsonOfValue(value: Value): unknown {
  if (value instanceof Decimal) return value.toString();
  if (value instanceof Timestamp) return isoOf(value.ms);
  return value;
}

export function jsonOfProfile(profile: Profile): Record<string, unknown> {
  const { profileId, identifiers, accounts, consent, merging } = profile;
  const shown = accounts.map(({ groupedAt, current, ...account }) => ({
    ...account,
    groupedAt: isoOf(groupedAt),
    ...(current ? { current } : {}),
  }));
  return {
    profileId,
    identifiers,
    ...(shown.length > 0 ? { accounts: shown } : {}),
    ...jsonOfValues(profile),
    consent: consent.map(({ granted, since, ...of }) => ({
      ...of,
      status: granted ? 'granted' : 'withdrawn',
      since: isoOf(since),
    })),
    ...(merging ? { merging } : {}),
  };
}

export function jsonOfAccount(account: Account): Record<string, unknown> {
  const { accountId, groupId, members } = account;
  return { accountId, groupId, members, ...jsonOfValues(account) };
}

function jsonOfValues({ attributes, segments }: Pick<Profile, 'attributes' | 'segments'>): Record<string, unknown> {
  return {
    attributes: Object.fromEntries(
      [...attributes].map(([name, { value, effectiveAt, approximate }]) => [
        name,
        { value: jsonOfValue(value), effectiveAt: isoOf(effectiveAt), ...(approximate ? { approximate } : {}) },
      ]),
    ),
    segments: segments.map(({ name, since }) => ({ name, since: isoOf(since) })),
  };
}

function isoOf(ms: number): string {
  return new Date(ms).toISOString();
}

/** What requests about the quarantine may ask for, and how it is shown over REST. */
import { ControlError } from '../errors.js';
import {
  QUARANTINE_STATUSES,
  type QuarantinedIdentifier,
  type QuarantinePage,
  type QuarantineStatus,
} from '../quarantine-desk.js';
import { memberPageOf } from './account-request.js';

/** `name` is that of the limit in the request; without a status those that are held. Throws ATR-CONTROL-011. */
export function quarantinePageOf(
  { status = 'held', ...page }: { readonly status?: string; readonly limit?: unknown; readonly after?: string },
  name: string,
): { readonly status: QuarantineStatus; readonly limit: number; readonly after: number } {
  const known = QUARANTINE_STATUSES.find((each) => each === status);
  if (known === undefined) {
    throw new ControlError('misshapenBody', { message: `A status is one of ${QUARANTINE_STATUSES.join(', ')}.` });
  }
  return { status: known, ...memberPageOf(page, name) };
}

export function jsonOfQuarantine({ entries, next, ...counts }: QuarantinePage): Record<string, unknown> {
  return {
    identifiers: entries.map(jsonOfQuarantined),
    ...(next === undefined ? {} : { next: String(next) }),
    ...counts,
  };
}

export function jsonOfQuarantined(entry: QuarantinedIdentifier): Record<string, unknown> {
  const { identifier, status, profileId, heldAt, lastAt, events, profileIds, unremembered } = entry;
  const { decidedBy, decidedAt } = entry;
  return {
    ...{ identifier, status, profileId, heldAt: isoOf(heldAt), lastAt: isoOf(lastAt) },
    ...{ events, profileIds, unremembered },
    ...(decidedAt === undefined ? {} : { decidedBy, decidedAt: isoOf(decidedAt) }),
  };
}

function isoOf(ms: number): string {
  return new Date(ms).toISOString();
}

/** What requests about the history of memberships may ask for, and their limits. */
import { timestampFromText } from '@attrium/condition';
import { durationMs } from '@attrium/event';
import type { FeedPlace, Instants } from '../clients/membership-tables.js';
import { ControlError } from '../errors.js';

export const OVERLAP_SEGMENTS_MAX = 6;
export const TIMELINE_SEGMENTS_MAX = 20;
export const TIMELINE_INSTANTS_MAX = 1_000;
export const EXPORT_ATTRIBUTES_MAX = 50;

function refuse(message: string): never {
  throw new ControlError('misshapenBody', { message });
}

/** Names in a list, each once. All of these throw ATR-CONTROL-011. */
export function namesOf(
  given: readonly string[],
  { what, least, most }: { readonly what: string; readonly least: number; readonly most: number },
): readonly string[] {
  const names = [...new Set(given)];
  if (names.length < least || names.length > most) refuse(`${what} takes from ${least} to ${most} different names.`);
  return names;
}

/** Names with commas between them; none for nothing. */
export function namesInText(given: string | undefined): string[] {
  return given === undefined || given === '' ? [] : given.split(',').map((name) => name.trim());
}

/** ms of an ISO-8601 text. */
export function instantOf(given: string, what: string): number {
  return (
    timestampFromText(given)?.ms ??
    refuse(`${what} takes an ISO-8601 date, or a date and time with its zone, as 2026-01-31T09:30:00Z.`)
  );
}

export function instantsOf(from: number, to: number, stepMs: number): Instants {
  if (!(stepMs > 0) || !(to >= from)) refuse('from is not after to, and step is a duration.');
  const count = Math.floor((to - from) / stepMs) + 1;
  if (count > TIMELINE_INSTANTS_MAX)
    refuse(`from, to and step give ${count} instants, and ${TIMELINE_INSTANTS_MAX} is the most.`);
  return { from, stepMs, count };
}

export function stepOf(given: string | undefined): number {
  return durationMs(given ?? '1d') ?? refuse('step takes a duration such as 1h, 1d or 1w.');
}

/** The page token of a place in a feed, and back; '' for the beginning. */
export function tokenOfPlace(place: FeedPlace | undefined): string {
  return place?.join('.') ?? '';
}

export function placeOfToken(token: string | undefined): FeedPlace | undefined {
  if (token === undefined || token === '') return undefined;
  const parts = token.split('.').map(Number);
  if (token.length > 100 || parts.length !== 5 || !parts.every((part) => Number.isSafeInteger(part) && part >= 0)) {
    refuse('This is no token of a page.');
  }
  return parts as unknown as FeedPlace;
}

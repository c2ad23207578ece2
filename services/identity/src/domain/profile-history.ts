/** How a profile came to be what it is: where its identifiers would be without merges, and the merges themselves. */
import type { Identifier } from '@attrium/event';
import { identifierKey } from './identifier.js';
import { type IdentityState, plainIdentifiers, profileAt } from './state.js';

export interface IdentifierHome {
  readonly identifier: Identifier;
  /** The profile that it would belong to without any merge. */
  readonly homeProfileId: string;
}

export interface LoggedMerge {
  readonly mergeId: string;
  /** The profile that the loser was merged into; it may have been merged away since. */
  readonly survivorProfileId: string;
  readonly loserProfileId: string;
  /** What the loser held then. */
  readonly identifiers: readonly Identifier[];
  /** The id of the event that caused it, and its time. */
  readonly cause: string;
  readonly occurredAt: number;
  /** Log time. */
  readonly mergedAt: number;
}

/** Of a live profile, in the order in which it got them. */
export function identifierHomes(state: IdentityState, ordinal: number): IdentifierHome[] {
  const { workspace, identifiers } = profileAt(state, ordinal);
  return plainIdentifiers(identifiers).map((identifier) => {
    const row = state.identifiers.get(identifierKey(workspace, identifier));
    if (row === undefined) throw new Error('assertion: a profile holds an identifier that nobody owns');
    return { identifier, homeProfileId: profileAt(state, row.home).id };
  });
}

/** The merges that a live profile is made of, directly or through others, in the order in which they were decided. */
export function mergeLog(state: IdentityState, ordinal: number): LoggedMerge[] {
  const merges: (LoggedMerge & { readonly place: number })[] = [];
  const visit = (survivor: number): void => {
    const { id: survivorProfileId, absorbed = [] } = profileAt(state, survivor);
    for (const loser of absorbed) {
      const { id: loserProfileId, identifiers, lost } = profileAt(state, loser);
      if (lost === undefined) throw new Error(`assertion: profile ${loser} was merged away and does not know how`);
      const { mergeId, cause, occurredAt, mergedAt, place } = lost;
      merges.push({
        mergeId,
        survivorProfileId,
        loserProfileId,
        identifiers: plainIdentifiers(identifiers),
        cause,
        occurredAt,
        mergedAt,
        place,
      });
      visit(loser);
    }
  };
  visit(ordinal);
  return merges.sort((a, b) => a.place - b.place).map(({ place: _place, ...merge }) => merge);
}

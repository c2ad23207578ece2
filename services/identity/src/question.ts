/** The questions that the owner of a shard answers from its state: whom an identifier or a profile id means now, and how that came about. */
import { type Identifier, partitionOf } from '@attrium/event';
import { identifierAsked, identifierKey } from './domain/identifier.js';
import { type IdentifierHome, identifierHomes, type LoggedMerge, mergeLog } from './domain/profile-history.js';
import type { IdentityRules } from './domain/rules.js';
import { type IdentityState, profileAt, profileKey, survivorOf } from './domain/state.js';
import { InvalidQuestionError } from './errors.js';

/** The type of an identifier that is the id of a profile itself, also of one that was merged away. */
const PROFILE_ID = 'profile_id';

export type IdentityQuestion =
  | { readonly kind: 'resolve'; readonly workspace: string; readonly identifier: Identifier }
  | { readonly kind: 'profile'; readonly workspace: string; readonly profileId: string }
  /** The profile itself, also where it was merged away. */
  | { readonly kind: 'ordinal'; readonly workspace: string; readonly profileId: string }
  | { readonly kind: 'identifiers'; readonly workspace: string; readonly identifier: Identifier }
  | { readonly kind: 'merges'; readonly workspace: string; readonly identifier: Identifier };

/** To `resolve` and `profile`. */
export interface IdentityAnswer {
  /** The live profile: a question for a merged one is answered with its survivor. */
  readonly profileId: string;
  readonly ordinal: number;
  /** Where the facts of the profile go, in every log after `events`. */
  readonly partition: number;
  readonly identifiers: readonly Identifier[];
}

/** To `ordinal`. */
export interface OrdinalAnswer {
  readonly ordinal: number;
}

/** To `identifiers`. */
export interface IdentifiersAnswer {
  readonly profileId: string;
  /** In the order in which the profile got them. */
  readonly identifiers: readonly IdentifierHome[];
}

/** To `merges`. */
export interface MergesAnswer {
  readonly profileId: string;
  /** In the order in which they were decided. */
  readonly merges: readonly LoggedMerge[];
}

export interface Asked {
  readonly state: IdentityState;
  readonly rulesOf: (workspace: string) => IdentityRules;
  readonly partitions: number;
}

/** Answers null for nobody; throws InvalidQuestionError for what is no question. */
export function answer(
  asked: Asked,
  given: unknown,
): IdentityAnswer | OrdinalAnswer | IdentifiersAnswer | MergesAnswer | null {
  const { state, partitions } = asked;
  const question = parseQuestion(given);
  const ordinal = ordinalOf(asked, question);
  if (ordinal === undefined) return null;
  if (question.kind === 'ordinal') return { ordinal };
  const survivor = survivorOf(state, ordinal);
  const row = profileAt(state, survivor);
  const profileId = row.id;
  if (question.kind === 'identifiers') return { profileId, identifiers: identifierHomes(state, survivor) };
  if (question.kind === 'merges') return { profileId, merges: mergeLog(state, survivor) };
  return {
    profileId,
    ordinal: survivor,
    partition: partitionOf(profileId, partitions),
    identifiers: [...row.identifiers],
  };
}

function ordinalOf({ state, rulesOf }: Asked, question: IdentityQuestion): number | undefined {
  const { workspace } = question;
  const profileId =
    question.kind === 'profile' || question.kind === 'ordinal'
      ? question.profileId
      : question.identifier.type === PROFILE_ID
        ? question.identifier.value
        : undefined;
  if (profileId !== undefined) return state.profileIds.get(profileKey(workspace, profileId));
  if (question.kind === 'profile' || question.kind === 'ordinal') return undefined;
  const identifier = identifierAsked(question.identifier, rulesOf(workspace));
  return identifier === undefined ? undefined : state.identifiers.get(identifierKey(workspace, identifier))?.ordinal;
}

function parseQuestion(question: unknown): IdentityQuestion {
  const { kind, workspace, identifier, profileId } = (question ?? {}) as Record<string, unknown>;
  if (typeof workspace !== 'string') throw new InvalidQuestionError('no workspace');
  if ((kind === 'profile' || kind === 'ordinal') && typeof profileId === 'string')
    return { kind, workspace, profileId };
  if (kind === 'resolve' || kind === 'identifiers' || kind === 'merges') {
    const { type, value } = (identifier ?? {}) as Record<string, unknown>;
    if (typeof type === 'string' && typeof value === 'string') return { kind, workspace, identifier: { type, value } };
  }
  throw new InvalidQuestionError(
    'it is neither { kind: resolve, identifiers or merges, identifier } nor { kind: profile or ordinal, profileId }',
  );
}

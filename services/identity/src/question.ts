/** The questions that the owner of a shard answers from its state: whom an identifier or a profile id means now. */
import { type Identifier, partitionOf } from '@attrium/event';
import { identifierKey, normalise } from './domain/identifier.js';
import { type IdentityState, profileAt, profileKey, survivorOf } from './domain/state.js';
import { InvalidQuestionError } from './errors.js';

export type IdentityQuestion =
  | { readonly kind: 'resolve'; readonly workspace: string; readonly identifier: Identifier }
  | { readonly kind: 'profile'; readonly workspace: string; readonly profileId: string };

export interface IdentityAnswer {
  /** The live profile: a question for a merged one is answered with its survivor. */
  readonly profileId: string;
  readonly ordinal: number;
  /** Where the facts of the profile go, in every log after `events`. */
  readonly partition: number;
  readonly identifiers: readonly Identifier[];
}

/** Answers null for nobody; throws InvalidQuestionError for what is no question. */
export function answer(state: IdentityState, question: unknown, partitions: number): IdentityAnswer | null {
  const ordinal = ordinalOf(state, parseQuestion(question));
  if (ordinal === undefined) return null;
  const survivor = survivorOf(state, ordinal);
  const row = profileAt(state, survivor);
  return {
    profileId: row.id,
    ordinal: survivor,
    partition: partitionOf(row.id, partitions),
    identifiers: [...row.identifiers],
  };
}

function ordinalOf(state: IdentityState, question: IdentityQuestion): number | undefined {
  const { workspace } = question;
  return question.kind === 'resolve'
    ? state.identifiers.get(identifierKey(workspace, normalise(question.identifier)))?.ordinal
    : state.profileIds.get(profileKey(workspace, question.profileId));
}

function parseQuestion(question: unknown): IdentityQuestion {
  const { kind, workspace, identifier, profileId } = (question ?? {}) as Record<string, unknown>;
  if (typeof workspace !== 'string') throw new InvalidQuestionError('no workspace');
  if (kind === 'profile' && typeof profileId === 'string') return { kind, workspace, profileId };
  if (kind === 'resolve') {
    const { type, value } = (identifier ?? {}) as Record<string, unknown>;
    if (typeof type === 'string' && typeof value === 'string') return { kind, workspace, identifier: { type, value } };
  }
  throw new InvalidQuestionError('it is neither { kind: resolve, identifier } nor { kind: profile, profileId }');
}

/** The questions that the owner of a shard answers from its state: whom an identifier or a profile id means now, and how that came about. */
import { type Identifier, partitionOf } from '@attrium/event';
import {
  type AccountAnswer,
  accountAsked,
  accountOf,
  type MembersAnswer,
  membersOf,
  type ProfileAccount,
  profileAccounts,
} from './domain/account-view.js';
import { erasureKey, formerOf } from './domain/erasure.js';
import { identifierAsked, identifierKey } from './domain/identifier.js';
import { type Match, matchAccount, matchProfile, PROFILE_ID } from './domain/listed.js';
import { type IdentifierHome, identifierHomes, type LoggedMerge, mergeLog } from './domain/profile-history.js';
import { QUARANTINE_STATUSES, type QuarantineStatus } from './domain/quarantine-state.js';
import {
  type DecidableIdentifier,
  type QuarantinePage,
  quarantinedIdentifier,
  quarantinePage,
} from './domain/quarantine-view.js';
import type { IdentityRules } from './domain/rules.js';
import { type IdentityState, plainIdentifiers, profileAt, profileKey, survivorOf } from './domain/state.js';
import { InvalidQuestionError } from './errors.js';

/** Identifiers of one `match`. */
const MATCHES_MAX = 1_000;

export type IdentityQuestion =
  | { readonly kind: 'resolve'; readonly workspace: string; readonly identifier: Identifier }
  | { readonly kind: 'profile'; readonly workspace: string; readonly profileId: string }
  /** The profile itself, also where it was merged away. */
  | { readonly kind: 'ordinal'; readonly workspace: string; readonly profileId: string }
  | { readonly kind: 'identifiers'; readonly workspace: string; readonly identifier: Identifier }
  | { readonly kind: 'merges'; readonly workspace: string; readonly identifier: Identifier }
  | { readonly kind: 'accounts'; readonly workspace: string; readonly identifier: Identifier }
  /** Of an identifier that merges were held by. */
  | { readonly kind: 'quarantined'; readonly workspace: string; readonly identifier: Identifier }
  /** `after`: `next` of the page before; 0 for the first. */
  | {
      readonly kind: 'quarantine';
      readonly workspace: string;
      readonly status: QuarantineStatus;
      readonly after: number;
      readonly limit: number;
    }
  | {
      readonly kind: 'match';
      readonly of: 'profile' | 'account';
      readonly workspace: string;
      readonly identifiers: readonly Identifier[];
    }
  /** `requestId`: of a request to erase. */
  | { readonly kind: 'erasure'; readonly workspace: string; readonly requestId: string }
  /** `identifier`: of type `group_id` or `account_id`. */
  | { readonly kind: 'account'; readonly workspace: string; readonly identifier: Identifier }
  /** `after`: the entry up to which members are known already; 0 for none. */
  | {
      readonly kind: 'members';
      readonly workspace: string;
      readonly identifier: Identifier;
      readonly after: number;
      readonly limit: number;
    };

/** To `resolve` and `profile`. */
export interface IdentityAnswer {
  /** The live profile: a question for a merged one is answered with its survivor. */
  readonly profileId: string;
  readonly ordinal: number;
  /** Where the facts of the profile go, in every log after `events`. */
  readonly partition: number;
  readonly identifiers: readonly Identifier[];
  /** Absent for none. */
  readonly accounts?: readonly ProfileAccount[] | undefined;
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

/** To `accounts`. */
export interface AccountsAnswer {
  readonly profileId: string;
  /** In the order in which the profile got them. */
  readonly accounts: readonly ProfileAccount[];
}

/** To any question about a profile that was erased, by one of its ids. */
export interface ErasedAnswer {
  readonly profileId: string;
  /** Log time, ms. */
  readonly erasedAt: number;
}

/** To `erasure`. */
export interface ErasureAnswer {
  /** Log time at which the request was read, ms. */
  readonly decidedAt: number;
  /** Undefined: nobody had the identifier. */
  readonly erased?: ErasedAnswer | undefined;
  /** The ordinals of the profile and of all that were merged into it, by the partition that kept them. */
  readonly places: readonly { readonly partition: number; readonly ordinals: readonly number[] }[];
}

/** To `match`: for each identifier, whom it names or why nobody. */
export interface MatchAnswer {
  readonly matches: readonly Match[];
}

export type Answer =
  | ErasedAnswer
  | ErasureAnswer
  | IdentityAnswer
  | OrdinalAnswer
  | IdentifiersAnswer
  | MergesAnswer
  | AccountsAnswer
  | AccountAnswer
  | MembersAnswer
  | QuarantinePage
  | DecidableIdentifier
  | MatchAnswer
  | null;

export interface Asked {
  readonly state: IdentityState;
  readonly rulesOf: (workspace: string) => IdentityRules;
  readonly partitions: number;
}

/** Answers null for nobody; throws InvalidQuestionError for what is no question. */
export function answer(asked: Asked, given: unknown): Answer {
  const { state, partitions } = asked;
  const question = parseQuestion(given);
  if (question.kind === 'match') return { matches: matchesOf(asked, question) };
  if (question.kind === 'account' || question.kind === 'members') {
    const account = accountAsked(state, question.workspace, question.identifier);
    if (account === undefined) return null;
    return question.kind === 'account' ? accountOf(state, account, partitions) : membersOf(state, account, question);
  }
  if (question.kind === 'quarantine') return quarantinePage(state, question.workspace, question);
  if (question.kind === 'quarantined') return quarantined(asked, question);
  if (question.kind === 'erasure') return erasureOf(asked, question);
  const ordinal = ordinalOf(asked, question);
  if (ordinal === undefined) return null;
  if (question.kind === 'ordinal') return { ordinal };
  const survivor = survivorOf(state, ordinal);
  const row = profileAt(state, survivor);
  const profileId = row.id;
  if (row.erased !== undefined) return { profileId, erasedAt: row.erased.erasedAt };
  if (question.kind === 'identifiers') return { profileId, identifiers: identifierHomes(state, survivor) };
  if (question.kind === 'accounts') return { profileId, accounts: profileAccounts(state, survivor) };
  if (question.kind === 'merges') return { profileId, merges: mergeLog(state, survivor) };
  return {
    profileId,
    ordinal: survivor,
    partition: partitionOf(profileId, partitions),
    identifiers: plainIdentifiers(row.identifiers),
    ...(row.accounts === undefined ? {} : { accounts: profileAccounts(state, survivor) }),
  };
}

function erasureOf(
  { state, partitions }: Asked,
  { workspace, requestId }: IdentityQuestion & { kind: 'erasure' },
): ErasureAnswer | null {
  const found = state.erasures.get(erasureKey(workspace, requestId));
  if (found === undefined) return null;
  const { profile, decidedAt } = found;
  if (profile === undefined) return { decidedAt, places: [] };
  const { id: profileId, erased } = profileAt(state, profile);
  const places = new Map<number, number[]>();
  for (const ordinal of [profile, ...formerOf(state, profile)]) {
    const partition = partitionOf(profileAt(state, ordinal).id, partitions);
    places.set(partition, [...(places.get(partition) ?? []), ordinal]);
  }
  return {
    decidedAt,
    erased: { profileId, erasedAt: erased!.erasedAt },
    places: [...places].map(([partition, ordinals]) => ({ partition, ordinals })),
  };
}

function quarantined(
  { state, rulesOf }: Asked,
  { workspace, identifier }: { readonly workspace: string; readonly identifier: Identifier },
): DecidableIdentifier | null {
  const rules = rulesOf(workspace);
  const kept = identifierAsked(identifier, rules);
  return (kept === undefined ? undefined : quarantinedIdentifier(state, workspace, kept, rules.caps)) ?? null;
}

function matchesOf(
  { state, rulesOf }: Asked,
  { of, workspace, identifiers }: IdentityQuestion & { kind: 'match' },
): Match[] {
  if (of === 'account') return identifiers.map((identifier) => matchAccount(state, workspace, identifier));
  const rules = rulesOf(workspace);
  return identifiers.map((identifier) => matchProfile(state, rules, workspace, identifier));
}

function ordinalOf(
  { state, rulesOf }: Asked,
  question: Exclude<
    IdentityQuestion,
    { kind: 'account' | 'members' | 'quarantine' | 'quarantined' | 'match' | 'erasure' }
  >,
): number | undefined {
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
  const { kind, workspace, identifier, profileId, requestId, after, limit, status } = (question ?? {}) as Record<
    string,
    unknown
  >;
  if (typeof workspace !== 'string') throw new InvalidQuestionError('no workspace');
  if (kind === 'match') return parseMatch(workspace, question as Record<string, unknown>);
  if ((kind === 'profile' || kind === 'ordinal') && typeof profileId === 'string')
    return { kind, workspace, profileId };
  if (kind === 'erasure' && typeof requestId === 'string') return { kind, workspace, requestId };
  if (kind === 'quarantine' && isStatus(status) && isCount(after) && isCount(limit)) {
    return { kind, workspace, status, after, limit };
  }
  const { type, value } = (identifier ?? {}) as Record<string, unknown>;
  if (typeof type === 'string' && typeof value === 'string') {
    if (isOfIdentifier(kind)) return { kind, workspace, identifier: { type, value } };
    if (kind === 'members' && isCount(after) && isCount(limit)) {
      return { kind, workspace, identifier: { type, value }, after, limit };
    }
  }
  throw new InvalidQuestionError(
    `it is none of { kind: ${OF_IDENTIFIER.join(' or ')}, identifier }, { kind: members, identifier, after, limit }, { kind: quarantine, status, after, limit }, { kind: profile or ordinal, profileId } and { kind: erasure, requestId }`,
  );
}

function parseMatch(workspace: string, { of, identifiers }: Record<string, unknown>): IdentityQuestion {
  if ((of === 'profile' || of === 'account') && Array.isArray(identifiers) && identifiers.length <= MATCHES_MAX) {
    if (identifiers.every(isIdentifier)) return { kind: 'match', of, workspace, identifiers };
  }
  throw new InvalidQuestionError(`match takes of (profile or account), and at most ${MATCHES_MAX} identifiers`);
}

function isIdentifier(given: unknown): given is Identifier {
  const { type, value } = (given ?? {}) as Record<string, unknown>;
  return typeof type === 'string' && typeof value === 'string';
}

const OF_IDENTIFIER = ['resolve', 'identifiers', 'merges', 'accounts', 'account', 'quarantined'] as const;

function isOfIdentifier(kind: unknown): kind is (typeof OF_IDENTIFIER)[number] {
  return (OF_IDENTIFIER as readonly unknown[]).includes(kind);
}

function isStatus(status: unknown): status is QuarantineStatus {
  return (QUARANTINE_STATUSES as readonly unknown[]).includes(status);
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

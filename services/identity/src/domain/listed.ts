/** Whom an import of a static list names: somebody who is known. It creates, links and merges nobody. */
import type { Entity, Event, Identifier, RefusalReason } from '@attrium/event';
import { ACCOUNT_ID, GROUP_ID } from './account.js';
import {
  IDENTIFIER_LENGTH_MAX,
  identifierAsked,
  identifierKey,
  normalise,
  type Refusal,
  takeInto,
} from './identifier.js';
import { type IdentityRules, isPlaceholder } from './rules.js';
import { accountEntityAt, entityAt, type IdentityState, isErased, profileAt, profileKey, survivorOf } from './state.js';

/** The type of an identifier that is the id of a profile itself, also of one that was merged away. */
export const PROFILE_ID = 'profile_id';

export interface Listed {
  readonly entity: Entity;
  /** Of a profile: whom the identifier would belong to without any merge. */
  readonly origin: string;
}

/** Why an identifier matches nobody. */
export type MatchFailure = 'unknown' | RefusalReason;

/** The id of the profile or account that has an identifier, or why there is none. */
export type Match =
  | { readonly id: string; readonly groupId?: string | undefined; readonly why?: undefined }
  | { readonly why: MatchFailure };

/** The account of the event's group id, else the profile of its first identifier; undefined for nobody. */
export function listedIn(state: IdentityState, event: Event, rules: IdentityRules): Listed | undefined {
  const { workspace, groupId, identifiers } = event;
  if (groupId !== undefined) {
    const account = accountOf(state, workspace, { type: GROUP_ID, value: groupId });
    if (account === undefined) return undefined;
    const entity = accountEntityAt(state, account);
    return { entity, origin: entity.id };
  }
  const [identifier] = identifiers;
  if (identifier === undefined) return undefined;
  if (identifier.type === PROFILE_ID) {
    const ordinal = state.profileIds.get(profileKey(workspace, identifier.value));
    if (ordinal === undefined || isErased(state, ordinal)) return undefined;
    return { entity: entityAt(state, survivorOf(state, ordinal)), origin: identifier.value };
  }
  const asked = identifierAsked(identifier, rules);
  const row = asked === undefined ? undefined : state.identifiers.get(identifierKey(workspace, asked));
  if (row === undefined) return undefined;
  return { entity: entityAt(state, survivorOf(state, row.ordinal)), origin: profileAt(state, row.home).id };
}

/** What an import would find: the live profile of an identifier. */
export function matchProfile(
  state: IdentityState,
  rules: IdentityRules,
  workspace: string,
  identifier: Identifier,
): Match {
  if (identifier.type === PROFILE_ID) {
    const ordinal = state.profileIds.get(profileKey(workspace, identifier.value));
    const isThere = ordinal !== undefined && !isErased(state, ordinal);
    return isThere ? { id: profileAt(state, survivorOf(state, ordinal)).id } : { why: 'unknown' };
  }
  const usable: Identifier[] = [];
  const refused: Refusal[] = [];
  takeInto(usable, refused, identifier, rules);
  if (usable[0] === undefined) return { why: refused[0]?.why ?? 'unknown-type' };
  const row = state.identifiers.get(identifierKey(workspace, usable[0]));
  return row === undefined ? { why: 'unknown' } : { id: profileAt(state, survivorOf(state, row.ordinal)).id };
}

/** As `matchProfile`, of an account; with its group id. */
export function matchAccount(state: IdentityState, workspace: string, { type, value }: Identifier): Match {
  if (type !== GROUP_ID && type !== ACCOUNT_ID) return { why: 'unknown-type' };
  const normalised = normalise(value, 'none')!;
  if (normalised.length > IDENTIFIER_LENGTH_MAX) return { why: 'too-long' };
  if (isPlaceholder(normalised)) return { why: 'blocked' };
  const ordinal = accountOf(state, workspace, { type, value: normalised });
  if (ordinal === undefined) return { why: 'unknown' };
  const { id, groupId } = state.accounts.get(ordinal)!;
  return { id, groupId };
}

function accountOf(state: IdentityState, workspace: string, identifier: Identifier): number | undefined {
  const value = normalise(identifier.value, 'none')!;
  return state.accountIds.get(identifierKey(workspace, { type: identifier.type, value }));
}

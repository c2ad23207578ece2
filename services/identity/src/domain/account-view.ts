/** What questions show of accounts: what an account is, who its members are, and the accounts of a profile. */
import { type Identifier, partitionOf } from '@attrium/event';
import { ACCOUNT_ID, currentOf, GROUP_ID, MEMBERS_PER_ROW, memberKey } from './account.js';
import { identifierKey, normalise } from './identifier.js';
import { accountAt, type IdentityState, profileAt, survivorOf } from './state.js';

export interface AccountAnswer {
  readonly accountId: string;
  readonly groupId: string;
  readonly ordinal: number;
  /** Where the facts of the account go, in every log after `events`. */
  readonly partition: number;
  /** Living profiles that are members. */
  readonly members: number;
}

export interface ProfileAccount {
  readonly accountId: string;
  readonly groupId: string;
  /** Time of the latest group event that made the profile a member, ms. */
  readonly groupedAt: number;
  /** It is the one that the latest group event of the profile names. */
  readonly current: boolean;
}

export interface MembersAnswer {
  readonly accountId: string;
  readonly groupId: string;
  readonly members: number;
  /** In the order in which they became members. */
  readonly profileIds: readonly string[];
  /** `after` of the next question; undefined: there are no more. */
  readonly next?: number | undefined;
}

/** The ordinal of an account; undefined for none. */
export function accountAsked(state: IdentityState, workspace: string, { type, value }: Identifier): number | undefined {
  if (type !== GROUP_ID && type !== ACCOUNT_ID) return undefined;
  return state.accountIds.get(identifierKey(workspace, { type, value: normalise(value, 'none')! }));
}

export function accountOf(state: IdentityState, ordinal: number, partitions: number): AccountAnswer {
  const { id: accountId, groupId, members } = accountAt(state, ordinal);
  return { accountId, groupId, ordinal, partition: partitionOf(accountId, partitions), members };
}

/** Of a living profile, in the order in which it got them. */
export function profileAccounts(state: IdentityState, ordinal: number): ProfileAccount[] {
  const { accounts = [] } = profileAt(state, ordinal);
  const current = currentOf(accounts);
  return accounts.map((link) => {
    const { id: accountId, groupId } = accountAt(state, link.account);
    return { accountId, groupId, groupedAt: link.at, current: link === current };
  });
}

/** At most `limit` members. A profile that was merged into another member stands at the place of the first of them. */
export function membersOf(
  state: IdentityState,
  ordinal: number,
  { after, limit }: { readonly after: number; readonly limit: number },
): MembersAnswer {
  const { id: accountId, groupId, members, entries } = accountAt(state, ordinal);
  const profileIds: string[] = [];
  let entry = after;
  for (; entry < entries && profileIds.length < limit; entry++) {
    const listed = state.accountMembers.get(memberKey(ordinal, entry))![entry % MEMBERS_PER_ROW]!;
    const profile = profileAt(state, survivorOf(state, listed));
    if (profile.accounts?.some((link) => link.account === ordinal && link.entry === entry)) profileIds.push(profile.id);
  }
  return { accountId, groupId, members, profileIds, next: entry < entries ? entry : undefined };
}

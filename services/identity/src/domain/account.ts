/** Decides which account an event names and whose members change by it, and folds the decision into the state. */
import { compareText, type Entity, type Event } from '@attrium/event';
import { hashText } from './hash.js';
import { IDENTIFIER_LENGTH_MAX, identifierKey, normalise, type Refusal, shortened } from './identifier.js';
import type { DecideOptions, Resolution } from './resolution.js';
import { isPlaceholder } from './rules.js';
import {
  type AccountLinkRow,
  type AccountRow,
  accountAt,
  accountEntityAt,
  count,
  type IdentityState,
  PROFILE_COUNTER,
  profileAt,
} from './state.js';

/** The type under which a group id is asked for, and told of when it is refused. */
export const GROUP_ID = 'group_id';
/** The type of an identifier that is the id of an account itself. */
export const ACCOUNT_ID = 'account_id';

/** Members in one row of the list. */
export const MEMBERS_PER_ROW = 256;

export interface NamedAccount {
  readonly entity: Entity;
  readonly groupId: string;
  readonly created: boolean;
}

export interface AccountDecision {
  /** The account that the event belongs to; undefined for none. */
  readonly named?: NamedAccount | undefined;
  /** Accounts that the profile becomes a member of. */
  readonly linked: readonly Entity[];
  /** Memberships that end because their profile is merged away. */
  readonly unlinked: readonly { readonly mergeId: string; readonly loser: Entity; readonly account: Entity }[];
  /** All that the profile is a member of after it; undefined: as before. */
  readonly links?: readonly AccountLinkRow[] | undefined;
  /** The account that becomes the current one. */
  readonly current?: Entity | undefined;
  /** The group event makes the profile a member that it was not: it gets a place in the account's list. */
  readonly joins: boolean;
  /** Profiles that are merged away and had a current account. */
  readonly leaving: readonly Entity[];
  readonly refused?: Refusal | undefined;
}

/** Of an event, what accounts are decided by. */
export type AccountEvent = Pick<Event, 'workspace' | 'id' | 'type' | 'groupId' | 'occurredAt'>;

const NOTHING: AccountDecision = { linked: [], unlinked: [], joins: false, leaving: [] };

/**
 * Reads the state only. An event belongs to the account that it names, and to no other: so what an account is made of does not depend
 * on the order in which events arrive. Any event makes the account known; only `group` makes its profile a member.
 */
export function decideAccounts(
  state: IdentityState,
  event: AccountEvent,
  resolution: Resolution,
  options: DecideOptions,
): AccountDecision {
  const before = resolution.created ? undefined : profileAt(state, resolution.entity.ordinal).accounts;
  const losers = resolution.merges.filter(({ loser }) => profileAt(state, loser.ordinal).accounts !== undefined);
  if (event.groupId === undefined && losers.length === 0) return NOTHING;
  const links = new Map<number, AccountLinkRow>();
  for (const link of before ?? []) links.set(link.account, link);
  const unlinked: { mergeId: string; loser: Entity; account: Entity }[] = [];
  for (const { mergeId, loser } of losers) {
    for (const link of profileAt(state, loser.ordinal).accounts!) {
      unlinked.push({ mergeId, loser, account: accountEntityAt(state, link.account) });
      links.set(link.account, unite(links.get(link.account), link));
    }
  }
  const { named, refused } = namedAccount(state, event, resolution, options);
  const group = named === undefined ? undefined : groupLink(state, event, named, links, options);
  if (group?.link !== undefined) links.set(group.link.account, group.link);
  const known = new Set((before ?? []).map(({ account }) => account));
  const linked = [...links.keys()]
    .filter((account) => !known.has(account))
    .map((account) => (account === named?.entity.ordinal ? named.entity : accountEntityAt(state, account)));
  const current = currentOf([...links.values()]);
  const isNewCurrent = current !== undefined && current.account !== currentOf(before ?? [])?.account;
  return {
    named,
    linked,
    unlinked,
    links: group?.link === undefined && losers.length === 0 ? undefined : [...links.values()],
    current: !isNewCurrent
      ? undefined
      : current.account === named?.entity.ordinal
        ? named.entity
        : accountEntityAt(state, current.account),
    joins: group?.joins ?? false,
    leaving: losers.map(({ loser }) => loser),
    refused: refused ?? group?.refused,
  };
}

/** The link that the latest group event made, ties broken by the event's id. */
export function currentOf(links: readonly AccountLinkRow[]): AccountLinkRow | undefined {
  let current: AccountLinkRow | undefined;
  for (const link of links) if (current === undefined || isLater(link, current)) current = link;
  return current;
}

/** Folds a decision into the state, after the resolution that it belongs to. */
export function evolveAccounts(state: IdentityState, decision: AccountDecision, resolution: Resolution): void {
  const { named, links, joins } = decision;
  const { ordinal } = resolution.entity;
  if (named?.created === true) create(state, named);
  if (joins) enlist(state, named!.entity.ordinal, ordinal);
  const became = new Map<number, number>();
  for (const { ordinal: account } of decision.linked) became.set(account, (became.get(account) ?? 0) + 1);
  for (const { account } of decision.unlinked) became.set(account.ordinal, (became.get(account.ordinal) ?? 0) - 1);
  for (const [account, change] of became) if (change !== 0) editAccount(state, account).members += change;
  if (links !== undefined) state.profiles.edit(ordinal)!.accounts = [...links];
}

/** The account of a group id, or why it names none. */
function namedAccount(
  state: IdentityState,
  event: AccountEvent,
  resolution: Resolution,
  { shard, shards }: DecideOptions,
): { named?: NamedAccount; refused?: Refusal } {
  if (event.groupId === undefined) return {};
  const { workspace } = event;
  const groupId = normalise(event.groupId, 'none')!;
  if (groupId.length > IDENTIFIER_LENGTH_MAX) {
    return { refused: { identifier: shortened({ type: GROUP_ID, value: groupId }), why: 'too-long' } };
  }
  if (isPlaceholder(groupId)) return { refused: { identifier: { type: GROUP_ID, value: groupId }, why: 'blocked' } };
  const key = identifierKey(workspace, { type: GROUP_ID, value: groupId });
  const known = state.accountIds.get(key);
  if (known !== undefined) return { named: { entity: accountEntityAt(state, known), groupId, created: false } };
  const seed = `${key}\n${event.id}`;
  let id = hashText(seed);
  for (let attempt = 1; state.accountIds.get(idKey(workspace, id)) !== undefined; attempt++) {
    id = hashText(`${seed}\n${attempt}`);
  }
  const counter = (state.counters.get(PROFILE_COUNTER)?.count ?? 0) + (resolution.created ? 2 : 1);
  const entity: Entity = { workspace, kind: 'account', id, ordinal: counter * shards + shard };
  return { named: { entity, groupId, created: true } };
}

/** What a group event makes of the profile's link to the account; nothing for other events, and where it says nothing newer. */
function groupLink(
  state: IdentityState,
  event: AccountEvent,
  { entity, groupId, created }: NamedAccount,
  links: ReadonlyMap<number, AccountLinkRow>,
  { rules: { caps } }: DecideOptions,
): { link?: AccountLinkRow; joins: boolean; refused?: Refusal } | undefined {
  if (event.type !== 'group') return undefined;
  const { ordinal: account } = entity;
  const said = { account, at: event.occurredAt, by: event.id };
  const before = links.get(account);
  if (before !== undefined) {
    return isLater(said, before) ? { link: { ...said, entry: before.entry }, joins: false } : undefined;
  }
  const entry = created ? 0 : accountAt(state, account).entries;
  const identifier = { type: GROUP_ID, value: groupId };
  const hit =
    links.size >= caps.accountsPerProfileMax ? 'accounts' : entry >= caps.membersPerAccountMax ? 'members' : undefined;
  if (hit !== undefined) return { joins: false, refused: { identifier, why: 'limit', hit } };
  return { link: { ...said, entry }, joins: true };
}

/** One profile's two links to one account: the latest group event, and the place that came first. */
function unite(a: AccountLinkRow | undefined, b: AccountLinkRow): AccountLinkRow {
  if (a === undefined) return b;
  return { ...(isLater(b, a) ? b : a), entry: Math.min(a.entry, b.entry) };
}

function isLater(a: { at: number; by: string }, b: { at: number; by: string }): boolean {
  return a.at !== b.at ? a.at > b.at : compareText(a.by, b.by) > 0;
}

function create(state: IdentityState, { entity: { workspace, id, ordinal }, groupId }: NamedAccount): void {
  count(state, PROFILE_COUNTER);
  state.accounts.put(ordinal, { workspace, id, groupId, entries: 0, members: 0 });
  state.accountIds.put(identifierKey(workspace, { type: GROUP_ID, value: groupId }), ordinal);
  state.accountIds.put(idKey(workspace, id), ordinal);
}

function enlist(state: IdentityState, account: number, profile: number): void {
  const row = editAccount(state, account);
  const key = memberKey(account, row.entries);
  const list = state.accountMembers.edit(key);
  if (list === undefined) state.accountMembers.put(key, [profile]);
  else list.push(profile);
  row.entries++;
}

/** The row of the list in which an entry stands. */
export function memberKey(account: number, entry: number): string {
  return `${account}/${Math.floor(entry / MEMBERS_PER_ROW)}`;
}

function editAccount(state: IdentityState, ordinal: number): AccountRow {
  const row = state.accounts.edit(ordinal);
  if (row === undefined) throw new Error(`assertion: account ${ordinal} does not exist`);
  return row;
}

function idKey(workspace: string, id: string): string {
  return identifierKey(workspace, { type: ACCOUNT_ID, value: id });
}

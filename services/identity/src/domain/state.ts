/** What identity keeps between records: the owner of each identifier, the profiles, and how to find them by id. */
import type { Entity, Identifier } from '@attrium/event';
import type { QuarantineEntry, QuarantineList } from './quarantine-state.js';

/** Rows by key; the tables of the stage loop have this shape, and so has a Map in a test. */
export interface Rows<K, V> {
  /** The row; not to be changed. */
  get(key: K): V | undefined;
  /** The row, to be changed in place. */
  edit(key: K): V | undefined;
  put(key: K, value: V): void;
  delete(key: K): void;
}

export interface IdentifierRow {
  /** A profile that owns it, or that was merged into the owner. */
  ordinal: number;
  /** The profile that would own it if nothing had ever been merged. */
  readonly home: number;
  /** Number of its entry in the quarantine; undefined for none. */
  quarantine?: number;
}

/** An identifier as a profile holds it. */
export interface HeldIdentifier extends Identifier {
  /** Log time at which it was linked; only where its type had a limit in a window of time then. */
  readonly linkedAt?: number;
}

export interface ProfileRow {
  readonly workspace: string;
  readonly id: string;
  /** Set while the profile is merged into another; its identifiers are then listed there too. */
  mergedInto: number | undefined;
  /** How many times it was merged into another. */
  losses: number;
  /** Profiles merged into it, directly or through others. */
  merges: number;
  /** Log times of those merges that may still count for the quarantine; undefined for none. */
  mergedAt?: number[];
  /** What it holds; once it is merged away, what it held then. */
  identifiers: HeldIdentifier[];
  /** Profiles merged into it directly, in order; undefined for none. */
  absorbed?: number[];
  /** How it was merged away, while it is. */
  lost?: MergeNote;
  /** The accounts that it is a member of; once it is merged away, those that it was then. Undefined for none. */
  accounts?: AccountLinkRow[];
  /** It is a tombstone, and so are those that were merged into it: only ids are left of them. */
  erased?: ErasureNote;
}

/** A profile's membership of an account. */
export interface AccountLinkRow {
  /** Of the account. */
  readonly account: number;
  /** Time and id of the latest group event that says so: of all links the latest names the current account. */
  readonly at: number;
  readonly by: string;
  /** Its place among the entries of the account's members. */
  readonly entry: number;
}

export interface AccountRow {
  readonly workspace: string;
  readonly id: string;
  readonly groupId: string;
  /** Profiles that a group event ever made a member, each in its place of the list. */
  entries: number;
  /** Living profiles that are members. */
  members: number;
}

/** What is remembered of one merge, in the row of the profile that was merged away. */
export interface MergeNote {
  readonly mergeId: string;
  /** The id of the event that caused it. */
  readonly cause: string;
  readonly occurredAt: number;
  /** Log time. */
  readonly mergedAt: number;
  /** The order in the shard: merges that were decided later have a higher one. */
  readonly place: number;
}

/** What was decided on a request, kept for as long as the state. */
export interface ErasureRow {
  /** Ordinal of the profile; undefined: nobody had the identifier. */
  readonly profile: number | undefined;
  /** Log time at which the request was read, ms. */
  readonly decidedAt: number;
}

/** In the row of an erased profile. */
export interface ErasureNote {
  readonly requestId: string;
  /** Log time, ms. */
  readonly erasedAt: number;
}

export interface IdentityState {
  /** By `identifierKey`. */
  readonly identifiers: Rows<string, IdentifierRow>;
  /** By ordinal. */
  readonly profiles: Rows<number, ProfileRow>;
  /** Ordinals by `profileKey`. */
  readonly profileIds: Rows<string, number>;
  /** By ordinal. */
  readonly accounts: Rows<number, AccountRow>;
  /** Ordinals of accounts, by `identifierKey` of their group id and of their own id. */
  readonly accountIds: Rows<string, number>;
  /** Ordinals of the profiles in an account's list of members, so many in each row; by `memberKey`. */
  readonly accountMembers: Rows<string, number[]>;
  /** By `erasureKey`: the requests that were read. */
  readonly erasures: Rows<string, ErasureRow>;
  /** Identifiers by which merges are held or were decided about; by `entryKey`. */
  readonly quarantine: Rows<string, QuarantineEntry>;
  /** By workspace. */
  readonly quarantineLists: Rows<string, QuarantineList>;
  /** `PROFILE_COUNTER` and `MERGE_COUNTER`: profiles and accounts created, and merges decided, so far in this shard. */
  readonly counters: Rows<string, { count: number }>;
}

/** The catalogue in force, as far as identity needs it. */
export interface CatalogueRow {
  readonly revision: number;
  /** JSON of a catalogue that has the identity section only; undefined when the catalogue has none. */
  readonly identity: string | undefined;
}

/** Profiles and accounts: they share their ordinals. */
export const PROFILE_COUNTER = 'profiles';
export const MERGE_COUNTER = 'merges';

/** Ordinals are `counter × shards + shard`, the counter from 1 on: unique over all shards, rising in one, never reused. */
export interface Shard {
  readonly shard: number;
  readonly shards: number;
}

/** What facts and answers say of identifiers that a profile holds. */
export function plainIdentifiers(held: readonly HeldIdentifier[]): Identifier[] {
  return held.map(({ type, value }) => ({ type, value }));
}

export function profileKey(workspace: string, profileId: string): string {
  return `${workspace}/${profileId}`;
}

/** The account row of an ordinal that another row names. */
export function accountAt(state: IdentityState, ordinal: number): AccountRow {
  const row = state.accounts.get(ordinal);
  if (row === undefined) throw new Error(`assertion: account ${ordinal} is referred to and does not exist`);
  return row;
}

/** The profile row of an ordinal that another row names. */
export function profileAt(state: IdentityState, ordinal: number): ProfileRow {
  const row = state.profiles.get(ordinal);
  if (row === undefined) throw new Error(`assertion: profile ${ordinal} is referred to and does not exist`);
  return row;
}

/** The live profile that an ordinal leads to: itself, or the survivor of all its merges. */
export function survivorOf(state: IdentityState, ordinal: number): number {
  let current = ordinal;
  for (;;) {
    const next = profileAt(state, current).mergedInto;
    if (next === undefined) return current;
    current = next;
  }
}

/** Whether the profile that an ordinal leads to is a tombstone. */
export function isErased(state: IdentityState, ordinal: number): boolean {
  return profileAt(state, survivorOf(state, ordinal)).erased !== undefined;
}

export function entityAt(state: IdentityState, ordinal: number): Entity {
  const row = profileAt(state, ordinal);
  return { workspace: row.workspace, kind: 'profile', id: row.id, ordinal };
}

export function accountEntityAt(state: IdentityState, ordinal: number): Entity {
  const { workspace, id } = accountAt(state, ordinal);
  return { workspace, kind: 'account', id, ordinal };
}

/** Counts one more, and returns how many there are then. */
export function count(state: IdentityState, name: string): number {
  const counter = state.counters.edit(name);
  if (counter !== undefined) return ++counter.count;
  state.counters.put(name, { count: 1 });
  return 1;
}

/** Decides which profile an event belongs to, what that links and merges, and folds the decision into the state. */
import type { Entity, Event, Identifier } from '@attrium/event';
import { hashText } from './hash.js';
import { identifierKey, type Refusal, usableIdentifiers } from './identifier.js';
import type { Candidate } from './profile-limits.js';
import { type HeldMerge, heldMerges, hold, mergesWithin, settle, withoutRefused } from './quarantine.js';
import type { IdentityRules } from './rules.js';
import {
  count,
  entityAt,
  type IdentityState,
  MERGE_COUNTER,
  PROFILE_COUNTER,
  type ProfileRow,
  plainIdentifiers,
  profileAt,
  profileKey,
  type Shard,
  survivorOf,
} from './state.js';

/** One profile that ends in another. */
export interface Merge {
  /** Unique over all merges: a profile can be merged away again only after it was split off. */
  readonly mergeId: string;
  readonly loser: Entity;
  readonly identifiers: readonly Identifier[];
}

export interface Resolution {
  readonly kind: 'resolved';
  readonly entity: Entity;
  readonly created: boolean;
  /** The profile that the event would belong to without any merge. */
  readonly home: number;
  readonly origin: string;
  readonly linked: readonly Identifier[];
  /** Oldest loser first. */
  readonly merges: readonly Merge[];
  /** Keys of identifiers that still name a profile which was merged away earlier. */
  readonly outdated: readonly string[];
  readonly refused: readonly Refusal[];
  /** Merges that wait for somebody's decision. */
  readonly held: readonly HeldMerge[];
}

/** No identifier of the event can be used: it belongs to nobody. */
export interface Unresolved {
  readonly kind: 'unresolved';
  readonly refused: readonly Refusal[];
}

export interface DecideOptions extends Shard {
  readonly rules: IdentityRules;
  /** Log time of the reading. */
  readonly now: number;
  /** Identifiers found in the event's traits and properties. */
  readonly mapped?: readonly Identifier[];
}

const NONE_MAPPED: readonly Identifier[] = [];

/** Reads the state only; the same state and event give the same decision. */
export function decide(state: IdentityState, event: Event, options: DecideOptions): Resolution | Unresolved {
  const { workspace } = event;
  const { usable, refused } = usableIdentifiers(event, options.rules, {
    mapped: options.mapped ?? NONE_MAPPED,
    isKnown: (identifier) => state.identifiers.get(identifierKey(workspace, identifier)) !== undefined,
  });
  if (usable.length === 0) return { kind: 'unresolved', refused };
  const found: Candidate[] = [];
  for (const identifier of usable) found.push(candidateOf(state, workspace, identifier, found.at(-1)));
  const candidates = withoutRefused(state, workspace, found, refused);
  if (candidates.length === 0) return { kind: 'unresolved', refused };
  const only = soleOwner(candidates);
  if (only !== undefined) return resolvedTo(state, only, { candidates, refused });
  const settled = settle(state, workspace, candidates, options);
  const { rest, taken, owners, hit } = settled;
  const held = heldMerges(state, workspace, settled, options);
  for (const { identifier } of held) refused.push({ identifier, why: 'quarantined' });
  for (const candidate of rest.slice(taken.length)) {
    // What the profile holds already is not lost by being left out.
    if (candidate.owner !== undefined && owners.includes(candidate.owner)) continue;
    const why = hit === 'window' ? 'limit-in-window' : 'limit';
    refused.push({ identifier: candidate.identifier, why, ...(hit && { hit }) });
  }
  const linked = taken.filter(({ owner }) => owner === undefined).map(({ identifier }) => identifier);
  const [oldest, ...losers] = owners;
  if (oldest === undefined) {
    const entity = newProfile(state, event, taken[0]!.identifier, options);
    const { ordinal: home, id: origin } = entity;
    return { kind: 'resolved', entity, created: true, home, origin, linked, merges: [], outdated: [], refused, held };
  }
  return {
    ...resolvedTo(state, oldest, { candidates: taken, refused }),
    linked,
    merges: losers.map((loser) => mergeOf(state, loser)),
    held,
  };
}

/** The profile that owns all of them: most events tell nothing new. */
function soleOwner(candidates: readonly Candidate[]): number | undefined {
  const { owner } = candidates[0]!;
  for (const candidate of candidates) if (candidate.owner !== owner) return undefined;
  return owner;
}

/** The event goes to a profile that there is; nothing is linked or merged by that. */
function resolvedTo(
  state: IdentityState,
  owner: number,
  { candidates, refused }: { candidates: readonly Candidate[]; refused: readonly Refusal[] },
): Resolution {
  // Without merges the event, and with it every new identifier, would go where its highest-priority known identifier is at home.
  const home = candidates.find((candidate) => candidate.home !== undefined)!.home!;
  const entity = entityAt(state, owner);
  return {
    kind: 'resolved',
    entity,
    created: false,
    home,
    origin: home === owner ? entity.id : profileAt(state, home).id,
    linked: [],
    merges: [],
    outdated: candidates.filter(({ outdated }) => outdated).map(({ key }) => key),
    refused,
    held: [],
  };
}

/** `before`: another candidate of the event, which mostly has the same profile. */
function candidateOf(
  state: IdentityState,
  workspace: string,
  identifier: Identifier,
  before: Candidate | undefined,
): Candidate {
  const key = identifierKey(workspace, identifier);
  const row = state.identifiers.get(key);
  if (row === undefined) return { identifier, key, owner: undefined, home: undefined, outdated: false };
  const isSame = before !== undefined && before.owner === row.ordinal;
  const owner = isSame ? row.ordinal : survivorOf(state, row.ordinal);
  const { home, quarantine: entry } = row;
  return { identifier, key, owner, home, outdated: owner !== row.ordinal, entry };
}

export function mergeOf(state: IdentityState, loser: number): Merge {
  const row = profileAt(state, loser);
  return {
    mergeId: `m:${row.id}:${row.losses + 1}`,
    loser: entityAt(state, loser),
    identifiers: plainIdentifiers(row.identifiers),
  };
}

/** The id is a hash of the first identifier and the event; should it be taken, the next attempt is another one. */
function newProfile(state: IdentityState, event: Event, first: Identifier, { shard, shards }: Shard): Entity {
  const { workspace } = event;
  const seed = `${identifierKey(workspace, first)}\n${event.id}`;
  let id = hashText(seed);
  for (let attempt = 1; state.profileIds.get(profileKey(workspace, id)) !== undefined; attempt++) {
    id = hashText(`${seed}\n${attempt}`);
  }
  const counter = (state.counters.get(PROFILE_COUNTER)?.count ?? 0) + 1;
  return { workspace, kind: 'profile', id, ordinal: counter * shards + shard };
}

/** The event that a decision is about, the log time of its reading, and the rules that it was made by. */
export interface DecidedAt {
  readonly rules: IdentityRules;
  readonly cause: string;
  readonly occurredAt: number;
  readonly now: number;
}

/** Folds a decision into the state. */
export function evolve(state: IdentityState, decision: Resolution, at: DecidedAt): void {
  const { entity, home } = decision;
  const { workspace, ordinal } = entity;
  if (decision.created) create(state, entity);
  for (const key of decision.outdated) state.identifiers.edit(key)!.ordinal = ordinal;
  if (decision.held.length > 0) hold(state, decision.held, { ...at, workspace, profile: ordinal });
  if (decision.linked.length === 0 && decision.merges.length === 0) return;
  const survivor = editProfile(state, ordinal);
  for (const identifier of decision.linked) {
    state.identifiers.put(identifierKey(workspace, identifier), { ordinal, home });
    const isTimed = at.rules.types.get(identifier.type)?.windowMs !== undefined;
    survivor.identifiers.push(isTimed ? { ...identifier, linkedAt: at.now } : identifier);
  }
  for (const { mergeId, loser } of decision.merges) {
    const row = editProfile(state, loser.ordinal);
    survivor.identifiers.push(...row.identifiers);
    survivor.merges += row.merges + 1;
    survivor.absorbed ??= [];
    survivor.absorbed.push(loser.ordinal);
    noteMerge(survivor, row, at);
    row.mergedInto = ordinal;
    row.losses += 1;
    row.lost = {
      mergeId,
      cause: at.cause,
      occurredAt: at.occurredAt,
      mergedAt: at.now,
      place: count(state, MERGE_COUNTER),
    };
  }
}

/** The merges of both count for the survivor, and so does this one; nothing where the workspace holds none. */
function noteMerge(survivor: ProfileRow, loser: ProfileRow, { rules, now }: DecidedAt): void {
  if (rules.quarantine === undefined) return;
  const { windowMs } = rules.quarantine;
  survivor.mergedAt = [survivor, loser].flatMap((row) => mergesWithin(row, windowMs, now));
  survivor.mergedAt.push(now);
}

function create(state: IdentityState, { workspace, id, ordinal }: Entity): void {
  count(state, PROFILE_COUNTER);
  state.profiles.put(ordinal, { workspace, id, mergedInto: undefined, losses: 0, merges: 0, identifiers: [] });
  state.profileIds.put(profileKey(workspace, id), ordinal);
}

function editProfile(state: IdentityState, ordinal: number): ProfileRow {
  const row = state.profiles.edit(ordinal);
  if (row === undefined) throw new Error(`assertion: profile ${ordinal} does not exist`);
  return row;
}

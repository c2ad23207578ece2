/** Holds back merges into profiles that too many were merged into lately: such an event is decided as if their identifiers were not there. */
import type { Identifier } from '@attrium/event';
import type { Refusal } from './identifier.js';
import { type Candidate, fitWithinLimits } from './profile-limits.js';
import {
  editQuarantineEntry,
  editQuarantineList,
  entryKey,
  quarantineEntryAt,
  quarantineListOf,
} from './quarantine-rows.js';
import type { QuarantineEntry, QuarantineStatus } from './quarantine-state.js';
import type { IdentityRules } from './rules.js';
import { type IdentityState, type ProfileRow, profileAt } from './state.js';

/** An identifier of an event by which a merge is held. */
export interface HeldMerge {
  readonly identifier: Identifier;
  readonly key: string;
  /** The profile that it belongs to, and that the event's is not merged with. */
  readonly owner: number;
  /** Merges into that profile within the window. */
  readonly merges: number;
  /** Number of its entry; undefined: there is no room for one more. */
  readonly entry: number | undefined;
  /** The entry begins with this event. */
  readonly isNew: boolean;
}

/** Which identifiers of an event decide whom it belongs to. */
export interface Settled {
  /** Those that are not held, the highest priority first. */
  readonly rest: readonly Candidate[];
  /** Those of the rest that can be one profile. */
  readonly taken: readonly Candidate[];
  /** Of `taken`, the oldest first. */
  readonly owners: readonly number[];
  readonly hit: ReturnType<typeof fitWithinLimits>['hit'];
  readonly held: readonly Candidate[];
}

interface At {
  readonly rules: IdentityRules;
  readonly now: number;
}

/** Candidates without those that somebody has refused for good; these are added to `refused`. */
export function withoutRefused(
  state: IdentityState,
  workspace: string,
  candidates: readonly Candidate[],
  refused: Refusal[],
): readonly Candidate[] {
  if (candidates.every(({ entry }) => entry === undefined)) return candidates;
  return candidates.filter((candidate) => {
    if (statusOf(state, workspace, candidate) !== 'refused') return true;
    refused.push({ identifier: candidate.identifier, why: 'blocked' });
    return false;
  });
}

/** Fits the candidates into limits, and takes away by what would merge too many, until neither is broken. */
export function settle(state: IdentityState, workspace: string, candidates: readonly Candidate[], at: At): Settled {
  const held: Candidate[] = [];
  for (let rest = candidates; ; ) {
    const { count, hit } = fitWithinLimits(state, rest, at);
    const taken = rest.slice(0, count);
    const owners = [...new Set(taken.flatMap(({ owner }) => owner ?? []))].sort((a, b) => a - b);
    const more = owners.length < 2 ? [] : heldAmong(state, { workspace, taken, owners }, at);
    if (more.length === 0) return { rest, taken, owners, hit, held };
    held.push(...more);
    rest = rest.filter((candidate) => !more.includes(candidate));
  }
}

/**
 * Of several profiles' identifiers: those that wait for a decision already, else, if with this event more profiles than the threshold
 * would have become one within the window, those of the profile into which most were merged. One that was released lets all pass.
 * Never all of them: the event has to belong to somebody.
 */
function heldAmong(
  state: IdentityState,
  { workspace, taken, owners }: { workspace: string; taken: readonly Candidate[]; owners: readonly number[] },
  { rules, now }: At,
): readonly Candidate[] {
  const { quarantine } = rules;
  if (quarantine === undefined) return [];
  const waiting = taken.filter((candidate) => statusOf(state, workspace, candidate) === 'held');
  if (waiting.length > 0) {
    if (waiting.length < taken.length) return waiting;
    return waiting.filter(({ owner }) => owner !== taken[0]!.owner);
  }
  const counts = owners.map((owner) => mergesWithin(profileAt(state, owner), quarantine.windowMs, now).length);
  const total = counts.reduce((sum, count) => sum + count, owners.length - 1);
  if (total <= quarantine.merges) return [];
  if (taken.some((candidate) => statusOf(state, workspace, candidate) === 'released')) return [];
  const stormed = owners[counts.indexOf(Math.max(...counts))];
  return taken.filter(({ owner }) => owner === stormed);
}

/** What becomes of the candidates that were taken away; one whose profile the event has anyway is not held by that. */
export function heldMerges(
  state: IdentityState,
  workspace: string,
  { held, owners }: Settled,
  { rules, now }: At,
): readonly HeldMerge[] {
  if (held.length === 0 || rules.quarantine === undefined) return NONE;
  const { windowMs } = rules.quarantine;
  const list = quarantineListOf(state, workspace);
  let room = rules.caps.heldPerWorkspaceMax - list.held.length;
  let { next } = list;
  const merges: HeldMerge[] = [];
  for (const { identifier, key, owner, entry } of held) {
    if (owner === undefined || owners.includes(owner)) continue;
    const isNew = entry === undefined && room > 0;
    if (isNew) room--;
    merges.push({
      identifier,
      key,
      owner,
      merges: mergesWithin(profileAt(state, owner), windowMs, now).length,
      entry: isNew ? next++ : entry,
      isNew,
    });
  }
  return merges;
}

const NONE: readonly HeldMerge[] = [];

/** Folds held merges into the state; `profile` is the one that the event went to. */
export function hold(
  state: IdentityState,
  held: readonly HeldMerge[],
  { workspace, profile, rules, now }: At & { readonly workspace: string; readonly profile: number },
): void {
  for (const { identifier, key, entry: number, isNew } of held) {
    if (number === undefined) {
      editQuarantineList(state, workspace).unlisted++;
      continue;
    }
    if (isNew) {
      const counts = { events: 0, profiles: [], unremembered: 0 };
      const fresh: QuarantineEntry = { identifier, status: 'held', heldAt: now, lastAt: now, ...counts };
      state.quarantine.put(entryKey(workspace, number), fresh);
      state.identifiers.edit(key)!.quarantine = number;
      const list = editQuarantineList(state, workspace);
      list.next = number + 1;
      list.held.push(number);
    }
    const entry = editQuarantineEntry(state, workspace, number);
    entry.events++;
    entry.lastAt = now;
    if (entry.profiles.includes(profile)) continue;
    if (entry.profiles.length < rules.caps.profilesPerHeldMax) entry.profiles.push(profile);
    else entry.unremembered++;
  }
}

/** Log times of the merges into a profile, directly and through others, as far as they are within the window. */
export function mergesWithin({ mergedAt = [] }: ProfileRow, windowMs: number, now: number): readonly number[] {
  return mergedAt.length === 0 ? mergedAt : mergedAt.filter((at) => at > now - windowMs);
}

function statusOf(state: IdentityState, workspace: string, { entry }: Candidate): QuarantineStatus | undefined {
  return entry === undefined ? undefined : quarantineEntryAt(state, workspace, entry).status;
}

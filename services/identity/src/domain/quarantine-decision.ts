/** What somebody decides about an identifier in the quarantine, and what follows: the held merges, or that it counts no more. */
import type { Entity, Identifier, QuarantineDecided } from '@attrium/event';
import { identifierAsked, identifierKey } from './identifier.js';
import { fitWithinLimits } from './profile-limits.js';
import { editQuarantineEntry, editQuarantineList, quarantineEntryAt, quarantineListOf } from './quarantine-rows.js';
import { mergeOf, type Resolution } from './resolution.js';
import type { IdentityRules } from './rules.js';
import { entityAt, type IdentityState, isErased, survivorOf } from './state.js';

/** Why a decision changes nothing: it is about no identifier in the quarantine, it stands already, or there were too many. */
export type QuarantineRejection = 'unknown' | 'unchanged' | 'full';

export interface QuarantineOutcome {
  readonly kind: 'decided';
  readonly number: number;
  readonly identifier: Identifier;
  readonly decision: QuarantineDecided['decision'];
  /** The profile that the identifier belongs to, after the merges. */
  readonly entity: Entity;
  /** The merges that a release brings, as if of an event of that profile. */
  readonly resolution: Resolution;
  /** Profiles that a limit keeps apart. */
  readonly limited: number;
}

/** Reads the state only; the same state and record give the same outcome. */
export function decideQuarantine(
  state: IdentityState,
  record: QuarantineDecided,
  { rules, now }: { readonly rules: IdentityRules; readonly now: number },
): QuarantineOutcome | { readonly kind: QuarantineRejection } {
  const { workspace, decision } = record;
  const identifier = identifierAsked(record.identifier, rules);
  const row = identifier === undefined ? undefined : state.identifiers.get(identifierKey(workspace, identifier));
  if (identifier === undefined || row?.quarantine === undefined) return { kind: 'unknown' };
  const { quarantine: number } = row;
  const { status, profiles } = quarantineEntryAt(state, workspace, number);
  if (status === (decision === 'release' ? 'released' : 'refused')) return { kind: 'unchanged' };
  const { decided } = quarantineListOf(state, workspace);
  if (status === 'held' && decided.length >= rules.caps.decidedPerWorkspaceMax) return { kind: 'full' };
  const owner = survivorOf(state, row.ordinal);
  const left = profiles.filter((ordinal) => !isErased(state, ordinal));
  const others = decision === 'release' ? left.map((ordinal) => survivorOf(state, ordinal)) : [];
  const distinct = [...new Set([owner, ...others])];
  const together = fitting(state, identifier, distinct, { rules, now });
  const [oldest, ...losers] = [...together].sort((a, b) => a - b);
  const entity = entityAt(state, oldest!);
  const nothingElse = {
    created: false,
    home: oldest!,
    origin: entity.id,
    linked: [],
    outdated: [],
    refused: [],
    held: [],
  };
  const merges = losers.map((loser) => mergeOf(state, loser));
  const resolution: Resolution = { kind: 'resolved', entity, merges, ...nothingElse };
  const limited = distinct.length - together.length;
  return { kind: 'decided', number, identifier, decision, entity, resolution, limited };
}

/** The first, and of the others, in their order, each that breaks no limit with those before it. */
function fitting(
  state: IdentityState,
  identifier: Identifier,
  profiles: readonly number[],
  at: { readonly rules: IdentityRules; readonly now: number },
): readonly number[] {
  const left = profiles.map((owner) => ({ identifier, owner }));
  for (;;) {
    const { count } = fitWithinLimits(state, left, at);
    if (count === left.length) return left.map(({ owner }) => owner);
    left.splice(count, 1);
  }
}

/** Folds the decision itself into the state; its merges are folded as those of any resolution. */
export function evolveQuarantine(
  state: IdentityState,
  { number, decision }: QuarantineOutcome,
  { workspace, author, now }: { readonly workspace: string; readonly author: string; readonly now: number },
): void {
  const entry = editQuarantineEntry(state, workspace, number);
  if (entry.status === 'held') {
    const list = editQuarantineList(state, workspace);
    list.held.splice(list.held.indexOf(number), 1);
    // Rising, as a page of them begins behind a number.
    const place = list.decided.findIndex((other) => other > number);
    list.decided.splice(place === -1 ? list.decided.length : place, 0, number);
  }
  entry.status = decision === 'release' ? 'released' : 'refused';
  entry.decision = { by: author, at: now };
  entry.profiles = [];
}

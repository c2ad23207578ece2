/**
 * Decides what an erasure takes away: the profile with all that were ever merged into it, its identifiers and its memberships of accounts.
 * What stays is a tombstone: rows with ids and nothing else, so that old ids are known to be of nobody.
 */
import { type Entity, type ErasureRequested, type FactBody, partitionOf } from '@attrium/event';
import { identifierAsked, identifierKey } from './identifier.js';
import { PROFILE_ID } from './listed.js';
import { removeQuarantineEntry } from './quarantine-rows.js';
import type { IdentityRules } from './rules.js';
import {
  accountEntityAt,
  type ErasureNote,
  entityAt,
  type IdentityState,
  profileAt,
  profileKey,
  survivorOf,
} from './state.js';

export type ErasureDecision =
  /** The request came again. */
  | { readonly kind: 'known' }
  /** Nobody has the identifier. */
  | { readonly kind: 'nobody' }
  /** Another request has erased the profile. */
  | { readonly kind: 'gone'; readonly profile: number }
  | {
      readonly kind: 'erased';
      readonly entity: Entity;
      /** Those that were merged into it, directly or through others. */
      readonly former: readonly Entity[];
      /** Keys of its identifiers. */
      readonly keys: readonly string[];
      readonly accounts: readonly Entity[];
    };

export function erasureKey(workspace: string, requestId: string): string {
  return `${workspace}/${requestId}`;
}

/** Reads the state only. */
export function decideErasure(state: IdentityState, request: ErasureRequested, rules: IdentityRules): ErasureDecision {
  const { workspace, id: requestId } = request;
  if (state.erasures.get(erasureKey(workspace, requestId)) !== undefined) return { kind: 'known' };
  const named = profileNamed(state, request, rules);
  if (named === undefined) return { kind: 'nobody' };
  const profile = survivorOf(state, named);
  const { erased, identifiers, accounts = [] } = profileAt(state, profile);
  if (erased !== undefined) return { kind: 'gone', profile };
  return {
    kind: 'erased',
    entity: entityAt(state, profile),
    former: formerOf(state, profile).map((ordinal) => entityAt(state, ordinal)),
    keys: identifiers.map((identifier) => identifierKey(workspace, identifier)),
    accounts: accounts.map(({ account }) => accountEntityAt(state, account)),
  };
}

/** Profiles that were merged into this one, directly or through others, in the order of their merges. */
export function formerOf(state: IdentityState, profile: number): number[] {
  const { absorbed = [] } = profileAt(state, profile);
  return absorbed.flatMap((ordinal) => [ordinal, ...formerOf(state, ordinal)]);
}

function profileNamed(
  state: IdentityState,
  { workspace, identifier }: ErasureRequested,
  rules: IdentityRules,
): number | undefined {
  const { type, value } = identifier;
  if (type === PROFILE_ID) return state.profileIds.get(profileKey(workspace, value));
  const asked = identifierAsked(identifier, rules);
  return asked === undefined ? undefined : state.identifiers.get(identifierKey(workspace, asked))?.ordinal;
}

/** What is said of it, and into which partition, in order. `now`: log time, ms. */
export function erasureFacts(
  decision: ErasureDecision,
  request: ErasureRequested,
  { now: erasedAt, partitions }: { readonly now: number; readonly partitions: number },
): { readonly fact: FactBody; readonly partition: number }[] {
  if (decision.kind !== 'erased') return [];
  const { entity, former, accounts } = decision;
  const { id: requestId, requestedAt: occurredAt } = request;
  const facts: { fact: FactBody; partition: number }[] = [];
  const say = (fact: FactBody, entities: readonly Entity[]): void => {
    const into = new Set(entities.map(({ id }) => partitionOf(id, partitions)));
    for (const partition of into) facts.push({ fact, partition });
  };
  const said = { entity, cause: requestId, occurredAt };
  for (const account of accounts) say({ kind: 'account-unlinked', ...said, account }, [entity, account]);
  if (accounts.length > 0) say({ kind: 'current-account-changed', ...said, account: undefined }, [entity]);
  // Last of all, and behind what was said of the profile in partitions of others.
  say({ kind: 'profile-erased', entity, former, requestId, erasedAt }, [entity, ...former, ...accounts]);
  return facts;
}

/** Folds a decision into the state. `now`: log time, ms. */
export function evolveErasure(
  state: IdentityState,
  decision: ErasureDecision,
  { workspace, id: requestId }: ErasureRequested,
  now: number,
): void {
  if (decision.kind === 'known') return;
  const profile =
    decision.kind === 'erased' ? decision.entity.ordinal : decision.kind === 'gone' ? decision.profile : undefined;
  state.erasures.put(erasureKey(workspace, requestId), { profile, decidedAt: now });
  if (decision.kind !== 'erased') return;
  for (const key of decision.keys) {
    const held = state.identifiers.get(key)?.quarantine;
    if (held !== undefined) removeQuarantineEntry(state, workspace, held);
    state.identifiers.delete(key);
  }
  for (const { ordinal } of decision.accounts) {
    const account = state.accounts.edit(ordinal);
    if (account !== undefined) account.members--;
  }
  for (const { ordinal } of decision.former) bury(state, ordinal);
  bury(state, decision.entity.ordinal, { requestId, erasedAt: now });
}

/** Made anew, so that nothing else of the row stays. */
function bury(state: IdentityState, ordinal: number, erased?: ErasureNote): void {
  const { workspace, id, mergedInto, losses, merges, absorbed } = profileAt(state, ordinal);
  const chain = { mergedInto, losses, merges, ...(absorbed && { absorbed }) };
  state.profiles.put(ordinal, { workspace, id, ...chain, identifiers: [], ...(erased && { erased }) });
}

/** What questions show of the quarantine: what is held or was decided, a page at a time, and one identifier. */
import type { Identifier } from '@attrium/event';
import { identifierKey } from './identifier.js';
import { quarantineEntryAt, quarantineListOf } from './quarantine-rows.js';
import type { QuarantineEntry, QuarantineStatus } from './quarantine-state.js';
import type { IdentityCaps } from './rules.js';
import { type IdentityState, isErased, profileAt, survivorOf } from './state.js';

export interface QuarantinedIdentifier {
  readonly identifier: Identifier;
  readonly status: QuarantineStatus;
  /** The live profile that it belongs to. */
  readonly profileId: string;
  /** Log time of the first and of the latest merge by it that was held, ms. */
  readonly heldAt: number;
  readonly lastAt: number;
  /** Events that would have merged by it. */
  readonly events: number;
  /** Live profiles that a release merges with its own. */
  readonly profileIds: readonly string[];
  /** Events that went to profiles which a release does not know of: these merge with their next event. */
  readonly unremembered: number;
  /** Who decided last; absent while nobody has. */
  readonly decidedBy?: string | undefined;
  readonly decidedAt?: number | undefined;
}

/** `decidable`: the workspace has room for a decision about it. */
export interface DecidableIdentifier extends QuarantinedIdentifier {
  readonly decidable: boolean;
}

export interface QuarantinePage {
  /** In the order in which they were first held. */
  readonly entries: readonly QuarantinedIdentifier[];
  /** `after` of the next page; absent: there are no more. */
  readonly next?: number | undefined;
  /** Of the workspace: identifiers that wait for a decision, and those that had one. */
  readonly held: number;
  readonly decided: number;
  /** Events whose merge was held without room to list the identifier. */
  readonly unlisted: number;
}

/** At most `limit` of one status whose number is above `after`. */
export function quarantinePage(
  state: IdentityState,
  workspace: string,
  { status, after, limit }: { readonly status: QuarantineStatus; readonly after: number; readonly limit: number },
): QuarantinePage {
  const { held, decided, unlisted } = quarantineListOf(state, workspace);
  const entries: QuarantinedIdentifier[] = [];
  const counts = { held: held.length, decided: decided.length, unlisted };
  let last = after;
  for (const number of status === 'held' ? held : decided) {
    if (number <= after) continue;
    const entry = quarantineEntryAt(state, workspace, number);
    if (entry.status !== status) continue;
    if (entries.length === limit) return { entries, next: last, ...counts };
    entries.push(shown(state, workspace, entry));
    last = number;
  }
  return { entries, ...counts };
}

/** One of them, and whether it can be decided about. `identifier`: in the form in which it is kept. Undefined when nothing was ever held by it. */
export function quarantinedIdentifier(
  state: IdentityState,
  workspace: string,
  identifier: Identifier,
  { decidedPerWorkspaceMax }: Pick<IdentityCaps, 'decidedPerWorkspaceMax'>,
): DecidableIdentifier | undefined {
  const number = state.identifiers.get(identifierKey(workspace, identifier))?.quarantine;
  if (number === undefined) return undefined;
  const entry = quarantineEntryAt(state, workspace, number);
  const hasRoom = quarantineListOf(state, workspace).decided.length < decidedPerWorkspaceMax;
  return { ...shown(state, workspace, entry), decidable: hasRoom || entry.status !== 'held' };
}

function shown(state: IdentityState, workspace: string, entry: QuarantineEntry): QuarantinedIdentifier {
  const { identifier, status, heldAt, lastAt, events, profiles, unremembered, decision } = entry;
  const owner = state.identifiers.get(identifierKey(workspace, identifier));
  if (owner === undefined) throw new Error('assertion: an identifier in quarantine that nobody owns');
  const idOf = (ordinal: number): string => profileAt(state, survivorOf(state, ordinal)).id;
  const profileId = idOf(owner.ordinal);
  const left = profiles.filter((ordinal) => !isErased(state, ordinal));
  const profileIds = [...new Set(left.map(idOf))].filter((id) => id !== profileId);
  return {
    identifier,
    status,
    profileId,
    ...{ heldAt, lastAt, events, profileIds, unremembered },
    ...(decision === undefined ? {} : { decidedBy: decision.by, decidedAt: decision.at }),
  };
}

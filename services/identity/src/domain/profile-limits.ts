/** How many of an event's identifiers can be one profile: limits of types, and the caps that hold for all. */
import type { Identifier } from '@attrium/event';
import type { HitLimit } from './identifier.js';
import type { IdentityRules } from './rules.js';
import { type AccountLinkRow, type HeldIdentifier, type IdentityState, profileAt } from './state.js';

/** An identifier of the event, and whom it belongs to so far. */
export interface Candidate {
  readonly identifier: Identifier;
  readonly key: string;
  /** The live profile that owns it; undefined for a new identifier. */
  readonly owner: number | undefined;
  readonly home: number | undefined;
  readonly outdated: boolean;
  /** Number of its entry in the quarantine. */
  readonly entry?: number | undefined;
}

export interface Fitting {
  /** So many of the candidates, from the first on. */
  readonly count: number;
  /** What the next one would break. */
  readonly hit?: HitLimit;
}

/**
 * How many of the candidates, the highest priority first, can be one profile. More candidates never hold fewer identifiers, so this is
 * what is left when the lowest priorities are given up until no limit is broken. The first alone never breaks one.
 *
 * A profile that holds more than a limit allows, because the limit was higher once, keeps what it holds and gains nothing of that type.
 * A type that the rules do not have any more has no limit of its own.
 *
 * A limit in a window counts what was linked within it, up to `now` (log time), wherever it was linked: so a merge unites windows. What
 * was linked while the type had none is not counted.
 */
export function fitWithinLimits(
  state: IdentityState,
  candidates: readonly Pick<Candidate, 'identifier' | 'owner'>[],
  { rules, now }: { readonly rules: IdentityRules; readonly now: number },
): Fitting {
  const union = new Union(rules, now);
  const owners = new Set<number>();
  for (const [index, { identifier, owner }] of candidates.entries()) {
    if (owner === undefined) union.add([{ ...identifier, linkedAt: now }]);
    else if (!owners.has(owner)) {
      owners.add(owner);
      const row = profileAt(state, owner);
      union.add(row.identifiers, row.merges);
      if (row.accounts !== undefined) union.addAccounts(row.accounts);
    }
    const hit = index === 0 ? undefined : union.brokenLimit();
    if (hit !== undefined) return { count: index, hit };
  }
  return { count: candidates.length };
}

/** What a profile would hold that is made of profiles and new identifiers. */
class Union {
  private readonly held = new Map<string, number>();
  /** Of each type: the most that one of the profiles holds already. */
  private readonly heldByOne = new Map<string, number>();
  private readonly accounts = new Set<number>();
  private accountsOfOne = 0;
  private identifiers = 0;
  private merges = -1;

  constructor(
    private readonly rules: IdentityRules,
    private readonly now: number,
  ) {}

  /** A profile with the merges it has seen; without them, identifiers that are new. */
  add(identifiers: readonly HeldIdentifier[], merges?: number): void {
    const { held, heldByOne } = this;
    const own = new Map<string, number>();
    for (const each of identifiers) if (this.counts(each)) own.set(each.type, (own.get(each.type) ?? 0) + 1);
    for (const [type, count] of own) {
      held.set(type, (held.get(type) ?? 0) + count);
      if (merges !== undefined) heldByOne.set(type, Math.max(heldByOne.get(type) ?? 0, count));
    }
    this.identifiers += identifiers.length;
    if (merges !== undefined) this.merges += merges + 1;
  }

  private counts({ type, linkedAt }: HeldIdentifier): boolean {
    const windowMs = this.rules.types.get(type)?.windowMs;
    return windowMs === undefined || (linkedAt !== undefined && linkedAt > this.now - windowMs);
  }

  addAccounts(links: readonly AccountLinkRow[]): void {
    for (const { account } of links) this.accounts.add(account);
    this.accountsOfOne = Math.max(this.accountsOfOne, links.length);
  }

  brokenLimit(): HitLimit | undefined {
    const { types, caps } = this.rules;
    if (this.identifiers > caps.identifiersPerProfileMax) return 'identifiers';
    if (this.merges > caps.mergesPerProfileMax) return 'merges';
    if (this.accounts.size > Math.max(caps.accountsPerProfileMax, this.accountsOfOne)) return 'accounts';
    let window: HitLimit | undefined;
    for (const [type, count] of this.held) {
      const { limit = count, windowMs } = types.get(type) ?? {};
      if (count <= Math.max(limit, this.heldByOne.get(type) ?? 0)) continue;
      if (windowMs === undefined) return 'values';
      window = 'window';
    }
    return window;
  }
}

/** What a member of an account gives to the roll-ups of that account. */
import type { ChangeReason } from './change-reason.js';
import type { Entity } from './entity.js';
import type { Value } from './value.js';

/**
 * What a member gives to the roll-ups of an account from here on, all of it, in place of what it gave before. Written by attribute-compute
 * and sent into the account's partition; those of one sender have rising ids.
 */
export interface MemberContributed {
  readonly kind: 'member-contributed';
  readonly id: string;
  /** The account. */
  readonly entity: Entity;
  /** The profile. */
  readonly member: Entity;
  /** By the key of the roll-up. A member that is only counted gives true. */
  readonly values: readonly { readonly name: string; readonly value: Value }[];
  /** The merges that are in these values, directly or through a loser. */
  readonly mergeIds: readonly string[];
  /** It is no member any more, and gives nothing. */
  readonly left: boolean;
  /** It was merged away: what it gave stands until a member gives what has this merge in it. */
  readonly mergedBy?: string | undefined;
  readonly reason: ChangeReason;
  readonly cause: string;
  /** Since when it holds, ms. */
  readonly effectiveAt: number;
}

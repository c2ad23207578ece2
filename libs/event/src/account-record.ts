/** The facts that identity appends about accounts and their members. */
import type { Entity } from './entity.js';

/** A group id that was not known in the workspace is an account. Appended to the account's partition. */
export interface AccountCreated {
  readonly kind: 'account-created';
  readonly id: string;
  readonly entity: Entity;
  /** Normalised, as all that name the account later are. */
  readonly groupId: string;
  readonly cause: string;
  readonly occurredAt: number;
}

/** A profile has become a member of an account. Appended to the partitions of both. */
export interface AccountLinked {
  readonly kind: 'account-linked';
  readonly id: string;
  /** The profile. */
  readonly entity: Entity;
  readonly account: Entity;
  readonly cause: string;
  readonly occurredAt: number;
}

/** A profile is no member of an account any more: it was merged into another, which is one, or erased. Appended to the partitions of both. */
export interface AccountUnlinked {
  readonly kind: 'account-unlinked';
  readonly id: string;
  /** The profile. */
  readonly entity: Entity;
  readonly account: Entity;
  readonly cause: string;
  readonly occurredAt: number;
  /** Id of the merge; undefined in logs from before roll-ups. */
  readonly mergeId?: string | undefined;
}

/** The account that the latest group event of a profile names is another one. Appended to the profile's partition. */
export interface CurrentAccountChanged {
  readonly kind: 'current-account-changed';
  readonly id: string;
  /** The profile. */
  readonly entity: Entity;
  /** Undefined: it has none, because it was merged away or erased. */
  readonly account?: Entity | undefined;
  readonly cause: string;
  readonly occurredAt: number;
}

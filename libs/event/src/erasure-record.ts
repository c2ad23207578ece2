/** The records of erasures: somebody asks, and identity answers with what is gone from there on. */
import type { Entity, Identifier } from './entity.js';

/** Somebody asked for a profile to be erased. `id` is that of the request. */
export interface ErasureRequested {
  readonly kind: 'erasure-requested';
  readonly id: string;
  readonly workspace: string;
  /** One of the profile's identifiers as events bring it, or of type `profile_id`: the id of the profile or of one merged into it. */
  readonly identifier: Identifier;
  /** Name of the key that asked. */
  readonly author: string;
  readonly requestedAt: number;
}

/**
 * A profile and all that were ever merged into it are gone: no record after this one in its partition is of any of them, other than
 * transfers that were on their way. Appended to the partitions of all of them, and of the accounts that the profile was a member of.
 */
export interface ProfileErased {
  readonly kind: 'profile-erased';
  readonly id: string;
  readonly entity: Entity;
  /** Those that were merged into it, directly or through others. */
  readonly former: readonly Entity[];
  readonly requestId: string;
  /** Log time. */
  readonly erasedAt: number;
}

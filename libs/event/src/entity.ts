/** Whom events and facts are of, and by what they are known. */

/** (type, value) naming someone: `user_id`, `email`, or a type that the workspace defines. */
export interface Identifier {
  readonly type: string;
  readonly value: string;
}

/** A profile or an account. `ordinal` is unique over all identity shards and never reused. */
export interface Entity {
  readonly workspace: string;
  readonly kind: 'profile' | 'account';
  readonly id: string;
  readonly ordinal: number;
}

/** Identifiers that took no part in resolving their event, and why. */
import type { Entity, Identifier } from './entity.js';

export const REFUSAL_REASONS = [
  'blocked',
  'unknown-type',
  'too-long',
  'limit',
  'malformed',
  'limit-in-window',
  'quarantined',
] as const;
/**
 * blocked: the value names nobody, or the workspace does not want it; limit: with it a profile would hold too many identifiers or merges;
 * malformed: it has not the form of its type; limit-in-window: with it a profile would gain too many of its type in the type's window;
 * quarantined: a merge by it is held until somebody decides.
 */
export type RefusalReason = (typeof REFUSAL_REASONS)[number];

/** An identifier of an event that took no part in resolving it. */
export interface IdentifierRefused {
  readonly kind: 'identifier-refused';
  readonly id: string;
  readonly workspace: string;
  /** The profile that the event went to; undefined when no identifier could be used and it went nowhere. */
  readonly entity?: Entity | undefined;
  /** Normalised; a value that was too long is cut. */
  readonly identifier: Identifier;
  readonly why: RefusalReason;
  readonly cause: string;
  readonly occurredAt: number;
}

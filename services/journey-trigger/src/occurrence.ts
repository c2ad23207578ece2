/** What happens in this stage beside its facts; telemetry counts it. On replay after a start it is told again. */
import type { SuppressionReason } from '@attrium/event';

export type Occurrence =
  | { readonly kind: 'fired'; readonly workspace: string; readonly trigger: string }
  | {
      readonly kind: 'suppressed';
      readonly workspace: string;
      readonly trigger: string;
      readonly why: SuppressionReason;
    }
  /** A firing begins to wait. */
  | { readonly kind: 'waits'; readonly workspace: string; readonly trigger: string }
  /** A record, other than a transfer, for an entity that was merged away: it is dropped. */
  | { readonly kind: 'misaddressed' }
  /** A transfer sent on to the survivor of a later merge. */
  | { readonly kind: 'transfer-forwarded' }
  /** A transfer that came again and was dropped. */
  | { readonly kind: 'transfer-repeated' }
  /** A row was dropped, because its entity was erased. */
  | { readonly kind: 'entity-erased' }
  /** A record for an entity that was erased, as a transfer that was on its way: it is dropped. */
  | { readonly kind: 'record-of-erased' }
  /** A held entity kept back more than it may: the newest changes were dropped, and no trigger fires on them. */
  | { readonly kind: 'kept-back-dropped'; readonly records: number }

  /** A trigger with a key fired for more values of it than are remembered for one entity: for the oldest it may fire again. */
  | { readonly kind: 'fired-keys-forgotten'; readonly records: number };

export type Observe = (occurrence: Occurrence) => void;

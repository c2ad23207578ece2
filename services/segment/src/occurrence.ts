/** What happens in this stage beside its facts; telemetry counts it. On replay after a start it is told again. */

export type Occurrence =
  | {
      readonly kind: 'memberships-changed';
      readonly entered: number;
      readonly exited: number;
      readonly corrected: number;
    }
  /** Who was in a segment when a trigger became active was told; `inTurn`: by the sweep itself, not because something happened to it. */
  | { readonly kind: 'member-found'; readonly inTurn: boolean }
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
  /** A held entity kept back more than it may: the newest attribute changes were dropped, and the triggers on them do not fire. */
  | { readonly kind: 'kept-back-dropped'; readonly records: number }
  /** Times of schedules that passed without being told of: a later one of the same trigger was due by then. */
  | { readonly kind: 'occurrences-missed'; readonly occurrences: number };

export type Observe = (occurrence: Occurrence) => void;

/** Attempts to deliver firings, as their own stream records them. */

export const DELIVERY_OUTCOMES = ['delivered', 'failed', 'gone', 'given-up', 'dropped'] as const;
/** failed: will be tried again; gone: 410; given-up: it is among the undelivered; dropped: untried, its destination is disabled. */
export type DeliveryOutcome = (typeof DELIVERY_OUTCOMES)[number];

/** What became of one attempt to deliver a firing to a webhook. Not of the line: it has a stream of its own. */
export interface DeliveryAttempted {
  readonly kind: 'delivery-attempted';
  readonly id: string;
  readonly workspace: string;
  readonly trigger: string;
  /** Name of the destination: of its queue. */
  readonly destination: string;
  readonly firingId: string;
  readonly profileId: string;
  /** When the attempt began. */
  readonly at: number;
  /** Until the answer; 0 without an attempt. */
  readonly latencyMs: number;
  /** Attempts of this delivery so far, this one included, since the destination's queue has had its owner. */
  readonly attempt: number;
  readonly outcome: DeliveryOutcome;
  /** Class of a failure; empty for none. */
  readonly why: string;
  /** HTTP status of the answer; 0 without one. */
  readonly status: number;
  /** Id of the replay that asked for it; empty for the first delivery. */
  readonly replay: string;
}

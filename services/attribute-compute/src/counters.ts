/** What this stage counts beside its facts; telemetry reads it. After a restart the replayed gap is counted again. */

export interface AttributeCounters {
  /** Values of the wrong type, by `workspace/attribute`: the old value stands. */
  readonly refusedValues: Map<string, number>;
  /** Events whose payload could not be read as JSON: they count as events without properties and traits. */
  unreadablePayloads: number;
  /** Windows that had more event times inside than their exact range holds; their values are marked approximate. */
  coarsenedWindows: number;
  /** Records for an entity that was merged away and that are no transfers: they are dropped. */
  misaddressedRecords: number;
  /** Transfers sent on to the survivor of a later merge. */
  forwardedTransfers: number;
  /** Transfers that came again and were dropped. */
  repeatedTransfers: number;
}

export function newAttributeCounters(): AttributeCounters {
  return {
    refusedValues: new Map(),
    unreadablePayloads: 0,
    coarsenedWindows: 0,
    misaddressedRecords: 0,
    forwardedTransfers: 0,
    repeatedTransfers: 0,
  };
}

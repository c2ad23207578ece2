/** What this stage counts beside its facts; telemetry reads it. After a restart the replayed gap is counted again. */

export interface AttributeCounters {
  /** Values of the wrong type, by `workspace/attribute`: the old value stands. */
  readonly refusedValues: Map<string, number>;
  /** Events whose payload could not be read as JSON: they count as events without properties and traits. */
  unreadablePayloads: number;
  /** States that an event took out of their exact range; their values are marked approximate. */
  approximatedStates: number;
  /** Events that a state did not take, because those of its entity had reached their limit; by `workspace/attribute`. */
  readonly fullStates: Map<string, number>;
  /** Formulas that could not be calculated (division by zero, a result beyond the limits), by `workspace/attribute`. */
  readonly failedFormulas: Map<string, number>;
  /** Records for an entity that was merged away and that are no transfers: they are dropped. */
  misaddressedRecords: number;
  /** Transfers sent on to the survivor of a later merge. */
  forwardedTransfers: number;
  /** Transfers that came again and were dropped. */
  repeatedTransfers: number;
  /** Contributions of members that an account did not take, because it has those of too many; by workspace. */
  readonly refusedMembers: Map<string, number>;
  /** Contributions of members that came again and were dropped. */
  repeatedContributions: number;
  /** Events of history that were folded. */
  seededEvents: number;
  /** Events of history of an entity that was merged away, which another partition sent on. */
  forwardedSeeds: number;
  /** Chunks of history that do not begin where the partition stands: another owner was faster, or their definitions are gone. */
  repeatedChunks: number;
  /** Rows dropped, because their entity was erased. */
  erasedEntities: number;
  /** Records for an entity that was erased, as transfers that were on their way: they are dropped. */
  recordsOfErased: number;
}

export function newAttributeCounters(): AttributeCounters {
  return {
    refusedValues: new Map(),
    unreadablePayloads: 0,
    approximatedStates: 0,
    fullStates: new Map(),
    failedFormulas: new Map(),
    misaddressedRecords: 0,
    forwardedTransfers: 0,
    repeatedTransfers: 0,
    refusedMembers: new Map(),
    repeatedContributions: 0,
    seededEvents: 0,
    forwardedSeeds: 0,
    repeatedChunks: 0,
    erasedEntities: 0,
    recordsOfErased: 0,
  };
}

/** The order of identity's decisions, as a row version. */
import type { RecordPosition } from '@attrium/clickhouse';

/** Identity's fact ids name the place of the input record: `i<shard>-<sequence>-<record>-<fact>`. */
const FACT_ID = /^i\d+-(\d+)-(\d+)-(\d+)$/;

/**
 * A version that rises with identity's decisions, decimal text: input sequence × 2^24 + record × 2^10 + fact. The position in the output
 * log would not do: one decision goes to the partitions of both profiles, and the messages of different partitions of one cycle are
 * stored in any order. A fact of another writer counts by its own position.
 */
export function decisionVersion(factId: string, position: RecordPosition): string {
  const match = FACT_ID.exec(factId);
  const [sequence, record, fact] =
    match === null ? [position.sequence, position.index, 0] : [Number(match[1]), Number(match[2]), Number(match[3])];
  return String((BigInt(sequence) << 24n) + BigInt((Math.min(record, 16_383) << 10) + Math.min(fact, 1_023)));
}

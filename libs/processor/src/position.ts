/** Places in an input log, and what a partition remembers of them. */

/** Everything before fact `fact` of record `record` of message `sequence` is done. */
export interface Position {
  readonly sequence: number;
  readonly record: number;
  readonly fact: number;
}

export const START: Position = { sequence: 1, record: 0, fact: 0 };

/** Negative, zero or positive as `a` is before, at or after `b`. */
export function comparePositions(a: Position, b: Position): number {
  return a.sequence - b.sequence || a.record - b.record || a.fact - b.fact;
}

/** What is saved with the rows of a partition, in the same transaction. */
export interface Checkpoint {
  readonly stateVersion: number;
  readonly cursor: Position;
  /** Greatest `appendedAt` or tick read, ms. */
  readonly now: number;
  readonly logicVersion: number;
  /** The last own sequence in each output, by subject. */
  readonly outputs: Readonly<Record<string, number>>;
}

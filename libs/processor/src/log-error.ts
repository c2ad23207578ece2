/** The operating failures of a log. */

export const LOG_ERROR_CODES = {
  /** The log did not answer. Retryable. */
  outOfReach: 'ATR-LOG-001',
  /** The next sequence that a reader needs is no longer stored. */
  sequenceGone: 'ATR-LOG-010',
  /** The log ends before the position that a reader has reached: it has lost its tail. */
  tailLost: 'ATR-LOG-011',
  /** A stream or bucket is not what this release needs. */
  configuration: 'ATR-LOG-020',
} as const;

export type LogErrorCode = (typeof LOG_ERROR_CODES)[keyof typeof LOG_ERROR_CODES];

/** A log is out of reach, has lost what a reader needs, or is set up in another way. */
export class LogError extends Error {
  override readonly name = 'LogError';
  readonly retryable: boolean;

  constructor(
    readonly code: LogErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.retryable = code === LOG_ERROR_CODES.outOfReach;
  }
}

/** Whether a reader of `bounds` can go on at `fromSequence`; the error that says why not, else undefined. */
export function positionFault(
  stream: string,
  fromSequence: number,
  bounds: { readonly firstSequence: number; readonly lastSequence: number },
): LogError | undefined {
  if (fromSequence < bounds.firstSequence) {
    return new LogError(
      LOG_ERROR_CODES.sequenceGone,
      `${stream} starts at sequence ${bounds.firstSequence}, but sequence ${fromSequence} is needed`,
    );
  }
  if (fromSequence > bounds.lastSequence + 1) {
    return new LogError(
      LOG_ERROR_CODES.tailLost,
      `${stream} ends at sequence ${bounds.lastSequence}, but sequence ${fromSequence - 1} was read from it before`,
    );
  }
  return undefined;
}

/** The same for an owner that saved its state at one sequence and whose outputs reached another. */
export function recoveryFault(
  stream: string,
  needed: { readonly saved: number; readonly reached: number },
  bounds: { readonly firstSequence: number; readonly lastSequence: number },
): LogError | undefined {
  const { saved, reached } = needed;
  // What the outputs reached need not be read again, but must have been there.
  return positionFault(stream, saved, bounds) ?? positionFault(stream, Math.max(reached, bounds.firstSequence), bounds);
}

/** Operating failures of the stage loop. Each code has a page in docs/reference/errors.md. */
export type ProcessorErrorCode =
  /** The cache is ahead of the output log: the output log lost its tail. */
  | 'ATR-LOG-012'
  /** Another owner has appended to this partition's output. */
  | 'ATR-LOG-013'
  /** The log asks for a version of the decision logic that this release does not know. */
  | 'ATR-LOG-014'
  /** The partition is not owned here, or not ready yet. */
  | 'ATR-LOG-015'
  /** The log takes no message of the size of this pack: one of its facts is too large. */
  | 'ATR-LOG-016';

export class ProcessorError extends Error {
  override readonly name = 'ProcessorError';

  constructor(
    readonly code: ProcessorErrorCode,
    message: string,
    readonly retryable: boolean,
    options?: { cause?: unknown },
  ) {
    super(`${code}: ${message}`, options);
  }
}

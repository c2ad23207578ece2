/** Reasons why a standalone Attrium does not start. */

export type StandaloneErrorCode =
  /** Another launcher runs on the data folder. */
  | 'ATR-START-001'
  /** A port is taken. */
  | 'ATR-START-002'
  /** A service is not ready in time, or keeps ending. */
  | 'ATR-START-003'
  /** Control refused what the first start asks of it. */
  | 'ATR-START-004'
  /** Something of the data folder cannot be used. */
  | 'ATR-START-005';

export class StandaloneError extends Error {
  override readonly name = 'StandaloneError';
  readonly retryable = false;

  constructor(
    readonly code: StandaloneErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

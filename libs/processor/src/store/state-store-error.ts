/** The operating failures of a state store. */

export const STATE_STORE_ERROR_CODES = {
  /** The store cannot take more: it has reached its limit, or the disk is full. Retryable: nothing of the commit was stored. */
  full: 'ATR-STORE-001',
  /** The key of a row is longer than the store can hold. */
  keyTooLong: 'ATR-STORE-002',
  /** The store cannot be opened, or a commit failed for another reason. */
  failed: 'ATR-STORE-003',
} as const;

export type StateStoreErrorCode = (typeof STATE_STORE_ERROR_CODES)[keyof typeof STATE_STORE_ERROR_CODES];

export class StateStoreError extends Error {
  override readonly name = 'StateStoreError';
  readonly retryable: boolean;

  constructor(
    readonly code: StateStoreErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.retryable = code === STATE_STORE_ERROR_CODES.full;
  }
}

/** Operating failures of the embedded ClickHouse. */

export type EmbeddedFailure = 'no-library' | 'port-taken' | 'directory-locked' | 'not-started';

const CODES: Readonly<Record<EmbeddedFailure, string>> = {
  'no-library': 'ATR-CLICKHOUSE-101',
  'port-taken': 'ATR-CLICKHOUSE-102',
  'directory-locked': 'ATR-CLICKHOUSE-103',
  'not-started': 'ATR-CLICKHOUSE-104',
};

/** The engine could not be started; `failure` says why, the message what to do. */
export class EmbeddedClickHouseError extends Error {
  readonly code: string;
  readonly retryable: boolean;

  constructor(
    readonly failure: EmbeddedFailure,
    message: string,
    options?: ErrorOptions,
  ) {
    super(`${CODES[failure]}: ${message}`, options);
    this.name = 'EmbeddedClickHouseError';
    this.code = CODES[failure];
    this.retryable = failure === 'port-taken' || failure === 'directory-locked';
  }
}

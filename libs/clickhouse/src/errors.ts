/** Operating failures of the ClickHouse adapter. */

const CODES = {
  'checksum-mismatch': 'ATR-CLICKHOUSE-001',
  'bad-migration': 'ATR-CLICKHOUSE-002',
  'migration-failed': 'ATR-CLICKHOUSE-003',
  'log-gap': 'ATR-CLICKHOUSE-004',
  'log-tail-lost': 'ATR-CLICKHOUSE-005',
} as const;

export type ClickHouseFailure = keyof typeof CODES;

export class ClickHouseAdapterError extends Error {
  readonly code: string;
  readonly retryable: boolean;

  constructor(
    readonly failure: ClickHouseFailure,
    message: string,
    options?: ErrorOptions,
  ) {
    super(`${CODES[failure]}: ${message}`, options);
    this.name = 'ClickHouseAdapterError';
    this.code = CODES[failure];
    this.retryable = failure === 'migration-failed';
  }
}

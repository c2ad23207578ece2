/** Everything that can go wrong with a whole request, each with its code; the reference of the wire API explains them. */
import { type FailureStatus, OperatingError } from '@attrium/host';

interface FailureKind {
  readonly code: string;
  readonly status: FailureStatus;
  readonly retryable: boolean;
  readonly message: string;
}

const FAILURES = {
  malformedJson: { code: 'ATR-INGEST-001', status: 'invalid', retryable: false, message: 'The body is no JSON.' },
  misshapenBody: {
    code: 'ATR-INGEST-002',
    status: 'invalid',
    retryable: false,
    message: 'The body has the wrong shape.',
  },
  noKey: {
    code: 'ATR-INGEST-003',
    status: 'unauthenticated',
    retryable: false,
    message:
      'No write key: send it as the user of Basic authorization, as writeKey in the body or in the query, or as X-Write-Key.',
  },
  unknownKey: {
    code: 'ATR-INGEST-004',
    status: 'unauthenticated',
    retryable: false,
    message: 'This write key is not known, or was revoked.',
  },
  mistypedKey: {
    code: 'ATR-INGEST-005',
    status: 'unauthenticated',
    retryable: false,
    message: 'This write key has a typing error in it: its checksum is wrong.',
  },
  bodyTooLarge: { code: 'ATR-INGEST-006', status: 'too-large', retryable: false, message: 'The body is too large.' },
  tooManyEvents: {
    code: 'ATR-INGEST-007',
    status: 'too-large',
    retryable: false,
    message: 'The batch has too many events.',
  },
  rateLimited: {
    code: 'ATR-INGEST-008',
    status: 'limited',
    retryable: true,
    message: 'This write key sends more than it may.',
  },
  queueFull: {
    code: 'ATR-INGEST-009',
    status: 'unavailable',
    retryable: true,
    message: 'More waits for the log than may wait.',
  },
  logUnavailable: {
    code: 'ATR-INGEST-010',
    status: 'unavailable',
    retryable: true,
    message: 'The log did not confirm the events in time. Some may be in it: send them again with the same messageIds.',
  },
  unknownEncoding: {
    code: 'ATR-INGEST-011',
    status: 'invalid',
    retryable: false,
    message: 'The content encoding must be gzip, deflate or identity.',
  },
  brokenEncoding: {
    code: 'ATR-INGEST-012',
    status: 'invalid',
    retryable: false,
    message: 'The body cannot be decompressed.',
  },
  nestedTooDeeply: {
    code: 'ATR-INGEST-013',
    status: 'invalid',
    retryable: false,
    message: 'The body is nested too deeply.',
  },
  notReady: {
    code: 'ATR-INGEST-014',
    status: 'unavailable',
    retryable: true,
    message: 'This instance is starting or shutting down.',
  },
} as const satisfies Record<string, FailureKind>;

export type IngestFailure = keyof typeof FAILURES;

export class IngestError extends OperatingError {
  constructor(
    readonly failure: IngestFailure,
    options: { message?: string; retryAfterSeconds?: number; cause?: unknown } = {},
  ) {
    const { code, status, retryable, message } = FAILURES[failure];
    super(options.message ?? message, {
      code,
      status,
      retryable,
      ...(options.retryAfterSeconds === undefined ? {} : { retryAfterSeconds: options.retryAfterSeconds }),
      cause: options.cause,
    });
  }
}

/** Every code that a whole request can be refused with. */
export const FAILURE_CODES: readonly string[] = Object.values(FAILURES).map(({ code }) => code);

/** The failures that journey-trigger reports, each with a code and a page. */
import { type FailureStatus, OperatingError } from '@attrium/host/stage';

/** A question that journey-trigger does not understand: the asker's fault. */
export class InvalidQuestionError extends Error {
  readonly code = 'ATR-TRIGGER-001';
  readonly retryable = false;

  constructor(reason: string) {
    super(`journey-trigger cannot answer: ${reason}`);
    this.name = 'InvalidQuestionError';
  }
}

/** A webhook leads to where webhooks may not go: an address that is not of the public internet, or a port that is not allowed. */
export class AddressRefusedError extends Error {
  override readonly name = 'AddressRefusedError';
  readonly code = 'ATR-TRIGGER-010';
  /** What a name resolves to may change. */
  readonly retryable = true;
}

interface FailureKind {
  readonly code: string;
  readonly status: FailureStatus;
  readonly retryable: boolean;
  readonly message: string;
}

const STREAM_FAILURES = {
  misshapenRequest: {
    code: 'ATR-TRIGGER-022',
    status: 'invalid',
    retryable: false,
    message: 'A request names a trigger.',
  },
  noSuchStream: {
    code: 'ATR-TRIGGER-023',
    status: 'not-found',
    retryable: false,
    message: 'There is no such trigger, or it does not deliver to a stream.',
  },
  tooManyStreams: {
    code: 'ATR-TRIGGER-024',
    status: 'limited',
    retryable: true,
    message: 'This instance serves as many streams as it may.',
  },
  misshapenSubscriber: {
    code: 'ATR-TRIGGER-026',
    status: 'invalid',
    retryable: false,
    message: 'This is no subscriber, or not what it can be asked for.',
  },
  tooManySubscribers: {
    code: 'ATR-TRIGGER-027',
    status: 'limited',
    retryable: false,
    message: 'The workspace has as many subscribers as it may: delete one.',
  },
  noSubscriber: {
    code: 'ATR-TRIGGER-028',
    status: 'not-found',
    retryable: false,
    message: 'The trigger has no such subscriber.',
  },
  unavailable: {
    code: 'ATR-TRIGGER-025',
    status: 'unavailable',
    retryable: true,
    message: 'The log is out of reach, or this instance is shutting down: resume after the last position.',
  },
} as const satisfies Record<string, FailureKind>;

export type StreamFailure = keyof typeof STREAM_FAILURES;

/** A stream of firings that cannot be had, or cannot go on. */
export class FiringStreamError extends OperatingError {
  constructor(
    readonly failure: StreamFailure,
    options: { told?: string; cause?: unknown } = {},
  ) {
    const { message, ...kind } = STREAM_FAILURES[failure];
    super(options.told ?? message, { ...kind, cause: options.cause });
  }
}

const DESK_FAILURES = {
  misshapen: {
    code: 'ATR-TRIGGER-030',
    status: 'invalid',
    retryable: false,
    message: 'The request has the wrong shape.',
  },
  noDestination: {
    code: 'ATR-TRIGGER-031',
    status: 'not-found',
    retryable: false,
    message: 'The catalogue in force has no such destination.',
  },
  noTrigger: {
    code: 'ATR-TRIGGER-036',
    status: 'not-found',
    retryable: false,
    message: 'The catalogue in force has no such trigger.',
  },
  noFiring: { code: 'ATR-TRIGGER-032', status: 'not-found', retryable: false, message: 'There is no such firing.' },
  noHistory: {
    code: 'ATR-TRIGGER-033',
    status: 'unavailable',
    retryable: false,
    message: 'Past firings and attempts are in ClickHouse, and this installation has none.',
  },
  historySilent: {
    code: 'ATR-TRIGGER-034',
    status: 'unavailable',
    retryable: true,
    message: 'ClickHouse does not answer now.',
  },
  logSilent: {
    code: 'ATR-TRIGGER-035',
    status: 'unavailable',
    retryable: true,
    message: 'The log does not answer now.',
  },
} as const satisfies Record<string, FailureKind>;

export type DeskFailure = keyof typeof DESK_FAILURES;

/** A question about deliveries or past firings that cannot be answered. */
export class DeskError extends OperatingError {
  constructor(
    readonly failure: DeskFailure,
    told?: string,
    cause?: unknown,
  ) {
    const { message, ...kind } = DESK_FAILURES[failure];
    super(told ?? message, { ...kind, cause });
  }
}

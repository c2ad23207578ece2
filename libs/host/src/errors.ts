/** What a failure means to a caller, and the HTTP and gRPC status that say so. */

/** Kinds of failure that a caller can tell apart. */
export type FailureStatus =
  | 'invalid'
  | 'unauthenticated'
  | 'forbidden'
  | 'not-found'
  /** It was there, and is gone for good. */
  | 'gone'
  | 'conflict'
  /** What the caller says it knows is no longer so: read again, and decide anew. */
  | 'precondition-failed'
  /** The caller must say what it knows. */
  | 'precondition-required'
  /** Well-formed, and wrong in what it means. */
  | 'unprocessable'
  | 'too-large'
  | 'limited'
  | 'unavailable'
  | 'timeout'
  | 'internal';

const HTTP_STATUS: Readonly<Record<FailureStatus, number>> = {
  invalid: 400,
  unauthenticated: 401,
  forbidden: 403,
  'not-found': 404,
  gone: 410,
  conflict: 409,
  'precondition-failed': 412,
  'precondition-required': 428,
  unprocessable: 422,
  'too-large': 413,
  limited: 429,
  unavailable: 503,
  timeout: 504,
  internal: 500,
};

/** Numbers of grpc-js `status`. */
const GRPC_STATUS: Readonly<Record<FailureStatus, number>> = {
  invalid: 3,
  unauthenticated: 16,
  forbidden: 7,
  'not-found': 5,
  gone: 5,
  conflict: 10,
  'precondition-failed': 10,
  'precondition-required': 3,
  unprocessable: 3,
  'too-large': 8,
  limited: 8,
  unavailable: 14,
  timeout: 4,
  internal: 13,
};

/** What an operating failure carries. `status` may be absent: then a retryable one is `unavailable`, any other `internal`. */
export interface CodedFailure {
  /** `ATR-<AREA>-<nnn>`. */
  readonly code: string;
  readonly retryable: boolean;
  readonly message: string;
  readonly status?: FailureStatus;
  readonly retryAfterSeconds?: number;
  /** More to tell, JSON. */
  readonly details?: unknown;
}

export interface FailureOptions {
  readonly code: string;
  readonly retryable?: boolean;
  readonly status?: FailureStatus;
  readonly retryAfterSeconds?: number;
  readonly details?: unknown;
  readonly cause?: unknown;
}

/** An operating failure: something outside went wrong, or a caller asked for what cannot be. */
export class OperatingError extends Error implements CodedFailure {
  readonly code: string;
  readonly retryable: boolean;
  readonly status: FailureStatus;
  declare readonly retryAfterSeconds?: number;
  declare readonly details?: unknown;

  constructor(message: string, options: FailureOptions) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.code = options.code;
    this.retryable = options.retryable ?? false;
    this.status = options.status ?? (this.retryable ? 'unavailable' : 'internal');
    if (options.retryAfterSeconds !== undefined) this.retryAfterSeconds = options.retryAfterSeconds;
    if (options.details !== undefined) this.details = options.details;
  }
}

export function isCodedFailure(error: unknown): error is CodedFailure {
  const failure = error as Partial<CodedFailure> | undefined | null;
  return typeof failure?.code === 'string' && failure.code.startsWith('ATR-') && typeof failure.retryable === 'boolean';
}

function statusOf(failure: CodedFailure): FailureStatus {
  return failure.status ?? (failure.retryable ? 'unavailable' : 'internal');
}

export function httpStatusOf(failure: CodedFailure): number {
  return HTTP_STATUS[statusOf(failure)];
}

export function grpcStatusOf(failure: CodedFailure): number {
  return GRPC_STATUS[statusOf(failure)];
}

/** The JSON body of a failure, the same on every HTTP endpoint. */
export function failureBody(failure: CodedFailure): { error: Record<string, unknown> } {
  return {
    error: {
      code: failure.code,
      message: failure.message,
      retryable: failure.retryable,
      ...(failure.details === undefined ? {} : { details: failure.details }),
    },
  };
}

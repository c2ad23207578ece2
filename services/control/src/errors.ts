/** What control refuses or cannot do, each with its code, beside what every API refuses (libs/host); docs/reference/control-api.md lists them. */
import { type FailureStatus, OperatingError } from '@attrium/host';

interface FailureKind {
  readonly code: string;
  readonly status: FailureStatus;
  readonly message: string;
  readonly retryable?: true;
}

const FAILURES = {
  malformedBody: { code: 'ATR-CONTROL-010', status: 'invalid', message: 'The body cannot be read.' },
  misshapenBody: { code: 'ATR-CONTROL-011', status: 'invalid', message: 'The body has the wrong shape.' },
  badName: { code: 'ATR-CONTROL-012', status: 'invalid', message: 'This is no name.' },
  badIdentifier: {
    code: 'ATR-CONTROL-013',
    status: 'invalid',
    message: 'An identifier is written as type:value, such as user_id:u-1.',
  },
  tooMany: { code: 'ATR-CONTROL-014', status: 'conflict', message: 'There are as many as there may be.' },
  faultyCatalogue: { code: 'ATR-CONTROL-020', status: 'unprocessable', message: 'The catalogue has faults.' },
  noRevision: {
    code: 'ATR-CONTROL-021',
    status: 'precondition-required',
    message: 'Say which revision this one follows: `If-Match: <revision>`, 0 for the first.',
  },
  badRevision: {
    code: 'ATR-CONTROL-022',
    status: 'invalid',
    message: 'A revision is a whole number: `If-Match: "3"` or `If-Match: 3`.',
  },
  outdatedRevision: {
    code: 'ATR-CONTROL-023',
    status: 'precondition-failed',
    message: 'Another revision is in force: get it, and decide anew.',
  },
  commitUnknown: {
    code: 'ATR-CONTROL-024',
    status: 'unavailable',
    retryable: true,
    message: 'The log did not say whether it has the catalogue. Get the revision in force before you put it again.',
  },
  noProfile: { code: 'ATR-CONTROL-030', status: 'not-found', message: 'No profile has this identifier.' },
  noAccount: { code: 'ATR-CONTROL-031', status: 'not-found', message: 'There is no such account.' },
  notQuarantined: {
    code: 'ATR-CONTROL-032',
    status: 'not-found',
    message: 'No merge was ever held by this identifier.',
  },
  decisionUnknown: {
    code: 'ATR-CONTROL-033',
    status: 'unavailable',
    retryable: true,
    message: 'The log did not say whether it has the decision. Deciding again does no harm.',
  },
  noBackfill: {
    code: 'ATR-CONTROL-034',
    status: 'not-found',
    message: 'Nothing of this revision is computed from history now.',
  },
  noWorkspace: {
    code: 'ATR-CONTROL-040',
    status: 'not-found',
    message: 'There is no such workspace: create it with POST /v1/workspaces.',
  },
  noSuchKey: { code: 'ATR-CONTROL-041', status: 'not-found', message: 'The workspace has no such key.' },
  noSecret: { code: 'ATR-CONTROL-042', status: 'not-found', message: 'The workspace has no such secret.' },
  noTables: {
    code: 'ATR-CONTROL-050',
    status: 'unavailable',
    retryable: true,
    message: 'ClickHouse cannot be asked: it is out of reach, or has not the tables yet.',
  },
  tooMuchToRead: { code: 'ATR-CONTROL-051', status: 'too-large', message: 'The question reads too much.' },
  tooSlow: { code: 'ATR-CONTROL-052', status: 'timeout', message: 'ClickHouse did not answer in time.' },
  faultyCondition: { code: 'ATR-CONTROL-053', status: 'unprocessable', message: 'The condition has faults.' },
  noSegment: { code: 'ATR-CONTROL-054', status: 'not-found', message: 'The catalogue in force has no such segment.' },
  tooManyValues: {
    code: 'ATR-CONTROL-055',
    status: 'too-large',
    message: 'The condition has more values than one question can carry.',
  },
  tooManyAtOnce: {
    code: 'ATR-CONTROL-056',
    status: 'limited',
    retryable: true,
    message: 'As many large questions are being answered as may be at a time.',
  },
  refusedByTables: { code: 'ATR-CONTROL-057', status: 'internal', message: 'ClickHouse refused the question.' },
  notStatic: { code: 'ATR-CONTROL-058', status: 'conflict', message: 'The segment is no static list.' },
  importUnderWay: {
    code: 'ATR-CONTROL-059',
    status: 'conflict',
    retryable: true,
    message: 'Another import into this list is under way, or stopped within the last minute.',
  },
  deskSilent: {
    code: 'ATR-CONTROL-060',
    status: 'unavailable',
    retryable: true,
    message: 'No journey-trigger answers now.',
  },
  importBroken: {
    code: 'ATR-CONTROL-061',
    status: 'unavailable',
    retryable: true,
    message: 'The log did not take the import. A part of it may be in: import again.',
  },
  notInHistory: {
    code: 'ATR-CONTROL-062',
    status: 'unprocessable',
    message: 'History does not tell on which events it would have fired: its where asks for an event attribute.',
  },
  faultyTrigger: { code: 'ATR-CONTROL-063', status: 'unprocessable', message: 'The trigger has faults.' },
  noTrigger: { code: 'ATR-CONTROL-064', status: 'not-found', message: 'The catalogue in force has no such trigger.' },
  noErasure: {
    code: 'ATR-CONTROL-070',
    status: 'not-found',
    message: 'Identity has read no such request to erase; one that was made just now is read within moments.',
  },
  erasureUnknown: {
    code: 'ATR-CONTROL-071',
    status: 'unavailable',
    retryable: true,
    message: 'The log did not say whether it has the request. Make it again, with the same request id.',
  },
} as const satisfies Record<string, FailureKind>;

export type ControlFailure = keyof typeof FAILURES;

export class ControlError extends OperatingError {
  constructor(
    readonly failure: ControlFailure,
    options: { message?: string; retryAfterSeconds?: number; details?: unknown; cause?: unknown } = {},
  ) {
    const kind: FailureKind = FAILURES[failure];
    super(options.message ?? kind.message, {
      code: kind.code,
      status: kind.status,
      retryable: kind.retryable ?? false,
      ...(kind.retryable === undefined ? {} : { retryAfterSeconds: options.retryAfterSeconds ?? 1 }),
      ...(options.details === undefined ? {} : { details: options.details }),
      cause: options.cause,
    });
  }
}

/** Every code with its status and meaning. */
export const FAILURE_KINDS: readonly FailureKind[] = Object.values(FAILURES);

/** The failures that segment reports, each with a code and a page. */
import { OperatingError } from '@attrium/host/stage';

/** A question that segment does not understand: the asker's fault. */
export class InvalidQuestionError extends Error {
  readonly code = 'ATR-SEGMENT-001';
  readonly retryable = false;

  constructor(reason: string) {
    super(`segment cannot answer: ${reason}`);
    this.name = 'InvalidQuestionError';
  }
}

/** No segments to evaluate, or more than a request may have. */
export class SegmentNamesError extends OperatingError {
  constructor(message: string) {
    super(message, { code: 'ATR-SEGMENT-010', status: 'invalid' });
  }
}

/** Segments that the catalogue in force does not have. */
export class NoSegmentError extends OperatingError {
  constructor(names: readonly string[]) {
    super(`No segments of profiles: ${names.join(', ')}.`, { code: 'ATR-SEGMENT-011', status: 'not-found' });
  }
}

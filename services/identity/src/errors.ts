/** The failures that identity reports, each with a code and a page. */

/** A question that identity does not understand: the asker's fault. */
export class InvalidQuestionError extends Error {
  readonly code = 'ATR-IDENTITY-001';
  readonly retryable = false;

  constructor(reason: string) {
    super(`identity cannot answer: ${reason}`);
    this.name = 'InvalidQuestionError';
  }
}

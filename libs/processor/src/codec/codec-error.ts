/** What the codec says of bytes that it cannot read. Each code has a section in docs/reference/errors.md. */
export type CodecErrorCode =
  /** The bytes are no well-formed pack: truncated, out of bounds, an impossible number or an unknown name. */
  | 'ATR-CODEC-001'
  /** The pack is well formed, but was written by a newer release: an unknown kind of record or version of the envelope. */
  | 'ATR-CODEC-002';

/** Never retryable: the same bytes give the same error in this release. */
export class CodecError extends Error {
  override readonly name = 'CodecError';
  readonly retryable = false;

  constructor(
    message: string,
    readonly code: CodecErrorCode = 'ATR-CODEC-001',
    options?: { cause?: unknown },
  ) {
    super(`${code}: ${message}`, options);
  }
}

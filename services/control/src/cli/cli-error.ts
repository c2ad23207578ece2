/** What went wrong on the command line, in the words that are shown; the exit code is 1. */
export class CliError extends Error {
  override readonly name = 'CliError';
}

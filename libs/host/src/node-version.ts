/** The version of Node that services need. */
import { OperatingError } from './errors.js';

const NODE_MAJOR_MIN = 24;

/** Numbers of JSON are read from their source text, so that they stay exact; an older Node would round them without a word. */
export class NodeVersionError extends OperatingError {
  constructor(version: string) {
    super(
      `This is Node ${version}; Attrium needs Node ${NODE_MAJOR_MIN} or newer, which reads the numbers of JSON exactly.`,
      { code: 'ATR-HOST-002', retryable: false },
    );
  }
}

/** Throws NodeVersionError on an older Node than services need. */
export function requireNode(version: string = process.versions.node): void {
  const major = Number(/^\d+/.exec(version)?.[0]);
  if (!(major >= NODE_MAJOR_MIN)) throw new NodeVersionError(version);
}

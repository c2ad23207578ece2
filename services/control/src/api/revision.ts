/** Revisions of a catalogue as HTTP carries them: an ETag, and the same in If-Match. */
import { ControlError } from '../errors.js';

export function etagOf(revision: number): string {
  return `"${revision}"`;
}

/** The revision that an If-Match names: `"3"`, or 3. Throws ATR-CONTROL-021 without one, ATR-CONTROL-022 for anything else. */
export function revisionOf(ifMatch: string | undefined): number {
  if (ifMatch === undefined || ifMatch.trim() === '') throw new ControlError('noRevision');
  const match = /^(?:"(\d{1,15})"|(\d{1,15}))$/.exec(ifMatch.trim());
  if (match === null) throw new ControlError('badRevision');
  return Number(match[1] ?? match[2]);
}

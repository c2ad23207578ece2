/** What requests about imports of static lists may ask for, and how imports are told. */
import { IMPORT_MODES, type ImportMode, type ListImport } from '../clients/list-store.js';
import { ControlError } from '../errors.js';

/** Throws ATR-CONTROL-011. */
export function modeOf(given: string | undefined): ImportMode {
  const mode = IMPORT_MODES.find((each) => each === given);
  if (mode === undefined) {
    throw new ControlError('misshapenBody', { message: `mode is one of ${IMPORT_MODES.join(', ')}.` });
  }
  return mode;
}

export function importJson({ at, ...rest }: ListImport): object {
  return { ...rest, at: new Date(at).toISOString() };
}

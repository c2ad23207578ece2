/** Identifiers as callers write them: `type:value`. */
import type { Identifier } from '@attrium/event';
import { identifierFault } from '@attrium/host';
import { ControlError } from '../errors.js';

/** The value may have colons in it. Throws ATR-CONTROL-013. */
export function identifierOf(text: string): Identifier {
  const colon = text.indexOf(':');
  if (colon <= 0) throw new ControlError('badIdentifier');
  return checkedIdentifier({ type: text.slice(0, colon), value: text.slice(colon + 1) });
}

/** Throws ATR-CONTROL-013. */
export function checkedIdentifier({ type, value }: Identifier): Identifier {
  const message = identifierFault({ type, value });
  if (message !== undefined) throw new ControlError('badIdentifier', { message });
  return { type, value };
}

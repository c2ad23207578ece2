/** The failures of attribute-compute's API, each with a code and a page. */
import { OperatingError } from '@attrium/host/stage';

/** More names than a request may have, or names that no attribute has. */
export class AttributeNamesError extends OperatingError {
  constructor(message: string) {
    super(message, { code: 'ATR-ATTRIBUTE-010', status: 'invalid' });
  }
}

/** Statements of consent for what the catalogue does not name: no attribute takes them, and that must be seen. */
import { consentAttribute, EVERY_CHANNEL, WHOLE_PURPOSE } from '@attrium/catalogue';

/** How often in `properties.statements` of the event `$consent` a purpose or a channel is none of the catalogue's. */
export function unknownStatements(statements: unknown, isKnown: (attribute: string) => boolean): number {
  let unknown = 0;
  for (const [purpose, channels] of entriesOf(statements)) {
    for (const [key] of entriesOf(channels)) {
      const channel = key === WHOLE_PURPOSE || key === EVERY_CHANNEL ? undefined : key;
      if (!isKnown(consentAttribute({ purpose, channel }))) unknown++;
    }
  }
  return unknown;
}

function entriesOf(json: unknown): readonly [string, unknown][] {
  return typeof json === 'object' && json !== null ? Object.entries(json) : [];
}

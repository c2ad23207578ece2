/** A record of the log as lines of text, one a field, so that a difference is read and not guessed. */
import type { LogRecord } from '@attrium/event';
import { canonicalJson } from '@attrium/testing/simulation';

export function readableRecord(record: LogRecord): string[] {
  const { kind, id, ...fields } = withText(record) as unknown as Record<string, unknown> & { kind: string; id: string };
  const names = Object.keys(fields).filter((name) => fields[name] !== undefined);
  return [`  ${kind} ${id}`, ...names.sort().map((name) => `    ${name}: ${canonicalJson(fields[name])}`)];
}

/** Payloads and catalogues are JSON; the encoded form that an event carries along says nothing more. */
function withText(record: LogRecord): unknown {
  switch (record.kind) {
    case 'event':
      return { ...record, payload: textOf(record.payload), bytes: undefined };
    case 'event-resolved':
      return { ...record, event: withText(record.event) };
    case 'catalogue-activated':
      return { ...record, catalogue: textOf(record.catalogue) };
    default:
      return record;
  }
}

const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

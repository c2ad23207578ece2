/** The records of stored messages, decoded once for all checks: they are to be read and not changed. */
import type { LogRecord } from '@attrium/event';
import { decodePack, type StoredMessage } from '@attrium/processor';

const decoded = new WeakMap<Uint8Array, readonly LogRecord[]>();

export function recordsOf({ payload }: StoredMessage): readonly LogRecord[] {
  let records = decoded.get(payload);
  if (records === undefined) {
    records = decodePack(payload).records;
    decoded.set(payload, records);
  }
  return records;
}

/** Appends a message to the log so that it is stored once, though the answer may be lost. */
import type { Log } from '@attrium/processor';

const TRIES_MAX = 3;

/** Undefined once the log has it; else why it does not say: it may still have it. Each try has the same id, so it is stored once. */
export async function appendOnce(
  log: Pick<Log, 'append'>,
  { subject, payload, id }: { readonly subject: string; readonly payload: Uint8Array; readonly id: string },
): Promise<string | undefined> {
  let reason = '';
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    const outcome = await log.append(subject, payload, { messageId: id });
    if (outcome.kind === 'appended') return undefined;
    reason = outcome.kind === 'unknown' ? outcome.reason : outcome.kind;
  }
  return reason;
}

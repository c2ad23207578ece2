/** Appends requests to erase at the head of the line. */
import { type ErasureRequested, erasureSubject, partitionOf } from '@attrium/event';
import { encodePack, type Log } from '@attrium/processor';
import { controlHeader } from './catalogue-log.js';

const TRIES_MAX = 3;

export class ErasureLog {
  private commits = 0;

  constructor(private readonly options: { readonly log: Log; readonly shards: number; readonly owner: string }) {}

  /** False: the log did not say whether it has the request. One that it has twice is decided once. */
  async append(request: ErasureRequested): Promise<boolean> {
    const { log, shards, owner } = this.options;
    const { workspace, id } = request;
    const subject = erasureSubject(partitionOf(workspace, shards), workspace);
    const payload = encodePack(controlHeader(owner, ++this.commits), [request]);
    for (let tries = 0; tries < TRIES_MAX; tries++) {
      const { kind } = await log.append(subject, payload, { messageId: `erasure:${workspace}:${id}` });
      if (kind === 'appended') return true;
    }
    return false;
  }
}

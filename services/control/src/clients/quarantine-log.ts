/** Appends decisions about the quarantine to `events`, where identity reads them in their place among the events. */
import { partitionOf, type QuarantineDecided, quarantineSubject } from '@attrium/event';
import { type Clock, encodePack, type Log } from '@attrium/processor';
import { controlHeader } from './catalogue-log.js';

const TRIES_MAX = 3;

export type Decision = Pick<QuarantineDecided, 'identifier' | 'decision' | 'author'>;

export class QuarantineLog {
  private commits = 0;

  constructor(
    private readonly options: {
      readonly log: Pick<Log, 'append'>;
      readonly clock: Pick<Clock, 'now'>;
      readonly shards: number;
      /** Unique to this process. */
      readonly owner: string;
    },
  ) {}

  /** Undefined once the log has it; else why it does not say: it may still have it. Each try has the same id, so it is stored once. */
  async append(workspace: string, decision: Decision): Promise<string | undefined> {
    const { log, clock, shards, owner } = this.options;
    const commit = ++this.commits;
    const id = `${workspace}:quarantine:${owner}:${commit}`;
    const record: QuarantineDecided = {
      kind: 'quarantine-decided',
      id,
      workspace,
      ...decision,
      decidedAt: clock.now(),
    };
    const subject = quarantineSubject(partitionOf(workspace, shards), workspace);
    const payload = encodePack(controlHeader(owner, commit), [record]);
    let reason = '';
    for (let tries = 0; tries < TRIES_MAX; tries++) {
      const outcome = await log.append(subject, payload, { messageId: id });
      if (outcome.kind === 'appended') return undefined;
      reason = outcome.kind === 'unknown' ? outcome.reason : outcome.kind;
    }
    return reason;
  }
}

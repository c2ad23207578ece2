/** Appends decisions about the quarantine to `events`, where identity reads them in their place among the events. */
import { partitionOf, type QuarantineDecided, quarantineSubject } from '@attrium/event';
import { type Clock, encodePack, type Log } from '@attrium/processor';
import { appendOnce } from './append-once.js';
import { controlHeader } from './catalogue-log.js';

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

  /** As `appendOnce`. */
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
    return appendOnce(log, { subject, payload, id });
  }
}

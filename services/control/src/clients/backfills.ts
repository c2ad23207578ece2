/** Which definitions of a workspace are computed from history now, and how far: as the owners of all partitions say. */
import { type BackfillOrdered, backfillsSubject, partitionOf } from '@attrium/event';
import type { AskStage } from '@attrium/host';
import { encodePack, type Log } from '@attrium/processor';
import { ControlError } from '../errors.js';
import { appendOnce } from './append-once.js';
import { controlHeader } from './catalogue-log.js';

/** waiting: for the projection of what was before the activation. reading. done: it waits for the other partitions. paused: until it is resumed. */
export type BackfillState = 'waiting' | 'reading' | 'done' | 'paused';

export interface BackfillProgress {
  /** Of the catalogue that began it. */
  readonly revision: number;
  /** Names of attributes. */
  readonly attributes: readonly string[];
  /** What segments and triggers ask of events: attributes without a name. */
  readonly unnamed: number;
  readonly partitions: readonly {
    readonly partition: number;
    readonly state: BackfillState;
    readonly chunks: number;
    readonly events: number;
  }[];
}

/** As attribute-compute answers. */
interface Answer {
  readonly backfills: readonly {
    readonly revision: number;
    readonly keys: readonly string[];
    readonly chunks: number;
    readonly rows: number;
    readonly done: boolean;
    readonly paused?: boolean;
  }[];
}

export class Backfills {
  private commits = 0;

  constructor(
    private readonly options: {
      readonly ask: AskStage;
      readonly log: Pick<Log, 'append'>;
      readonly partitions: number;
      readonly shards: number;
      /** Unique to this process. */
      readonly owner: string;
    },
  ) {}

  /** Takes effect once every partition has read it. Throws ATR-CONTROL-033 and -034, and OwnerSilentError before anything was ordered. */
  async order(
    workspace: string,
    { revision, order, author }: Pick<BackfillOrdered, 'revision' | 'order' | 'author'>,
  ): Promise<void> {
    const { log, shards, owner } = this.options;
    const going = await this.of(workspace);
    if (!going.some((each) => each.revision === revision)) throw new ControlError('noBackfill');
    const commit = ++this.commits;
    const id = `${workspace}:backfill:${owner}:${commit}`;
    const record: BackfillOrdered = { kind: 'backfill-ordered', id, workspace, revision, order, author };
    const subject = backfillsSubject(partitionOf(workspace, shards), workspace);
    const payload = encodePack(controlHeader(owner, commit), [record]);
    const reason = await appendOnce(log, { subject, payload, id });
    if (reason !== undefined) throw new ControlError('decisionUnknown', { cause: new Error(reason) });
  }

  /** Those under way, the oldest first. Throws OwnerSilentError while an owner is away. */
  async of(workspace: string): Promise<readonly BackfillProgress[]> {
    const { ask, partitions } = this.options;
    const numbers = Array.from({ length: partitions }, (_, partition) => partition);
    const question = { kind: 'backfills', workspace };
    const answers = await Promise.all(
      numbers.map((partition) => ask<Answer>('attribute-compute', partition, question)),
    );
    const found = new Map<number, { keys: readonly string[]; partitions: BackfillProgress['partitions'][number][] }>();
    for (const [partition, { backfills }] of answers.entries()) {
      for (const { revision, keys, chunks, rows: events, done, paused } of backfills) {
        const state: BackfillState = paused === true ? 'paused' : done ? 'done' : chunks > 0 ? 'reading' : 'waiting';
        const known = found.get(revision) ?? { keys, partitions: [] };
        known.partitions.push({ partition, state, chunks, events });
        found.set(revision, known);
      }
    }
    return [...found]
      .sort(([a], [b]) => a - b)
      .map(([revision, { keys, partitions: each }]) => {
        const names = keys.map(nameOf);
        const attributes = names.filter((name) => name !== '').sort();
        return { revision, attributes, unnamed: names.length - attributes.length, partitions: each };
      });
  }
}

/** A key is `state <kind> <name>~<hash>`; unnamed attributes have no name. */
function nameOf(key: string): string {
  const text = key.split(' ').slice(2).join(' ');
  return text.slice(0, text.lastIndexOf('~'));
}

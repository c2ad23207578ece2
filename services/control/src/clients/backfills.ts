/** Which definitions of a workspace are computed from history now, and how far: as the owners of all partitions say. */
import type { AskStage } from '@attrium/host';

/** waiting: for the projection of what was before the activation. reading. done: it waits for the other partitions. */
export type BackfillState = 'waiting' | 'reading' | 'done';

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
  }[];
}

export class Backfills {
  constructor(
    private readonly ask: AskStage,
    private readonly partitions: number,
  ) {}

  /** Those under way, the oldest first. Throws OwnerSilentError while an owner is away. */
  async of(workspace: string): Promise<readonly BackfillProgress[]> {
    const numbers = Array.from({ length: this.partitions }, (_, partition) => partition);
    const question = { kind: 'backfills', workspace };
    const answers = await Promise.all(
      numbers.map((partition) => this.ask<Answer>('attribute-compute', partition, question)),
    );
    const found = new Map<number, { keys: readonly string[]; partitions: BackfillProgress['partitions'][number][] }>();
    for (const [partition, { backfills }] of answers.entries()) {
      for (const { revision, keys, chunks, rows: events, done } of backfills) {
        const state: BackfillState = done ? 'done' : chunks > 0 ? 'reading' : 'waiting';
        const known = found.get(revision) ?? { keys, partitions: [] };
        known.partitions.push({ partition, state, chunks, events });
        found.set(revision, known);
      }
    }
    return [...found]
      .sort(([a], [b]) => a - b)
      .map(([revision, { keys, partitions }]) => {
        const names = keys.map(nameOf);
        const attributes = names.filter((name) => name !== '').sort();
        return { revision, attributes, unnamed: names.length - attributes.length, partitions };
      });
  }
}

/** A key is `state <kind> <name>~<hash>`; unnamed attributes have no name. */
function nameOf(key: string): string {
  const text = key.split(' ').slice(2).join(' ');
  return text.slice(0, text.lastIndexOf('~'));
}

/** How far triggers on those who are in a segment already have come: as the owners of all partitions of segment say. */
import type { AskStage } from '@attrium/host';

export interface SweepProgress {
  readonly trigger: string;
  readonly segment: string;
  /** The revision with which it became active, and when: in the first partition that read of it. */
  readonly revision: number;
  readonly activatedAt: string;
  /** When the last partition was done; absent while one is not. */
  readonly finishedAt?: string;
  readonly partitions: number;
  readonly partitionsDone: number;
  /** Who has had their turn, and how many members were found, in their turn or before. */
  readonly profiles: number;
  readonly members: number;
}

/** As segment answers. */
interface Answer {
  readonly sweeps: readonly {
    readonly trigger: string;
    readonly segment: string;
    readonly activatedBy: number;
    readonly activatedAt: number;
    readonly rows: number;
    readonly told: number;
    readonly finishedAt?: number;
  }[];
}

export class MemberSweeps {
  constructor(
    private readonly ask: AskStage,
    private readonly partitions: number,
  ) {}

  /** Of the triggers that are active, in the order of the catalogue. Throws OwnerSilentError while an owner is away. */
  async of(workspace: string): Promise<readonly SweepProgress[]> {
    const numbers = Array.from({ length: this.partitions }, (_, partition) => partition);
    const question = { kind: 'sweeps', workspace };
    const answers = await Promise.all(numbers.map((partition) => this.ask<Answer>('segment', partition, question)));
    const all = answers.flatMap(({ sweeps }) => sweeps);
    const names = new Set(all.map(({ trigger, activatedBy }) => `${trigger} ${activatedBy}`));
    return [...names].map((name) => {
      const own = all.filter(({ trigger, activatedBy }) => `${trigger} ${activatedBy}` === name);
      return progressOf(own, this.partitions);
    });
  }
}

function progressOf(own: Answer['sweeps'], partitions: number): SweepProgress {
  const { trigger, segment, activatedBy: revision } = own[0]!;
  const done = own.flatMap(({ finishedAt }) => finishedAt ?? []);
  const sum = (of: (each: Answer['sweeps'][number]) => number): number =>
    own.reduce((total, each) => total + of(each), 0);
  return {
    ...{ trigger, segment, revision, partitions, partitionsDone: done.length },
    activatedAt: new Date(Math.min(...own.map(({ activatedAt }) => activatedAt))).toISOString(),
    ...(done.length === partitions ? { finishedAt: new Date(Math.max(...done)).toISOString() } : {}),
    profiles: sum(({ rows }) => rows),
    members: sum(({ told }) => told),
  };
}

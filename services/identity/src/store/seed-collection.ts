/** Which partitions have folded the history of a revision: when all have, its definitions take effect everywhere. */
import type { DefinitionsSwitched, SeedCompleted } from '@attrium/event';
import type { StageEnvironment, Table } from '@attrium/processor';

type Switched = Omit<DefinitionsSwitched, 'id'>;

export class SeedCollection {
  /** By workspace and revision: the partitions that have completed, rising. */
  private readonly completed: Table<readonly (string | number)[], readonly number[]>;
  private readonly partitions: number;

  constructor(environment: StageEnvironment) {
    this.completed = environment.table('seeds-completed');
    this.partitions = environment.partitions;
  }

  /** What follows; undefined while a partition is missing. A switch that comes twice does nothing: its definitions are in effect. */
  take({ workspace, revision, partition }: SeedCompleted): Switched | undefined {
    if (partition >= this.partitions) return undefined;
    const before = this.completed.get([workspace, revision]) ?? [];
    if (before.includes(partition)) return undefined;
    const after = [...before, partition].sort((a, b) => a - b);
    if (after.length < this.partitions) {
      this.completed.put([workspace, revision], after);
      return undefined;
    }
    this.completed.delete([workspace, revision]);
    return { kind: 'definitions-switched', workspace, revision, page: 0 };
  }

  /** It is cancelled. What its partitions said meanwhile, or say until they know of it, leads to nothing there. */
  forget({ workspace, revision }: Pick<SeedCompleted, 'workspace' | 'revision'>): void {
    this.completed.delete([workspace, revision]);
  }
}

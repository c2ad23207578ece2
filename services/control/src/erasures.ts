/** Takes requests to erase a profile, and tells what has become of them: each stage is asked, and the tables. */
import { type Identifier, partitionOf, STAGE_NAMES, type StageName } from '@attrium/event';
import type { AskStage } from '@attrium/host';
import type { Clock, ErasureProgress } from '@attrium/processor';
import type { ErasureLog } from './clients/erasure-log.js';
import type { ErasureTables } from './clients/erasure-tables.js';
import { ControlError } from './errors.js';
import type { Telemetry } from './telemetry.js';

/** What identity says of a request. */
interface DecidedErasure {
  readonly decidedAt: number;
  readonly erased?: { readonly profileId: string } | undefined;
  readonly places: readonly { readonly partition: number; readonly ordinals: readonly number[] }[];
}

export interface Erasure {
  readonly requestId: string;
  /** nobody: no profile had the identifier. erasing: some stages or tables are not done yet. */
  readonly status: 'nobody' | 'erasing' | 'erased';
  /** Log time, ms. */
  readonly decidedAt: number;
  /** Undefined for nobody. */
  readonly profileId?: string | undefined;
  readonly stagesDone: readonly StageName[];
  /** True also where there is no ClickHouse. */
  readonly rowsRemoved: boolean;
}

const KEYED_STAGES = STAGE_NAMES.filter((stage) => stage !== 'identity');

export class Erasures {
  constructor(
    private readonly options: {
      readonly log: ErasureLog;
      readonly tables: ErasureTables;
      readonly ask: AskStage;
      readonly shards: number;
      readonly clock: Pick<Clock, 'now'>;
      readonly newId: () => string;
      readonly telemetry: Pick<Telemetry, 'erasureRequested'>;
    },
  ) {}

  /** Returns the id of the request once the log has it. Throws ControlError erasureUnknown. */
  async request(
    workspace: string,
    asked: { readonly identifier: Identifier; readonly author: string; readonly requestId?: string | undefined },
  ): Promise<string> {
    const { log, clock, newId, telemetry } = this.options;
    const { identifier, author, requestId: id = newId() } = asked;
    const request = { id, workspace, identifier, author, requestedAt: clock.now() };
    const appended = await log.append({ kind: 'erasure-requested', ...request });
    telemetry.erasureRequested(appended ? 'appended' : 'unknown');
    if (!appended) throw new ControlError('erasureUnknown', { details: { requestId: id } });
    return id;
  }

  /** Undefined: identity has read no such request, or not yet. Throws OwnerSilentError. */
  async status(workspace: string, requestId: string): Promise<Erasure | undefined> {
    const { ask, shards, tables } = this.options;
    const question = { kind: 'erasure', workspace, requestId };
    const decided = await ask<DecidedErasure | null>('identity', partitionOf(workspace, shards), question);
    if (decided === null) return undefined;
    const { decidedAt, erased, places } = decided;
    if (erased === undefined) return { requestId, status: 'nobody', decidedAt, stagesDone: [], rowsRemoved: true };
    const { profileId } = erased;
    const [rowsRemoved, ...stages] = await Promise.all([
      tables.areCleared(workspace, profileId),
      ...KEYED_STAGES.map((stage) => this.isDone(stage, places)),
    ]);
    const stagesDone: StageName[] = ['identity', ...KEYED_STAGES.filter((_, index) => stages[index])];
    const isDone = rowsRemoved && stagesDone.length === STAGE_NAMES.length;
    return { requestId, status: isDone ? 'erased' : 'erasing', decidedAt, profileId, stagesDone, rowsRemoved };
  }

  private async isDone(stage: StageName, places: DecidedErasure['places']): Promise<boolean> {
    const answers = await Promise.all(
      places.map(({ partition, ordinals }) =>
        this.options.ask<ErasureProgress>(stage, partition, { kind: 'erasure', ordinals }),
      ),
    );
    return answers.every(({ erased }) => erased);
  }
}

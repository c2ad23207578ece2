/** The steps of a commit, a save and a recovery as a process goes through them, and the one at which it is to be killed. */
import { rowCodec, type StageBinding, type StageOccurrence, type TableCodec } from '@attrium/processor';
import type { ProcessStep, Random } from '@attrium/testing/simulation';

export const COMMIT_STEPS = [
  'before a publish',
  'with a publish under way',
  'after a publish was stored, before its answer',
  'after the answer to a publish',
  'between the packs of one commit',
  'between a commit and its relay',
  'after a relay was stored, before its answer',
  'before a save',
  'during a save',
  'after a save, before it is known',
  'between two slices of a save',
  'during a recovery',
  'at a callback of the clock',
] as const;
export type CommitStep = (typeof COMMIT_STEPS)[number];

export interface PlannedCrash {
  readonly step: CommitStep;
  /** It happens when the process comes to that step for this time, from 1. */
  readonly time: number;
  /** For what takes a while: how long after its beginning. */
  readonly delayMs: number;
}

/** Steps that few commits have come first in line. */
const TIMES: Partial<Record<CommitStep, number>> = {
  'between the packs of one commit': 2,
  'between a commit and its relay': 1,
  'after a relay was stored, before its answer': 1,
  'between two slices of a save': 3,
  'during a recovery': 8,
  'at a callback of the clock': 60,
};

export function planCrash(random: Random): PlannedCrash {
  const step = random.pick(COMMIT_STEPS);
  return { step, time: 1 + random.int(TIMES[step] ?? 4), delayMs: random.int(20) };
}

/** Follows one process, from its start to its end. */
export class CommitWatch {
  private readonly own: RegExp;
  private readonly times = new Map<CommitStep, number>();
  /** By writer: publishes that are under way. */
  private readonly underWay = new Map<string, number>();
  private isRecovered = false;
  private encodedRows = 0;

  constructor(
    private readonly binding: StageBinding,
    private readonly reached: (step: CommitStep, time: number) => void,
  ) {
    this.own = new RegExp(`^attrium\\.(${binding.input}|${binding.output})\\.\\d+\\.(${binding.name}-\\d+)$`);
  }

  occurred({ kind }: StageOccurrence): void {
    if (kind === 'recovered') this.isRecovered = true;
  }

  /** A row of a save has been encoded. */
  encoded(): void {
    this.encodedRows++;
  }

  step(step: ProcessStep): void {
    switch (step.kind) {
      case 'ask':
        if (!this.isRecovered) this.reach('during a recovery');
        return;
      case 'timer':
        if (this.encodedRows > 0) this.reach('between two slices of a save');
        this.reach('at a callback of the clock');
        return;
      case 'save':
        this.encodedRows = 0;
        this.reach('before a save');
        return;
      case 'saving':
        this.reach('during a save');
        return;
      case 'saved':
        this.reach('after a save, before it is known');
        return;
      default:
        this.publish(step.kind, step.subject);
    }
  }

  private publish(kind: 'publish' | 'sent' | 'stored' | 'answered', subject: string): void {
    const [, log, writer] = this.own.exec(subject) ?? [];
    if (log === undefined || writer === undefined) return;
    const isRelay = log === this.binding.input;
    const others = this.underWay.get(writer) ?? 0;
    if (kind === 'publish') {
      this.reach(isRelay ? 'between a commit and its relay' : 'before a publish');
    } else if (kind === 'sent') {
      this.underWay.set(writer, others + 1);
      if (!isRelay) this.reach('with a publish under way');
    } else if (kind === 'stored') {
      this.underWay.set(writer, others - 1);
      if (others > 1) this.reach('between the packs of one commit');
      this.reach(
        isRelay ? 'after a relay was stored, before its answer' : 'after a publish was stored, before its answer',
      );
    } else if (!isRelay) {
      this.reach('after the answer to a publish');
    }
  }

  private reach(step: CommitStep): void {
    const time = (this.times.get(step) ?? 0) + 1;
    this.times.set(step, time);
    this.reached(step, time);
  }
}

/** The same stage, which tells of each row that is encoded. */
export function watchRows(binding: StageBinding, encoded: () => void): StageBinding {
  return {
    ...binding,
    open: (environment) =>
      binding.open({
        ...environment,
        table: (name, codec = rowCodec as TableCodec<never>) =>
          environment.table(name, {
            encode: (value) => {
              encoded();
              return codec.encode(value);
            },
            decode: (bytes) => codec.decode(bytes),
          }),
      }),
  };
}

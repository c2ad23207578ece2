/** What goes wrong during a run, by seed: crashes, wiped stores, second owners, long outages, a slow and forgetful log. */
import { STAGE_NAMES, type StageName } from '@attrium/event';
import type { StageSettings } from '@attrium/processor';
import type { LogFaults, Random } from '@attrium/testing/simulation';
import type { Line } from './line.js';

export const MACHINES = 2;

export function drawLogFaults(random: Random): Partial<LogFaults> {
  const often = random.pick([0, 0.01, 0.04]);
  return {
    // The longest leave merges open while the next ones come.
    appendDelayMsMax: random.pick([0, 3, 20, 300]),
    answerDelayMsMax: random.pick([0, 3, 20]),
    deliveryDelayMsMax: random.pick([0, 10, 60, 500]),
    answerLostChance: often,
    requestLostChance: often,
    requestStalledChance: often / 2,
    answerTimeoutMs: 400,
    clockStepChance: random.pick([0, 0.01]),
    clockStepMsMax: 50,
  };
}

/** Small packs and caches, so that cycles end, rows leave the cache and states are saved at many different places. */
export function drawSettings(random: Random): Partial<StageSettings> {
  return {
    lingerMs: random.pick([0, 2, 5]),
    packBytesMax: random.pick([500, 2_000, 262_144]),
    checkpointIntervalMs: random.pick([200, 700, 2_500]),
    dirtyRowsMax: random.pick([3, 50_000]),
    saveSliceRows: random.pick([1, 512]),
    cacheRowsMax: random.pick([2, 10, 100_000]),
    pendingMessagesMax: random.pick([2, 64]),
  };
}

/** Breaks and mends one line, step by step. */
export class Faults {
  /** When a machine that is down starts again. */
  private readonly restarts: { readonly at: number; readonly stage: StageName; readonly machine: number }[] = [];
  private readonly crashChance: number;

  constructor(
    private readonly line: Line,
    private readonly random: Random,
  ) {
    this.crashChance = random.pick([0, 0.05, 0.2]);
  }

  /** To be called a few times a second. */
  async step(): Promise<void> {
    const { line, random } = this;
    const now = line.clock.now();
    for (const restart of this.restarts.splice(0)) {
      if (restart.at > now) this.restarts.push(restart);
      else this.start(restart.stage, restart.machine);
    }
    for (const stage of STAGE_NAMES) {
      if (!line.isRunning(stage, 0) && !this.isPlanned(stage, 0)) this.plan(stage, 0);
      if (random.chance(this.crashChance)) await this.strike(stage);
    }
    if (random.chance(this.crashChance / 20)) line.log.addOutage(now, now + random.int(3_000));
    if (random.chance(0.1)) this.repeatTransfer();
  }

  /** Transfers are written once, by compare-and-set; a stage must drop one that comes again all the same. */
  private repeatTransfer(): void {
    const { line, random } = this;
    const { name, input } = random.pick(line.bindings.filter((binding) => binding.input !== 'events'));
    const relayed = line.storedAll(input).filter(({ subject }) => new RegExp(`\\.${name}-\\d+$`).test(subject));
    if (relayed.length === 0) return;
    const { subject, payload } = random.pick(relayed);
    line.log.store(`${subject}-again`, payload);
  }

  private async strike(stage: StageName): Promise<void> {
    const { line, random } = this;
    const machine = random.int(MACHINES);
    if (line.isRunning(stage, machine)) {
      if (random.chance(0.1)) await line.wipe(stage, machine);
      else line.crash(stage, machine);
      if (machine === 0) this.plan(stage, machine);
    } else if (machine > 0) {
      // A second owner of partitions that the first still believes to own.
      this.start(stage, machine);
    }
  }

  private start(stage: StageName, machine: number): void {
    const { line, random } = this;
    const all = line.inputs(line.bindings.find(({ name }) => name === stage)!);
    const some = all.filter(() => random.chance(0.5));
    line.start(stage, machine, machine > 0 && some.length > 0 ? some : all);
  }

  /** Mostly soon; sometimes so late that windows end while nobody is there. */
  private plan(stage: StageName, machine: number): void {
    const downMs = this.random.chance(0.2) ? this.random.int(20_000) : this.random.int(600);
    this.restarts.push({ at: this.line.clock.now() + downMs, stage, machine });
  }

  private isPlanned(stage: StageName, machine: number): boolean {
    return this.restarts.some((restart) => restart.stage === stage && restart.machine === machine);
  }
}
